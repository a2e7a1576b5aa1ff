"""Transaction messages that are not as they should be: read as far as they can be, flagged, answered (TX-24)."""

import json

import pytest

from voltring_core.domain.messages import Registration
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version
from voltring_node.understanding import Answerable, Understood, understand

V16, V201, V21 = Version
AT = "2026-01-01T12:00:00Z"
START = {"connectorId": 1, "idTag": "CARD", "meterStart": 1000, "timestamp": AT}
STOP = {"transactionId": 7, "meterStop": 2000, "timestamp": AT}
EVENT = {
    "eventType": "Updated",
    "timestamp": AT,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 1,
    "transactionInfo": {"transactionId": "tx"},
}
SIGNED = {"signedMeterData": "s" * 9000, "signingMethod": "", "encodingMethod": "OCMF", "publicKey": "k" * 9000}


def metered(*samples, **more):
    return {"connectorId": 1, "transactionId": 7, "meterValue": [{"timestamp": AT, "sampledValue": [*samples]}]} | more


def evented(*samples):
    return EVENT | {"meterValue": [{"timestamp": AT, "sampledValue": [*samples]}]}


def heard(version, action, payload):
    found = understand(version, Registration.ACCEPTED, Called("m", action, payload))
    assert isinstance(found, Understood), found
    return found


def first(found):
    return found.said.samples[0]


TABLE = {
    "a float meter is rounded": (V16, "StartTransaction", START | {"meterStart": 1500.6}, "type", "meter_wh", 1501),
    "a float meter at the stop": (V16, "StopTransaction", STOP | {"meterStop": 1500.4}, "type", "meter_wh", 1500),
    "a meter in a text": (V16, "StartTransaction", START | {"meterStart": "1500"}, "type", "meter_wh", 1500),
    "a time without a zone": (V16, "StartTransaction", START | {"timestamp": AT[:-1]}, "time", "at.hour", 12),
    "a 2.x time without a zone": (V201, "TransactionEvent", EVENT | {"timestamp": AT[:-1]}, "time", "at.hour", 12),
    "1.6's own spelling": (V16, "MeterValues", metered({"value": "20", "unit": "Celcius"}), "", "unit", "Celsius"),
    "the right spelling": (V16, "MeterValues", metered({"value": "20", "unit": "Celsius"}), "", "unit", "Celsius"),
    "another case": (V16, "MeterValues", metered({"value": "2", "unit": "KWH"}), "type", "value", 2000),
    "an unknown reason": (V16, "StopTransaction", STOP | {"reason": "Gone"}, "unknown_value", "reason", "Other"),
    "an over-long tag is nobody else's": (
        *(V16, "StartTransaction", START | {"idTag": "X" * 30}),
        *("invalid", "token.value", "X" * 30),
    ),
    "an over-long 2.x transaction id": (
        *(V201, "TransactionEvent", EVENT | {"transactionInfo": {"transactionId": "t" * 50}}),
        *("invalid", "transaction_id", "t" * 50),
    ),
    "no sampled values": (V201, "TransactionEvent", evented(), "left_out", "samples", ()),
    "no meter values": (V21, "TransactionEvent", EVENT | {"meterValue": []}, "left_out", "samples", ()),
    "readings without a value": (V16, "MeterValues", metered(), "left_out", "samples", ()),
    "a stop without sampled values": (
        *(V16, "StopTransaction", STOP | {"transactionData": [{"timestamp": AT, "sampledValue": []}]}),
        *("", "samples", ()),  # legal there
    ),
    "a connector that none is": (
        *(V16, "StartTransaction", START | {"connectorId": -3}),
        *("id_out_of_range", "evse_id", None),
    ),
    "a connector beyond all": (
        *(V16, "StartTransaction", START | {"connectorId": 2**40}),
        *("id_out_of_range", "evse_id", None),
    ),
    "a reservation that none is": (
        *(V16, "StartTransaction", START | {"reservationId": -7}),
        *("id_out_of_range", "reservation_id", None),
    ),
    "no reservation": (V16, "StartTransaction", START | {"reservationId": -1}, "", "reservation_id", None),
    "a transaction beyond all": (
        *(V16, "StopTransaction", STOP | {"transactionId": 2**63 - 1}),
        *("id_out_of_range", "transaction_id", None),
    ),
    "a start that was never confirmed": (
        *(V16, "StopTransaction", STOP | {"transactionId": -1}),
        *("", "transaction_id", None),
    ),
    "readings of a transaction beyond all": (
        *(V16, "MeterValues", metered({"value": "1"}, transactionId=2**63 - 1)),
        *("id_out_of_range", "transaction_id", None),
    ),
    "readings of a connector that none is": (
        *(V16, "MeterValues", metered({"value": "1"}, connectorId=-1)),
        *("id_out_of_range", "evse_id", 0),
    ),
    "readings of the station": (V16, "MeterValues", metered({"value": "1"}, connectorId=0), "", "evse_id", 0),
    "an EVSE that none is": (
        *(V201, "TransactionEvent", EVENT | {"evse": {"id": -3}}),
        *("id_out_of_range", "evse_id", None),
    ),
    "a connector of an EVSE that none is": (
        *(V21, "TransactionEvent", EVENT | {"evse": {"id": 1, "connectorId": 2**33}}),
        *("id_out_of_range", "connector_id", None),
    ),
    "a number that none is": (V201, "TransactionEvent", EVENT | {"seqNo": -1}, "id_out_of_range", "seq_no", -1),
    "the first number": (V201, "TransactionEvent", EVENT | {"seqNo": 0}, "", "seq_no", 0),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_is_wrong_is_read_as_far_as_it_can_be_and_flagged(case):
    version, action, payload, flag, field, read = TABLE[case]
    found = heard(version, action, payload)
    value = found.said if field not in ("unit", "value") else first(found)
    for name in field.split("."):
        value = getattr(value, name)
    assert value == read
    assert (flag in found.flags) if flag else found.flags == ()


def test_a_stop_without_a_number_is_read_though_its_schema_asks_for_one():
    """-1 that was filled in is no id that is out of range."""
    found = heard(V16, "StopTransaction", {name: STOP[name] for name in ("meterStop", "timestamp")})
    assert (found.said.transaction_id, found.flags) == (None, ("default",))


@pytest.mark.parametrize("version", [V201, V21])
def test_what_is_signed_is_never_cut_and_what_is_not_said_of_it_does_not_take_it_away(version):
    whole = heard(version, "TransactionEvent", evented({"value": 1, "signedMeterValue": SIGNED}))
    kept = whole.payload["meterValue"][0]["sampledValue"][0]["signedMeterValue"]
    assert (kept, whole.flags) == (SIGNED, ("invalid",))
    bare = heard(version, "TransactionEvent", evented({"value": 1, "signedMeterValue": {"signedMeterData": "abc"}}))
    kept = bare.payload["meterValue"][0]["sampledValue"][0]["signedMeterValue"]
    assert (kept["signedMeterData"], bare.flags) == ("abc", ("default",))


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        (V16, "StopTransaction", {"transactionId": {}, "meterStop": [], "timestamp": {}, "transactionData": 3}),
        (V16, "MeterValues", {"connectorId": {}, "meterValue": [[]]}),
        (V16, "MeterValues", {"meterValue": [{"sampledValue": [3]}]}),
        (V201, "TransactionEvent", {"eventType": "Never", "seqNo": "x", "transactionInfo": 5}),
        (V21, "TransactionEvent", {}),
    ],
)
def test_a_transaction_message_beyond_repair_gets_the_least_answer_that_is_valid(base, ask, version, action, payload):
    found = understand(version, Registration.ACCEPTED, Called("m", action, payload))
    if isinstance(found, Answerable):
        answer, flags = found.answer, found.flags
    else:
        (decided,) = base.group(ask(version, action, payload))
        answer, flags = json.loads(decided.reply)[2], decided.asked.message.flags
    assert is_valid(version, action, answer, "response")
    assert {"invalid", "unreadable"} & set(flags)


def test_a_start_beyond_repair_is_a_session_all_the_same(base, ask):
    (decided,) = base.group(ask(V16, "StartTransaction", {"connectorId": [], "meterStart": {}, "timestamp": {}}))
    answer = json.loads(decided.reply)[2]
    assert is_valid(V16, "StartTransaction", answer, "response")
    assert (answer["transactionId"], base.sessions()[0].evse_id) == (1, None)
