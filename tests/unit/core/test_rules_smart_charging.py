"""Charging profiles of both generations: what is refused before it is sent, and by which field."""

from datetime import UTC, datetime

import pytest

from voltring_core.ocpp.rules.checking import faults
from voltring_core.ocpp.rules.facts import Station
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
START, LATER = "2026-05-01T13:00:00Z", "2026-05-01T14:00:00Z"
UNSET = object()
V16, V201, V21 = Version


def fields(version, action, payload, **known):
    """The fields that the rules find fault with in a payload that keeps its schema."""
    assert is_valid(version, action, payload), payload
    return [fault.field for fault in faults(version, action, payload, Station(**known), NOON)]


def given(base, changes):
    """A payload with some fields changed, or removed by UNSET."""
    return {name: value for name, value in (base | changes).items() if value is not UNSET}


def schedule(*periods, **changes):
    plain = [{"startPeriod": 0, "limit": 16.0}]
    base = {"startSchedule": START, "chargingRateUnit": "A", "chargingSchedulePeriod": list(periods) or plain}
    return given(base, changes)


def profile(schedules=None, **changes):
    """A TxDefaultProfile of 2.x."""
    base = {"id": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile", "chargingProfileKind": "Absolute"}
    return given(base | {"chargingSchedule": schedules or [{"id": 1} | schedule()]}, changes)


def profile_16(one=None, **changes):
    base = {"chargingProfileId": 1, "stackLevel": 0, "chargingProfilePurpose": "TxDefaultProfile"}
    return given(base | {"chargingProfileKind": "Absolute", "chargingSchedule": one or schedule()}, changes)


def set_16(place, whole, **known):
    return fields(V16, "SetChargingProfile", {"connectorId": place, "csChargingProfiles": whole}, **known)


def set_2x(place, whole, version=V201, **known):
    return fields(version, "SetChargingProfile", {"evseId": place, "chargingProfile": whole}, **known)


def with_id(**changes):
    return [{"id": 1} | schedule(**changes)]


def period(**values):
    return {"startPeriod": 0, **values}


IN_16 = "csChargingProfiles."
GOOD_16 = [
    (0, profile_16()),
    (1, profile_16(chargingProfilePurpose="TxProfile")),
    (1, profile_16(chargingProfilePurpose="TxProfile", transactionId=7)),
    (0, profile_16(chargingProfilePurpose="ChargePointMaxProfile")),
    (1, profile_16(schedule(startSchedule=UNSET), chargingProfileKind="Relative")),
    (1, profile_16(chargingProfileKind="Recurring", recurrencyKind="Daily")),
    (1, profile_16(validFrom=START, validTo=LATER)),
    (1, profile_16(schedule({"startPeriod": 0, "limit": 6.5, "numberPhases": 3}, {"startPeriod": 60, "limit": 0}))),
]
BAD_16 = [
    (1, profile_16(chargingProfilePurpose="ChargePointMaxProfile"), "connectorId"),
    (0, profile_16(chargingProfilePurpose="TxProfile"), "connectorId"),
    (-1, profile_16(), "connectorId"),
    (1, profile_16(transactionId=7), f"{IN_16}transactionId"),
    (1, profile_16(stackLevel=-1), f"{IN_16}stackLevel"),
    (1, profile_16(validFrom=LATER, validTo=START), f"{IN_16}validTo"),
    (1, profile_16(schedule(startSchedule=UNSET)), f"{IN_16}chargingSchedule.startSchedule"),
    (1, profile_16(chargingProfileKind="Relative"), f"{IN_16}chargingSchedule.startSchedule"),
    (1, profile_16(chargingProfileKind="Recurring"), f"{IN_16}recurrencyKind"),
    (1, profile_16(recurrencyKind="Daily"), f"{IN_16}recurrencyKind"),
    (1, profile_16(schedule(duration=0)), f"{IN_16}chargingSchedule.duration"),
    (
        1,
        profile_16(schedule({"startPeriod": 5, "limit": 1})),
        f"{IN_16}chargingSchedule.chargingSchedulePeriod.0.startPeriod",
    ),
    (
        1,
        profile_16(schedule(*({"startPeriod": start, "limit": 1} for start in (0, 60, 60)))),
        f"{IN_16}chargingSchedule.chargingSchedulePeriod.2.startPeriod",
    ),
    (
        1,
        profile_16(schedule({"startPeriod": 0, "limit": 1, "numberPhases": 4})),
        f"{IN_16}chargingSchedule.chargingSchedulePeriod.0.numberPhases",
    ),
    (1, profile_16(schedule(chargingSchedulePeriod=[])), f"{IN_16}chargingSchedule.chargingSchedulePeriod"),
]


@pytest.mark.parametrize(("place", "whole"), GOOD_16)
def test_a_good_profile_of_16_passes(place, whole):
    assert set_16(place, whole) == []


@pytest.mark.parametrize(("place", "whole", "field"), BAD_16)
def test_a_bad_profile_of_16_is_told_by_its_field(place, whole, field):
    assert set_16(place, whole) == [field]


GOOD_2X = [
    (0, profile()),
    (0, profile(chargingProfilePurpose="ChargingStationMaxProfile")),
    (1, profile(chargingProfilePurpose="TxProfile", transactionId="T")),
    (
        1,
        profile(
            [{"id": i} | schedule() for i in (1, 2, 3)],
            chargingProfilePurpose="TxProfile",
            transactionId="T",
        ),
    ),
    (1, profile(with_id(chargingSchedulePeriod=[period(limit=6, numberPhases=1, phaseToUse=2)]))),
]
AT = "chargingProfile.chargingSchedule.0."
BAD_2X = [
    (1, profile(chargingProfilePurpose="ChargingStationMaxProfile"), ["evseId"]),
    (1, profile(chargingProfilePurpose="TxProfile"), ["chargingProfile.transactionId"]),
    (0, profile(chargingProfilePurpose="TxProfile", transactionId="T"), ["evseId"]),
    (0, profile(transactionId="T"), ["chargingProfile.transactionId"]),
    (
        0,
        profile(chargingProfilePurpose="ChargingStationExternalConstraints"),
        ["chargingProfile.chargingProfilePurpose"],
    ),
    (
        0,
        profile(
            with_id(startSchedule=UNSET),
            chargingProfilePurpose="ChargingStationMaxProfile",
            chargingProfileKind="Relative",
        ),
        ["chargingProfile.chargingProfileKind"],
    ),
    (1, profile([{"id": i} | schedule() for i in (1, 2)]), ["chargingProfile.chargingSchedule"]),
    (1, profile(with_id(startSchedule=UNSET)), [f"{AT}startSchedule"]),
    (
        1,
        profile(with_id(chargingSchedulePeriod=[period(limit=6, phaseToUse=2)])),
        [f"{AT}chargingSchedulePeriod.0.phaseToUse"],
    ),
    (
        1,
        profile(with_id(chargingSchedulePeriod=[period(limit=6, numberPhases=1, phaseToUse=4)])),
        [f"{AT}chargingSchedulePeriod.0.phaseToUse"],
    ),
]


@pytest.mark.parametrize(("place", "whole"), GOOD_2X)
@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_a_good_profile_of_2x_passes(place, whole, version):
    assert set_2x(place, whole, Version(version)) == []


@pytest.mark.parametrize(("place", "whole", "found"), BAD_2X)
def test_a_bad_profile_of_2x_is_told_by_its_field(place, whole, found):
    assert set_2x(place, whole) == found


def test_what_the_charger_takes_less_of_is_refused_and_what_is_not_known_is_not():
    long = profile(with_id(chargingSchedulePeriod=[{"startPeriod": n, "limit": 6} for n in range(5)]), stackLevel=4)
    assert set_2x(1, long) == []
    assert set_2x(1, long, schedule_periods=5, stack_level=4, rate_units=frozenset("AW")) == []
    assert set_2x(1, long, schedule_periods=4) == [f"{AT}chargingSchedulePeriod"]
    assert set_2x(1, long, stack_level=3) == ["chargingProfile.stackLevel"]
    assert set_2x(1, long, rate_units=frozenset("W")) == [f"{AT}chargingRateUnit"]
    switched = profile(with_id(chargingSchedulePeriod=[period(limit=6, numberPhases=1, phaseToUse=2)]))
    assert set_2x(1, switched, phase_switching=False) == [f"{AT}chargingSchedulePeriod.0.phaseToUse"]
    assert set_16(1, profile_16(stackLevel=9), stack_level=8) == [f"{IN_16}stackLevel"]
    composite = {"connectorId": 0, "duration": 60, "chargingRateUnit": "W"}
    assert fields(V16, "GetCompositeSchedule", composite, rate_units=frozenset("A")) == ["chargingRateUnit"]
    assert fields(V16, "GetCompositeSchedule", composite | {"duration": 0}) == ["duration"]


def mode(name, unit="W", purpose="TxDefaultProfile", **values):
    periods = [{"startPeriod": 0, "operationMode": name, **values}]
    return profile(with_id(chargingRateUnit=unit, chargingSchedulePeriod=periods), chargingProfilePurpose=purpose)


CURVE = [{"frequency": 49.9, "power": 100}, {"frequency": 50.1, "power": -100}]
PERIOD = f"{AT}chargingSchedulePeriod.0."


@pytest.mark.parametrize(
    "whole",
    [
        mode("ChargingOnly", limit=1000),
        mode("CentralSetpoint", setpoint=-500),
        mode("CentralSetpoint", setpoint=-500, limit=0, dischargeLimit=-1000),
        mode("CentralFrequency", setpoint=500),
        mode("ExternalSetpoint"),
        mode("ExternalLimits"),
        mode("LocalFrequency", v2xBaseline=0, v2xFreqWattCurve=CURVE),
        mode("LocalFrequency", v2xBaseline=0, v2xSignalWattCurve=[{"signal": 1, "power": 1}]),
        mode("LocalLoadBalancing"),
        mode("Idle", evseSleep=True),
        mode("ChargingOnly", limit=1, limit_L2=1, limit_L3=1),
        profile(
            with_id(chargingSchedulePeriod=[period(operationMode="CentralSetpoint")]), chargingProfileKind="Dynamic"
        ),
    ],
)
def test_values_that_fit_their_operation_mode_pass(whole):
    assert set_2x(1, whole, V21) == []


@pytest.mark.parametrize(
    ("whole", "found"),
    [
        (mode("ChargingOnly"), ["limit"]),
        (mode("ChargingOnly", limit=1, setpoint=1), ["setpoint"]),
        (mode("ChargingOnly", limit=1, dischargeLimit=-1), ["dischargeLimit"]),
        (mode("CentralSetpoint"), ["setpoint"]),
        (mode("CentralFrequency", limit=1), ["setpoint"]),
        (mode("LocalFrequency", v2xFreqWattCurve=CURVE), ["v2xBaseline"]),
        (mode("LocalFrequency", v2xBaseline=0), ["v2xFreqWattCurve"]),
        (mode("LocalFrequency", v2xBaseline=0, v2xFreqWattCurve=CURVE[:1]), ["v2xFreqWattCurve"]),
        (mode("LocalFrequency", unit="A", v2xBaseline=0, v2xFreqWattCurve=CURVE), ["operationMode"]),
        (mode("LocalFrequency", v2xBaseline=0, v2xFreqWattCurve=CURVE, limit=1), ["limit"]),
        (mode("LocalLoadBalancing", setpoint=1), ["setpoint"]),
        (mode("Idle", limit=1), ["limit"]),
        (mode("ChargingOnly", limit_L2=1, limit=1, dischargeLimit_L3=-1), ["dischargeLimit_L3"]),
        (mode("Idle", purpose="PriorityCharging"), ["operationMode"]),
    ],
)
def test_values_that_do_not_fit_their_operation_mode_are_told(whole, found):
    assert set_2x(1, whole, V21) == [PERIOD + name for name in found]


def test_profiles_that_21_added_keep_their_own_rules():
    two = [period(limit=1), {"startPeriod": 9, "limit": 1}]
    assert set_2x(1, profile(with_id(chargingSchedulePeriod=two), chargingProfileKind="Dynamic"), V21) == [
        f"{AT}chargingSchedulePeriod"
    ]
    dynamic = profile(chargingProfileKind="Dynamic")
    assert set_2x(1, dynamic, V21, dynamic_profiles=False) == ["chargingProfile.chargingProfileKind"]
    lasting = profile(with_id(duration=60), chargingProfilePurpose="PriorityCharging")
    assert set_2x(1, lasting, V21) == [f"{AT}duration"]
    plain = profile(chargingProfilePurpose="PriorityCharging")
    assert set_2x(1, plain, V21, purposes=frozenset({"LocalGeneration"})) == ["chargingProfile.chargingProfilePurpose"]
    assert set_2x(1, profile(id=-5), V21) == []
    assert set_2x(1, profile(), V21, highest_external_id=1) == ["chargingProfile.id"]
    delayed = profile(with_id(randomizedDelay=10), chargingProfilePurpose="ChargingStationMaxProfile")
    assert set_2x(0, delayed, V21) == [f"{AT}randomizedDelay"]


def test_a_profile_for_a_session_to_come_is_a_txprofile_without_its_id():
    tx, idle = {"chargingProfilePurpose": "TxProfile"}, {"transactionId": UNSET}
    for version, action, base, make, tid in (
        (V16, "RemoteStartTransaction", {"idTag": "T"}, profile_16, 7),
        (
            V201,
            "RequestStartTransaction",
            {"idToken": {"idToken": "T", "type": "Local"}, "remoteStartId": 1},
            profile,
            "7",
        ),
    ):
        assert fields(version, action, base | {"chargingProfile": make(**tx, **idle)}) == []
        assert fields(version, action, base | {"chargingProfile": make()}) == ["chargingProfile.chargingProfilePurpose"]
        named = base | {"chargingProfile": make(**tx, transactionId=tid)}
        assert fields(version, action, named) == ["chargingProfile.transactionId"]
    several = profile([{"id": i} | schedule() for i in (1, 2)], **tx)
    start = {"idToken": {"idToken": "T", "type": "Local"}, "remoteStartId": 1, "chargingProfile": several}
    assert fields(V201, "RequestStartTransaction", start) == ["chargingProfile.chargingSchedule"]


@pytest.mark.parametrize(
    ("action", "payload", "found"),
    [
        ("ClearChargingProfile", {"chargingProfileId": 1}, []),
        ("ClearChargingProfile", {"chargingProfileCriteria": {"stackLevel": 0}}, []),
        ("ClearChargingProfile", {"chargingProfileCriteria": {"evseId": 0}}, []),
        ("ClearChargingProfile", {}, ["chargingProfileId"]),
        ("ClearChargingProfile", {"chargingProfileCriteria": {}}, ["chargingProfileId"]),
        (
            "ClearChargingProfile",
            {"chargingProfileCriteria": {"chargingProfilePurpose": "ChargingStationExternalConstraints"}},
            ["chargingProfileCriteria.chargingProfilePurpose"],
        ),
        ("GetChargingProfiles", {"requestId": 1, "chargingProfile": {"stackLevel": 0}}, []),
        ("GetChargingProfiles", {"requestId": 1, "chargingProfile": {"chargingProfileId": [1]}}, []),
        ("GetChargingProfiles", {"requestId": 1, "chargingProfile": {}}, ["chargingProfile"]),
        (
            "GetChargingProfiles",
            {"requestId": 1, "chargingProfile": {"chargingProfileId": [1], "stackLevel": 0}},
            ["chargingProfile.chargingProfileId"],
        ),
        ("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {"limit": 1}}, []),
        ("UpdateDynamicSchedule", {"chargingProfileId": 1, "scheduleUpdate": {}}, ["scheduleUpdate"]),
        (
            "UpdateDynamicSchedule",
            {"chargingProfileId": 1, "scheduleUpdate": {"setpoint_L2": 1}},
            ["scheduleUpdate.setpoint_L2"],
        ),
        ("UsePriorityCharging", {"transactionId": "T", "activate": True}, []),
        ("UsePriorityCharging", {"transactionId": "", "activate": True}, ["transactionId"]),
    ],
)
def test_profiles_are_asked_for_cleared_and_updated_by_what_names_them(action, payload, found):
    assert fields(V21, action, payload) == found


def test_in_16_clearing_without_criteria_clears_all():
    assert fields(V16, "ClearChargingProfile", {}) == []
