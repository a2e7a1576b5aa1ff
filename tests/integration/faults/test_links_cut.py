"""A charger's link that swallows: half-open sockets, by a proxy and by a network namespace that drops without a FIN."""

import asyncio
import ctypes
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cut_proxy import through
from fault_chargers import BOOT, Charger, crew
from fault_fleet import Node, Place
from fault_scene import Scene
from websockets.asyncio.client import connect

from voltring_core.testing import Wire, eventually

SILENCE_LIMIT = 3.0
ENDED_WITHIN = SILENCE_LIMIT + 30.0
"""Seconds until a silent socket's charger is offline everywhere: the limit; the sweep (0.5), a write, a busy machine.
Nothing else would end it: TCP gives up after a quarter of an hour."""
LONG_SILENCE = 300.0
AT_ONCE = 60.0
"""Seconds for a handshake on a busy machine: much less than the silence after which the old socket would end anyhow."""
CLONE_NEWNET = 0x40000000


@pytest.fixture(scope="module")
def impatient(standing: Any) -> Node:
    """A node that gives silent sockets up soon."""
    node: Node = standing.fleet.node("impatient", PING_INTERVAL="1", SILENCE_LIMIT=str(SILENCE_LIMIT))
    return node


@pytest.fixture(scope="module")
def patient(standing: Any) -> Node:
    """A node that waits long for silent sockets."""
    node: Node = standing.fleet.node("patient", SILENCE_LIMIT=str(LONG_SILENCE))
    return node


async def is_offline(scene: Scene, charger_id: str) -> bool:
    """In PostgreSQL and in Redis."""
    gone = await scene.database.fetchval(
        "SELECT disconnected_at IS NOT NULL FROM charger_connection WHERE charger_id = $1", charger_id
    )
    return bool(gone) and await scene.redis.hget(f"o:{{{charger_id}}}", "st") == "offline"


@pytest.mark.parametrize("where", ["the same node", "another node"])
async def test_a_charger_whose_old_socket_is_half_open_gets_in_at_once(
    standing: Any, patient: Node, where: str
) -> None:
    async with through(patient.place.ocpp) as link:
        swallowing = Place(patient.name, f"ws://{link.host}:{link.port}/ocpp")
        there = patient.place if where == "the same node" else standing.places[0]
        chargers = crew(f"half-open-{where.split()[1]}", 3, [swallowing], patience=20.0)
        async with Scene(standing.fleet, chargers) as scene:
            await scene.connected()
            link.hang()
            await scene.orders()  # on their way to a socket that takes them and gives nothing back
            began = time.monotonic()
            for charger in chargers:
                charger.abandon(there)
            await scene.connected(AT_ONCE, at=there.name)
            print(f"FIGURE back after {time.monotonic() - began:.2f} s at {where}")
            await scene.more_facts(3)
            link.mend()
            verdict = await scene.judged()
    assert verdict.most_executions["N"] == 1
    assert verdict.takeovers == 3


async def test_a_half_open_socket_ends_within_the_silence_limit_and_its_route_with_it(
    standing: Any, impatient: Node
) -> None:
    async with through(impatient.place.ocpp) as link:
        (charger,) = crew("silent", 1, [Place(impatient.name, f"ws://{link.host}:{link.port}/ocpp")])
        async with Scene(standing.fleet, [charger]) as scene:
            await scene.connected()
            await scene.more_facts()
            link.hang()
            began = time.monotonic()
            charger.abandon(Place("nowhere", "ws://127.0.0.1:9/ocpp"))
            await eventually(partial(is_offline, scene, charger.id), ENDED_WITHIN)
            took = time.monotonic() - began
            print(f"FIGURE offline {took:.2f} s after the last byte")
            assert took > SILENCE_LIMIT - 1.5  # not by an end that came through
            charger.places[:] = [impatient.place]
            await scene.connected()
            await scene.judged()


class Namespace:
    """A network of its own, linked to the host by a pair of interfaces, where nothing but the test's charger lives."""

    NAME, OUTER, INNER, NET = "voltring-faults", "vtrfault0", "vtrfault1", "198.18.77"

    def __init__(self) -> None:
        self.run("netns", "add", self.NAME)
        self.run("link", "add", self.OUTER, "type", "veth", "peer", "name", self.INNER)
        self.run("link", "set", self.INNER, "netns", self.NAME)
        self.run("addr", "add", f"{self.NET}.1/24", "dev", self.OUTER)
        self.run("link", "set", self.OUTER, "up")
        self.run("-n", self.NAME, "addr", "add", f"{self.NET}.2/24", "dev", self.INNER)
        self.run("-n", self.NAME, "link", "set", self.INNER, "up")

    def run(self, *words: str) -> None:
        """Run `ip`."""
        subprocess.run(["ip", *words], check=True, capture_output=True)

    def cut(self) -> None:
        """Drop every packet, both ways, without a word."""
        self.run("-n", self.NAME, "link", "set", self.INNER, "down")

    def socket(self, port: int) -> socket.socket:
        """A connection to the host from within, made by a thread that goes there for it."""
        libc = ctypes.CDLL(None, use_errno=True)
        here = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.NAME}", os.O_RDONLY)
        try:
            assert libc.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            return socket.create_connection((f"{self.NET}.1", port), 5)
        finally:
            assert libc.setns(here, CLONE_NEWNET) == 0
            os.close(here)
            os.close(there)

    def remove(self) -> None:
        """Both interfaces go with it."""
        self.run("netns", "delete", self.NAME)


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    try:
        made = Namespace()
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespace can be made here: {error}")
    yield made
    made.remove()


@pytest.mark.skipif(os.geteuid() != 0 or not Path("/proc/self/ns/net").exists(), reason="needs root on Linux")
async def test_a_cable_that_is_pulled_ends_in_an_offline_charger_within_the_silence_limit(
    standing: Any, namespace: Namespace
) -> None:
    start = partial(standing.fleet.node, "cabled", OCPP_HOST=f"{namespace.NET}.1", PING_INTERVAL="1")
    node = await asyncio.to_thread(partial(start, SILENCE_LIMIT=str(SILENCE_LIMIT)))
    port = int(node.place.ocpp.rpartition(":")[2].partition("/")[0])
    plugged = await asyncio.to_thread(namespace.socket, port)
    subprotocols: Any = ["ocpp1.6"]
    async with Scene(standing.fleet, [Charger("bystander", standing.places)]) as scene:
        await scene.connected()
        wire = Wire(await connect(f"{node.place.ocpp}/cabled", subprotocols=subprotocols, sock=plugged))
        assert (await wire.call("BootNotification", BOOT))[0] == 3
        assert not await is_offline(scene, "cabled")
        namespace.cut()
        began = time.monotonic()
        await eventually(partial(is_offline, scene, "cabled"), ENDED_WITHIN)
        print(f"FIGURE offline {time.monotonic() - began:.2f} s after the cable was pulled")
        wire.socket.transport.abort()
        assert (await scene.judged()).losses == 0
