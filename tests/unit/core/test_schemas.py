"""What the official schemas say of a payload, with the field by name and the code that belongs to it."""

import json

import pytest

from voltring_core.ocpp import schemas
from voltring_core.ocpp.codes import Code, spell
from voltring_core.ocpp.schemas import is_valid, schema, violations
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
START = {"connectorId": 1, "idTag": "A", "meterStart": 0, "timestamp": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"connectorId": None}, "connectorId", Code.TYPE),
        ({"meterStart": 1.5}, "meterStart", Code.TYPE),
        ({"idTag": "x" * 21}, "idTag", Code.PROPERTY),
        ({"timestamp": "garbage"}, "timestamp", Code.FORMAT),
        ({"timestamp": "2026-01-01T00:00:00"}, "timestamp", Code.FORMAT),
        ({"extra": 1}, "extra", Code.FORMAT),
    ],
)
def test_a_violation_names_its_field_and_code(change, field, code):
    found = violations(V16, "StartTransaction", START | change)
    assert [(one.field, one.code) for one in found] == [(field, code)]
    assert not is_valid(V16, "StartTransaction", START | change)


def test_every_missing_field_is_named():
    found = violations(V16, "StartTransaction", {})
    assert {one.field for one in found} == set(START)
    assert {(one.code, one.message) for one in found} == {(Code.OCCURRENCE, "is missing")}


def test_a_fault_deep_inside_is_named_by_its_path():
    payload = {"evseId": 1, "meterValue": [{"timestamp": START["timestamp"], "sampledValue": [{"value": "x"}]}]}
    (found,) = violations(V201, "MeterValues", payload)
    assert found.field == "meterValue.0.sampledValue.0.value"
    assert found.code is Code.TYPE


def test_a_wrong_enum_is_a_property_violation_and_an_empty_list_one_of_cardinality():
    status = {"connectorId": 1, "errorCode": "NoError", "status": "Sleeping"}
    assert [(one.field, one.code) for one in violations(V16, "StatusNotification", status)] == [
        ("status", Code.PROPERTY)
    ]
    empty = {"evseId": 1, "meterValue": []}
    assert [(one.field, one.code) for one in violations(V201, "MeterValues", empty)] == [
        ("meterValue", Code.CARDINALITY)
    ]


def test_an_action_without_a_schema_is_not_implemented():
    assert schema(V16, "TransactionEvent") is None
    assert not is_valid(V16, "TransactionEvent", {})
    assert [one.code for one in violations(V16, "TransactionEvent", {})] == [Code.NOT_IMPLEMENTED]


def test_the_unconfirmed_message_of_21_has_a_request_schema_only():
    assert schema(V21, "NotifyPeriodicEventStream") is not None
    assert schema(V21, "NotifyPeriodicEventStream", "response") is None


def test_a_limit_with_one_decimal_keeps_the_schema_of_16():
    for tenth in range(1000):
        period = {"startPeriod": 0, "limit": tenth / 10}
        schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
        profile = {
            "chargingProfileId": 1,
            "stackLevel": 0,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": schedule,
        }
        payload = {"connectorId": 1, "csChargingProfiles": profile}
        assert is_valid(V16, "SetChargingProfile", payload), tenth


def test_custom_data_is_allowed_everywhere_in_2x():
    assert is_valid(V201, "Heartbeat", {"customData": {"vendorId": "x", "anything": [None]}})


METERED = {"timestamp": START["timestamp"], "sampledValue": [{"value": "1"}]}


@pytest.mark.parametrize(
    ("change", "code_16", "code_2x"),
    [
        ({"meterValue": []}, "OccurenceConstraintViolation", "OccurrenceConstraintViolation"),
        ({"meterValue": {}}, "TypeConstraintViolation", "TypeConstraintViolation"),
        ({"extra": 1}, "FormationViolation", "FormatViolation"),
        ({"meterValue": [METERED | {"timestamp": "x"}]}, "FormationViolation", "FormatViolation"),
        ({"meterValue": [{"sampledValue": METERED["sampledValue"]}]}, "ProtocolError", "OccurrenceConstraintViolation"),
        (
            {"meterValue": [METERED | {"sampledValue": [{"value": "1", "context": "x"}]}]},
            "PropertyConstraintViolation",
            "PropertyConstraintViolation",
        ),
    ],
)
def test_the_same_fault_is_spelt_as_each_version_spells_it(change, code_16, code_2x):
    (found,) = violations(V16, "MeterValues", {"connectorId": 1, "meterValue": [METERED]} | change)
    assert spell(found.code, V16) == code_16
    numbers = json.loads(json.dumps({"evseId": 1, "meterValue": [METERED]} | change).replace('"1"', "1"))
    (found,) = violations(V201, "MeterValues", numbers)
    assert spell(found.code, V201) == code_2x


def test_once_all_are_read_a_message_needs_no_file(monkeypatch):
    schemas.read_all()
    schemas.schema.cache_clear()
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: pytest.fail("a file was read"))
    assert all(schemas.schema(version, "Heartbeat") for version in Version)
