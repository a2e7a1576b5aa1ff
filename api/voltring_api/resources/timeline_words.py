"""A frame in one sentence of plain words. Pure; whatever a charger sends gives some sentence.

`Saying` is what is said; `tone` is how loud. Tokens are written out, or hidden but for their end: a page for a driver
must not hold what a card could be copied from.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from voltring_api.models.timeline import Tone

Payload = Mapping[str, Any]
ENERGY, POWER, SOC = "Energy.Active.Import.Register", "Power.Active.Import", "SoC"
LONGEST = 120
GOOD_ANSWERS = frozenset({"Accepted", "Unlocked", "Scheduled"})

STATUSES = {
    "Available": ("is free", "plain"),
    "Preparing": ("is getting ready: a cable is plugged in or a card was shown", "plain"),
    "Charging": ("is charging", "good"),
    "SuspendedEV": ("is paused by the car: it takes no energy now", "plain"),
    "SuspendedEVSE": ("is paused by the charger: it gives no energy now", "warn"),
    "Finishing": ("has finished; the cable is still plugged in", "plain"),
    "Reserved": ("is reserved", "plain"),
    "Occupied": ("is occupied: a cable is plugged in", "plain"),
    "Unavailable": ("is out of service", "warn"),
    "Faulted": ("has a fault", "bad"),
}
TRIGGERS = {
    "AbnormalCondition": "something is not as it should be",
    "Authorized": "the driver was authorised",
    "CablePluggedIn": "the cable was plugged in",
    "ChargingRateChanged": "the power allowed has changed",
    "ChargingStateChanged": "the charging state has changed",
    "CostLimitReached": "the limit of the cost is reached",
    "Deauthorized": "the driver may no longer charge",
    "EVCommunicationLost": "the car no longer answers",
    "EVConnectTimeout": "no car was connected in time",
    "EVDeparted": "the car has left",
    "EVDetected": "a car was detected",
    "EnergyLimitReached": "the limit of the energy is reached",
    "MeterValueClock": "a reading by the clock",
    "MeterValuePeriodic": "a regular reading",
    "RemoteStart": "it was started remotely",
    "RemoteStop": "it was stopped remotely",
    "ResetCommand": "the charger is restarting, as it was told to",
    "SignedDataReceived": "signed data were received",
    "SoCLimitReached": "the battery is as full as was wished",
    "StopAuthorized": "the driver stopped it",
    "TariffChanged": "the tariff has changed",
    "TimeLimitReached": "the time is up",
    "Trigger": "we asked for it",
    "UnlockCommand": "the plug was released, as the charger was told to",
}
STATES = {
    "Charging": "charging",
    "EVConnected": "car connected",
    "SuspendedEV": "paused by the car",
    "SuspendedEVSE": "paused by the charger",
    "Idle": "no car connected",
}
REASONS = {
    "DeAuthorized": "the token was not accepted",
    "EVDisconnected": "the cable was unplugged at the car",
    "EmergencyStop": "the emergency stop was pressed",
    "EnergyLimitReached": "the limit of the energy was reached",
    "GroundFault": "a ground fault",
    "HardReset": "the charger was restarted at once",
    "ImmediateReset": "the charger was restarted at once",
    "Local": "stopped at the charger",
    "LocalOutOfCredit": "the credit was used up",
    "MasterPass": "stopped with a master card",
    "Other": "another reason, which the charger does not name",
    "OvercurrentFault": "too much current",
    "PowerLoss": "the charger lost its power",
    "PowerQuality": "the quality of the grid's power",
    "Reboot": "the charger restarted",
    "Remote": "stopped remotely",
    "SOCLimitReached": "the battery was as full as was wished",
    "SoftReset": "the charger was restarted",
    "StoppedByEV": "the car ended it",
    "TimeLimitReached": "the time was up",
    "Timeout": "no car was connected in time",
    "UnlockCommand": "the plug was released remotely",
}
ASKED = {
    "CancelReservation": "to cancel a reservation",
    "ChangeAvailability": "to change its availability",
    "ChangeConfiguration": "to change a setting",
    "ClearChargingProfile": "to drop limits of its power",
    "CostUpdated": "to show what the session costs so far",
    "GetTransactionStatus": "whether the session goes on",
    "RemoteStartTransaction": "to start a session",
    "RemoteStopTransaction": "to stop the session",
    "RequestStartTransaction": "to start a session",
    "RequestStopTransaction": "to stop the session",
    "ReserveNow": "to reserve a place",
    "Reset": "to restart",
    "SetChargingProfile": "to limit its power",
    "TriggerMessage": "to tell something again",
    "UnlockConnector": "to release the plug",
}


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence, and how loud it is."""

    words: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Said:
    """A frame that is to be put in words; payloads are {} where there is none."""

    action: str | None
    direction: str
    payload: Payload
    reply: Payload
    verdict: str | None = None
    error_code: str | None = None
    answered: bool = True


def saying(said: Said, *, hide_tokens: bool = False) -> Saying:
    """The sentence of a frame."""
    token = hidden if hide_tokens else quoted
    try:
        found = _ours(said, token) if said.direction == "out" else _theirs(said, token)
    except (AttributeError, TypeError, ValueError, KeyError, IndexError):
        # Not of the shape that its action has: the frame itself is shown beside it.
        found = Saying(f"The charger sent {_spaced(said.action)}, in a shape of its own.", "warn")
    return _judged(found, said)


def quoted(token: str) -> str:
    """A token as it is."""
    return f"“{_short(token)}”"


def hidden(token: str) -> str:
    """A token of which only the end is shown."""
    return f"ending in {token[-2:]}" if len(token) > 4 else "(hidden)"


def status_words(status: Any) -> tuple[str, Tone]:
    """What a connector's status means, and how loud it is."""
    words, tone = STATUSES.get(str(status), (f"says {_short(status)}", "plain"))
    return words, tone  # type: ignore[return-value]


def reason_words(reason: str | None) -> str | None:
    """Why a session ended."""
    return None if reason is None else REASONS.get(reason, _spaced(reason))


def _judged(found: Saying, said: Said) -> Saying:
    if said.verdict == "repeat":
        return Saying(f"Said again: {found.words}")
    if said.direction == "in" and said.verdict in ("refused", "malformed", "fault"):
        why = f" ({said.error_code})" if said.error_code else ""
        return Saying(f"{found.words} We could not take it{why}.", "bad")
    return found


def _theirs(said: Said, token: Callable[[str], str]) -> Saying:
    if said.action is None:
        return Saying("The charger sent something that can not be read.", "warn")
    if (told := TOLD.get(said.action)) is not None:
        return told(said, token)
    status = said.payload.get("status")
    more = f": {_spaced(status)}" if isinstance(status, str) else ""
    return Saying(f"The charger sent {_spaced(said.action)}{more}.")


def _ours(said: Said, token: Callable[[str], str]) -> Saying:
    asked = ASKED.get(said.action or "", f"for {_spaced(said.action)}")
    whose = _token_of(said.payload)
    words = f"We asked the charger {asked}" + (f" with token {token(whose)}" if whose else "")
    if not said.answered:
        return Saying(f"{words}; it has not answered.", "warn")
    if said.error_code is not None:
        return Saying(f"{words}; it answered with an error: {said.error_code}.", "bad")
    status = said.reply.get("status")
    if not isinstance(status, str):
        return Saying(f"{words}; it answered.")
    return Saying(f"{words}: {_spaced(status)}.", "plain" if status in GOOD_ANSWERS else "warn")


def _start(said: Said, token: Callable[[str], str]) -> Saying:
    at = energy(said.payload.get("meterStart"))
    words = f"The session started on connector {said.payload.get('connectorId')}" + (f" at {at}" if at else "")
    return _decided(words, _token_of(said.payload), said.reply.get("idTagInfo"), token)


def _stop(said: Said, token: Callable[[str], str]) -> Saying:
    at = energy(said.payload.get("meterStop"))
    reason = reason_words(said.payload.get("reason") or "Local")
    whose = _token_of(said.payload)
    shown = f"; token {token(whose)} was shown" if whose else ""
    return Saying("The session ended" + (f" at {at}" if at else "") + f": {reason}{shown}.")


def _event(said: Said, token: Callable[[str], str]) -> Saying:
    kind, about = said.payload.get("eventType"), said.payload.get("transactionInfo") or {}
    trigger = str(said.payload.get("triggerReason"))
    shown = reading(said.payload.get("meterValue"))
    if kind == "Ended":
        reason = about.get("stoppedReason")
        why = reason_words(reason) if reason else TRIGGERS.get(trigger, "stopped at the charger")
        return Saying(_late(said, f"The session ended: {why}" + (f"; {shown}" if shown else "")))
    if trigger in ("MeterValuePeriodic", "MeterValueClock") and kind == "Updated" and shown:
        return Saying(_late(said, f"Reading: {shown}"))
    words = "The session started" if kind == "Started" else "News of the session"
    words = f"{words}: {TRIGGERS.get(trigger, _spaced(trigger))}"
    if (state := about.get("chargingState")) is not None:
        words += f", {STATES.get(state, _spaced(state))}"
    words += f"; {shown}" if shown else ""
    if _token_of(said.payload) is None:
        return Saying(_late(said, words))
    return _decided(_late(said, words).rstrip("."), _token_of(said.payload), said.reply.get("idTokenInfo"), token)


def _late(said: Said, words: str) -> str:
    return f"{words} (kept while offline)." if said.payload.get("offline") else f"{words}."


def _decided(words: str, whose: str | None, info: Any, token: Callable[[str], str]) -> Saying:
    """A sentence with what was made of the token that was shown."""
    words += f", with token {token(whose)}" if whose else ""
    status = info.get("status") if isinstance(info, Mapping) else None
    if status is None or status == "Accepted":
        return Saying(f"{words}{', which may charge' if status else ''}.")
    return Saying(f"{words}, which may not charge: {_spaced(status)}.", "warn")


def _authorize(said: Said, token: Callable[[str], str]) -> Saying:
    info = said.reply.get("idTagInfo") or said.reply.get("idTokenInfo")
    whose = _token_of(said.payload)
    return _decided("A driver showed a card" if whose else "Somebody wants to charge", whose, info, token)


def _status(said: Said, token: Callable[[str], str]) -> Saying:
    told = said.payload
    words, tone = status_words(told.get("status", told.get("connectorStatus")))
    number = told.get("evseId", told.get("connectorId"))
    code = told.get("errorCode")
    fault = f" ({_spaced(code)})" if code not in (None, "NoError") else ""
    info = f": {_short(told['info'])}" if fault and told.get("info") else ""
    return Saying(f"{f'EVSE {number}' if number else 'The charger'} {words}{fault}{info}.", "bad" if fault else tone)


def _meter(said: Said, token: Callable[[str], str]) -> Saying:
    shown = reading(said.payload.get("meterValue"))
    return Saying(f"Reading: {shown}." if shown else "A reading without energy or power.")


def _boot(said: Said, token: Callable[[str], str]) -> Saying:
    reason = said.payload.get("reason")
    why = f" ({_spaced(reason)})" if isinstance(reason, str) else ""
    return Saying(f"The charger has restarted or connected anew{why}.", "warn")


def _security(said: Said, token: Callable[[str], str]) -> Saying:
    return Saying(f"The charger reports a security event: {_spaced(said.payload.get('type'))}.", "warn")


def _data(said: Said, token: Callable[[str], str]) -> Saying:
    what = said.payload.get("messageId")
    return Saying(f"A message in words of the vendor{f': {_short(what)}' if what else ''}.")


def _notify(said: Said, token: Callable[[str], str]) -> Saying:
    events = said.payload.get("eventData") or [{}]
    first = events[0]
    name = f"{first.get('component', {}).get('name', '')}.{first.get('variable', {}).get('name', '')}"
    more = f" and {len(events) - 1} more" if len(events) > 1 else ""
    return Saying(f"The charger tells that {name} is {_short(first.get('actualValue'))}{more}.")


TOLD: Mapping[str, Callable[[Said, Callable[[str], str]], Saying]] = {
    "Authorize": _authorize,
    "BootNotification": _boot,
    "DataTransfer": _data,
    "Heartbeat": lambda said, token: Saying("The charger is there."),
    "MeterValues": _meter,
    "NotifyEvent": _notify,
    "SecurityEventNotification": _security,
    "StartTransaction": _start,
    "StatusNotification": _status,
    "StopTransaction": _stop,
    "TransactionEvent": _event,
}


def reading(meter_values: Any) -> str:
    """What the meter shows, in the latest of some MeterValues: energy, power, state of charge; '' for none of them."""
    groups = [it for it in meter_values or () if isinstance(it, Mapping)]
    if not groups:
        return ""
    found: dict[str, str] = {}
    for sample in groups[-1].get("sampledValue", ()):
        name = sample.get("measurand", ENERGY)
        if name in (ENERGY, POWER, SOC) and sample.get("phase") is None and sample.get("format") != "SignedData":
            found.setdefault(name, _measured(name, sample))
    return ", ".join(found[name] for name in (ENERGY, POWER, SOC) if found.get(name))


def _measured(name: str, sample: Payload) -> str:
    about = sample.get("unitOfMeasure") or {}
    unit = sample.get("unit") or about.get("unit") or {ENERGY: "Wh", POWER: "W", SOC: "%"}[name]
    try:
        number = float(str(sample.get("value")).strip().replace(",", ".")) * 10 ** int(about.get("multiplier", 0))
    except (ValueError, OverflowError):
        return ""
    if name == SOC:
        return f"battery at {number:.0f} %"
    number *= 1 if str(unit).lower().startswith("k") else 0.001
    return f"{number:,.3f} kWh on the meter" if name == ENERGY else f"{number:,.1f} kW"


def energy(wh: Any) -> str:
    """A register in words; '' for none."""
    try:
        return "" if wh is None else f"{float(wh) / 1000:,.3f} kWh on the meter"
    except (ValueError, TypeError):
        return ""


def _token_of(payload: Payload) -> str | None:
    given = payload.get("idTag", payload.get("idToken"))
    found = given.get("idToken") if isinstance(given, Mapping) else given
    return found.strip() if isinstance(found, str) and found.strip() else None


def _spaced(name: Any) -> str:
    """`ConcurrentTx` as “concurrent tx”."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", _short(name))
    return re.sub(r"\b[A-Z][a-z]+", lambda match: match[0].lower(), words)


def _short(text: Any) -> str:
    words = " ".join(str(text).split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
