"""OCPP 2.1, what it adds to smart charging: priority, dynamic schedules, ISO 15118-20, V2X, DER control."""

from typing import Any

import pytest
from conformance_stage import Case, Station, now


def profile(purpose: str = "TxProfile", kind: str = "Relative", **period: Any) -> dict[str, Any]:
    one = {"startPeriod": 0, **(period or {"limit": 11000.0})}
    start = {} if kind in ("Relative", "Dynamic") else {"startSchedule": now()}
    return {
        "id": 200,
        "stackLevel": 1,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [{"id": 1, "chargingRateUnit": "W", "chargingSchedulePeriod": [one], **start}],
        **({"transactionId": "TX-1"} if purpose == "TxProfile" else {}),
    }


async def put(case: Case, wanted: dict[str, Any]) -> None:
    payload = {"evseId": 1, "chargingProfile": wanted}
    done = await case.order("SetChargingProfile", payload)
    assert (done.asked, done.state) == (payload, "ACCEPTED")


async def first_period(case: Case) -> Any:
    content = (await case.records("ChargingProfile"))["200"]["content"]
    return content["chargingSchedule"][0]["chargingSchedulePeriod"][0]


NEEDS = {
    "evseId": 1,
    "chargingNeeds": {
        "requestedEnergyTransfer": "DC_BPT",
        "availableEnergyTransfer": ["DC", "DC_BPT"],
        "controlMode": "DynamicControl",
        "v2xChargingParameters": {"maxChargePower": 50000, "maxDischargePower": 20000},
    },
}


async def test_k18_to_k20_a_car_that_tells_its_needs_may_charge_without_a_profile(v21: Case) -> None:
    await Station(v21).charging()
    # Rejected would end the session of a car that speaks ISO 15118-20.
    assert (await v21.says("NotifyEVChargingNeeds", NEEDS))["status"] == "NoChargingProfile"
    known = (await v21.records("ChargingNeeds"))["1"]
    assert (known["content"]["chargingNeeds"], known["state"]) == (NEEDS["chargingNeeds"], "NoChargingProfile")


async def test_k21_priority_charging_is_asked_for_by_an_operator(v21: Case) -> None:
    await Station(v21).charging()
    for activate, state in ((True, "Activated"), (False, "Deactivated")):
        done = await v21.order("UsePriorityCharging", {"transactionId": "TX-1", "activate": activate})
        assert done.state == "ACCEPTED"
        assert (await v21.records("PriorityCharging"))["TX-1"]["state"] == state
    none = await v21.order("UsePriorityCharging", {"transactionId": "TX-1", "activate": True}, {"status": "NoProfile"})
    assert none.state == "REJECTED"


async def test_k22_priority_charging_is_asked_for_at_the_station(v21: Case) -> None:
    await Station(v21).charging()
    assert await v21.says("NotifyPriorityCharging", {"transactionId": "TX-1", "activated": True}) == {}
    assert (await v21.records("PriorityCharging"))["TX-1"]["state"] == "Activated"
    assert [event["ocpp_transaction_id"] for event in await v21.events("PriorityCharging")] == ["TX-1"]


async def test_k28_a_dynamic_profile_is_updated(v21: Case) -> None:
    await Station(v21).charging()
    await put(v21, profile(kind="Dynamic"))
    update = {"chargingProfileId": 200, "scheduleUpdate": {"limit": 7000.0}}
    done = await v21.order("UpdateDynamicSchedule", update)
    assert (done.asked, done.state) == (update, "ACCEPTED")
    assert await first_period(v21) == {"startPeriod": 0, "limit": 7000.0}
    # A station may ask for an update itself; nobody here plans, and it is told so.
    pulled = await v21.says("PullDynamicScheduleUpdate", {"chargingProfileId": 200})
    assert (pulled["status"], pulled["statusInfo"]["reasonCode"]) == ("Rejected", "NotEnabled")
    assert await first_period(v21) == {"startPeriod": 0, "limit": 7000.0}


async def test_q02_allowed_energy_transfers_are_told(v21: Case) -> None:
    await Station(v21).charging()
    wanted = {"transactionId": "TX-1", "allowedEnergyTransfer": ["DC", "DC_BPT"]}
    done = await v21.order("NotifyAllowedEnergyTransfer", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")


@pytest.mark.parametrize(
    ("kind", "period"),
    [
        pytest.param("Absolute", {"operationMode": "CentralSetpoint", "setpoint": -5000.0}, id="Q03-schedule"),
        pytest.param("Dynamic", {"operationMode": "CentralSetpoint", "setpoint": -5000.0}, id="Q04-dynamic"),
        pytest.param("Absolute", {"operationMode": "ExternalLimits"}, id="Q06"),
        pytest.param("Dynamic", {"operationMode": "CentralFrequency", "setpoint": 1000.0}, id="Q07"),
        pytest.param(
            "Absolute",
            {
                "operationMode": "LocalFrequency",
                "v2xBaseline": 0.0,
                "v2xFreqWattCurve": [{"frequency": 49.8, "power": -5000.0}, {"frequency": 50.2, "power": 5000.0}],
            },
            id="Q08",
        ),
        pytest.param("Absolute", {"operationMode": "LocalLoadBalancing"}, id="Q10"),
        pytest.param("Absolute", {"operationMode": "Idle", "evseSleep": True}, id="Q11"),
    ],
)
async def test_q03_to_q11_a_profile_of_each_operation_mode_is_sent(
    v21: Case, kind: str, period: dict[str, Any]
) -> None:
    await Station(v21).charging()
    await put(v21, profile(kind=kind, **period))
    assert await first_period(v21) == {"startPeriod": 0, **period}


async def test_q09_a_frequency_signal_is_passed_on(v21: Case) -> None:
    wanted = {"timestamp": now(), "signal": -20}
    done = await v21.order("AFRRSignal", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")


async def test_q_energy_that_a_car_gives_back_is_not_taken_for_energy_that_it_took(v21: Case) -> None:
    station = await Station(v21).charging()
    export = {"value": 4000, "measurand": "Energy.Active.Export.Register", "unitOfMeasure": {"unit": "Wh"}}
    values = [{"timestamp": now(), "sampledValue": [{"value": 1500}, export]}]
    await station.updated("OperationModeChanged", "Discharging", meterValue=values)
    await station.ended("EVCommunicationLost", "EVDisconnected", wh=1600)
    assert (await v21.transaction())["energy_wh"] == 600
    assert [one["value"] for one in await v21.meter_values("Energy.Active.Export.Register")] == [4000]


CONTROL = {
    "controlId": "C-1",
    "controlType": "FixedPFInject",
    "isDefault": False,
    "fixedPFInject": {"priority": 1, "displacement": 0.9, "excitation": True, "startTime": now(60), "duration": 600},
}


async def test_r04_a_der_control_is_set_reported_and_cleared(v21: Case) -> None:
    done = await v21.order("SetDERControl", CONTROL)
    assert (done.asked, done.state) == (CONTROL, "ACCEPTED")
    assert (await v21.records("DERControl"))["C-1"]["state"] == "Accepted"
    asked = await v21.order("GetDERControl", {"controlType": "FixedPFInject"})
    told = {"requestId": asked.asked["requestId"], "tbc": False}
    report = {"id": "C-1", "isDefault": False, "isSuperseded": False, "fixedPF": CONTROL["fixedPFInject"]}
    assert await v21.says("ReportDERControl", told | {"fixedPFInject": [report]}) == {}
    assert (await v21.again(asked))["state"] == "COMPLETED"
    cleared = await v21.order("ClearDERControl", {"isDefault": False, "controlId": "C-1"})
    assert (cleared.state, await v21.records("DERControl")) == ("ACCEPTED", {})


@pytest.mark.parametrize("answer", ["Rejected", "NotSupported"])
async def test_r04_a_der_control_that_is_not_taken_is_not_known(v21: Case, answer: str) -> None:
    done = await v21.order("SetDERControl", CONTROL, {"status": answer})
    assert (done.state, await v21.records("DERControl")) == ("REJECTED", {})
    empty = {name: value for name, value in CONTROL.items() if name != "fixedPFInject"}
    assert (await v21.post("commands", {"action": "SetDERControl", "payload": empty})).status_code == 422


async def test_r04_r05_a_der_control_starts_and_an_alarm_comes_and_goes(v21: Case) -> None:
    await v21.order("SetDERControl", CONTROL)
    for started, state in ((True, "Started"), (False, "Stopped")):
        told = {"controlId": "C-1", "started": started, "timestamp": now()}
        assert await v21.says("NotifyDERStartStop", told) == {}
        assert (await v21.records("DERControl"))["C-1"]["state"] == state
    alarm = {"controlType": "FreqDroop", "timestamp": now(), "gridEventFault": "OverFrequency"}
    assert await v21.says("NotifyDERAlarm", alarm) == {}
    assert await v21.says("NotifyDERAlarm", alarm | {"timestamp": now(), "alarmEnded": True}) == {}
    assert [event["severity"] for event in await v21.events("DERAlarm")] == [3, 7]
