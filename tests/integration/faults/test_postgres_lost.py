"""PostgreSQL dies, hangs or can't be reached by one node: nothing is acknowledged, sockets stay, work goes on after."""

import asyncio
import contextlib
import json
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import httpx
import pytest
from cut_proxy import through
from fault_chargers import BOOT, Charger, crew
from fault_fleet import Place, Servers, signal_tree
from fault_scene import Scene
from websockets.asyncio.client import connect

from voltring_core.testing import eventually

AWAY_SECONDS = 3.0
HUNG_SECONDS = 15.0
REST_SECONDS = 25.0
"""Within which the API says that it can't say anything: five seconds, on a machine that is five times slower."""
QUIET_SECONDS = 1.0
PATIENCE = 90.0
MOST_GROWTH = 90_000_000
"""Bytes that a node may grow by in a flood of several times as much."""
FLOODERS, FLOOD_BYTES, PADDING = 7, 30_000_000, 4000
STUCK_SECONDS = 1.5


def acknowledged(chargers: list[Charger]) -> int:
    """Facts so far."""
    return sum(len(one.acknowledged) for one in chargers)


async def acknowledged_at_last(chargers: list[Charger]) -> int:
    """Facts, once nothing has come for a while: what was committed before may still be on its way."""
    while True:
        before = acknowledged(chargers)
        await asyncio.sleep(QUIET_SECONDS)
        if acknowledged(chargers) == before:
            return before


async def test_postgresql_killed_under_load_loses_nothing_that_was_acknowledged(
    standing: Any, servers: Servers
) -> None:
    chargers = crew("killed", 6, standing.places, patience=PATIENCE)
    async with Scene(standing.fleet, chargers) as scene:
        await scene.connected()
        posting = asyncio.create_task(scene.orders())
        await scene.more_facts()
        servers.postgres.kill()
        during = acknowledged(chargers)
        after = await acknowledged_at_last(chargers)
        await asyncio.sleep(AWAY_SECONDS)
        assert acknowledged(chargers) == after <= during + 6
        await servers.restart_postgres()
        await posting
        await scene.orders()
        await scene.more_facts(3)
        verdict = await scene.judged()
    assert (verdict.losses, verdict.most_executions["N"]) == (0, 1)


async def test_postgresql_that_hangs_costs_no_socket_and_the_api_says_so_soon(standing: Any, servers: Servers) -> None:
    chargers = crew("hung", 4, standing.places, patience=PATIENCE)
    async with Scene(standing.fleet, chargers) as scene:
        await scene.connected()
        await scene.orders()
        signal_tree(servers.postgres.pid, signal.SIGSTOP)
        hung = asyncio.create_task(asyncio.sleep(HUNG_SECONDS))
        before = await acknowledged_at_last(chargers)
        for method, place in (("GET", "/v1/chargers"), ("POST", "/v1/chargers/hung-0/commands"), ("GET", "/v1/fleet")):
            await says_unavailable(scene.operator.client, method, place)
        for node in standing.nodes:
            assert (await scene.operator.client.get(f"{node.admin}/readyz")).status_code == 404
        await hung
        assert acknowledged(chargers) == before
        signal_tree(servers.postgres.pid, signal.SIGCONT)
        await scene.more_facts(3, PATIENCE)
        verdict = await scene.judged()
    assert (verdict.losses, verdict.most_executions["N"]) == (0, 1)


async def says_unavailable(client: httpx.AsyncClient, method: str, place: str) -> None:
    """The API answers 503 in time, in the shape of its errors."""
    began = time.monotonic()
    body = {"action": "ClearCache", "payload": {}} if method == "POST" else None
    answer = await client.request(method, place, json=body)
    took = time.monotonic() - began
    print(f"FIGURE {method} {place} {answer.status_code} after {took:.2f} s")
    assert (answer.status_code, answer.headers["Content-Type"]) == (503, "application/problem+json"), answer.text
    assert took < REST_SECONDS


@pytest.mark.parametrize("how", ["cut", "hang"])
async def test_a_node_without_postgresql_acknowledges_nothing_and_keeps_its_sockets_while_its_peers_go_on(
    standing: Any, servers: Servers, how: str
) -> None:
    async with through(standing.fleet.dsn) as link:
        start = partial(standing.fleet.node, f"without-{how}", POSTGRES_DSN=link.url(standing.fleet.dsn))
        node = await asyncio.to_thread(start)
        cut = crew(f"{how}-cut", 3, [node.place], patience=PATIENCE)
        peers = crew(f"{how}-peer", 3, standing.places)
        async with Scene(standing.fleet, [*cut, *peers]) as scene:
            await scene.connected()
            getattr(link, how)()
            before, elsewhere = await acknowledged_at_last(cut), acknowledged(peers)
            await scene.orders()
            await asyncio.sleep(AWAY_SECONDS)
            await eventually(lambda: asyncio.sleep(0, acknowledged(peers) > elsewhere + 3))
            assert acknowledged(cut) == before
            link.mend()
            await scene.more_facts(3, PATIENCE)
            verdict = await scene.judged()
        await asyncio.to_thread(node.end)  # the others of this fleet go on, and its link ends here
    assert (verdict.losses, verdict.most_executions["N"]) == (0, 1)


async def test_a_flood_while_postgresql_is_away_stays_out_of_the_nodes_memory(standing: Any, servers: Servers) -> None:
    node = await asyncio.to_thread(partial(standing.fleet.node, "flooded", SILENCE_LIMIT="60"))
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(flooder(node.place, n)) for n in range(FLOODERS)]
        await asyncio.gather(*(booted(socket) for socket in sockets))
        servers.postgres.kill()
        before = node.resident_bytes
        sent = sum(await asyncio.gather(*(flood(one, beat if n else reading) for n, one in enumerate(sockets))))
        grown = node.resident_bytes - before
        print(f"FIGURE the node took {sent / 1e6:.0f} MB and grew by {grown / 1e6:.1f} MB")
        for socket in sockets:
            socket.transport.abort()
        assert grown < MOST_GROWTH < FLOODERS * FLOOD_BYTES / 2
        assert node.process.poll() is None


def flooder(place: Place, number: int) -> Any:
    """A charger that takes any number of answers."""
    url = f"{place.ocpp}/flooder-{number}"
    subprotocols: Any = ["ocpp1.6"]
    return connect(url, subprotocols=subprotocols, max_queue=None, compression=None, proxy=None, close_timeout=0.1)


async def booted(socket: Any) -> None:
    """It is accepted."""
    await socket.send(json.dumps([2, "boot", "BootNotification", BOOT]))
    await socket.recv()


async def flood(socket: Any, frame: Callable[[int], Any]) -> int:
    """Say large things without waiting for answers, as long as the socket takes them; the bytes that it took."""
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < FLOOD_BYTES:
            async with asyncio.timeout(STUCK_SECONDS):
                await socket.send(json.dumps(frame(sent)))
                sent += PADDING
    return sent


def beat(number: int) -> Any:
    """Is answered at once and kept when PostgreSQL is back."""
    return [2, f"b{number}", "Heartbeat", {"padding": "x" * PADDING}]


def reading(number: int) -> Any:
    """Is answered when PostgreSQL is back."""
    sampled = [{"value": "1", "context": "Sample.Periodic"}] * (PADDING // 50)
    meter = [{"timestamp": "2026-01-01T00:00:00Z", "sampledValue": sampled}]
    return [2, f"m{number}", "MeterValues", {"connectorId": 1, "meterValue": meter}]
