"""OCPP 2.0.1 and 2.1, block E (transactions): where sessions begin and end, what interrupts them."""

from typing import Any

import pytest
from conformance_stage import INVALID, VALID, Case, Station, reading

Event = tuple[str, str | None, str | None]
"""Trigger, charging state, token of a TransactionEvent."""
PLUGGED: Event = ("CablePluggedIn", "EVConnected", None)
SHOWN: Event = ("Authorized", "EVConnected", VALID)
CHARGING: Event = ("ChargingStateChanged", "Charging", None)


@pytest.mark.parametrize(
    "events",
    [
        # PowerPathClosed: authorised and plugged in, nothing charges yet.
        pytest.param([("Authorized", "EVConnected", VALID), CHARGING], id="TC_E_01"),
        # EnergyTransfer: only now that energy flows.
        pytest.param([("ChargingStateChanged", "Charging", VALID)], id="TC_E_02"),
        # EVConnected: with the cable, before any token.
        pytest.param([PLUGGED, SHOWN, CHARGING], id="TC_E_09"),
        # Authorized: with the token, before any cable.
        pytest.param([("Authorized", None, VALID), PLUGGED, CHARGING], id="TC_E_10"),
        pytest.param([("SignedDataReceived", "EVConnected", VALID), CHARGING], id="TC_E_11"),
        # ParkingBayOccupancy: a car stands there.
        pytest.param([("EVDetected", None, None), PLUGGED, SHOWN, CHARGING], id="TC_E_12"),
    ],
)
async def test_tc_e_01_02_09_to_12_a_session_begins_at_any_start_point(v2x: Case, events: list[Event]) -> None:
    station = Station(v2x)
    await station.status("Occupied")
    for number, (trigger, state, shown) in enumerate(events):
        kind = "Updated" if number else "Started"
        answer = await station.event(kind, trigger, state, shown=shown)
        # A decision where a token is shown, and only there.
        assert answer == ({"idTokenInfo": {"status": "Accepted"}} if shown else {})
    session = await v2x.transaction()
    assert (session["state"], session["charging_state"], session["id_token"]) == ("Active", "Charging", VALID)
    assert (session["evse_id"], session["flags"]) == (1, [])


async def test_tc_e_03_the_cable_first(v2x: Case) -> None:
    station = Station(v2x)
    await station.status("Occupied")
    assert await station.started("CablePluggedIn", "EVConnected") == {}
    assert (await station.authorize())["idTokenInfo"]["status"] == "Accepted"
    assert (await station.updated("Authorized", "EVConnected", shown=VALID))["idTokenInfo"]["status"] == "Accepted"
    await station.updated("ChargingStateChanged", "Charging")
    assert (await v2x.transaction())["id_token"] == VALID


async def test_tc_e_04_the_token_first(v2x: Case) -> None:
    station = Station(v2x)
    assert (await station.authorize())["idTokenInfo"]["status"] == "Accepted"
    answer = await station.started("Authorized", shown=VALID, evse=False)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await station.status("Occupied")
    await station.updated("CablePluggedIn", "EVConnected")
    await station.updated("ChargingStateChanged", "Charging")
    session = await v2x.transaction()
    # The EVSE was learnt with the cable.
    assert (session["evse_id"], session["id_token"], session["charging_state"]) == (1, VALID, "Charging")


@pytest.mark.parametrize(
    ("before", "trigger", "reason", "state", "shown"),
    [
        pytest.param([], "StopAuthorized", "Local", "EVConnected", VALID, id="TC_E_07"),
        pytest.param([], "StopAuthorized", "Local", "SuspendedEVSE", VALID, id="TC_E_08"),
        pytest.param(
            [("StopAuthorized", "EVConnected", VALID)], "EVCommunicationLost", "Local", "Idle", None, id="TC_E_14"
        ),
        pytest.param([], "StopAuthorized", "Local", "Charging", VALID, id="TC_E_15"),
        pytest.param(
            [("StopAuthorized", "EVConnected", VALID), ("EVCommunicationLost", "Idle", None)],
            "EVDeparted",
            "Local",
            "Idle",
            None,
            id="TC_E_19",
        ),
        pytest.param([], "EVCommunicationLost", "EVDisconnected", "Idle", None, id="TC_E_20"),
        pytest.param([], "ChargingStateChanged", "StoppedByEV", "SuspendedEV", None, id="TC_E_22"),
    ],
)
async def test_tc_e_07_08_14_15_19_20_22_a_session_ends_at_any_stop_point(
    v2x: Case, before: list[Event], trigger: str, reason: str, state: str, shown: str | None
) -> None:
    station = await Station(v2x).charging()
    for what, so, whose in before:
        await station.updated(what, so, shown=whose)
        assert (await v2x.transaction())["state"] == "Active"
    answer = await station.ended(trigger, reason, state, shown=shown, wh=3500)
    assert answer == ({"idTokenInfo": {"status": "Accepted"}} if shown else {})
    await station.status("Available")
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"], session["energy_wh"]) == ("Ended", reason, 2500)
    assert (session["ended_at"] is not None, session["flags"]) == (True, [])


async def test_tc_e_16_a_session_ends_because_its_token_is_invalid(v2x: Case) -> None:
    station = Station(v2x)
    await station.status("Occupied")
    await station.started("CablePluggedIn", "EVConnected", wh=1000)
    answer = await station.updated("Authorized", "EVConnected", shown=INVALID)
    assert answer["idTokenInfo"]["status"] == "Invalid"
    assert await station.ended("Deauthorized", "DeAuthorized", wh=1000) == {}
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"], session["energy_wh"]) == ("Ended", "DeAuthorized", 0)


async def test_tc_e_17_a_session_ends_because_the_cable_is_off_at_the_car(v2x: Case) -> None:
    station = await Station(v2x).charging()
    await station.ended("EVCommunicationLost", "EVDisconnected", "Idle", wh=2000)
    await station.status("Available")
    assert (await v2x.transaction())["stop_reason"] == "EVDisconnected"


async def test_tc_e_21_an_operator_stops_a_session(v2x: Case) -> None:
    station = await Station(v2x).charging()
    done = await v2x.ask("remote-stop", {}, "RequestStopTransaction")
    assert (done.asked, done.state) == ({"transactionId": "TX-1"}, "ACCEPTED")
    assert (await v2x.transaction())["state"] == "Active"
    assert await station.ended("RemoteStop", "Remote", "EVConnected", wh=2000) == {}
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"], session["energy_wh"]) == ("Ended", "Remote", 1000)


async def test_tc_e_26_the_cable_is_off_at_the_car_and_the_session_waits(v2x: Case) -> None:
    station = await Station(v2x).charging()
    await station.updated("EVCommunicationLost", "Idle")
    assert (await v2x.transaction())["charging_state"] == "Idle"
    await station.updated("CablePluggedIn", "EVConnected")
    await station.updated("ChargingStateChanged", "Charging")
    session = await v2x.transaction()
    assert (session["state"], session["charging_state"], session["flags"]) == ("Active", "Charging", [])


@pytest.mark.parametrize(
    ("asked", "ongoing", "waiting"),
    [
        pytest.param("TX-1", True, True, id="TC_E_29"),
        pytest.param("TX-1", True, False, id="TC_E_30"),
        pytest.param("TX-1", False, True, id="TC_E_31"),
        pytest.param(None, None, True, id="TC_E_33"),
        pytest.param(None, None, False, id="TC_E_34"),
    ],
)
async def test_tc_e_29_to_34_the_station_is_asked_for_a_session(
    v2x: Case, asked: str | None, ongoing: bool | None, waiting: bool
) -> None:
    station = await Station(v2x).charging()
    if ongoing is False:
        await station.ended("EVCommunicationLost", "EVDisconnected", wh=2000)
    wanted: dict[str, Any] = {"transactionId": asked} if asked else {}
    told = {"messagesInQueue": waiting} | ({} if ongoing is None else {"ongoingIndicator": ongoing})
    done = await v2x.order("GetTransactionStatus", wanted, told)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    assert (await v2x.again(done))["outcome"] == {"ongoing": ongoing, "messages_in_queue": waiting}


async def test_tc_e_38_a_car_that_is_not_ready(v2x: Case) -> None:
    station = Station(v2x)
    await station.status("Occupied")
    await station.started("CablePluggedIn", "EVConnected")
    await station.updated("Authorized", "EVConnected", shown=VALID)
    await station.updated("ChargingStateChanged", "SuspendedEV")
    session = await v2x.transaction()
    assert (session["state"], session["charging_state"]) == ("Active", "SuspendedEV")


async def test_tc_e_39_nobody_plugs_in_and_the_session_ends(v2x: Case) -> None:
    station = Station(v2x)
    assert (await station.authorize())["idTokenInfo"]["status"] == "Accepted"
    await station.started("Authorized", shown=VALID, evse=False)
    assert await station.ended("EVConnectTimeout", "Timeout", evse=False) == {}
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"], session["evse_id"]) == ("Ended", "Timeout", None)


async def test_tc_e_53_numbers_begin_at_0_with_each_session(v2x: Case) -> None:
    for number in (1, 2):
        station = Station(v2x, f"TX-{number}")
        assert station.seq_no == 0
        await station.charging()
        await station.ended("EVCommunicationLost", "EVDisconnected", wh=2000)
    sessions = await v2x.transactions()
    assert [(one["ocpp_transaction_id"], one["state"], one["flags"]) for one in sessions] == [
        ("TX-2", "Ended", []),
        ("TX-1", "Ended", []),
    ]
    assert {one["energy_wh"] for one in sessions} == {1000}


async def test_an_event_that_is_repeated_counts_once(v2x: Case) -> None:
    station = Station(v2x)
    told = {
        "eventType": "Started",
        "timestamp": reading(0)["timestamp"],
        "triggerReason": "Authorized",
        "seqNo": 0,
        "transactionInfo": {"transactionId": "TX-1"},
        "idToken": {"idToken": VALID, "type": "Central"},
        "evse": {"id": 1},
    }
    first = await v2x.says("TransactionEvent", told)
    assert await v2x.says("TransactionEvent", told) == first
    assert station.seq_no == 0
    assert (await v2x.transaction())["state"] == "Active"
