"""The general repair against deviations that nobody has a name for: wrong shapes, absurd times, wrong case."""

import json
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.quirks import INVALID, rescue, tolerate
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.v2x import READ as READ_2X
from voltring_core.ocpp.v16 import READ as READ_16
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
NOON = "2026-01-01T12:00:00Z"
NEVER = "1970-01-01T00:00:00Z"
SAMPLE = {"value": "7"}
GROUP = {"timestamp": NOON, "sampledValue": [SAMPLE]}
METER = {"connectorId": 1, "meterValue": [GROUP]}
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": NOON}
STOP = {"transactionId": 7, "meterStop": 5, "timestamp": NOON}
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
EVENT = {
    "eventType": "Updated",
    "timestamp": NOON,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 1,
    "transactionInfo": {"transactionId": "t"},
}


@pytest.mark.parametrize(
    ("version", "action", "came", "mended", "flags"),
    [
        (V16, "MeterValues", METER | {"meterValue": GROUP}, METER, ("type",)),
        (V16, "MeterValues", METER | {"meterValue": [GROUP | {"sampledValue": SAMPLE}]}, METER, ("type",)),
        (V16, "MeterValues", METER | {"meterValue": [[GROUP]]}, METER, ("type",)),
        (V16, "MeterValues", METER | {"connectorId": [1]}, METER, ("type",)),
        (V16, "StartTransaction", START | {"idTag": {"idTag": "A"}}, START, ("type",)),
        (V16, "StartTransaction", START | {"idTag": ["A"]}, START, ("type",)),
        (V201, "TransactionEvent", EVENT | {"transactionInfo": "t"}, EVENT, ("type",)),
        (V201, "TransactionEvent", EVENT | {"transactionInfo": [{"transactionId": "t"}]}, EVENT, ("type",)),
        (V201, "TransactionEvent", EVENT | {"evse": "2"}, EVENT | {"evse": {"id": 2}}, ("type",)),
        (V16, "StatusNotification", STATUS | {"connectorId": "1"}, STATUS, ("type",)),
        (V16, "StatusNotification", STATUS | {"info": 5}, STATUS | {"info": "5"}, ("type",)),
        (V16, "StatusNotification", STATUS | {"info": True}, STATUS | {"info": "true"}, ("type",)),
        (V16, "StatusNotification", STATUS | {"info": {}}, STATUS, ("left_out",)),
        (V201, "Heartbeat", {"customData": {"x": 1}}, {"customData": {"x": 1, "vendorId": ""}}, ("default",)),
    ],
)
def test_a_value_in_the_wrong_shape_is_read_all_the_same(version, action, came, mended, flags):
    before = deepcopy(came)
    assert rescue(version, action, came) == (mended, flags)
    assert came == before


@pytest.mark.parametrize(
    ("came", "mended"),
    [
        (1767268800, "2026-01-01T12:00:00.000Z"),
        ("1767268800", "2026-01-01T12:00:00.000Z"),
        (1767268800000, "2026-01-01T12:00:00.000Z"),
        ("1767268800000", "2026-01-01T12:00:00.000Z"),
        (1767268800.5, "2026-01-01T12:00:00.500Z"),
        (1767268800000000, "2026-01-01T12:00:00.000Z"),
        (500_000_000_000, "1985-11-05T00:53:20.000Z"),
        (0, "1970-01-01T00:00:00.000Z"),
        (-1, NEVER),
        (10**30, NEVER),
        ("0", NEVER),
        ("0000-00-00T00:00:00Z", NEVER),
        ("0000-00-00", NEVER),
        ("garbage", NEVER),
        ({}, NEVER),
        ([], NEVER),
        (True, NEVER),
        ("2026-01-01 12:00:00", "2026-01-01T12:00:00.000Z"),
    ],
)
def test_a_time_is_read_as_it_was_meant_or_becomes_one_that_never_was(came, mended):
    payload, flags = rescue(V16, "StopTransaction", STOP | {"timestamp": came})
    assert payload == STOP | {"timestamp": mended}
    assert flags == ("time",)


@pytest.mark.parametrize("years", ["1970-01-01T00:00:00Z", "2106-02-07T06:28:15Z"])
def test_a_time_that_keeps_the_schema_is_left_to_the_domain(years):
    assert rescue(V16, "StopTransaction", STOP | {"timestamp": years}) == (STOP | {"timestamp": years}, ())


@pytest.mark.parametrize(
    ("version", "action", "came", "mended"),
    [
        (V16, "StatusNotification", {"ConnectorId": 1, "ErrorCode": "NoError", "Status": "Available"}, STATUS),
        (V16, "StatusNotification", {"connector_id": 1, "error_code": "NoError", "status": "Available"}, STATUS),
        (V16, "StartTransaction", {"connectorID": 1, "idTAG": "A", "MeterStart": 0, "Timestamp": NOON}, START),
        (V16, "MeterValues", {"connectorid": 1, "metervalue": [{"Timestamp": NOON, "SampledValue": [SAMPLE]}]}, METER),
        (
            V201,
            "TransactionEvent",
            {name: item for name, item in EVENT.items() if name != "transactionInfo"}
            | {"TransactionInfo": {"TransactionId": "t"}},
            EVENT,
        ),
    ],
)
def test_a_field_in_the_wrong_case_is_the_field_that_is_meant(version, action, came, mended):
    assert tolerate(version, action, came) == (mended, ("field_name",))


def test_a_field_that_came_twice_keeps_the_right_spelling():
    assert tolerate(V16, "StatusNotification", STATUS | {"Status": "Faulted"}) == (STATUS, ("unknown_field",))


@pytest.mark.parametrize(
    ("version", "action", "came", "field", "mended", "flag"),
    [
        (V16, "StatusNotification", STATUS | {"status": "suspendedev"}, "status", "SuspendedEV", "type"),
        (V16, "StatusNotification", STATUS | {"status": "Suspended_EV"}, "status", "SuspendedEV", "type"),
        (V16, "StopTransaction", STOP | {"reason": "EV Disconnected"}, "reason", "EVDisconnected", "type"),
        (V16, "StopTransaction", STOP | {"reason": "Solar eclipse"}, "reason", "Other", "unknown_value"),
        (V16, "StopTransaction", STOP | {"reason": ""}, "reason", None, "left_out"),
        (V201, "TransactionEvent", EVENT | {"offline": ""}, "offline", None, "left_out"),
        (V201, "TransactionEvent", EVENT | {"evse": {}}, "evse", None, "left_out"),
    ],
)
def test_a_word_that_is_unknown_is_respelt_or_stands_for_another(version, action, came, field, mended, flag):
    payload, flags = rescue(version, action, came)
    assert (payload.get(field), flags) == (mended, (flag,))


def test_an_unknown_word_of_an_optional_field_does_not_cost_the_message():
    boot = {"chargingStation": {"model": "M", "vendorName": "V"}, "reason": "Because"}
    payload, flags = tolerate(V201, "BootNotification", boot)
    assert (payload["reason"], flags) == ("Unknown", ("unknown_value",))
    charging = {"evseId": 1, "chargingNeeds": {"requestedEnergyTransfer": "DC", "controlMode": "Magic"}}
    payload, flags = tolerate(V21, "NotifyEVChargingNeeds", charging)
    assert ("controlMode" in payload["chargingNeeds"], flags) == (False, ("left_out",))


@pytest.mark.parametrize(
    ("version", "action", "came", "field", "default"),
    [
        (V16, "StartTransaction", START, "timestamp", NEVER),
        (V16, "StartTransaction", START, "idTag", ""),
        (V16, "StopTransaction", STOP, "transactionId", -1),
        (V16, "StopTransaction", STOP, "timestamp", NEVER),
        (V16, "MeterValues", METER, "connectorId", 0),
        (V16, "StatusNotification", STATUS, "errorCode", "NoError"),
        (V201, "TransactionEvent", EVENT, "eventType", "Updated"),
        (V201, "TransactionEvent", EVENT, "timestamp", NEVER),
        (
            V201,
            "BootNotification",
            {"chargingStation": {"model": "M", "vendorName": "V"}, "reason": "x"},
            "reason",
            "Unknown",
        ),
        (
            V201,
            "MeterValues",
            {"evseId": 1, "meterValue": [{"timestamp": NOON, "sampledValue": [{"value": 1}]}]},
            "evseId",
            0,
        ),
    ],
)
def test_a_missing_field_with_a_harmless_default_gets_it(version, action, came, field, default):
    given = {name: item for name, item in came.items() if name != field}
    payload, flags = tolerate(version, action, given)
    assert (payload, flags) == (given | {field: default}, ("default",))
    assert is_valid(version, action, payload)


@pytest.mark.parametrize("field", ["meterStart", "connectorId"])
def test_a_missing_field_whose_default_would_be_a_lie_stays_missing(field):
    given = {name: item for name, item in START.items() if name != field}
    assert rescue(V16, "StartTransaction", given) == (given, (INVALID,))


def test_readings_without_a_value_are_left_out_and_their_neighbours_stay():
    came = {"connectorId": 1, "meterValue": [{"timestamp": NOON}, GROUP | {"sampledValue": [{"unit": "Wh"}, SAMPLE]}]}
    assert rescue(V16, "MeterValues", came) == (METER, ("left_out",))


def test_a_token_without_its_type_is_a_token_all_the_same():
    assert tolerate(V201, "Authorize", {"idToken": {"idToken": "t"}}) == (
        {"idToken": {"idToken": "t", "type": "Central"}},
        ("default",),
    )


def test_what_is_known_of_a_session_without_its_id_is_kept():
    came = EVENT | {"transactionInfo": {"chargingState": "Charging"}}
    assert rescue(V201, "TransactionEvent", came) == (came, (INVALID,))


def test_a_unit_in_place_of_its_object_is_kept_because_without_it_the_value_would_be_watt_hours():
    sample = {"value": 3, "unitOfMeasure": "kWh"}
    came = {"evseId": 1, "meterValue": [{"timestamp": NOON, "sampledValue": [sample]}]}
    payload, flags = rescue(V201, "MeterValues", came)
    assert payload["meterValue"][0]["sampledValue"][0]["unitOfMeasure"] == {"unit": "kWh"}
    assert flags == ("type",)
    sample["unitOfMeasure"] = {"unit": "Wh", "multiplier": {"a": 1}}
    payload, _ = rescue(V201, "MeterValues", came)
    assert payload["meterValue"][0]["sampledValue"][0]["unitOfMeasure"] == {"unit": "unknown"}


@pytest.mark.parametrize(
    ("version", "action", "came"),
    [
        (V16, "StopTransaction", STOP | {"idTag": {}}),
        (V16, "MeterValues", METER | {"meterValue": [GROUP | {"sampledValue": [SAMPLE | {"measurand": {}}]}]}),
        (V16, "MeterValues", METER | {"meterValue": [GROUP | {"sampledValue": [SAMPLE | {"phase": "N4"}]}]}),
    ],
)
def test_what_names_a_driver_or_gives_a_reading_its_meaning_is_not_left_out_as_harmless(version, action, came):
    assert tolerate(version, action, came) == (came, ())


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "0", "nan", "1e999", "1,5", "kWh", NOON, "0000-00-00", "x" * 60, "1767268800"])
)
NAMES = st.sampled_from(
    "connectorId ConnectorId idTag meterStart timestamp Timestamp meterValue sampledValue value unit measurand phase"
    " transactionInfo transactionId seqNo eventType evse id idToken type unitOfMeasure multiplier customData status"
    " errorCode reason chargingStation x".split()
)
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
MESSAGES = st.sampled_from([(version, action) for version in Version for action in sorted(FROM_CHARGER[version])])
BASES = {
    "StartTransaction": START,
    "StopTransaction": STOP,
    "MeterValues": METER,
    "TransactionEvent": EVENT,
    "StatusNotification": STATUS,
}
TRANSACTIONS = [(V16, "StartTransaction"), (V16, "StopTransaction"), (V16, "MeterValues")] + [
    (version, action) for version in (V201, V21) for action in ("TransactionEvent", "MeterValues")
]


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(MESSAGES, st.dictionaries(NAMES, ANY, max_size=5))
def test_whatever_comes_is_flagged_if_and_only_if_it_was_changed(what, more):
    version, action = what
    came = BASES.get(action, {}) | more
    before = json.dumps(came)
    for mend in (tolerate, rescue):
        mended, flags = mend(version, action, came)
        assert json.dumps(came) == before
        assert (json.dumps(mended) != before) == bool(set(flags) - {INVALID})


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=150)
@given(st.sampled_from(TRANSACTIONS), st.dictionaries(NAMES, ANY, max_size=5))
def test_a_rescued_transaction_message_can_always_be_read(what, more):
    version, action = what
    mended, flags = rescue(version, action, BASES[action] | more)
    assert is_valid(version, action, mended) == (INVALID not in flags)
    (READ_2X if version.is_2x else READ_16)[action](mended)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=100)
@given(st.sampled_from(TRANSACTIONS), st.dictionaries(NAMES, ANY, max_size=5))
def test_what_was_mended_needs_no_mending(what, more):
    version, action = what
    mended, _ = rescue(version, action, BASES[action] | more)
    again, flags = rescue(version, action, mended)
    assert (again, set(flags) - {INVALID}) == (mended, set())
