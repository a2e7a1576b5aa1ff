"""What a newcomer does in the first minutes, and what an engineer does to it after that."""

import contextlib
import os
import signal
from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake

from voltring_core.testing import Wire, eventually

Start = Callable[..., Any]
SOON_S = 180.0
"""For what a quiet machine does in ten: the stack, its chargers and this test share two cores with others."""
ClientOf = Callable[[Any], httpx.AsyncClient]


async def fleet(client: httpx.AsyncClient) -> dict[str, Any]:
    return dict((await client.get("/v1/fleet")).raise_for_status().json())


async def wait_for(client: httpx.AsyncClient, seconds: float = SOON_S, **wanted: int) -> dict[str, Any]:
    """The fleet's figures once each of `wanted` is reached."""

    async def look() -> dict[str, Any] | None:
        try:
            now = await fleet(client)
        except httpx.HTTPError:
            return None
        return now if all(now[name] >= least for name, least in wanted.items()) else None

    found = await eventually(look, seconds)
    assert found is not None
    return found


async def test_up_is_ready_soon_chargers_charge_and_obey_and_a_restart_keeps_the_data(
    start_up: Start, client_of: ClientOf
) -> None:
    stack = start_up("--chargers", "12")
    client = client_of(stack)
    now = await wait_for(client, online=12, charging=1)
    assert now["total"] == 12
    assert set(now["by_version"]) == {"1.6", "2.0.1", "2.1"}
    assert {node["name"] for node in now["nodes"]} == {node["name"] for node in stack.told["nodes"]}

    # Remote start on a charger of each version that is free, and the session that follows.
    for version in ["1.6", "2.0.1", "2.1"]:
        await start_and_stop(client, version)

    seen = (await client.get("/v1/transactions", params={"limit": 500})).json()["items"]
    children = stack.children()
    assert len(children) >= 7
    stack.stop()
    assert not [pid for pid in children if _is_alive(pid)]

    again = start_up("--chargers", "0")
    kept = (await client_of(again).get("/v1/transactions", params={"limit": 500})).json()["items"]
    assert {one["id"] for one in seen} <= {one["id"] for one in kept}
    assert again.told["token"] == stack.told["token"]


async def start_and_stop(client: httpx.AsyncClient, version: str) -> None:
    """Stop what runs on a charger of this version, start a session on it, see energy flow, stop it."""
    chargers = (await client.get("/v1/chargers")).json()["items"]
    charger = next(one for one in chargers if one["ocpp_version"] == version)
    url = f"/v1/chargers/{charger['id']}"

    async def free() -> bool:
        now = (await client.get(url)).json()
        running = now["evses"][0]["transaction"]
        if running is not None:
            await client.post(f"{url}/remote-stop", json={"transaction_id": running["id"]})
        idle = now["evses"][0]["connectors"][0]["status"] in ("Available", "Preparing", "Occupied", "Finishing")
        return running is None and idle

    async def started() -> Any:
        await eventually(free, SOON_S)
        wait = {"Prefer": "wait=50"}
        body = {"id_token": "DEMO-0001", "evse_id": 1}
        answer = await client.post(f"{url}/remote-start", json=body, headers=wait)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["state"] == "ACCEPTED"

    async def flows() -> Any:
        now = (await client.get(url)).json()["evses"][0]["transaction"]
        return now if now and (now["energy_wh"] or 0) > 0 and (now["power_w"] or 0) > 0 else None

    await eventually(started, SOON_S)
    running = await eventually(flows, SOON_S)
    stop = await client.post(
        f"{url}/remote-stop", json={"transaction_id": running["id"]}, headers={"Prefer": "wait=50"}
    )
    assert stop.json()["state"] == "ACCEPTED", stop.text

    async def ended() -> Any:
        now = (await client.get(f"/v1/transactions/{running['id']}")).json()
        return now if now["state"] == "Ended" else None

    over = await eventually(ended, SOON_S)
    assert over["energy_wh"] > 0
    values = (await client.get(f"/v1/transactions/{running['id']}/meter-values")).json()["items"]
    assert values


async def test_kill_9_of_a_node_brings_its_chargers_back_and_of_postgresql_loses_nothing_acknowledged(
    start_up: Start, client_of: ClientOf
) -> None:
    stack = start_up("--chargers", "9")
    client = client_of(stack)
    await wait_for(client, online=9, charging=1)
    dead = stack.told["nodes"][0]["pid"]
    os.kill(dead, signal.SIGKILL)

    async def replaced() -> bool:
        return _is_alive(dead) is False and len((await fleet(client))["nodes"]) == 2

    await eventually(replaced, SOON_S)
    await wait_for(client, online=9)

    async def admitted() -> ClientConnection | None:
        """As a charger does: a node that begins just now may not take it at the first try."""
        with contextlib.suppress(OSError, InvalidHandshake):
            return await connect(f"{stack.told['ocpp']}/MINE", subprotocols=["ocpp1.6"])
        return None

    async with await eventually(admitted, SOON_S) as socket:
        wire = Wire(socket)
        await wire.boot()
        given = []
        for number in range(20):
            if number == 10:
                os.kill(await _postmaster(stack), signal.SIGKILL)
            when = f"2026-01-01T00:00:{number:02}Z"
            start = {"connectorId": 1, "idTag": "A", "meterStart": number, "timestamp": when}
            given.append((await wire.call("StartTransaction", start, SOON_S))[2]["transactionId"])
        assert (await wire.call("Heartbeat", {}))[0] == 3
    kept = await _transactions(stack, "MINE")
    assert kept == sorted(given)
    assert len(set(given)) == 20
    await wait_for(client, online=9)


async def test_after_kill_9_of_the_launcher_nothing_lives_and_the_next_start_has_the_data(
    start_up: Start, client_of: ClientOf
) -> None:
    stack = start_up("--chargers", "3")
    await wait_for(client_of(stack), online=3)
    children = stack.children()
    stack.process.kill()
    stack.process.wait()

    async def gone() -> bool:
        return not [pid for pid in children if _is_alive(pid)]

    assert await eventually(gone, SOON_S)
    again = start_up("--chargers", "0")
    now = await fleet(client_of(again))
    assert (now["total"], now["online"]) == (3, 0)


async def _postmaster(stack: Any) -> int:
    """The process id of PostgreSQL's first process."""
    return int((stack.data / "postgres" / "postmaster.pid").read_text().split()[0])


async def _transactions(stack: Any, charger_id: str) -> list[int]:
    async def look() -> list[int] | None:
        try:
            connection = await asyncpg.connect(stack.told["postgres"], timeout=30)
        except (OSError, asyncpg.PostgresError):
            return None
        query = "SELECT ocpp_transaction_id::int AS id FROM transactions WHERE charger_id = $1 ORDER BY 1"
        rows = await connection.fetch(query, charger_id)
        await connection.close()
        return [row["id"] for row in rows]

    found = await eventually(look, SOON_S)
    assert found is not None
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not _is_zombie(pid)


def _is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


async def test_the_dashboard_and_the_docs_are_there_without_a_token_and_the_data_are_not(
    start_up: Start, client_of: ClientOf
) -> None:
    stack = start_up("--chargers", "0")
    async with httpx.AsyncClient(base_url=stack.told["api"]) as nobody:
        assert "Voltring" in (await nobody.get("/")).text
        assert (await nobody.get("/docs")).status_code == 200
        assert (await nobody.get("/v1/fleet")).status_code == 401
        metrics = await nobody.get(stack.told["nodes"][0]["metrics"])
    assert "voltring_node_connections" in metrics.text
