"""Frames in plain words: each action, each generation, hostile shapes, hidden tokens."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_api.resources import timeline_facts as facts
from voltring_api.resources.timeline_words import TOLD, Said, saying, status_words

CARD = "04A2B3C4"
ACCEPTED, BLOCKED = {"status": "Accepted"}, {"status": "Blocked"}


def words(action: str | None, payload: Any = None, reply: Any = None, *, direction: str = "in", **more: Any) -> str:
    """The sentence of a frame."""
    hide = more.pop("hide_tokens", False)
    said = Said(action, direction, payload or {}, reply or {}, **more)
    return saying(said, hide_tokens=hide).words


def event(kind: str, trigger: str, about: Any = None, **more: Any) -> dict[str, Any]:
    return {"eventType": kind, "triggerReason": trigger, "transactionInfo": about or {"transactionId": "T"}, **more}


def metered(*values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": list(values)}]


@pytest.mark.parametrize(
    ("action", "payload", "reply", "said"),
    [
        (
            "StartTransaction",
            {"connectorId": 2, "idTag": CARD, "meterStart": 1500},
            {"transactionId": 7, "idTagInfo": BLOCKED},
            "The session started on connector 2 at 1.500 kWh on the meter, with token “04A2B3C4”, which may not charge:"
            " blocked.",
        ),
        (
            "StopTransaction",
            {"transactionId": 7, "meterStop": 2500, "reason": "PowerLoss"},
            {},
            "The session ended at 2.500 kWh on the meter: the charger lost its power.",
        ),
        ("StopTransaction", {"transactionId": 7}, {}, "The session ended: stopped at the charger."),
        (
            "StopTransaction",
            {"idTag": CARD},
            {},
            "The session ended: stopped at the charger; token “04A2B3C4” was shown.",
        ),
        (
            "Authorize",
            {"idToken": {"idToken": CARD, "type": "ISO14443"}},
            {"idTokenInfo": ACCEPTED},
            "A driver showed a card, with token “04A2B3C4”, which may charge.",
        ),
        (
            "StatusNotification",
            {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure", "info": "RCD"},
            {},
            "EVSE 1 has a fault (ground failure): RCD.",
        ),
        ("StatusNotification", {"evseId": 3, "connectorId": 1, "connectorStatus": "Available"}, {}, "EVSE 3 is free."),
        ("StatusNotification", {"connectorId": 0, "status": "Unavailable"}, {}, "The charger is out of service."),
        (
            "MeterValues",
            {
                "meterValue": metered(
                    {"value": "12.5", "unit": "kWh", "measurand": "Energy.Active.Import.Register"},
                    {"value": "11000", "measurand": "Power.Active.Import"},
                    {"value": "41", "measurand": "SoC", "unit": "Percent"},
                    {"value": "16", "measurand": "Current.Import"},
                )
            },
            {},
            "Reading: 12.500 kWh on the meter, 11.0 kW, battery at 41 %.",
        ),
        ("MeterValues", {"meterValue": metered({"value": "x"})}, {}, "A reading without energy or power."),
        ("BootNotification", {"reason": "PowerUp"}, {}, "The charger has restarted or connected anew (power up)."),
        (
            "TransactionEvent",
            event(
                "Updated", "MeterValuePeriodic", meterValue=metered({"value": 900, "unitOfMeasure": {"multiplier": 1}})
            ),
            {},
            "Reading: 9.000 kWh on the meter.",
        ),
        (
            "TransactionEvent",
            event("Updated", "ChargingStateChanged", {"chargingState": "SuspendedEV"}),
            {},
            "News of the session: the charging state has changed, paused by the car.",
        ),
        (
            "TransactionEvent",
            event("Started", "CablePluggedIn", idToken={"idToken": CARD}),
            {"idTokenInfo": {"status": "ConcurrentTx"}},
            "The session started: the cable was plugged in, with token “04A2B3C4”, which may not charge:"
            " concurrent tx.",
        ),
        (
            "TransactionEvent",
            event("Ended", "EVDeparted", {"stoppedReason": "EVDisconnected"}, offline=True),
            {},
            "The session ended: the cable was unplugged at the car (kept while offline).",
        ),
        ("TransactionEvent", event("Ended", "StopAuthorized"), {}, "The session ended: the driver stopped it."),
        (
            "FirmwareStatusNotification",
            {"status": "Downloading"},
            {},
            "The charger sent firmware status notification: downloading.",
        ),
        (None, {}, {}, "The charger sent something that can not be read."),
    ],
)
def test_what_a_charger_says_is_told_in_a_sentence(action: str, payload: Any, reply: Any, said: str) -> None:
    assert words(action, payload, reply) == said


def test_what_we_ask_is_told_with_the_answer_or_that_there_is_none() -> None:
    ours = {"direction": "out"}
    stop = {"transactionId": 7}
    assert (
        words("RemoteStopTransaction", stop, ACCEPTED, **ours) == "We asked the charger to stop the session: accepted."
    )
    unanswered = words("RemoteStopTransaction", stop, answered=False, **ours)
    assert unanswered == "We asked the charger to stop the session; it has not answered."
    refused = words("RequestStopTransaction", stop, error_code="NotSupported", **ours)
    assert refused.endswith("it answered with an error: NotSupported.")
    started = words("RemoteStartTransaction", {"idTag": CARD}, {"status": "Rejected"}, **ours)
    assert started == "We asked the charger to start a session with token “04A2B3C4”: rejected."


def test_a_repeat_and_what_could_not_be_taken_are_told_as_such() -> None:
    assert words("StopTransaction", verdict="repeat").startswith("Said again: The session ended")
    refused = words("Nonsense", verdict="refused", error_code="NotImplemented")
    assert refused == "The charger sent nonsense. We could not take it (NotImplemented)."


@pytest.mark.parametrize("action", ["StartTransaction", "Authorize", "RemoteStartTransaction", "TransactionEvent"])
def test_a_token_that_is_hidden_shows_its_end_alone(action: str) -> None:
    direction = "out" if action.startswith("Remote") else "in"
    payload = event("Started", "Authorized", idToken={"idToken": CARD}, idTag=CARD)
    told = words(action, payload, {"idTagInfo": ACCEPTED}, direction=direction, hide_tokens=True)
    assert CARD not in told
    assert "ending in C4" in told
    assert "AB" not in words("Authorize", {"idTag": "AB"}, hide_tokens=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    "idTag idToken meterStart meterStop meterValue status transactionInfo eventType triggerReason evse eventData reason"
    " errorCode info connectorId type messageId".split()
)
PAYLOADS = st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(st.just("sampledValue"), JSON)), max_size=6)


@given(st.sampled_from([*TOLD, "Reset", None]), st.sampled_from(["in", "out"]), PAYLOADS, PAYLOADS)
def test_whatever_a_charger_says_gives_some_sentence(action: str, direction: str, payload: Any, reply: Any) -> None:
    told = words(action, payload, reply, direction=direction)
    assert told.endswith(".")
    assert len(told) < 1500


def test_a_status_of_the_vendors_own_is_told_as_it_is() -> None:
    assert status_words("Weird") == ("says Weird", "plain")


def test_every_flag_has_words_and_one_that_is_new_its_name() -> None:
    for flag in ("offline", "superseded", "meter_fell", "abandoned", "no_tariff", "unknown_token"):
        assert len(facts.flag_words(flag)) > 20
    assert facts.flag_words("quite_new") == "Quite new."


def test_energy_is_told_with_how_it_is_known() -> None:
    assert facts.energy_words("registers", 7655, False) == "7.655 kWh, by the meter's readings at start and end."
    assert facts.energy_words(None, None, True) == "No reading yet."


@pytest.mark.parametrize(
    ("given", "shown"), [("0.490000", "0.49"), ("12.000000", "12.00"), ("3", "3"), ("0.1234", "0.1234")]
)
def test_a_decimal_loses_only_what_says_nothing(given: str, shown: str) -> None:
    assert facts.plain(given) == shown
