"""kill -9 of the API, of the worker, of one node of three under load: no command is lost or doubled."""

import asyncio
import time
from functools import partial
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fault_chargers import Charger, crew
from fault_fleet import CALL_TIMEOUT, ENDED_WITHIN, TOKEN, Fault, Fleet
from fault_scene import BACK_OFF, Scene
from fault_verdict import wrong_owners

from voltring_core.testing import eventually

CHARGERS, COMMANDED = 300, 40
SWEPT_WITHIN = 60.0
"""Seconds for a command that nobody rang for: its age (1), the sweeper's interval (0.3), a busy machine."""
RIGHT_WITHIN = 20.0
"""Seconds until everybody is back after a node's death, and as long again as the machine took to connect them first."""
SENT = "SELECT count(*) FROM commands WHERE charger_id = $1 AND sent_at IS NOT NULL"


def posting(url: str, key: str, charger_id: str, **headers: str) -> Any:
    """One POST, without a second try."""
    client = httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {TOKEN}"})

    async def post() -> httpx.Response:
        async with client:
            return await client.post(
                f"/v1/chargers/{charger_id}/commands",
                json={"action": "UnlockConnector", "payload": {"connectorId": 5}},
                headers={"Idempotency-Key": key, **headers},
                timeout=90,
            )

    return post()


@pytest.mark.parametrize(
    ("at", "answers", "headers"),
    [
        ("inserted.after", True, {}),
        ("rung.after", True, {}),
        ("rung.after", False, {"Prefer": "wait=20"}),
    ],
    ids=["between insert and enqueue", "between ring and response", "while a client waits"],
)
async def test_an_api_that_dies_leaves_a_command_that_is_delivered_once_and_found_again_by_its_key(
    standing: Any, at: str, answers: bool, headers: dict[str, str]
) -> None:
    standing_url, key = standing.fleet.api_url, str(uuid4())
    doomed = await asyncio.to_thread(lambda: standing.fleet.api(fault=Fault(at)))
    doomed_url, standing.fleet.api_url = standing.fleet.api_url, standing_url
    charger = Charger(f"api-{at}-{answers}", standing.places, answers=answers)
    async with Scene(standing.fleet, [charger]) as scene:
        await scene.connected()
        await scene.more_facts(20)  # by then nobody looks for its commands but who is rung for, and the sweeper
        doomed.arm()
        began = time.monotonic()
        with pytest.raises(httpx.TransportError):
            await posting(doomed_url, key, charger.id, **headers)
        await doomed.died()
        await eventually(lambda: scene.database.fetchval(SENT, charger.id), SWEPT_WITHIN)
        print(f"FIGURE sent {time.monotonic() - began:.2f} s after the post")
        made = await scene.database.fetch("SELECT id FROM commands WHERE charger_id = $1", charger.id)
        again = await posting(standing_url, key, charger.id, Prefer="wait=60")
        assert (again.status_code, [again.json()["id"]]) == (200, [str(row["id"]) for row in made])
        assert again.json()["state"] in (("ACCEPTED", "COMPLETED") if answers else ("UNKNOWN",))
        await scene.judged()
    assert list(charger.executed.values()) == [1]


async def test_workers_that_die_in_the_middle_of_a_sweep_leave_it_to_the_next_one(fleet: Fleet) -> None:
    dying, refuge = await asyncio.to_thread(lambda: fleet.whole("dying", "refuge", worker=False))
    chargers = crew("swept", 3, [dying.place], answers=False)
    bystanders = crew("bystander", 2, [refuge.place])
    async with Scene(fleet, [*chargers, *bystanders]) as scene:
        await scene.connected()
        for charger in chargers:
            await scene.operator.order(charger.id, "RemoteStartTransaction", {"idTag": charger.id})
        await eventually(lambda: all_executed(chargers))
        dying.kill()
        await scene.stop(*chargers)  # nobody takes over: the sweeper alone is left
        for at in ("sweep.middle", "sweep.after"):  # before its commit, and before it has told anybody
            worker = await asyncio.to_thread(partial(fleet.worker, fault=Fault(at)))
            worker.arm()
            await worker.died(2 * CALL_TIMEOUT + ENDED_WITHIN)
        await asyncio.to_thread(fleet.worker)
        await scene.orders_for(bystanders)
        verdict = await scene.judged()
    assert verdict.most_executions["N"] == 1
    assert verdict.commands["UNKNOWN"] == 3


async def all_executed(chargers: list[Charger]) -> bool:
    """Each has its command."""
    return all(charger.executed for charger in chargers)


async def test_one_node_of_three_is_killed_under_load(fleet: Fleet) -> None:
    nodes = await asyncio.to_thread(fleet.whole, "node-0", "node-1", "node-2")
    places = [node.place for node in nodes]
    chargers = [
        charger
        for turn in range(3)
        for charger in crew(f"load{turn}", CHARGERS // 3, [*places[turn:], *places[:turn]], pace=1.0, patience=20.0)
    ]
    async with Scene(fleet, chargers) as scene:
        began = time.monotonic()
        await scene.connected(240)
        await scene.more_facts(1, 240)
        right_within = RIGHT_WITHIN + BACK_OFF + 2 * (time.monotonic() - began)
        orders = asyncio.create_task(scene.orders_for(chargers[:COMMANDED]))
        await eventually(lambda: scene.database.fetchval("SELECT count(*) > 20 FROM commands WHERE state <> 'QUEUED'"))
        nodes[0].kill()
        began = time.monotonic()
        await eventually(lambda: elsewhere(chargers), right_within)
        await orders
        await eventually(lambda: all_right(scene), right_within - (time.monotonic() - began))
        print(f"FIGURE all owners right {time.monotonic() - began:.1f} s after the kill")
        await scene.more_facts(1, 240)
        verdict = await scene.judged()
    assert verdict.most_executions["N"] == 1
    assert verdict.losses >= CHARGERS // 3
    assert sum(verdict.commands.values()) == 5 * COMMANDED


async def elsewhere(chargers: list[Charger]) -> bool:
    """Everybody has a socket at a node that lives."""
    return all(charger.owner in ("node-1", "node-2") for charger in chargers)


async def all_right(scene: Scene) -> bool:
    """Every socket is its charger's owner, in PostgreSQL and in Redis."""
    return not await wrong_owners(scene.database, scene.redis, scene.chargers)
