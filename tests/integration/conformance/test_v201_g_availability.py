"""OCPP 2.0.1 and 2.1, block G (availability)."""

from typing import Any

import pytest
from conformance_stage import VALID, Case, Station, about, now

EVSE = {"evse": {"id": 1}}
CONNECTOR = {"evse": {"id": 1, "connectorId": 1}}


@pytest.mark.parametrize(
    ("place", "key", "wanted"),
    [
        pytest.param(EVSE, "1:0", "Inoperative", id="TC_G_03"),
        pytest.param(EVSE, "1:0", "Operative", id="TC_G_04"),
        pytest.param({}, "0:0", "Inoperative", id="TC_G_05"),
        pytest.param({}, "0:0", "Operative", id="TC_G_06"),
        pytest.param(CONNECTOR, "1:1", "Inoperative", id="TC_G_07"),
        pytest.param(CONNECTOR, "1:1", "Operative", id="TC_G_08"),
    ],
)
async def test_tc_g_03_to_08_availability_is_changed(v2x: Case, place: dict[str, Any], key: str, wanted: str) -> None:
    station = Station(v2x)
    await station.status("Available" if wanted == "Inoperative" else "Unavailable")
    asked = {"operationalStatus": wanted, **place}
    done = await v2x.order("ChangeAvailability", asked)
    assert (done.asked, done.state) == (asked, "ACCEPTED")
    # What is wanted is one thing, what is comes from the station.
    known = (await v2x.records("Availability"))[key]
    assert (known["content"]["operationalStatus"], known["state"]) == (wanted, "Accepted")
    assert (await v2x.connector())["status"] == ("Available" if wanted == "Inoperative" else "Unavailable")
    await station.status("Unavailable" if wanted == "Inoperative" else "Available")
    assert (await v2x.connector())["status"] == ("Unavailable" if wanted == "Inoperative" else "Available")


@pytest.mark.parametrize(
    ("place", "key"),
    [
        pytest.param(EVSE, "1:0", id="TC_G_11"),
        pytest.param({}, "0:0", id="TC_G_14"),
        pytest.param(CONNECTOR, "1:1", id="TC_G_17"),
    ],
)
async def test_tc_g_11_14_17_availability_is_changed_after_the_session(
    v2x: Case, place: dict[str, Any], key: str
) -> None:
    station = await Station(v2x).charging()
    asked = {"operationalStatus": "Inoperative", **place}
    done = await v2x.order("ChangeAvailability", asked, {"status": "Scheduled"})
    assert (done.asked, done.state) == (asked, "ACCEPTED")
    assert (await v2x.records("Availability"))[key]["state"] == "Scheduled"
    assert (await v2x.transaction())["state"] == "Active"
    await station.updated("StopAuthorized", "EVConnected", shown=VALID)
    await station.ended("EVCommunicationLost", "Local", wh=3000)
    await station.status("Unavailable")
    assert (await v2x.transaction())["state"] == "Ended"
    assert (await v2x.connector())["status"] == "Unavailable"


async def test_tc_g_20_a_lock_that_fails_is_an_alarm(v2x: Case) -> None:
    station = Station(v2x)
    await station.status("Occupied")
    await station.started("CablePluggedIn", "EVConnected")
    component = {"name": "ConnectorPlugRetentionLock", "evse": {"id": 1, "connectorId": 1}}
    event = about("", "Problem", eventId=1, timestamp=now(), trigger="Delta", actualValue="true")
    event |= {"component": component, "eventNotificationType": "HardWiredNotification"}
    assert await v2x.says("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "eventData": [event]}) == {}
    (alarm,) = await v2x.events("DeviceEvent")
    assert (alarm["subject"], alarm["severity"]) == ("ConnectorPlugRetentionLock.Problem", 3)
    assert (alarm["evse_id"], alarm["connector_id"]) == (1, 1)


async def test_a_status_comes_by_notify_event_as_well(v2x: Case) -> None:
    component = {"name": "Connector", "evse": {"id": 1, "connectorId": 1}}
    for number, value in enumerate(("Occupied", "Available")):
        event = about("", "AvailabilityState", eventId=number, timestamp=now(), trigger="Delta", actualValue=value)
        event |= {"component": component, "eventNotificationType": "HardWiredNotification"}
        assert await v2x.says("NotifyEvent", {"generatedAt": now(), "seqNo": 0, "eventData": [event]}) == {}
        assert (await v2x.connector())["status"] == value
