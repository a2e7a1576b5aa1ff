"""Rules of every command: whatever keeps its schema can be judged; ids are filled in; rows become what is known."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.rules.checking import faults
from voltring_core.ocpp.rules.facts import Station
from voltring_core.ocpp.rules.ids import complete, joined_id, joins_by, wants_id
from voltring_core.ocpp.rules.knowledge import READ, Variable, station_of
from voltring_core.ocpp.rules.table import BY_VERSION, NO_RULES
from voltring_core.ocpp.schemas import is_valid, schema
from voltring_core.ocpp.versions import Version

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
V16, V201, V21 = Version
ALL = [(version, action) for version in Version for action in sorted(TO_CHARGER[version])]
STRICT = Station(
    registration="Accepted",
    connectors=1,
    items={action: 1 for _, action in ALL},
    octets={action: 1 for _, action in ALL},
    list_entries=1,
    list_version=5,
    schedule_periods=1,
    stack_level=0,
    rate_units=frozenset("A"),
    phase_switching=False,
    purposes=frozenset(),
    dynamic_profiles=False,
    highest_external_id=0,
    security_profile=3,
    downgrade_allowed=False,
    password_length=20,
    certificate_chain=1,
    file_schemes=frozenset({"ftp"}),
    unspecific_reservations=False,
    message_priorities=frozenset(),
    message_formats=frozenset(),
    message_states=frozenset(),
    custom_triggers=frozenset(),
    active_slots=frozenset({"1"}),
    tariff_elements=1,
    open_requests=frozenset({1}),
    open_starts=frozenset({1}),
)
TEXTS = {
    "date-time": ["2026-05-01T11:00:00Z", "2026-05-01T13:00:00+02:00"],
    "uri": ["ftp://host/x", "https://h.example/"],
}


def values(node, definitions):
    """Payloads of a schema, by its own words: a small part of JSON Schema, all that OCPP's use."""
    if "$ref" in node:
        node = definitions[node["$ref"].rpartition("/")[2]]
    if "enum" in node:
        return st.sampled_from(node["enum"])
    kind = node.get("type")
    if kind == "object":
        return _objects(node, definitions)
    if kind == "array":
        least = node.get("minItems", 0)
        most = min(node.get("maxItems", 3), least + 2)
        return st.lists(values(node["items"], definitions), min_size=least, max_size=most)
    if kind == "string":
        known = TEXTS.get(node.get("format"), ["", "a", "A", "1", "wss://h.example", "-----BEGIN CERTIFICATE-----"])
        return st.sampled_from([text for text in known if len(text) <= node.get("maxLength", 99)])
    if kind == "boolean":
        return st.booleans()
    low, high = node.get("minimum", -2), node.get("maximum", 2**31)
    numbers = [number for number in (-2, -1, 0, 1, 2, 9, 2**31) if low <= number <= high]
    return st.sampled_from(numbers) if kind in {"integer", "number"} else st.just({"anything": [1]})


def _objects(node, definitions):
    properties = node.get("properties", {})
    needed = {name: values(properties[name], definitions) for name in node.get("required", ())}
    optional = {
        name: values(inner, definitions)
        for name, inner in properties.items()
        if name not in needed and name != "customData"
    }
    return st.fixed_dictionaries(needed, optional=optional)


def payloads(version, action):
    whole = schema(version, action)
    return values(whole, whole.get("definitions", {}))


@pytest.mark.parametrize(("version", "action"), ALL)
@settings(max_examples=12)
@given(data=st.data())
def test_whatever_keeps_its_schema_can_be_judged(version, action, data):
    payload = data.draw(payloads(version, action))
    assert is_valid(version, action, payload)
    for station in (Station(), STRICT):
        for fault in faults(version, action, payload, station, NOON):
            assert fault.message
            assert not fault.field.startswith(".")


@pytest.mark.parametrize("version", Version)
def test_every_action_has_its_rules_or_is_said_to_need_none(version):
    ruled = set(BY_VERSION[version])
    assert TO_CHARGER[version] <= ruled | NO_RULES
    assert not ruled & NO_RULES
    assert ruled <= frozenset().union(*TO_CHARGER.values())


@pytest.mark.parametrize("version", Version)
def test_every_requestid_and_remotestartid_that_a_schema_requires_is_filled_in(version):
    for action in TO_CHARGER[version]:
        required = set(schema(version, action).get("required", ())) & {"requestId", "remoteStartId"}
        filled = complete(version, action, {}, 77)
        assert set(filled) == required, action
        assert joined_id(version, action, filled) == (77 if required else None)


def test_what_the_operator_chose_is_kept_and_no_number_is_taken():
    asked = {"requestId": 5, "reportBase": "FullInventory"}
    assert complete(V201, "GetBaseReport", asked, lambda: 1 / 0) == asked
    assert not wants_id(V201, "GetBaseReport", asked)
    assert joined_id(V201, "GetBaseReport", asked) == 5
    assert complete(V201, "GetBaseReport", {"reportBase": "FullInventory"}, iter([8]).__next__)["requestId"] == 8
    assert asked == {"requestId": 5, "reportBase": "FullInventory"}


def test_a_reservation_is_joined_by_its_own_id_which_is_never_invented():
    assert joins_by(V16, "ReserveNow") == "reservationId"
    assert joined_id(V16, "ReserveNow", {"reservationId": 4}) == joined_id(V201, "ReserveNow", {"id": 4}) == 4
    assert complete(V201, "ReserveNow", {}, 1) == {}
    assert joined_id(V201, "GetBaseReport", {"requestId": "4"}) is None
    assert joined_id(V201, "GetBaseReport", {"requestId": 4.0}) == 4
    assert joined_id(V21, "CertificateSigned", {"requestId": 4}) is None


def test_an_empty_list_of_16_says_what_its_absence_says_and_is_left_out():
    assert complete(V16, "GetConfiguration", {"key": []}, 1) == {}
    assert complete(V201, "GetReport", {"componentVariable": [], "requestId": 1}, 1)["componentVariable"] == []


def test_numbers_beyond_32_bits_are_found_wherever_they_are():
    deep = {"getVariableData": [{"component": {"name": "A", "evse": {"id": 2**31}}, "variable": {"name": "B"}}]}
    assert [it.field for it in faults(V201, "GetVariables", deep, Station(), NOON)] == [
        "getVariableData.0.component.evse.id"
    ]


def test_the_configuration_of_a_16_charger_says_what_binds():
    told = {
        "NumberOfConnectors": "2",
        "GetConfigurationMaxKeys": "10",
        "SendLocalListMaxLength": "20",
        "LocalAuthListMaxLength": "500",
        "ChargingScheduleMaxPeriods": "24",
        "ChargeProfileMaxStackLevel": "8",
        "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
        "SecurityProfile": "1",
        "SupportedFileTransferProtocols": "FTP, HTTP",
        "ReserveConnectorZeroSupported": "False",
        "CertificateSignedMaxChainSize": "10000",
    }
    station = station_of(
        V16, registration="Accepted", variables=[Variable("", key, "", it) for key, it in told.items()]
    )
    assert station == Station(
        registration="Accepted",
        connectors=2,
        items={"GetConfiguration": 10, "SendLocalList": 20},
        list_entries=500,
        schedule_periods=24,
        stack_level=8,
        rate_units=frozenset("AW"),
        security_profile=1,
        file_schemes=frozenset({"ftp", "http"}),
        unspecific_reservations=False,
        certificate_chain=10000,
    )


def test_the_device_model_of_a_2x_charger_says_what_binds():
    rows = [
        Variable("DeviceDataCtrlr", "ItemsPerMessage", "GetVariables", "10"),
        Variable("DeviceDataCtrlr", "BytesPerMessage", "GetVariables", "4096"),
        Variable("MonitoringCtrlr", "ItemsPerMessage", "SetVariableMonitoring", "5"),
        Variable("LocalAuthListCtrlr", "ItemsPerMessage", "", "50"),
        Variable("SmartChargingCtrlr", "PeriodsPerSchedule", "", "24"),
        Variable("SmartChargingCtrlr", "ProfileStackLevel", "", "0"),
        Variable("SmartChargingCtrlr", "RateUnit", "", "A"),
        Variable("SmartChargingCtrlr", "ACPhaseSwitchingSupported", "", "false"),
        Variable("SmartChargingCtrlr", "SupportsFeature", "DynamicProfiles", "true"),
        Variable("SecurityCtrlr", "SecurityProfile", "", "2"),
        Variable("SecurityCtrlr", "BasicAuthPassword", "", None, {"dataType": "string", "maxLimit": 40.0}),
        Variable("OCPPCommCtrlr", "NetworkConfigurationPriority", "", "1,2"),
        Variable("OCPPCommCtrlr", "FileTransferProtocols", "", "HTTPS,SFTP"),
        Variable("TariffCostCtrlr", "MaxElements", "Tariff", "5"),
        Variable("DisplayMessageCtrlr", "SupportedFormats", "", "ASCII,UTF8"),
    ]
    station = station_of(
        V21,
        variables=rows,
        list_version="3",
        open_ids=[("GetReport", 5), ("RequestStartTransaction", 6), ("ReserveNow", 7)],
    )
    assert station == Station(
        items={"GetVariables": 10, "SetVariableMonitoring": 5, "SendLocalList": 50},
        octets={"GetVariables": 4096},
        schedule_periods=24,
        stack_level=0,
        rate_units=frozenset("A"),
        phase_switching=False,
        dynamic_profiles=True,
        security_profile=2,
        password_length=40,
        active_slots=frozenset({"1", "2"}),
        file_schemes=frozenset({"https", "sftp"}),
        tariff_elements=5,
        message_formats=frozenset({"ASCII", "UTF8"}),
        list_version=3,
        open_requests=frozenset({5}),
        open_starts=frozenset({6}),
    )
    assert {row.variable.lower() for row in rows} <= set(READ)


@pytest.mark.parametrize("nonsense", [None, "", " ", "many", "0", "1e999"])
def test_what_can_not_be_read_or_means_nothing_is_not_known(nonsense):
    rows = [
        Variable("", key, "", nonsense)
        for key in ("NumberOfConnectors", "ChargingScheduleMaxPeriods", "GetConfigurationMaxKeys")
    ]
    assert station_of(V16, variables=rows, list_version=None) == Station()


def test_units_that_nobody_knows_make_the_list_of_units_unknown():
    assert station_of(V201, variables=[Variable("SmartChargingCtrlr", "RateUnit", "", "A,kW")]).rate_units is None
