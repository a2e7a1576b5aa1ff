"""From a CALL to what it says: allowed now, valid or mended, or refused with the right code."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voltring_core.domain.messages import DataTransferred, Registration
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Refusal
from voltring_node.understanding import UNREADABLE, Answerable, Understood, understand

V16, V201, V21 = Version
AT = "2026-01-01T12:00:00Z"
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": AT}
EVENT = {
    "eventType": "Started",
    "timestamp": AT,
    "triggerReason": "Authorized",
    "seqNo": 0,
    "transactionInfo": {"transactionId": "t"},
}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


def make_out(version, action, payload, registration=Registration.ACCEPTED):
    return understand(version, registration, Called("1", action, payload))


def refusal(version, action, payload, registration=Registration.ACCEPTED):
    found = make_out(version, action, payload, registration)
    assert isinstance(found, Answerable)
    assert isinstance(found.answer, Refusal)
    return found.answer


def understood(version, action, payload):
    found = make_out(version, action, payload)
    assert isinstance(found, Understood), found
    return found


NONE, PENDING, REJECTED, ACCEPTED = (
    Registration.NONE,
    Registration.PENDING,
    Registration.REJECTED,
    Registration.ACCEPTED,
)
BOOT16 = {"chargePointVendor": "V", "chargePointModel": "M"}


@pytest.mark.parametrize(
    ("registration", "action", "payload", "allowed"),
    [
        (NONE, "BootNotification", BOOT16, True),
        (PENDING, "BootNotification", BOOT16, True),
        (REJECTED, "BootNotification", BOOT16, True),
        (ACCEPTED, "BootNotification", BOOT16, True),
        (NONE, "Heartbeat", {}, False),
        (REJECTED, "Heartbeat", {}, False),
        (PENDING, "Heartbeat", {}, True),
        (ACCEPTED, "Heartbeat", {}, True),
        (NONE, "StartTransaction", START, False),
        (PENDING, "StartTransaction", START, False),
        (REJECTED, "StartTransaction", START, False),
        (ACCEPTED, "StartTransaction", START, True),
        (PENDING, "StatusNotification", STATUS, False),
        (ACCEPTED, "StatusNotification", STATUS, True),
    ],
)
def test_what_may_be_said_in_which_state(registration, action, payload, allowed):
    if allowed:
        assert isinstance(make_out(V16, action, payload, registration), Understood)
    else:
        assert refusal(V16, action, payload, registration).code is Code.SECURITY


@pytest.mark.parametrize("action", ["NotifyReport", "NotifyMonitoringReport"])
def test_a_pending_station_may_send_the_reports_it_was_asked_for(action, least_request):
    payload = least_request(V201, action)
    assert isinstance(make_out(V201, action, payload, PENDING), Understood)
    assert refusal(V201, action, payload, NONE).code is Code.SECURITY


@pytest.mark.parametrize(
    ("version", "action", "payload", "code", "field"),
    [
        (V16, "BootNotification", {"chargePointVendor": "V"}, Code.OCCURRENCE, "chargePointModel"),
        (V201, "BootNotification", {"reason": "PowerUp"}, Code.OCCURRENCE, "chargingStation"),
        (V16, "Authorize", {"idTag": 7}, Code.TYPE, "idTag"),
        (V16, "StatusNotification", STATUS | {"status": "Sleeping"}, Code.PROPERTY, "status"),
        (V16, "StatusNotification", {"connectorId": 1, "errorCode": "NoError"}, Code.OCCURRENCE, "status"),
    ],
)
def test_a_wrong_payload_is_refused_with_its_field_and_code(version, action, payload, code, field):
    answer = refusal(version, action, payload)
    assert answer.code is code
    assert answer.description.startswith(f"{field}: ")


@pytest.mark.parametrize("timestamp", ["garbage", "", "2026-01-01T12:00:00", "0000-00-00T00:00:00Z"])
def test_a_status_is_not_refused_for_its_time(timestamp):
    found = understood(V16, "StatusNotification", STATUS | {"timestamp": timestamp})
    assert found.said.status == "Available"
    assert found.flags == ("time",)


def test_the_old_status_occupied_is_kept_as_it_is():
    assert understood(V16, "StatusNotification", STATUS | {"status": "Occupied"}).said.status == "Occupied"


def test_an_object_in_place_of_16s_text_data_is_kept_as_text():
    found = understood(V16, "DataTransfer", {"vendorId": "x", "data": {"a": 1}})
    assert found.said == DataTransferred("x", None)
    assert found.payload["data"] == '{"a":1}'


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        (V16, "StartTransaction", START | {"meterStart": 1.5}),
        (V16, "StartTransaction", START | {"connectorId": "one", "timestamp": "now"}),
        (V16, "StartTransaction", {}),
        (V16, "StopTransaction", {"transactionId": "abc"}),
        (V16, "MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": AT, "sampledValue": []}]}),
        (V16, "MeterValues", {"connectorId": 1}),
        (V201, "TransactionEvent", EVENT | {"evse": 1}),
        (V201, "TransactionEvent", EVENT | {"offline": 1}),
        (V201, "TransactionEvent", EVENT | {"idToken": "12345"}),
        (V201, "TransactionEvent", EVENT | {"meterValue": [{"sampledValue": [{"value": "nan"}]}]}),
        (V21, "TransactionEvent", EVENT | {"transactionInfo": "t"}),
        (V21, "TransactionEvent", {}),
    ],
)
def test_a_transaction_message_is_never_refused_for_its_content(version, action, payload):
    assert understood(version, action, payload).flags


def test_a_number_that_is_whole_is_an_id_however_it_is_written():
    assert understood(V16, "StartTransaction", START | {"connectorId": 1.0}).said.evse_id == 1
    stop = {"transactionId": 42.0, "meterStop": 5, "timestamp": AT}
    assert understood(V16, "StopTransaction", stop).said.transaction_id == "42"


def test_an_id_out_of_range_is_unassigned():
    assert understood(V16, "StartTransaction", START | {"connectorId": 10**12}).said.evse_id is None


def nested(depth):
    value = {}
    for _ in range(depth):
        value = {"a": value}
    return {"vendorId": "x", "deep": value}


@pytest.mark.parametrize("more", [{}, {"unknown": 1}])
def test_a_payload_nested_beyond_reading_is_kept_and_acknowledged_where_a_refusal_would_lose_it(more):
    found = make_out(V201, "TransactionEvent", EVENT | {"customData": nested(600)} | more)
    assert isinstance(found, Answerable)
    assert (found.answer, found.flags[-1]) == ({}, UNREADABLE)
    assert refusal(V201, "Heartbeat", {"customData": nested(600), "x": 1}).code is Code.FORMAT


def test_the_same_words_have_the_same_key_and_others_have_another():
    key = understood(V16, "StartTransaction", START).natural_key
    assert key == understood(V16, "StartTransaction", dict(reversed(START.items()))).natural_key
    assert key != understood(V16, "StartTransaction", START | {"meterStart": 1}).natural_key
    assert understood(V16, "Authorize", {"idTag": "A"}).natural_key is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.sampled_from([1.5, 1e300, "", "x", AT, "nan"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                "transactionId id idToken sampledValue value timestamp unitOfMeasure multiplier type".split()
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(st.data(), st.sampled_from([(V16, START, "StartTransaction"), (V201, EVENT, "TransactionEvent")]))
def test_no_start_is_refused_whatever_stands_in_its_fields(base, ask, data, what):
    version, whole, action = what
    names = st.sampled_from([*whole, "reservationId", "evse", "meterValue", "offline"])
    payload = whole | data.draw(st.dictionaries(names, VALUES, max_size=3))
    found = make_out(version, action, payload)
    assert not isinstance(getattr(found, "answer", None), Refusal)
    if isinstance(found, Understood):
        (decided,) = base.group(ask(version, action, payload))
        assert decided.reply.startswith("[3,")
