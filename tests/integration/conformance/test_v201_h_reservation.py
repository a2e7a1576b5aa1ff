"""OCPP 2.0.1 and 2.1, block H (reservation)."""

from typing import Any

import pytest
from conformance_stage import CHILD, PARENT, SIBLING, VALID, Case, Station, now, token

GROUP = {"idToken": PARENT, "type": "Central"}


async def reserved(case: Case, number: int = 7, evse: int | None = 1, **more: Any) -> dict[str, Any]:
    """A reservation that the station took; what it was sent."""
    wanted = {"id": number, "expiryDateTime": now(600), "idToken": token(VALID)} | ({"evseId": evse} if evse else {})
    done = await case.order("ReserveNow", wanted | more)
    assert (done.asked, done.state) == (wanted | more, "ACCEPTED")
    known = (await case.records("Reservation"))[str(number)]
    assert (known["state"], known["evse_id"]) == ("Accepted", evse)
    return done.asked


async def used(case: Case, value: str = VALID, evse: int = 1, number: int = 7) -> None:
    """The reservation's driver charges."""
    station = Station(case, f"TX-{number}", evse)
    await station.status("Occupied")
    answer = await station.started("Authorized", "EVConnected", shown=value, reservationId=number)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    sessions = {one["ocpp_transaction_id"]: one for one in await case.transactions()}
    session = sessions[f"TX-{number}"]
    assert (session["reservation_id"], session["evse_id"], session["id_token"]) == (number, evse, value)
    assert (await case.records("Reservation"))[str(number)]["state"] == "Used"


async def test_tc_h_01_an_evse_is_reserved_and_used(v2x: Case) -> None:
    await reserved(v2x)
    await Station(v2x).status("Reserved")
    assert (await v2x.connector())["status"] == "Reserved"
    await used(v2x)


async def test_tc_h_07_a_reservation_that_expires_is_over(v2x: Case) -> None:
    await reserved(v2x)
    await Station(v2x).status("Reserved")
    told = {"reservationId": 7, "reservationUpdateStatus": "Expired"}
    assert await v2x.says("ReservationStatusUpdate", told) == {}
    await Station(v2x).status("Available")
    assert (await v2x.records("Reservation"))["7"]["state"] == "Expired"
    (event,) = await v2x.events("ReservationStatus")
    assert event["subject"] == "Expired"


async def test_tc_h_08_any_evse_is_reserved_and_used(v2x: Case) -> None:
    sent = await reserved(v2x, evse=None)
    assert "evseId" not in sent
    await used(v2x, evse=2)


async def test_tc_h_14_as_many_evses_are_reserved_as_there_are(v2x: Case) -> None:
    for number in (7, 8):
        await reserved(v2x, number, evse=None)
    for evse in (1, 2):
        await Station(v2x, evse=evse).status("Reserved")
    await used(v2x, evse=2, number=8)
    await used(v2x, evse=1, number=7)


async def test_tc_h_15_a_connector_of_a_type_is_reserved(v2x: Case) -> None:
    sent = await reserved(v2x, evse=None, connectorType="cType2")
    assert sent["connectorType"] == "cType2"
    await used(v2x)


async def test_tc_h_17_a_reservation_is_cancelled(v2x: Case) -> None:
    await reserved(v2x)
    done = await v2x.order("CancelReservation", {"reservationId": 7})
    assert (done.asked, done.state) == ({"reservationId": 7}, "ACCEPTED")
    await Station(v2x).status("Available")
    assert (await v2x.records("Reservation"))["7"]["state"] == "Cancelled"


async def test_tc_h_19_another_token_of_the_group_uses_the_reservation(v2x: Case) -> None:
    await reserved(v2x, idToken=token(CHILD), groupIdToken=GROUP)
    shown = await Station(v2x).authorize(SIBLING)
    assert shown["idTokenInfo"] == {"status": "Accepted", "groupIdToken": GROUP}
    await used(v2x, SIBLING)


async def test_tc_h_20_a_station_that_is_faulted_removes_the_reservation(v2x: Case) -> None:
    await reserved(v2x)
    await Station(v2x).status("Faulted")
    told = {"reservationId": 7, "reservationUpdateStatus": "Removed"}
    assert await v2x.says("ReservationStatusUpdate", told) == {}
    assert (await v2x.records("Reservation"))["7"]["state"] == "Removed"
    assert (await v2x.charger())["status_summary"] == "Faulted"


@pytest.mark.parametrize(
    "answer",
    [pytest.param("Rejected", id="TC_H_22"), "Faulted", "Occupied", "Unavailable"],
)
async def test_tc_h_22_a_reservation_that_is_not_made(v2x: Case, answer: str) -> None:
    wanted = {"id": 7, "expiryDateTime": now(600), "idToken": token(VALID), "evseId": 1}
    done = await v2x.order("ReserveNow", wanted, {"status": answer})
    assert (done.state, done.command["response"]) == ("REJECTED", {"status": answer})
    assert await v2x.records("Reservation") == {}
