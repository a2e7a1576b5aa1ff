"""OCPP 1.6, Local Auth List Management."""

from typing import Any

import pytest
from conformance_stage import CHILD, VALID, Case

ENTRIES = [{"idTag": VALID, "idTagInfo": {"status": "Accepted"}}, {"idTag": CHILD, "idTagInfo": {"status": "Blocked"}}]


def full(version: int) -> dict[str, Any]:
    return {"listVersion": version, "updateType": "Full", "localAuthorizationList": ENTRIES}


@pytest.mark.parametrize(
    ("version", "state"),
    [pytest.param(-1, "NotSupported", id="TC_042_1"), pytest.param(0, "Empty", id="TC_042_2")],
)
async def test_tc_042_the_version_of_a_list_that_is_not_there_or_empty(v16: Case, version: int, state: str) -> None:
    done = await v16.order("GetLocalListVersion", {}, {"listVersion": version})
    assert (done.asked, done.state) == ({}, "ACCEPTED")
    (known,) = (await v16.records("LocalList")).values()
    assert (known["content"]["version"], known["state"]) == (version, state)


@pytest.mark.parametrize("answer", [pytest.param("NotSupported", id="TC_043_1"), pytest.param("Failed", id="TC_043_3")])
async def test_tc_043_1_3_a_list_that_is_not_taken_is_not_known(v16: Case, answer: str) -> None:
    done = await v16.order("SendLocalList", full(1), {"status": answer})
    assert (done.state, done.command["response"]) == ("REJECTED", {"status": answer})
    assert await v16.records("LocalList") == {}


async def test_tc_043_4_a_full_list_replaces_what_was_there(v16: Case) -> None:
    done = await v16.order("SendLocalList", full(4))
    assert (done.asked, done.state) == (full(4), "ACCEPTED")
    (known,) = (await v16.records("LocalList")).values()
    assert known["content"] == {"version": 4, "updateType": "Full", "entries": 2}


async def test_tc_043_5_a_differential_list_adds_and_removes(v16: Case) -> None:
    await v16.order("SendLocalList", full(1))
    assert (await v16.order("GetLocalListVersion", {}, {"listVersion": 1})).state == "ACCEPTED"
    # An entry without idTagInfo takes the tag off the list.
    change = {"listVersion": 2, "updateType": "Differential", "localAuthorizationList": [{"idTag": CHILD}]}
    done = await v16.order("SendLocalList", change)
    assert (done.asked, done.state) == (change, "ACCEPTED")
    (known,) = (await v16.records("LocalList")).values()
    assert (known["content"]["version"], known["content"]["updateType"]) == (2, "Differential")
