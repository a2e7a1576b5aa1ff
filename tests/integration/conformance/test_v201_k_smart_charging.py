"""OCPP 2.0.1 and 2.1, block K (smart charging): profiles set, reported, cleared; limits of others; cars that plan."""

from typing import Any

import pytest
from conformance_stage import NO, OK, VALID, Case, Done, Error, Station, now, token

from voltring_core.ocpp.versions import Version

PERIODS = [{"startPeriod": 0, "limit": 16.0, "numberPhases": 3}, {"startPeriod": 600, "limit": 8.0}]


def schedule(**more: Any) -> dict[str, Any]:
    return {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": PERIODS, **more}


def profile(purpose: str = "TxDefaultProfile", kind: str = "Absolute", **more: Any) -> dict[str, Any]:
    start = {} if kind == "Relative" else {"startSchedule": now()}
    return {
        "id": 100,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule(duration=3600, **start)],
        **({"recurrencyKind": "Daily"} if kind == "Recurring" else {}),
        **more,
    }


async def put(case: Case, evse: int, wanted: dict[str, Any], answer: Any = OK) -> Done:
    """SetChargingProfile, as the operator wants it."""
    payload = {"evseId": evse, "chargingProfile": wanted}
    done = await case.order("SetChargingProfile", payload, answer)
    assert done.asked == payload
    return done


async def held(case: Case) -> dict[int, tuple[int, float]]:
    """Profiles that are known: id to EVSE and first limit."""
    records = await case.records("ChargingProfile")
    return {
        int(key): (one["evse_id"], one["content"]["chargingSchedule"][0]["chargingSchedulePeriod"][0]["limit"])
        for key, one in records.items()
    }


@pytest.mark.parametrize(
    ("evse", "wanted"),
    [
        pytest.param(1, profile(), id="TC_K_01"),
        pytest.param(0, profile("ChargingStationMaxProfile"), id="TC_K_03"),
        pytest.param(0, profile(), id="TC_K_10"),
        pytest.param(1, profile(kind="Recurring"), id="TC_K_19"),
    ],
)
async def test_tc_k_01_03_10_19_a_profile_is_set(v2x: Case, evse: int, wanted: dict[str, Any]) -> None:
    assert (await put(v2x, evse, wanted)).state == "ACCEPTED"
    known = (await v2x.records("ChargingProfile"))["100"]
    assert (known["evse_id"], known["content"]) == (evse, wanted)


async def test_tc_k_60_a_profile_of_the_running_session_is_set(v2x: Case) -> None:
    station = await Station(v2x).charging()
    wanted = profile("TxProfile", "Relative", transactionId="TX-1")
    assert (await put(v2x, 1, wanted)).state == "ACCEPTED"
    await station.updated("ChargingRateChanged", "Charging")
    assert await held(v2x) == {100: (1, 16.0)}
    # Without the session that it is for it is not sent.
    nameless = {"evseId": 1, "chargingProfile": profile("TxProfile", "Relative")}
    assert (await v2x.post("commands", {"action": "SetChargingProfile", "payload": nameless})).status_code == 422


async def test_tc_k_15_a_station_without_smart_charging_says_so(v2x: Case) -> None:
    done = await put(v2x, 1, profile(), Error("NotSupported"))
    assert (done.state, done.command["error"]["code"]) == ("CALLERROR", "NotSupported")
    assert await held(v2x) == {}


async def test_tc_k_70_two_profiles_of_two_purposes_hold_together(v2x: Case) -> None:
    await Station(v2x).charging()
    await put(v2x, 1, profile(kind="Recurring"))
    await put(v2x, 0, profile("ChargingStationMaxProfile", id=101))
    assert await held(v2x) == {100: (1, 16.0), 101: (0, 16.0)}


async def test_tc_k_04_a_profile_of_the_same_id_replaces(v2x: Case) -> None:
    await put(v2x, 1, profile())
    lower = profile()
    lower["chargingSchedule"][0]["chargingSchedulePeriod"] = [{"startPeriod": 0, "limit": 6.0}]
    await put(v2x, 1, lower)
    assert await held(v2x) == {100: (1, 6.0)}


async def test_tc_k_05_a_profile_is_cleared_by_its_id(v2x: Case) -> None:
    await put(v2x, 1, profile())
    await put(v2x, 2, profile(id=101))
    done = await v2x.order("ClearChargingProfile", {"chargingProfileId": 100})
    assert (done.asked, done.state) == ({"chargingProfileId": 100}, "ACCEPTED")
    assert set(await held(v2x)) == {101}


@pytest.mark.parametrize(
    ("answer", "state"),
    [pytest.param(OK, "ACCEPTED", id="TC_K_06"), pytest.param({"status": "Unknown"}, "REJECTED", id="TC_K_08")],
)
async def test_tc_k_06_08_profiles_are_cleared_by_what_they_are(v2x: Case, answer: Any, state: str) -> None:
    if answer == OK:
        await put(v2x, 1, profile())
    await put(v2x, 2, profile(id=101))
    criteria = {"evseId": 1, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    done = await v2x.order("ClearChargingProfile", {"chargingProfileCriteria": criteria}, answer)
    assert (done.asked, done.state) == ({"chargingProfileCriteria": criteria}, state)
    assert set(await held(v2x)) == {101}


DEFAULT = {"chargingProfilePurpose": "TxDefaultProfile"}


@pytest.mark.parametrize(
    ("evse", "criteria"),
    [
        pytest.param(0, DEFAULT, id="TC_K_29"),
        pytest.param(1, DEFAULT, id="TC_K_30"),
        pytest.param(None, DEFAULT, id="TC_K_31"),
        pytest.param(None, {"chargingProfileId": [100]}, id="TC_K_32"),
        pytest.param(1, {"stackLevel": 0}, id="TC_K_33"),
        pytest.param(1, {"chargingLimitSource": ["CSO"]}, id="TC_K_34"),
        pytest.param(1, DEFAULT, id="TC_K_35"),
        pytest.param(1, DEFAULT | {"stackLevel": 0}, id="TC_K_36"),
    ],
)
async def test_tc_k_29_to_36_profiles_are_reported(v2x: Case, evse: int | None, criteria: dict[str, Any]) -> None:
    wanted = {"chargingProfile": criteria} | ({} if evse is None else {"evseId": evse})
    done = await v2x.order("GetChargingProfiles", wanted)
    assert done.asked == wanted | {"requestId": done.asked["requestId"]}
    places = (1, 2) if evse is None else (evse,)
    for place in places:
        told = {
            "requestId": done.asked["requestId"],
            "chargingLimitSource": "CSO",
            "evseId": place,
            "chargingProfile": [profile(id=100 + place)],
            "tbc": place != places[-1],
        }
        assert await v2x.says("ReportChargingProfiles", told) == {}
    assert (await v2x.again(done))["state"] == "COMPLETED"
    assert await held(v2x) == {100 + place: (place, 16.0) for place in places}


async def test_a_report_of_profiles_without_a_criterion_is_not_asked_for(v2x: Case) -> None:
    wanted = {"evseId": 1, "chargingProfile": {}}
    assert (await v2x.post("commands", {"action": "GetChargingProfiles", "payload": wanted})).status_code == 422
    none = await v2x.order("GetChargingProfiles", {"chargingProfile": DEFAULT}, {"status": "NoProfiles"})
    assert none.state == "REJECTED"


async def test_tc_k_37_a_remote_start_brings_its_profile(v2x: Case) -> None:
    wanted = {"idToken": token(VALID), "evseId": 1, "chargingProfile": profile("TxProfile", "Relative")}
    done = await v2x.order("RequestStartTransaction", wanted)
    assert done.asked == wanted | {"remoteStartId": done.asked["remoteStartId"]}
    station = Station(v2x)
    await station.status("Occupied")
    info = {"remoteStartId": done.asked["remoteStartId"]}
    answer = await station.started("RemoteStart", "Charging", shown=VALID, info=info)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    assert await held(v2x) == {100: (1, 16.0)}


@pytest.mark.parametrize("evse", [pytest.param(1, id="TC_K_43"), pytest.param(0, id="TC_K_44")])
async def test_tc_k_43_44_a_composite_schedule_is_read(v2x: Case, evse: int) -> None:
    wanted = {"evseId": evse, "duration": 1200, "chargingRateUnit": "A"}
    told = {"evseId": evse, "duration": 1200, "scheduleStart": now(), "chargingRateUnit": "A"}
    told |= {"chargingSchedulePeriod": PERIODS}
    done = await v2x.order("GetCompositeSchedule", wanted, OK | {"schedule": told})
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    assert (await v2x.records("CompositeSchedule"))[str(evse)]["content"] == told


async def test_limits_of_others_are_known_until_they_are_lifted(v2x: Case) -> None:
    told = {"chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": True}, "evseId": 1}
    assert await v2x.says("NotifyChargingLimit", told | {"chargingSchedule": [schedule()]}) == {}
    assert (await v2x.records("ChargingLimit"))["1:EMS"]["state"] == "Active"
    assert await v2x.says("ClearedChargingLimit", {"chargingLimitSource": "EMS", "evseId": 1}) == {}
    assert await v2x.records("ChargingLimit") == {}
    assert len(await v2x.events("ChargingLimit")) == 2


NEEDS = {
    "evseId": 1,
    "chargingNeeds": {
        "requestedEnergyTransfer": "AC_three_phase",
        "departureTime": now(7200),
        "acChargingParameters": {"energyAmount": 20000, "evMinCurrent": 6, "evMaxCurrent": 32, "evMaxVoltage": 230},
    },
}


async def needs(case: Case) -> None:
    """NotifyEVChargingNeeds: refused in plain words as long as nobody plans.

    In 2.1 that would end the session of a car that speaks ISO 15118-20; it charges without a profile.
    """
    status = "NoChargingProfile" if case.version is Version.V21 else "Rejected"
    answer = await case.says("NotifyEVChargingNeeds", NEEDS)
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == (status, "NotEnabled")
    known = (await case.records("ChargingNeeds"))["1"]
    assert (known["content"]["chargingNeeds"], known["state"]) == (NEEDS["chargingNeeds"], status)


async def planned(case: Case) -> None:
    """The operator's profile for the session, and what the car makes of it."""
    assert (await put(case, 1, profile("TxProfile", "Relative", transactionId="TX-1"))).state == "ACCEPTED"
    told = {"timeBase": now(), "evseId": 1, "chargingSchedule": schedule()}
    assert (await case.says("NotifyEVChargingSchedule", told))["status"] == "Accepted"
    assert (await case.records("ChargingSchedule"))["1"]["content"]["chargingSchedule"] == schedule()


@pytest.mark.parametrize(
    "course",
    [
        pytest.param((needs, planned), id="TC_K_53"),
        pytest.param((needs, planned, needs, planned), id="TC_K_57"),
        pytest.param((planned, planned), id="TC_K_58"),
        pytest.param((planned, needs, planned), id="TC_K_59"),
    ],
)
async def test_tc_k_53_57_58_59_what_cars_need_is_kept_and_an_operator_plans(v2x: Case, course: Any) -> None:
    await Station(v2x).charging()
    for step in course:
        await step(v2x)
    assert await held(v2x) == {100: (1, 16.0)}
    assert len(await v2x.events("ChargingNeeds")) == sum(step is needs for step in course)


async def test_a_profile_that_is_rejected_is_not_known(v2x: Case) -> None:
    assert (await put(v2x, 1, profile(), NO)).state == "REJECTED"
    assert await held(v2x) == {}
