"""What chargers get wrong, mended: harmless faults in every message, more in those of a transaction (TX-24)."""

from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voltring_core.ocpp.quirks import INVALID, rescue, tolerate
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
NOON = "2026-01-01T12:00:00Z"
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": NOON}
EVENT = {
    "eventType": "Updated",
    "timestamp": NOON,
    "triggerReason": "MeterValuePeriodic",
    "seqNo": 1,
    "transactionInfo": {"transactionId": "t"},
}
BOOT = {"chargePointVendor": "V", "chargePointModel": "M"}


def meter_values(*samples, at=NOON):
    return {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": list(samples)}]}


@pytest.mark.parametrize(
    ("version", "action", "given", "mended", "flags"),
    [
        (V16, "BootNotification", BOOT | {"iccid": None}, BOOT, ("null_field",)),
        (V16, "BootNotification", BOOT | {"colour": "red"}, BOOT, ("unknown_field",)),
        (
            V16,
            "BootNotification",
            BOOT | {"chargePointModel": "m" * 30},
            BOOT | {"chargePointModel": "m" * 20},
            ("cut",),
        ),
        (
            V201,
            "Authorize",
            {"idToken": {"idToken": "t", "type": "Central", "x": None}},
            {"idToken": {"idToken": "t", "type": "Central"}},
            ("null_field",),
        ),
        (V16, "DataTransfer", {"vendorId": "x", "data": {"a": 1}}, {"vendorId": "x", "data": '{"a":1}'}, ("type",)),
        (
            V16,
            "StatusNotification",
            {"connectorId": 1, "errorCode": "NoError", "status": "Available", "timestamp": "2026-01-01T12:00:00"},
            {
                "connectorId": 1,
                "errorCode": "NoError",
                "status": "Available",
                "timestamp": "2026-01-01T12:00:00.000Z",
            },
            ("time",),
        ),
    ],
    ids=["null", "unknown field", "too long", "nested", "data as an object", "no zone"],
)
def test_what_is_harmless_is_mended_in_any_message(version, action, given, mended, flags):
    before = deepcopy(given)
    assert tolerate(version, action, given) == (mended, flags)
    assert is_valid(version, action, mended)
    assert given == before


def test_an_id_is_never_cut_because_it_would_be_somebody_elses():
    long = {"idToken": {"idToken": "t" * 40, "type": "Central"}}
    assert tolerate(V201, "Authorize", long) == (long, ())
    payload, flags = rescue(V16, "StartTransaction", START | {"idTag": "x" * 30})
    assert (payload["idTag"], flags) == ("x" * 30, ("invalid",))


@pytest.mark.parametrize(("said", "kept"), [("Error", None), ("groundfailure", None), ("E-42", "E-42")])
def test_a_fault_with_a_vendors_own_error_code_is_shown_to_operators(said, kept):
    given = {"connectorId": 1, "status": "faulted", "errorCode": said}
    mended, flags = tolerate(V16, "StatusNotification", given)
    assert is_valid(V16, "StatusNotification", mended)
    assert (mended["status"], mended.get("vendorErrorCode"), flags) == ("Faulted", kept, ("type",))


def test_a_unit_that_nobody_knows_stays_with_its_value():
    values = [{"value": "3.6", "unit": "furlong"}, {"value": "1", "unit": "KWH"}]
    payload = {"connectorId": 1, "meterValue": [{"timestamp": "2026-01-01T12:00:00Z", "sampledValue": values}]}
    mended, _ = rescue(V16, "MeterValues", payload)
    assert [one["unit"] for one in mended["meterValue"][0]["sampledValue"]] == ["furlong", "kWh"]


def test_what_is_missing_without_a_harmless_default_stays_missing():
    payload, flags = tolerate(V16, "BootNotification", {"chargePointVendor": 5, "extra": 1})
    assert (payload, flags) == ({"chargePointVendor": "5"}, ("type", "unknown_field"))


def test_a_number_in_place_of_a_drivers_id_is_not_tolerated_because_its_zeros_are_lost():
    assert tolerate(V16, "Authorize", {"idTag": 7}) == ({"idTag": 7}, ())


@pytest.mark.parametrize(
    ("change", "field", "mended", "flag"),
    [
        ({"meterStart": 1.6}, "meterStart", 2, "type"),
        ({"meterStart": "15"}, "meterStart", 15, "type"),
        ({"meterStart": "15,4"}, "meterStart", 15, "type"),
        ({"idTag": 4711}, "idTag", "4711", "type"),
        ({"meterStart": "1000 Wh"}, "meterStart", 1000, "type"),
        ({"timestamp": "2026-01-01T12:00:00"}, "timestamp", "2026-01-01T12:00:00.000Z", "time"),
        ({"timestamp": "2026-01-01 13:00:00+01:00"}, "timestamp", "2026-01-01T12:00:00.000Z", "time"),
        ({"timestamp": "yesterday"}, "timestamp", "1970-01-01T00:00:00Z", "time"),
        ({"timestamp": ""}, "timestamp", "1970-01-01T00:00:00Z", "time"),
        ({"reservationId": "none"}, "reservationId", None, "left_out"),
        ({"reservationId": None}, "reservationId", None, "null_field"),
        ({"colour": "red"}, "colour", None, "unknown_field"),
    ],
)
def test_a_start_is_mended_field_by_field(change, field, mended, flag):
    payload, flags = rescue(V16, "StartTransaction", START | change)
    assert payload.get(field) == mended
    assert flags == (flag,)
    assert is_valid(V16, "StartTransaction", payload)


@pytest.mark.parametrize(
    ("sample", "mended"),
    [
        ({"value": 12.5}, {"value": "12.5"}),
        ({"value": "1", "unit": "celcius"}, {"value": "1", "unit": "Celcius"}),
        ({"value": "1", "unit": "furlong"}, {"value": "1", "unit": "furlong"}),
        ({"value": "1", "unit": ""}, {"value": "1"}),
        ({"value": "1", "measurand": "happiness"}, {"value": "1", "measurand": "happiness"}),
        ({"value": "1", "phase": ["L4"]}, {"value": "1", "phase": "L4"}),
        ({"value": "1", "location": {}}, {"value": "1", "location": "{}"}),
        ({"value": "1", "measurand": ""}, {"value": "1"}),
        ({"value": "1", "context": 7}, {"value": "1", "context": "Other"}),
    ],
)
def test_a_reading_is_mended_and_keeps_its_value_and_what_it_means(sample, mended):
    payload, _ = rescue(V16, "MeterValues", meter_values(sample, {"value": "2"}))
    assert payload["meterValue"][0]["sampledValue"] == [mended, {"value": "2"}]


def test_what_is_taken_out_of_a_list_takes_no_neighbour_along():
    payload, flags = rescue(V16, "MeterValues", meter_values("x", {"value": "1"}, 7, {"value": "2"}, None))
    assert payload["meterValue"][0]["sampledValue"] == [{"value": "1"}, {"value": "2"}]
    assert flags == ("left_out",)


def test_both_spellings_of_celsius_are_kept():
    for unit in ("Celcius", "Celsius"):
        payload, _ = rescue(V16, "MeterValues", meter_values({"value": "1", "unit": unit}))
        assert payload["meterValue"][0]["sampledValue"][0]["unit"] in ("Celcius", "Celsius")


def test_an_empty_list_of_readings_leaves_the_message_readable():
    payload, flags = rescue(V16, "MeterValues", meter_values())
    assert payload["meterValue"] == []
    assert "left_out" in flags


@pytest.mark.parametrize(
    ("change", "field", "mended"),
    [
        ({"offline": 1}, "offline", True),
        ({"offline": "false"}, "offline", False),
        ({"offline": "perhaps"}, "offline", None),
        ({"evse": 1}, "evse", {"id": 1}),
        ({"evse": True}, "evse", None),
        ({"idToken": "12345"}, "idToken", {"idToken": "12345", "type": "Central"}),
        ({"seqNo": "7"}, "seqNo", 7),
        ({"triggerReason": "Full moon"}, "triggerReason", None),
        ({"meterValue": "none"}, "meterValue", None),
    ],
)
def test_an_event_keeps_its_other_fields_when_one_is_nonsense(change, field, mended):
    payload, _ = rescue(V201, "TransactionEvent", EVENT | change)
    assert payload.get(field) == mended
    assert payload["transactionInfo"] == {"transactionId": "t"}


def test_what_is_beyond_mending_is_flagged():
    payload, flags = rescue(V16, "StartTransaction", {"meterStart": 5})
    assert payload == {"meterStart": 5, "idTag": "", "timestamp": "1970-01-01T00:00:00Z"}
    assert flags == ("default", INVALID)


WORDS = st.sampled_from(
    "connectorId idTag meterStart timestamp meterValue sampledValue value unit transactionInfo transactionId seqNo"
    " eventType evse id offline idToken type unitOfMeasure multiplier customData x".split()
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "nan", "inf", "1e999", "1,5", "Wh", NOON, "x" * 60]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=15,
)
OBJECTS = st.dictionaries(WORDS, JSON, max_size=5)
RESCUED = [(V16, "StartTransaction"), (V16, "StopTransaction"), (V16, "MeterValues")] + [
    (version, action) for version in (V201, V21) for action in ("TransactionEvent", "MeterValues")
]


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(RESCUED), OBJECTS, st.booleans())
def test_whatever_comes_is_mended_or_flagged_and_the_input_stays_as_it_was(what, payload, on_top):
    version, action = what
    base = EVENT if action == "TransactionEvent" else START if action == "StartTransaction" else meter_values()
    payload = base | payload if on_top else payload
    before = deepcopy(payload)
    mended, flags = rescue(version, action, payload)
    assert payload == before
    assert is_valid(version, action, mended) == (INVALID not in flags)
    tolerate(version, action, payload)
    assert payload == before
