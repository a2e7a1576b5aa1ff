"""Each rule by itself: what it makes of a payload, which flag says so, and what it leaves alone."""

import json
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.quirks import Adapted, Quirks, Refused, resolve
from voltring_core.ocpp.quirks.rules import CATALOGUE, Where
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
NOON = "2026-01-01T12:00:00Z"
START = {"connectorId": 1, "idTag": "A1B2", "meterStart": 5, "timestamp": NOON}
STOP = {"transactionId": 7, "meterStop": 6, "timestamp": NOON}
ARGUMENTS = {
    "time_zone": "Europe/Berlin",
    "local_time_marked_utc": "Europe/Berlin",
    "energy_unit": "kWh",
    "meter_unit": "kWh",
    "connector_zero_is": 1,
    "transaction_id_none": [99],
    "keys_per_request": 2,
    "list_items_at_most": 2,
    "only_measurands": ["Voltage", "SoC"],
    "rate_unit": "A",
}


def of(rule):
    return Quirks({rule: ARGUMENTS.get(rule, True)})


def meters(*samples, **more):
    return {"connectorId": 1, "meterValue": [{"timestamp": NOON, "sampledValue": list(samples)}]} | more


def meters2(*samples):
    return {"evseId": 1, "meterValue": [{"timestamp": NOON, "sampledValue": list(samples)}]}


INBOUND = [
    (
        "time_zone",
        V16,
        "StartTransaction",
        START | {"timestamp": "2026-07-01T14:00:00"},
        START | {"timestamp": "2026-07-01T12:00:00.000Z"},
    ),
    (
        "time_zone",
        V16,
        "StartTransaction",
        START | {"timestamp": "2026-01-01 13:00:00"},
        START | {"timestamp": "2026-01-01T12:00:00.000Z"},
    ),
    (
        "local_time_marked_utc",
        V16,
        "StartTransaction",
        START | {"timestamp": "2026-01-01T13:00:00Z"},
        START | {"timestamp": "2026-01-01T12:00:00.000Z"},
    ),
    ("no_clock", V16, "StartTransaction", START, START | {"timestamp": "1970-01-01T00:00:00Z"}),
    ("energy_unit", V16, "MeterValues", meters({"value": "3", "unit": "Wh"}), meters({"value": "3", "unit": "kWh"})),
    ("energy_unit", V16, "MeterValues", meters({"value": "3"}), meters({"value": "3", "unit": "kWh"})),
    ("energy_unit", V16, "MeterValues", meters({"value": "3 Wh"}), meters({"value": "3", "unit": "kWh"})),
    (
        "energy_unit",
        V201,
        "MeterValues",
        meters2({"value": 3}),
        meters2({"value": 3, "unitOfMeasure": {"unit": "kWh"}}),
    ),
    ("meter_unit", V16, "StartTransaction", START, START | {"meterStart": 5000}),
    ("meter_unit", V16, "StopTransaction", STOP | {"meterStop": "6,5"}, STOP | {"meterStop": 6500}),
    (
        "register_per_session",
        V16,
        "MeterValues",
        meters({"value": "3"}),
        meters({"value": "3", "measurand": "Energy.Active.Import.Interval"}),
    ),
    (
        "ignore_zero_register",
        V16,
        "MeterValues",
        meters({"value": "0"}, {"value": "0", "measurand": "SoC"}),
        meters({"value": "0", "measurand": "SoC"}),
    ),
    (
        "ignore_zero_register",
        V16,
        "StopTransaction",
        STOP | {"transactionData": [{"timestamp": NOON, "sampledValue": [{"value": "0.0"}]}]},
        STOP | {"transactionData": []},
    ),
    ("connector_zero_is", V16, "MeterValues", meters({"value": "3"}, connectorId=0), meters({"value": "3"})),
    ("connector_zero_is", V201, "MeterValues", meters2({"value": 3}) | {"evseId": 0}, meters2({"value": 3})),
    ("transaction_id_none", V16, "StopTransaction", STOP | {"transactionId": 99}, STOP | {"transactionId": -1}),
    (
        "transaction_id_none",
        V16,
        "MeterValues",
        meters({"value": "3"}, transactionId="99"),
        meters({"value": "3"}, transactionId=-1),
    ),
    ("id_tag_bytes_reversed", V16, "StartTransaction", START, START | {"idTag": "B2A1"}),
    ("id_tag_bytes_reversed", V16, "Authorize", {"idTag": "04a1b2ff"}, {"idTag": "ffb2a104"}),
]


@pytest.mark.parametrize(("rule", "version", "action", "came", "mended"), INBOUND)
def test_a_rule_mends_what_a_charger_says_and_flags_it(rule, version, action, came, mended):
    before = deepcopy(came)
    assert of(rule).inbound(version, action, came) == (mended, (f"quirk:{rule}",))
    assert came == before
    assert is_valid(version, action, mended)


def test_every_inbound_rule_is_shown_here():
    assert {case[0] for case in INBOUND} == {rule.name for rule in CATALOGUE.values() if rule.where is Where.INBOUND}


@pytest.mark.parametrize(
    ("rule", "version", "action", "payload"),
    [
        ("time_zone", V16, "StartTransaction", START),
        ("time_zone", V16, "StartTransaction", START | {"timestamp": "garbage, and long"}),
        ("local_time_marked_utc", V16, "StartTransaction", START | {"timestamp": "2026-01-01T13:00:00+01:00"}),
        ("energy_unit", V16, "MeterValues", meters({"value": "3", "unit": "W", "measurand": "Power.Active.Import"})),
        ("energy_unit", V16, "MeterValues", meters({"value": "3", "unit": "kWh"})),
        ("energy_unit", V16, "MeterValues", meters({"value": "3 kWh"})),
        ("meter_unit", V16, "StartTransaction", START | {"meterStart": "5 kWh"}),
        ("ignore_zero_register", V16, "MeterValues", meters({"value": "1"})),
        ("connector_zero_is", V16, "MeterValues", meters({"value": "1"}, connectorId=2)),
        ("connector_zero_is", V16, "StatusNotification", {"connectorId": 0}),
        ("transaction_id_none", V16, "StopTransaction", STOP),
        ("id_tag_bytes_reversed", V16, "Authorize", {"idTag": "no hex"}),
        ("id_tag_bytes_reversed", V16, "Authorize", {"idTag": "abcabc1"}),
    ],
)
def test_a_rule_leaves_alone_what_it_is_not_about(rule, version, action, payload):
    found, flags = of(rule).inbound(version, action, payload)
    assert found is payload
    assert flags == ()


def test_an_id_that_says_none_already_stays_as_it_is():
    payload = STOP | {"transactionId": -1}
    assert Quirks({"transaction_id_none": [-1]}).inbound(V16, "StopTransaction", payload) == (payload, ())


def test_without_rules_the_same_payload_comes_back_at_once():
    assert Quirks().inbound(V16, "StartTransaction", START)[0] is START
    assert of("no_zero_limit").inbound(V16, "StartTransaction", START)[0] is START


def test_rules_apply_together_and_each_is_flagged():
    both = Quirks({"meter_unit": "kWh", "time_zone": "Europe/Berlin"})
    payload, flags = both.inbound(V16, "StartTransaction", START | {"timestamp": "2026-01-01T13:00:00"})
    assert payload == START | {"meterStart": 5000, "timestamp": "2026-01-01T12:00:00.000Z"}
    assert flags == ("quirk:time_zone", "quirk:meter_unit")


def profile(limit=16, unit="A", level=0):
    schedule = {"chargingRateUnit": unit, "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}]}
    return {
        "chargingProfileId": 1,
        "stackLevel": level,
        "chargingProfilePurpose": "TxDefaultProfile",
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule,
    }


def limits(**more):
    return {"connectorId": 1, "csChargingProfiles": profile(**more)}


def limits2(**more):
    given = profile(**more)
    given["id"] = given.pop("chargingProfileId")
    given["chargingSchedule"] = [{"id": 1} | given["chargingSchedule"]]
    return {"evseId": 1, "chargingProfile": given}


def setting(key, value):
    return {"key": key, "value": value}


REWRITTEN = [
    ("stack_level_zero", V16, "SetChargingProfile", limits(level=3), limits()),
    ("stack_level_zero", V201, "SetChargingProfile", limits2(level=3), limits2()),
    (
        "stack_level_zero",
        V16,
        "RemoteStartTransaction",
        {"idTag": "A", "chargingProfile": profile(level=1)},
        {"idTag": "A", "chargingProfile": profile()},
    ),
    (
        "rate_unit",
        V16,
        "GetCompositeSchedule",
        {"connectorId": 1, "duration": 60},
        {"connectorId": 1, "duration": 60, "chargingRateUnit": "A"},
    ),
    (
        "no_trigger_connector_zero",
        V16,
        "TriggerMessage",
        {"requestedMessage": "MeterValues", "connectorId": 0},
        {"requestedMessage": "MeterValues"},
    ),
    (
        "keys_in_lower_case",
        V16,
        "ChangeConfiguration",
        setting("HeartbeatInterval", "5"),
        setting("heartbeatinterval", "5"),
    ),
    ("keys_in_lower_case", V16, "GetConfiguration", {"key": ["HeartbeatInterval"]}, {"key": ["heartbeatinterval"]}),
    (
        "quoted_lists",
        V16,
        "ChangeConfiguration",
        setting("MeterValuesSampledData", "SoC,Voltage"),
        setting("MeterValuesSampledData", '"SoC,Voltage"'),
    ),
    (
        "only_measurands",
        V16,
        "ChangeConfiguration",
        setting("StopTxnSampledData", "SoC, Power.Factor"),
        setting("StopTxnSampledData", "SoC"),
    ),
    (
        "password_as_hex",
        V16,
        "ChangeConfiguration",
        setting("AuthorizationKey", "correct horse 16"),
        setting("AuthorizationKey", "636f727265637420686f727365203136"),
    ),
]
REFUSED = [
    ("no_get_configuration", V16, "GetConfiguration", {}),
    ("keys_per_request", V16, "GetConfiguration", {"key": ["a", "b", "c"]}),
    ("list_items_at_most", V16, "ChangeConfiguration", setting("MeterValuesSampledData", "SoC,Voltage,Temperature")),
    ("only_measurands", V16, "ChangeConfiguration", setting("MeterValuesSampledData", "Power.Factor")),
    ("no_change_availability", V16, "ChangeAvailability", {"connectorId": 0, "type": "Operative"}),
    ("rate_unit", V16, "SetChargingProfile", limits(unit="W")),
    ("rate_unit", V201, "SetChargingProfile", limits2(unit="W")),
    ("no_zero_limit", V16, "SetChargingProfile", limits(limit=0)),
    ("no_zero_limit", V21, "SetChargingProfile", limits2(limit=0.0)),
    ("no_zero_limit", V16, "RemoteStartTransaction", {"idTag": "A", "chargingProfile": profile(limit=0)}),
]


@pytest.mark.parametrize(("rule", "version", "action", "wanted", "sent"), REWRITTEN)
def test_a_command_is_rewritten_for_a_charger_that_would_not_take_it(rule, version, action, wanted, sent):
    before = deepcopy(wanted)
    assert of(rule).outbound(version, action, wanted) == Adapted(sent, (f"quirk:{rule}",))
    assert wanted == before
    again = of(rule).outbound(version, action, sent)
    assert isinstance(again, Adapted)
    assert (again.payload is sent, again.flags) == (True, ())


@pytest.mark.parametrize(("rule", "version", "action", "wanted"), REFUSED)
def test_a_command_that_would_harm_is_refused_with_the_reason_and_the_way_round_it(rule, version, action, wanted):
    found = of(rule).outbound(version, action, wanted)
    assert isinstance(found, Refused)
    assert found.rule == rule
    assert f'({rule}). To send it all the same, set the charger\'s quirks to {{"{rule}": false}}.' in found.sentence
    assert resolve(None, None, None, {rule: False}).outbound(version, action, wanted) == Adapted(wanted)


def test_every_outbound_rule_is_shown_here():
    outbound = {rule.name for rule in CATALOGUE.values() if rule.where is Where.OUTBOUND}
    assert {case[0] for case in (*REWRITTEN, *REFUSED)} == outbound


@pytest.mark.parametrize(
    ("rule", "action", "payload"),
    [
        ("no_get_configuration", "Reset", {"type": "Soft"}),
        ("keys_per_request", "GetConfiguration", {"key": ["a", "b"]}),
        ("keys_per_request", "GetConfiguration", {}),
        ("list_items_at_most", "ChangeConfiguration", setting("Vendor.List", "a,b,c,d")),
        ("list_items_at_most", "ChangeConfiguration", setting("MeterValuesSampledData", "SoC,Voltage")),
        ("only_measurands", "ChangeConfiguration", setting("MeterValuesSampledData", "")),
        ("quoted_lists", "ChangeConfiguration", setting("HeartbeatInterval", "5")),
        ("no_trigger_connector_zero", "TriggerMessage", {"requestedMessage": "Heartbeat", "connectorId": 1}),
        ("rate_unit", "SetChargingProfile", limits()),
        ("no_zero_limit", "SetChargingProfile", limits(limit=6)),
        ("password_as_hex", "ChangeConfiguration", setting("AuthorizationKey", "ab" * 20)),
    ],
)
def test_any_other_command_goes_out_as_it_is(rule, action, payload):
    found = of(rule).outbound(V16, action, payload)
    assert isinstance(found, Adapted)
    assert found.payload is payload
    assert found.flags == ()


LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.sampled_from(
    ["", "0", "Wh", "3 Wh", NOON, "2026-01-01T12:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "ab"]
)
NAMES = st.sampled_from(
    "connectorId idTag meterStart meterStop timestamp meterValue transactionData sampledValue value unit measurand"
    " unitOfMeasure transactionId evseId key connectorId csChargingProfiles chargingProfile chargingSchedule"
    " chargingSchedulePeriod limit stackLevel chargingRateUnit".split()
)
ANY = st.recursive(
    LEAVES | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=12
)
ALL = Quirks({name: ARGUMENTS.get(name, True) for name in CATALOGUE})
METERED = meters({"value": "1"}, {"value": "0", "unit": "Wh"}) | START | STOP


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=200)
@given(st.sampled_from(sorted(FROM_CHARGER[V16] | FROM_CHARGER[V21])), st.dictionaries(NAMES, ANY, max_size=6))
def test_no_rule_raises_whatever_comes_and_each_is_flagged_only_if_it_changed_something(action, more):
    came = METERED | more
    before = json.dumps(came)
    mended, flags = ALL.inbound(V16, action, came)
    assert json.dumps(came) == before
    assert (mended is came) == (flags == ())
    assert (json.dumps(mended) != before) == bool(flags)


def test_what_is_nested_beyond_reading_is_left_to_the_general_repair():
    deep = {}
    for _ in range(2000):
        deep = {"a": deep}
    payload = START | {"x": deep}
    found, flags = ALL.inbound(V16, "StartTransaction", payload)
    assert found is payload
    assert flags == ()
