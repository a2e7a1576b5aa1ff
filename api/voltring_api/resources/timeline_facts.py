"""What a session is beside its messages, in words: flags, energy, billing, alarms, decisions, prices. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from voltring_api.resources.timeline_words import hidden, quoted
from voltring_core.domain.flag_words import told
from voltring_core.domain.tariffs.explaining import WHAT

BILLING = {
    None: "Not reckoned yet.",
    "open": "Still running, not billed yet.",
    "provisional": "Not billed yet.",
    "held": "Not billed yet: somebody has to look at it first.",
    "final": "Billed.",
    "void": "Not billed.",
}
METHODS = {
    "registers": "by the meter's readings at start and end",
    "readings": "by the first and the last reading of the meter",
    "intervals": "by the sum of what was used between readings",
    "power": "estimated from the power, which is too uncertain to bill",
}
ALARMS = {
    "offline_mid_session": "The charger went offline during the session.",
    "no_start": "A start was accepted, and no session began.",
    "no_stop": "The session seems to be over, and the charger has not said so.",
    "no_readings": "The charger is here and sends no readings.",
    "charger_faulted": "The charger stays in fault.",
    "unconfirmed": "The charger restarted and has not said whether the session goes on.",
}
DECISIONS = {
    "cdr.credit": "A record was taken back by a credit.",
    "command.cancel": "A command was cancelled.",
    "id_token.create": "The token was registered.",
    "id_token.put": "The token was changed.",
    "id_token.delete": "The token was deleted.",
    "charger.change": "The charger's settings here were changed.",
    "charger.registration": "The charger's registration was changed.",
    "inbox.attach": "It was made part of another session.",
    "inbox.dismiss": "The session was set aside.",
    "transaction.release": "The session was released for billing.",
    "transaction.void": "The session was made void: it is not billed.",
}
OF_ANOTHER = {"inbox.attach": "What nobody could assign was made part of this session."}
COMMANDS = {
    "QUEUED": "it waits to be sent",
    "SENT": "it was sent; the answer is awaited",
    "ACCEPTED": "the charger accepted it",
    "REJECTED": "the charger refused it",
    "CALLERROR": "the charger answered with an error",
    "UNKNOWN": "nobody knows whether the charger did it",
    "EXPIRED": "it was not sent in time",
    "CANCELLED": "it was cancelled before it was sent",
    "COMPLETED": "it was done",
    "FAILED": "it failed",
}
ORDERS = {
    "CancelReservation": "Cancel a reservation",
    "CostUpdated": "Show the cost so far",
    "GetTransactionStatus": "Ask whether the session goes on",
    "RemoteStartTransaction": "Start a session",
    "RemoteStopTransaction": "Stop the session",
    "RequestStartTransaction": "Start a session",
    "RequestStopTransaction": "Stop the session",
    "ReserveNow": "Reserve a place",
    "Reset": "Restart the charger",
    "SetChargingProfile": "Limit the power",
    "TriggerMessage": "Ask for a message",
    "UnlockConnector": "Release the plug",
}


def flag_words(name: str) -> str:
    """What a flag means."""
    found = told(name)
    return f"{_spaced(name)}." if found == name else found


def energy_words(method: str | None, energy_wh: float | None, is_running: bool) -> str:
    """How much, and how that is known."""
    if energy_wh is None:
        return "No reading yet." if is_running else "Not known: there is no usable reading."
    how = METHODS.get(method or "", f"by {_spaced(method).lower()}" if method else "by the messages as they came")
    return f"{float(energy_wh) / 1000:,.3f} kWh, {how}."


def billing_words(billing: str | None, waits_for: Iterable[str]) -> str:
    """Where its bill stands, and why."""
    return " ".join([BILLING.get(billing, billing or ""), *(flag_words(name) for name in waits_for)])


def command_words(action: str, payload: Mapping[str, Any], state: str, *, hide_tokens: bool) -> str:
    """What was asked for, and how that stands."""
    given = payload.get("idTag", payload.get("idToken"))
    token = given.get("idToken") if isinstance(given, Mapping) else given
    whose = f" with token {(hidden if hide_tokens else quoted)(token)}" if isinstance(token, str) and token else ""
    return f"{ORDERS.get(action, _spaced(action))}{whose}: {COMMANDS.get(state, state.lower())}."


def event_words(kind: str, subject: str, content: Any) -> str:
    """What happened at the station."""
    status = content.get("status") if isinstance(content, Mapping) else None
    what = ", ".join(dict.fromkeys(str(it)[:120] for it in (subject, status) if it))
    return f"{_spaced(kind)}{f': {what}' if what else ''}."


def decision_words(action: str, *, of_another: bool = False) -> str:
    """What somebody decided; `of_another` where it was about something that was made part of this session."""
    if of_another and action in OF_ANOTHER:
        return OF_ANOTHER[action]
    return DECISIONS.get(action, f"{_spaced(action.replace('.', ': '))}.")


def record_words(kind: str, number: int, total: Any, currency: str) -> str:
    """A charge detail record."""
    name = "Credit" if kind == "credit" else "Charge"
    return f"{name} no. {number} was issued: {money(total, currency)}."


def money(amount: Any, currency: Any) -> str:
    """An amount with its currency, as it was worked out."""
    return f"{amount} {currency or ''}".strip()


def cost_words(cost: Any) -> str | None:
    """What it costs; None without a price."""
    if not isinstance(cost, Mapping) or cost.get("total") is None:
        return None
    return money(cost["total"], cost.get("currency"))


def price_of(cost: Any) -> Mapping[str, Any]:
    """The price in what an account has of the cost (`explaining.content_of`); {} for none."""
    found = cost.get("price") if isinstance(cost, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def lines_of(cost: Any) -> list[Mapping[str, Any]]:
    """The lines of a cost."""
    lines = price_of(cost).get("lines")
    return [line for line in lines if isinstance(line, Mapping)] if isinstance(lines, list) else []


def line_words(line: Mapping[str, Any], currency: Any) -> str:
    """What a line of a cost is for, and its price."""
    what = WHAT.get(str(line.get("what")), _spaced(line.get("what")))
    return f"{what} at {plain(line.get('unit_price'))} {currency or ''} per {line.get('unit')}"


def plain(number: Any) -> str:
    """A decimal without the zeros behind it, two places at least where it has any."""
    text = str(number)
    if "." not in text:
        return text
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.rstrip('0').ljust(2, '0')}"


def _spaced(name: Any) -> str:
    words = "".join(f" {it.lower()}" if it.isupper() else it for it in str(name or "")).replace("_", " ").strip()
    return words[:1].upper() + words[1:]
