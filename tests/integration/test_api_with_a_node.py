"""The API together with a running node and a charger played by PyPI ocpp."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.asyncio.client import connect

from voltring_core.testing import eventually


class Charger(ChargePoint):
    """An OCPP 1.6 charger that takes every start, and has as many keys as it was given."""

    keys: int = 1

    @on("RemoteStartTransaction")
    def on_remote_start(self, id_tag: str, **_: Any) -> Any:
        return call_result.RemoteStartTransaction("Accepted" if id_tag == "CARD" else "Rejected")

    @on("GetLocalListVersion")
    def on_list_version(self, **_: Any) -> Any:
        return call_result.GetLocalListVersion(7)

    @on("GetConfiguration")
    def on_configuration(self, **_: Any) -> Any:
        told = [{"key": f"Key{number}", "readonly": True, "value": "v" * 400} for number in range(self.keys)]
        return call_result.GetConfiguration(configuration_key=told)


@pytest.fixture
async def charger(api: Any, node: Any) -> AsyncIterator[Charger]:
    """A charger that has booted."""
    async with connect(f"{node.ocpp}/CP%201", subprotocols=["ocpp1.6"]) as socket:
        charger = Charger("CP 1", socket)
        listening = asyncio.create_task(charger.start(), name="charger")
        await charger.call(call.BootNotification("Model", "Vendor"))
        await charger.call(call.StatusNotification(1, "NoError", "Available"))
        yield charger
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def read(api: Any) -> dict[str, Any]:
    found: dict[str, Any] = (await api.client.get("/v1/chargers/CP%201")).json()
    return found


async def test_a_charger_is_seen_commanded_and_missed(api: Any, charger: Charger) -> None:
    async def here() -> bool:
        found = await read(api)
        return found["online"] and found["status_summary"] == "Available"

    assert await eventually(here)
    found = await read(api)
    assert (found["node"], found["ocpp_version"], found["registration"], found["vendor"]) == (
        "node-0",
        "1.6",
        "Accepted",
        "Vendor",
    )
    place, wait = "/v1/chargers/CP%201/remote-start", {"Prefer": "wait=10"}
    started: httpx.Response = await api.client.post(place, json={"id_token": "CARD", "evse_id": 1}, headers=wait)
    assert (started.status_code, started.json()["state"]) == (200, "ACCEPTED")
    assert started.json()["response"] == {"status": "Accepted"}
    refused = await api.client.post(place, json={"id_token": "OTHER"}, headers=wait)
    assert (refused.status_code, refused.json()["state"]) == (200, "REJECTED")
    failed = await api.client.post("/v1/chargers/CP%201/reset", headers=wait)
    assert (failed.json()["state"], failed.json()["error"]["code"]) == ("CALLERROR", "NotImplemented")
    messages = (await api.client.get("/v1/chargers/CP%201/messages")).json()["items"]
    assert {"BootNotification", "StatusNotification"} <= {message["action"] for message in messages}


async def test_a_closed_socket_is_offline_within_five_seconds(api: Any, node: Any) -> None:
    async with connect(f"{node.ocpp}/CP%201", subprotocols=["ocpp1.6"]):

        async def online() -> bool:
            return bool((await read(api)).get("online"))

        assert await eventually(online)

    async def offline() -> bool:
        return not await online()

    assert await eventually(offline, 5)


@pytest.mark.parametrize(
    ("action", "keys"), [("GetLocalListVersion", 0), ("GetConfiguration", 1), ("GetConfiguration", 100)]
)
async def test_who_waits_is_told_what_the_row_says_whether_the_answer_means_more_or_is_long(
    api: Any, charger: Charger, action: str, keys: int
) -> None:
    charger.keys = keys
    place, wait = "/v1/chargers/CP%201/commands", {"Prefer": "wait=10"}
    done = await api.client.post(place, json={"action": action}, headers=wait)
    assert (done.status_code, done.json()["state"]) == (200, "ACCEPTED")
    assert done.json() == (await api.client.get(done.headers["Location"])).json()
    assert done.json()["finished_at"]
    if keys:
        assert len(done.json()["response"]["configurationKey"]) == keys
