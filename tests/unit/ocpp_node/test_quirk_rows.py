"""Deviations that chargers are known for, replayed: the record is right and flagged, the frame stays as it came.

One test for each deviation of docs/quirks.md that is about payloads; those about sockets are in the integration tier.
"""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from voltring_core.domain.messages import Registration
from voltring_core.domain.transactions import TransactionState
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.quirks import Adapted, Quirks, Refused, resolve
from voltring_core.ocpp.versions import Version
from voltring_node.facts import BootFact, ReadingsFact, StatusFact
from voltring_node.understanding import understand

V16, V201, _ = Version
AT = "2026-01-01T12:00:00Z"
LATER = "2026-01-01T12:30:00Z"
START = {"connectorId": 1, "idTag": "CARD", "meterStart": 1000, "timestamp": AT}
STOP = {"meterStop": 6000, "timestamp": LATER}
NO_QUIRKS = Quirks()
STATUS = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}


@pytest.fixture
def hear(ask, base):
    """`hear(version, action, payload, quirks)`: what is decided on a message of a charger with these rules."""
    base.register("CARD")

    def make(version, action, payload, quirks=NO_QUIRKS, *, minutes=30, **more):
        asked = ask(version, action, payload, minutes=minutes, **more)
        found = understand(version, Registration.ACCEPTED, Called("m", action, payload), known=quirks)
        message = replace(
            asked.message,
            payload=found.payload,
            said=found.said,
            natural_key=found.natural_key,
            flags=found.flags,
        )
        assert json.loads(message.frame)[3] == payload
        (decided,) = base.group(replace(asked, message=message))
        return decided

    return make


@pytest.fixture
def begun(hear, answer):
    """A session on connector 1, begun at 1000 Wh; its transaction id."""
    return answer(hear(V16, "StartTransaction", START))["transactionId"]


def meters(*samples, at=LATER, **more):
    return {"connectorId": 1, "meterValue": [{"timestamp": at, "sampledValue": list(samples)}]} | more


def flags(decided):
    return decided.asked.message.flags


def readings(decided):
    return next(fact for fact in decided.facts if isinstance(fact, ReadingsFact))


@pytest.mark.parametrize("none", [0, -1, "0", 2**63 - 1, None])
def test_a_stop_without_a_true_id_is_answered_and_kept_as_a_stop_whose_start_was_lost(hear, base, answer, none):
    decided = hear(V16, "StopTransaction", STOP | {"transactionId": none})
    assert answer(decided) == {}
    (session,) = base.sessions()
    assert (session.state, session.meter_stop_wh) == (TransactionState.ORPHAN, Decimal(6000))
    assert "start_lost" in session.flags


def test_an_id_that_a_vendor_means_as_none_is_none(hear, base):
    decided = hear(V16, "StopTransaction", STOP | {"transactionId": 99}, Quirks({"transaction_id_none": [99]}))
    assert flags(decided) == ("quirk:transaction_id_none",)
    assert "start_lost" in base.sessions()[0].flags


def test_readings_under_an_id_of_the_chargers_own_belong_to_what_runs_on_their_connector(hear, base, begun):
    hear(V16, "MeterValues", meters({"value": "2500"}, transactionId=1711223344))
    (session,) = base.sessions()
    assert (session.ocpp_transaction_id, session.energy_wh) == (str(begun), Decimal(1500))


def test_a_stop_without_its_start_is_kept_whole(hear, base, answer):
    data = [{"timestamp": AT, "sampledValue": [{"value": "1000", "context": "Transaction.Begin"}]}]
    stop = STOP | {"transactionId": 4711, "idTag": "CARD", "transactionData": data}
    assert "idTagInfo" in answer(hear(V16, "StopTransaction", stop))
    (session,) = base.sessions()
    assert (session.state, session.id_token, session.meter_stop_wh) == (TransactionState.ORPHAN, "CARD", Decimal(6000))


def test_a_session_whose_stop_never_comes_is_over_when_the_next_one_starts(hear, base, begun):
    hear(V16, "MeterValues", meters({"value": "2500"}, transactionId=begun))
    hear(V16, "StartTransaction", START | {"timestamp": LATER, "meterStart": 2500})
    old, new = sorted(base.sessions(), key=lambda one: one.started_at)
    assert (old.state, old.energy_wh, old.flags) == (TransactionState.ENDED, Decimal(1500), ("superseded",))
    assert new.state is TransactionState.ACTIVE


def test_readings_without_any_start_invent_no_session(hear, base):
    decided = hear(V16, "MeterValues", meters({"value": "2500"}, transactionId=5))
    assert readings(decided).transaction is None
    assert base.sessions() == []


@pytest.mark.parametrize("none", [0, -1, None, "none"])
def test_a_reservation_of_0_or_minus_1_is_none(hear, base, none):
    hear(V16, "StartTransaction", START | {"reservationId": none})
    assert base.sessions()[0].reservation_id is None


@pytest.mark.parametrize(
    ("stop", "energy", "flag"),
    [
        (6000.4, 5000, "type"),
        ("6000", 5000, "type"),
        ("6.0 kWh", 5000, "type"),
    ],
)
def test_a_meter_stop_that_is_no_whole_number_is_rounded(hear, base, begun, stop, energy, flag):
    decided = hear(V16, "StopTransaction", STOP | {"transactionId": begun, "meterStop": stop})
    assert flags(decided) == (flag,)
    assert base.sessions()[0].energy_wh == Decimal(energy)


@pytest.mark.parametrize("stop", [-1, 0, 900])
def test_a_meter_stop_below_its_start_makes_no_negative_energy_and_loses_no_reading(hear, base, begun, stop):
    hear(V16, "MeterValues", meters({"value": "2500"}, transactionId=begun))
    hear(V16, "StopTransaction", STOP | {"transactionId": begun, "meterStop": stop})
    (session,) = base.sessions()
    assert (session.state, session.energy_wh) == (TransactionState.ENDED, Decimal(1500))
    assert set(session.flags) & {"meter_fell", "meter_below_start"}


@pytest.mark.parametrize(
    ("came", "value", "unit", "flag"),
    [
        ({"value": "21.5", "unit": "Celsius", "measurand": "Temperature"}, "21.5", "Celsius", ()),
        ({"value": "21.5", "unit": "Celcius", "measurand": "Temperature"}, "21.5", "Celsius", ()),
        ({"value": "50.01", "unit": "Hertz", "measurand": "Frequency"}, "50.01", "Hertz", ()),
        ({"value": "50.01", "unit": "Hz", "measurand": "Frequency"}, "50.01", "Hertz", ()),
        ({"value": "2500", "unit": ""}, "2500", "Wh", ("left_out",)),
        ({"value": "2.5", "unit": "kwh"}, "2500", "Wh", ("type",)),
        ({"value": "230", "unit": "", "measurand": "Voltage"}, "230", "V", ("left_out",)),
        ({"value": "7", "unit": "furlong"}, "7", "furlong", ("invalid",)),
    ],
)
def test_a_unit_in_any_spelling_is_read_and_an_unknown_one_is_kept_as_it_is(hear, came, value, unit, flag):
    decided = hear(V16, "MeterValues", meters(came))
    (sample,) = readings(decided).samples
    assert (sample.value, sample.unit) == (Decimal(value), unit)
    assert flags(decided) == flag


def test_kilowatt_hours_that_say_watt_hours_are_counted_as_what_they_are(hear, base, begun):
    openevse = resolve("OpenEVSE", "Advanced Series", "4.2.2", None)
    decided = hear(V16, "MeterValues", meters({"value": "361", "unit": "Wh"}, transactionId=begun), openevse)
    assert flags(decided) == ("quirk:energy_unit",)
    assert base.sessions()[0].register_wh == Decimal(361000)


def test_a_register_that_counts_from_0_in_each_session_needs_no_rule(hear, base):
    hear(V16, "StartTransaction", START | {"meterStart": 0})
    hear(V16, "MeterValues", meters({"value": "2500"}))
    assert base.sessions()[0].energy_wh == Decimal(2500)


def test_readings_per_session_beside_a_meter_for_life_do_not_spoil_the_energy(hear, base, begun):
    quirks = Quirks({"register_per_session": True})
    decided = hear(V16, "MeterValues", meters({"value": "1500"}, transactionId=begun), quirks)
    assert flags(decided) == ("quirk:register_per_session",)
    hear(V16, "StopTransaction", STOP | {"transactionId": begun}, quirks)
    (session,) = base.sessions()
    assert (session.energy_wh, session.flags) == (Decimal(5000), ())


def test_a_register_that_drops_to_0_for_a_moment_is_not_counted_twice(hear, base, begun):
    quirks = Quirks({"ignore_zero_register": True})
    for meter, at in (("2500", "12:10"), ("0", "12:20"), ("3000", "12:25")):
        values = meters({"value": meter}, {"value": "16", "measurand": "Current.Import"}, at=f"2026-01-01T{at}:00Z")
        decided = hear(V16, "MeterValues", values | {"transactionId": begun}, quirks)
        assert flags(decided) == (("quirk:ignore_zero_register",) if meter == "0" else ())
    assert (base.sessions()[0].energy_wh, base.sessions()[0].flags) == (Decimal(2000), ())


def test_readings_of_connector_0_with_a_transaction_belong_to_it_whoever_sends_them(hear, base, begun):
    hear(V16, "MeterValues", meters({"value": "2500"}, connectorId=0, transactionId=begun))
    assert base.sessions()[0].energy_wh == Decimal(1500)


def test_readings_of_a_kebas_connector_0_are_those_of_its_connector(hear, base, begun):
    decided = hear(V16, "MeterValues", meters({"value": "2500"}, connectorId=0), resolve("Keba AG", "P30", None, None))
    assert (flags(decided), readings(decided).evse_id) == (("quirk:connector_zero_is",), 1)
    assert base.sessions()[0].energy_wh == Decimal(1500)


def test_a_2x_status_of_evse_0_is_that_of_the_station(hear):
    status = {"timestamp": AT, "connectorStatus": "Available", "evseId": 0, "connectorId": 0}
    (fact,) = hear(V201, "StatusNotification", status).facts
    assert isinstance(fact, StatusFact)
    assert (fact.status.evse_id, fact.status.connector_id) == (0, 0)


@pytest.mark.parametrize(
    ("came", "status", "error", "flag"),
    [
        ({"status": "Finishing", "errorCode": "OtherError"}, "Finishing", "OtherError", ()),
        ({"status": "Faulted", "errorCode": "Error"}, "Faulted", "OtherError", ("type",)),
        ({"status": "Faulted", "errorCode": ""}, "Faulted", "OtherError", ("type",)),
        ({"info": "i" * 80}, "Available", "NoError", ("cut",)),
        ({"vendorErrorCode": 12, "vendorId": None}, "Available", "NoError", ("null_field", "type")),
    ],
)
def test_a_status_with_a_wrong_error_or_too_many_words_is_shown(hear, came, status, error, flag):
    decided = hear(V16, "StatusNotification", STATUS | came)
    (fact,) = decided.facts
    assert (fact.status.status, fact.status.error_code, flags(decided)) == (status, error, flag)


def test_a_boot_with_a_serial_number_or_model_that_is_too_long_is_accepted_and_cut(hear, answer):
    boot = {"chargePointVendor": "Schneider", "chargePointModel": "m" * 40, "chargePointSerialNumber": "s" * 60}
    decided = hear(V16, "BootNotification", boot)
    fact = next(fact for fact in decided.facts if isinstance(fact, BootFact))
    assert (answer(decided)["status"], fact.boot.model, flags(decided)) == ("Accepted", "m" * 20, ("cut",))
    assert len(json.loads(decided.asked.message.frame)[3]["chargePointSerialNumber"]) == 60


def test_one_box_with_many_connectors_has_a_session_on_each(hear, base):
    for connector in range(1, 41):
        hear(V16, "StartTransaction", START | {"connectorId": connector})
    assert {one.evse_id for one in base.sessions() if one.state is TransactionState.ACTIVE} == set(range(1, 41))


@pytest.mark.parametrize("connector", [-1, -(2**63), 2**63])
def test_a_connector_that_can_be_none_is_unassigned_and_its_session_kept(hear, base, connector):
    hear(V16, "StartTransaction", START | {"connectorId": connector})
    assert base.sessions()[0].evse_id is None
    assert readings(hear(V16, "MeterValues", meters({"value": "1"}, connectorId=connector))).evse_id == 0
    status = STATUS | {"connectorId": connector}
    found = understand(V16, Registration.ACCEPTED, Called("1", "StatusNotification", status))
    assert (found.answer, "unreadable" in found.flags) == ({}, True)


@pytest.mark.parametrize("none", [0, -1])
def test_a_2x_reservation_of_0_or_minus_1_is_none(event, base, none):
    base.group(event("Started", 0, reservationId=none))
    assert base.sessions()[0].reservation_id is None


TERRA = ("ABB", "CDT_TACW11::NET_WIFI", "TAC3Z9119006710273::V1.8.21")
PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 3,
    "chargingProfilePurpose": "ChargePointMaxProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 0}]},
}
LIMIT = {"connectorId": 0, "csChargingProfiles": PROFILE}
LONG_LIST = ",".join(f"Measurand.{number}" for number in range(9))


@pytest.mark.parametrize(
    ("charger", "action", "payload", "rule"),
    [
        (TERRA, "GetConfiguration", {}, "no_get_configuration"),
        (("EV-BOX", "Elvi", None), "SetChargingProfile", LIMIT, "no_zero_limit"),
        (
            ("EV-BOX", "Elvi", None),
            "ChangeAvailability",
            {"connectorId": 0, "type": "Operative"},
            "no_change_availability",
        ),
        (("Huawei", "FusionCharge", None), "SetChargingProfile", LIMIT, "rate_unit"),
        (("Growatt", "THOR", None), "GetConfiguration", {"key": ["k"] * 11}, "keys_per_request"),
        (
            ("Growatt", "THOR", None),
            "ChangeConfiguration",
            {"key": "MeterValuesSampledData", "value": LONG_LIST},
            "list_items_at_most",
        ),
    ],
)
def test_a_command_that_is_known_to_harm_a_charger_of_this_vendor_is_refused(charger, action, payload, rule):
    found = resolve(*charger, None).outbound(V16, action, payload)
    assert isinstance(found, Refused)
    assert found.rule == rule
    assert resolve(*charger, {rule: False}).outbound(V16, action, payload) == Adapted(payload)


@pytest.mark.parametrize(
    ("charger", "action", "payload", "sent", "rule"),
    [
        (TERRA, "SetChargingProfile", LIMIT, {"csChargingProfiles": PROFILE | {"stackLevel": 0}}, "stack_level_zero"),
        (
            TERRA,
            "ChangeConfiguration",
            {"key": "MeterValuesSampledData", "value": "Voltage,Power.Factor"},
            {"value": "Voltage"},
            "only_measurands",
        ),
        (
            ("StarCharge", "Artemis", None),
            "TriggerMessage",
            {"requestedMessage": "StatusNotification", "connectorId": 0},
            {"requestedMessage": "StatusNotification"},
            "no_trigger_connector_zero",
        ),
    ],
)
def test_a_command_that_a_charger_of_this_vendor_would_refuse_is_rewritten(charger, action, payload, sent, rule):
    found = resolve(*charger, None).outbound(V16, action, payload)
    assert isinstance(found, Adapted)
    assert found.flags == (f"quirk:{rule}",)
    assert sent.items() <= found.payload.items()
    assert rule != "no_trigger_connector_zero" or "connectorId" not in found.payload


def test_a_charger_whose_clock_is_local_and_names_no_zone_is_dated_right(hear, base):
    quirks = resolve(None, None, None, {"time_zone": "Europe/Berlin"})
    decided = hear(V16, "StartTransaction", START | {"timestamp": "2026-01-01T13:00:00"}, quirks)
    (session,) = base.sessions()
    assert (session.started_at.isoformat(), session.flags) == ("2026-01-01T12:00:00+00:00", ())
    assert flags(decided) == ("quirk:time_zone",)


def test_a_start_that_is_repeated_under_a_rule_is_the_same_start(hear, answer):
    quirks = Quirks({"meter_unit": "kWh", "time_zone": "Europe/Berlin"})
    start = START | {"timestamp": "2026-01-01T13:00:00"}
    first = answer(hear(V16, "StartTransaction", start, quirks))
    assert answer(hear(V16, "StartTransaction", start, quirks, message_id="other", minutes=35)) == first


@pytest.mark.parametrize("action", ["startTransaction", "STARTTRANSACTION", "StartTransactionRequest", " Heartbeat"])
def test_an_action_in_another_spelling_is_not_guessed(action):
    found = understand(V16, Registration.ACCEPTED, Called("1", action, START))
    assert found.answer.code is Code.NOT_IMPLEMENTED


LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**64), 2**64) | st.sampled_from([1.5, 1e300, "", "x", AT, "nan", "0"])
)
NAMES = st.sampled_from(
    "connectorId ConnectorId idTag meterStart meterStop timestamp transactionId meterValue transactionData evse"
    " id seqNo sampledValue value unit measurand unitOfMeasure multiplier transactionInfo eventType idToken x".split()
)
ANY = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=8
)
RULES = [NO_QUIRKS, Quirks({"time_zone": "Europe/Berlin", "energy_unit": "kWh", "meter_unit": "kWh", "no_clock": True})]
EVENT = {"eventType": "Ended", "timestamp": AT, "triggerReason": "Trigger", "seqNo": 0}
SAID = [
    (V16, "StartTransaction", START),
    (V16, "StopTransaction", STOP | {"transactionId": 1}),
    (V16, "MeterValues", meters({"value": "1"})),
    (V201, "TransactionEvent", EVENT | {"transactionInfo": {"transactionId": "t"}}),
]


@settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.differing_executors]
)
@given(st.sampled_from(SAID), st.dictionaries(NAMES, ANY, max_size=4), st.booleans(), st.sampled_from(RULES))
def test_a_transaction_message_is_acknowledged_whatever_it_holds(ask, base, what, more, alone, quirks):
    version, action, whole = what
    payload = more if alone else whole | more
    found = understand(version, Registration.ACCEPTED, Called("m", action, payload), known=quirks)
    assert hasattr(found, "said"), found
    asked = ask(version, action, whole)
    message = replace(asked.message, said=found.said, natural_key=found.natural_key, payload=found.payload)
    (decided,) = base.group(replace(asked, message=message))
    assert decided.reply.startswith("[3,")


@pytest.mark.parametrize("registration", [Registration.NONE, Registration.PENDING])
def test_a_lenient_boot_lets_status_and_readings_through_and_nothing_that_is_billed(registration):
    lenient = Quirks({"lenient_boot": True})

    def is_heard(action, payload):
        found = understand(V16, registration, Called("1", action, payload), known=lenient)
        return hasattr(found, "said")

    assert is_heard("StatusNotification", STATUS)
    assert is_heard("MeterValues", meters({"value": "1"}))
    assert not is_heard("StartTransaction", START)
    assert not is_heard("Authorize", {"idTag": "A"})
