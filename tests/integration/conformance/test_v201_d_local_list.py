"""OCPP 2.0.1 and 2.1, block D (local authorization list)."""

from typing import Any

import pytest
from conformance_stage import CHILD, VALID, Case, token

ENTRY = {"idToken": token(VALID), "idTokenInfo": {"status": "Accepted"}}
OTHER = {"idToken": token(CHILD), "idTokenInfo": {"status": "Accepted"}}


async def known(case: Case) -> Any:
    (found,) = (await case.records("LocalList")).values()
    return found["content"]


async def full(case: Case) -> None:
    wanted = {"versionNumber": 1, "updateType": "Full", "localAuthorizationList": [ENTRY, OTHER]}
    done = await case.order("SendLocalList", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")


async def test_tc_d_01_a_full_list(v2x: Case) -> None:
    await full(v2x)
    assert await known(v2x) == {"version": 1, "updateType": "Full", "entries": 2}


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(ENTRY | {"idTokenInfo": {"status": "Blocked"}}, id="TC_D_02"),
        pytest.param({"idToken": token(CHILD)}, id="TC_D_03"),
    ],
)
async def test_tc_d_02_03_a_differential_list_changes_or_removes(v2x: Case, entry: dict[str, Any]) -> None:
    await full(v2x)
    wanted = {"versionNumber": 2, "updateType": "Differential", "localAuthorizationList": [entry]}
    done = await v2x.order("SendLocalList", wanted)
    # An entry without idTokenInfo is one to be removed: it must leave as it is.
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    assert await known(v2x) == {"version": 2, "updateType": "Differential", "entries": 1}


async def test_tc_d_04_a_full_list_without_entries_empties_it(v2x: Case) -> None:
    await full(v2x)
    done = await v2x.order("SendLocalList", {"versionNumber": 2, "updateType": "Full"})
    assert done.asked == {"versionNumber": 2, "updateType": "Full"}
    assert await known(v2x) == {"version": 2, "updateType": "Full", "entries": 0}


async def test_tc_d_08_the_version_of_the_list_is_read(v2x: Case) -> None:
    await full(v2x)
    done = await v2x.order("GetLocalListVersion", {}, {"versionNumber": 1})
    assert (done.asked, done.state) == ({}, "ACCEPTED")
    assert (await known(v2x))["version"] == 1


async def test_tc_d_09_there_is_no_list(v2x: Case) -> None:
    done = await v2x.order("GetLocalListVersion", {}, {"versionNumber": 0})
    assert done.state == "ACCEPTED"
    assert (await known(v2x))["version"] == 0


@pytest.mark.parametrize("answer", ["Failed", "VersionMismatch"])
async def test_a_list_that_is_not_taken_leaves_the_one_before(v2x: Case, answer: str) -> None:
    await full(v2x)
    wanted = {"versionNumber": 2, "updateType": "Full", "localAuthorizationList": [ENTRY]}
    assert (await v2x.order("SendLocalList", wanted, {"status": answer})).state == "REJECTED"
    assert (await known(v2x))["version"] == 1
