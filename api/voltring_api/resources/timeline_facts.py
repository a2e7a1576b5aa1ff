"""What a session is beside its messages, in words: flags, energy, billing, alarms, decisions, prices. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from voltring_api.resources.timeline_words import hidden, quoted
from voltring_core.domain.billing_reasons import told
from voltring_core.domain.tariffs.explaining import WHAT

FLAGS = {
    "voided": "Somebody has made it void.",
    "abandoned": "The charger never told its end. It was closed at its last reading, until the true end comes.",
    "attached": "It was made part of another session by hand.",
    "clock": "The charger's clock is wrong: the times of receipt are used instead.",
    "clock_skew": "The charger's clock is off by more than half a minute.",
    "concurrent_token": "The same token was charging elsewhere at that time.",
    "deauthorised": "The token lost its right to charge during the session.",
    "dismissed": "It was set aside by hand.",
    "energy_mismatch": "Two ways to work out its energy differ by more than 100 Wh and 2 %.",
    "event_after_end": "Something was told of it after its end.",
    "id_reused": "The charger has used the same number for an earlier session.",
    "implausible_energy": "More energy than could have flowed in that time.",
    "incomplete": "Messages of it are missing, and the charger no longer has them.",
    "meter_below_start": "The meter showed less than at the start; it is counted from there.",
    "meter_fell": "The meter fell during the session; what was counted before and after is added up.",
    "meter_rolled_over": "The meter passed its end and began at 0; what was counted is added up.",
    "no_meter_start": "Its start came without a reading of the meter.",
    "no_evidence": "Its own messages are no longer kept: it can not be worked out again.",
    "no_meter_stop": "Its end came without a reading of the meter; the last one before counts.",
    "not_checked": "It could not be worked out again from its messages: see the worker's log.",
    "offline": "Parts of it took place while the charger was offline, and were told later.",
    "phantom": "Hardly any time and no energy, or an echo of an earlier session: most likely no car was charged.",
    "readings_stopped": "The charger stopped sending readings.",
    "reserved_for_other": "The place was reserved for somebody else.",
    "seq_conflict": "The charger has told two different things under the same number.",
    "start_lost": "Its start was never confirmed to the charger.",
    "start_missing": "Its start never came: it is known from a later message on.",
    "start_replayed": "The charger told its start again long after it was over.",
    "stopped_by_other": "Another token than the one that started it has stopped it.",
    "superseded": "Another session began on the same connector before its end was told.",
    "token_refused": "The token was not allowed to charge, and the charger charged all the same.",
    "unconfirmed": "The charger restarted during the session and has not said yet whether it goes on.",
    "unknown_transaction": "Its end names a session that nobody knows.",
}
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
    "inbox.attach": "What nobody could assign was made part of a session.",
    "inbox.dismiss": "The session was set aside.",
    "transaction.release": "The session was released for billing.",
    "transaction.void": "The session was made void: it is not billed.",
}
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
    found = FLAGS.get(name) or told(name)
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


def decision_words(action: str) -> str:
    """What somebody decided."""
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
