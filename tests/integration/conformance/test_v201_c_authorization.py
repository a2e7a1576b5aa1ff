"""OCPP 2.0.1 and 2.1, block C (authorization)."""

import pytest
from conformance_stage import (
    BLOCKED,
    CHILD,
    EXPIRED,
    INVALID,
    MASTER,
    MASTER_GROUP,
    NO,
    OK,
    PARENT,
    PEM,
    SIBLING,
    UNKNOWN,
    VALID,
    Case,
    Station,
    token,
)

GROUP = {"idToken": PARENT, "type": "Central"}
HASH = {
    "hashAlgorithm": "SHA256",
    "issuerNameHash": "0a",
    "issuerKeyHash": "0b",
    "serialNumber": "0c",
    "responderURL": "https://ocsp.example",
}


@pytest.mark.parametrize(
    ("value", "status"),
    [
        pytest.param(UNKNOWN, "Unknown", id="TC_C_02"),
        pytest.param(INVALID, "Invalid", id="TC_C_02-invalid"),
        pytest.param(BLOCKED, "Blocked", id="TC_C_06"),
        pytest.param(EXPIRED, "Expired", id="TC_C_07"),
    ],
)
async def test_tc_c_02_06_07_a_token_that_may_not_charge_is_told_why(v2x: Case, value: str, status: str) -> None:
    station = Station(v2x)
    await station.status("Occupied")
    assert (await station.authorize(value))["idTokenInfo"]["status"] == status
    await station.status("Available")
    assert await v2x.transactions() == []


async def test_tc_c_08_a_token_from_the_cache_is_confirmed_by_the_first_event(v2x: Case) -> None:
    station = Station(v2x)
    # No Authorize: the station knows the token from before.
    answer = await station.started("Authorized", "EVConnected", shown=VALID)
    assert answer["idTokenInfo"]["status"] == "Accepted"
    await station.updated("ChargingStateChanged", "Charging")
    session = await v2x.transaction()
    assert (session["state"], session["id_token"]) == ("Active", VALID)


async def test_tc_c_20_a_token_from_the_cache_that_is_invalid_now_is_told_so(v2x: Case) -> None:
    station = Station(v2x)
    answer = await station.started("Authorized", "EVConnected", shown=INVALID)
    assert answer["idTokenInfo"]["status"] == "Invalid"
    await station.ended("Deauthorized", "DeAuthorized", wh=1000)
    session = await v2x.transaction()
    assert (session["state"], session["stop_reason"]) == ("Ended", "DeAuthorized")


@pytest.mark.parametrize(
    ("answer", "state"), [pytest.param(OK, "ACCEPTED", id="TC_C_37"), pytest.param(NO, "REJECTED", id="TC_C_38")]
)
async def test_tc_c_37_38_the_cache_is_cleared_or_not(v2x: Case, answer: dict[str, str], state: str) -> None:
    done = await v2x.order("ClearCache", {}, answer)
    assert (done.asked, done.state) == ({}, state)


async def test_tc_c_39_tokens_of_a_group_may_stop_each_others_sessions(v2x: Case) -> None:
    station = await Station(v2x).charging(CHILD)
    stopped = await station.updated("StopAuthorized", "EVConnected", shown=SIBLING)
    assert stopped["idTokenInfo"] == {"status": "Accepted", "groupIdToken": GROUP}
    first = await station.authorize(CHILD)
    assert first["idTokenInfo"]["groupIdToken"] == stopped["idTokenInfo"]["groupIdToken"]
    await station.ended("EVCommunicationLost", "Local", wh=3000)
    session = await v2x.transaction()
    # The session stays that of the token that began it.
    assert (session["state"], session["id_token"]) == ("Ended", CHILD)


@pytest.mark.parametrize(
    ("second", "status"),
    [pytest.param(SIBLING, "Accepted", id="TC_C_40"), pytest.param(BLOCKED, "Blocked", id="TC_C_43")],
)
async def test_tc_c_40_43_a_local_list_names_the_group_and_the_csms_decides_all_the_same(
    v2x: Case, second: str, status: str
) -> None:
    entries = [
        {"idToken": token(CHILD), "idTokenInfo": {"status": "Accepted", "groupIdToken": GROUP}},
        {"idToken": token(second), "idTokenInfo": {"status": status, "groupIdToken": GROUP}},
    ]
    wanted = {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": entries}
    done = await v2x.order("SendLocalList", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    station = Station(v2x)
    assert (await station.started("Authorized", "EVConnected", shown=CHILD))["idTokenInfo"]["status"] == "Accepted"
    shown = await station.updated("StopAuthorized", "EVConnected", shown=second)
    assert shown["idTokenInfo"]["status"] == status


@pytest.mark.parametrize(
    "stopped",
    [
        pytest.param((1, 2), id="TC_C_47"),
        pytest.param((2,), id="TC_C_48"),
        pytest.param((1,), id="TC_C_49"),
    ],
)
async def test_tc_c_47_48_49_a_master_pass_stops_sessions_of_others(v2x: Case, stopped: tuple[int, ...]) -> None:
    stations = {evse: await Station(v2x, f"TX-{evse}", evse).charging() for evse in (1, 2)}
    shown = await stations[1].authorize(MASTER)
    # The station knows a master pass by its group (AuthCtrlr.MasterPassGroupId).
    assert shown["idTokenInfo"] == {"status": "Accepted", "groupIdToken": {"idToken": MASTER_GROUP, "type": "Central"}}
    for evse in stopped:
        await stations[evse].ended("StopAuthorized", "MasterPass", shown=MASTER, wh=3000)
    found = {session["evse_id"]: session for session in await v2x.transactions()}
    assert {evse for evse, session in found.items() if session["state"] == "Ended"} == set(stopped)
    assert {found[evse]["stop_reason"] for evse in stopped} == {"MasterPass"}
    assert {session["id_token"] for session in found.values()} == {VALID}


@pytest.mark.parametrize(
    "contract",
    [
        pytest.param({"iso15118CertificateHashData": [HASH]}, id="TC_C_50-TC_C_51"),
        pytest.param({"certificate": PEM}, id="TC_C_52"),
    ],
)
async def test_tc_c_50_51_52_a_contract_that_nobody_can_verify_is_not_accepted(
    v2x: Case, contract: dict[str, object]
) -> None:
    asked = {"idToken": token(VALID, "eMAID"), **contract}
    answer = await v2x.says("Authorize", asked)
    assert (answer["idTokenInfo"]["status"], answer["certificateStatus"]) == ("Invalid", "CertChainError")
    # Without a certificate there is nothing to say of one.
    assert "certificateStatus" not in await v2x.says("Authorize", {"idToken": token(VALID, "eMAID")})
