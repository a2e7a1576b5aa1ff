"""OCPP 2.0.1 and 2.1, block O (display messages)."""

from typing import Any

import pytest
from conformance_stage import OK, Case, Done, Station, now


def message(**more: Any) -> dict[str, Any]:
    content = {"format": "UTF8", "language": "en", "content": "Welcome"}
    return {"id": 3, "priority": "InFront", "message": content, **more}


async def show(case: Case, wanted: dict[str, Any], answer: str = "Accepted") -> Done:
    done = await case.order("SetDisplayMessage", {"message": wanted}, {"status": answer})
    assert done.asked == {"message": wanted}
    return done


async def shown(case: Case) -> dict[str, Any]:
    """What is known of the display: id to content."""
    return {key: one["content"] for key, one in (await case.records("DisplayMessage")).items()}


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(message(), id="TC_O_01"),
        pytest.param(message(startDateTime=now(60)), id="TC_O_13"),
        pytest.param(message(endDateTime=now(600)), id="TC_O_14"),
    ],
)
async def test_tc_o_01_13_14_a_message_is_shown(v2x: Case, wanted: dict[str, Any]) -> None:
    assert (await show(v2x, wanted)).state == "ACCEPTED"
    assert await shown(v2x) == {"3": wanted}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("Rejected", id="TC_O_26"),
        pytest.param("NotSupportedPriority", id="TC_O_17"),
        pytest.param("NotSupportedState", id="TC_O_18"),
        pytest.param("NotSupportedMessageFormat", id="TC_O_19"),
    ],
)
async def test_tc_o_26_17_18_19_a_message_that_is_not_taken_is_not_known(v2x: Case, answer: str) -> None:
    done = await show(v2x, message(state="Charging"), answer)
    assert (done.state, done.command["response"]) == ("REJECTED", {"status": answer})
    assert await shown(v2x) == {}


async def test_tc_o_12_a_message_of_the_same_id_replaces(v2x: Case) -> None:
    await show(v2x, message())
    await show(v2x, message(priority="NormalCycle"))
    assert await shown(v2x) == {"3": message(priority="NormalCycle")}


@pytest.mark.parametrize(
    "more",
    [
        pytest.param({}, id="TC_O_06"),
        pytest.param({"startDateTime": now(60)}, id="TC_O_27"),
        pytest.param({"endDateTime": now(600)}, id="TC_O_28"),
    ],
)
async def test_tc_o_06_27_28_a_message_is_shown_during_a_session(v2x: Case, more: dict[str, Any]) -> None:
    station = await Station(v2x).charging()
    wanted = message(transactionId="TX-1", **more)
    assert (await show(v2x, wanted)).state == "ACCEPTED"
    assert await shown(v2x) == {"3": wanted}
    await station.ended("EVCommunicationLost", "EVDisconnected", wh=2000)
    assert (await v2x.transaction())["state"] == "Ended"


async def test_tc_o_10_a_message_for_a_session_that_nobody_knows(v2x: Case) -> None:
    done = await show(v2x, message(transactionId="TX-9"), "UnknownTransaction")
    assert (done.state, await shown(v2x)) == ("REJECTED", {})


@pytest.mark.parametrize(
    "criteria",
    [
        pytest.param({}, id="TC_O_02"),
        pytest.param({"id": [3]}, id="TC_O_07"),
        pytest.param({"priority": "InFront"}, id="TC_O_08"),
        pytest.param({"state": "Charging"}, id="TC_O_09"),
    ],
)
async def test_tc_o_02_07_08_09_messages_are_read_back(v2x: Case, criteria: dict[str, Any]) -> None:
    await show(v2x, message(id=4))
    done = await v2x.order("GetDisplayMessages", criteria)
    assert done.asked == criteria | {"requestId": done.asked["requestId"]}
    told = {"requestId": done.asked["requestId"], "messageInfo": [message(state="Charging")], "tbc": False}
    assert await v2x.says("NotifyDisplayMessages", told) == {}
    assert (await v2x.again(done))["state"] == "COMPLETED"
    known = await shown(v2x)
    assert known["3"] == message(state="Charging")
    # What a report of everything does not mention is not there any more.
    assert ("4" in known) is bool(criteria)


async def test_tc_o_03_there_are_no_messages(v2x: Case) -> None:
    await show(v2x, message())
    done = await v2x.order("GetDisplayMessages", {}, {"status": "Unknown"})
    assert (done.state, await shown(v2x)) == ("REJECTED", {})


@pytest.mark.parametrize(
    ("answer", "state"),
    [pytest.param("Accepted", "ACCEPTED", id="TC_O_04"), pytest.param("Unknown", "REJECTED", id="TC_O_05")],
)
async def test_tc_o_04_05_a_message_is_cleared_or_was_not_there(v2x: Case, answer: str, state: str) -> None:
    if answer == OK["status"]:
        await show(v2x, message())
    done = await v2x.order("ClearDisplayMessage", {"id": 3}, {"status": answer})
    assert (done.asked, done.state, await shown(v2x)) == ({"id": 3}, state, {})
