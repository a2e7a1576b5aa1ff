"""OCPP 1.6, Reservation."""

from typing import Any

import pytest
from conformance_stage import CHILD, OK, PARENT, SIBLING, VALID, Case, Point, now


async def reserved(case: Case, connector: int = 1, tag: str = VALID, **more: Any) -> dict[str, Any]:
    """A reservation that the charge point took; what it was sent."""
    wanted = {"connectorId": connector, "expiryDate": now(600), "idTag": tag, "reservationId": 7, **more}
    done = await case.order("ReserveNow", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    (known,) = (await case.records("Reservation")).values()
    assert (known["key"], known["state"], known["content"]["idTag"]) == ("7", "Accepted", tag)
    await Point(case, connector).status("Reserved")
    return done.asked


async def test_tc_046_a_reserved_connector_is_used_by_its_tag(v16: Case) -> None:
    await reserved(v16)
    assert (await v16.connector())["status"] == "Reserved"
    point = Point(v16)
    assert await point.authorize() == OK
    await point.status("Preparing")
    assert await point.start(reservationId=7) == OK
    await point.status("Charging")
    assert (await v16.transaction())["reservation_id"] == 7
    assert (await v16.records("Reservation"))["7"]["state"] == "Used"


async def test_tc_047_a_reservation_that_expires_frees_the_connector(v16: Case) -> None:
    await reserved(v16)
    point = Point(v16)
    await point.status("Available")
    assert (await v16.connector())["status"] == "Available"
    # Anybody may charge now.
    assert await point.authorize(SIBLING) == OK | {"parentIdTag": PARENT}
    assert (await point.start(SIBLING))["status"] == "Accepted"
    assert (await v16.transaction())["reservation_id"] is None


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param("Faulted", id="TC_048_1"),
        pytest.param("Occupied", id="TC_048_2"),
        pytest.param("Unavailable", id="TC_048_3"),
        pytest.param("Rejected", id="TC_048_4"),
    ],
)
async def test_tc_048_a_reservation_that_is_not_made(v16: Case, answer: str) -> None:
    wanted = {"connectorId": 1, "expiryDate": now(600), "idTag": VALID, "reservationId": 7}
    done = await v16.order("ReserveNow", wanted, {"status": answer})
    assert (done.state, done.command["response"]) == ("REJECTED", {"status": answer})
    assert await v16.records("Reservation") == {}


async def test_tc_049_the_whole_charge_point_is_reserved_and_used(v16: Case) -> None:
    await reserved(v16, connector=0)
    point = Point(v16, connector=2)
    assert await point.authorize() == OK
    await point.status("Preparing")
    assert await point.start(reservationId=7) == OK
    session = await v16.transaction()
    assert (session["reservation_id"], session["evse_id"]) == (7, 2)
    assert (await v16.records("Reservation"))["7"]["state"] == "Used"


async def test_tc_051_a_reservation_is_cancelled(v16: Case) -> None:
    await reserved(v16)
    done = await v16.order("CancelReservation", {"reservationId": 7})
    assert (done.asked, done.state) == ({"reservationId": 7}, "ACCEPTED")
    await Point(v16).status("Available")
    assert (await v16.records("Reservation"))["7"]["state"] == "Cancelled"


async def test_tc_052_a_cancellation_that_is_rejected_changes_nothing(v16: Case) -> None:
    await reserved(v16)
    done = await v16.order("CancelReservation", {"reservationId": 7}, {"status": "Rejected"})
    assert done.state == "REJECTED"
    assert (await v16.records("Reservation"))["7"]["state"] == "Accepted"


async def test_tc_053_another_tag_of_the_group_uses_the_reservation(v16: Case) -> None:
    sent = await reserved(v16, tag=CHILD, parentIdTag=PARENT)
    assert sent["parentIdTag"] == PARENT
    point = Point(v16)
    assert await point.authorize(SIBLING) == OK | {"parentIdTag": PARENT}
    await point.status("Preparing")
    assert await point.start(SIBLING, reservationId=7) == OK | {"parentIdTag": PARENT}
    session = await v16.transaction()
    assert (session["id_token"], session["reservation_id"]) == (SIBLING, 7)
    assert (await v16.records("Reservation"))["7"]["state"] == "Used"
