"""Counting: what is believed for how long, and what becomes of a count."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from voltring_api.counting import Believed, SlowPart, fleet_of
from voltring_api.presence import Live
from voltring_core.cluster.leases import NodeLease

NODE = NodeLease("node-0~1", "node-0", 2, True, "http://127.0.0.1:1", "0")
ROW: dict[str, Any] = {
    "total": 3,
    "online": 1,
    "quarantined": 0,
    "active_transactions": 0,
    "charging": 0,
    "power_w": 0,
    "by_node": None,
    "by_version": {"1.6": 1},
    "by_status": None,
    "faults": None,
    "faulted_connectors": 0,
    "faults_by_code": None,
    "faults_by_vendor": None,
}


async def test_a_value_is_made_once_for_all_who_ask_at_once_and_again_when_its_time_is_over() -> None:
    made = 0

    async def make() -> int:
        nonlocal made
        await asyncio.sleep(0)
        made += 1
        return made

    lasting, fleeting = Believed(make, 600.0), Believed(make, 0.0)
    assert await asyncio.gather(*(lasting.get() for _ in range(5))) == [1] * 5
    assert await asyncio.gather(*(fleeting.get() for _ in range(3))) == [2, 3, 4]


async def test_what_could_not_be_made_is_tried_again_by_the_next_who_asks() -> None:
    outcomes: list[Any] = [OSError("away"), 7]

    async def make() -> int:
        found = outcomes.pop(0)
        if isinstance(found, Exception):
            raise found
        return int(found)

    value = Believed(make, 600.0)
    with pytest.raises(OSError, match="away"):
        await value.get()
    assert await value.get() == 7


class Pool:
    """Answers as it is told to."""

    def __init__(self, *outcomes: Any) -> None:
        self.outcomes = list(outcomes)
        self.asked: list[tuple[Any, ...]] = []

    async def fetchrow(self, statement: str, *values: Any, timeout: float) -> Any:
        self.asked.append(values)
        found = self.outcomes.pop(0)
        if isinstance(found, Exception):
            raise found
        return found


async def test_a_part_that_takes_too_long_keeps_its_last_numbers_and_says_that_it_is_late(monkeypatch: Any) -> None:
    monkeypatch.setattr("voltring_api.counting.SLOW_BELIEVED_S", 0.0)
    pool = Pool({"energy_today_wh": 5}, TimeoutError(), {"energy_today_wh": 6})
    part = SlowPart(pool, "energy", "depot", asyncio.Semaphore(1))
    seen = []
    for _ in range(3):
        await part.refresh()
        seen.append((part.fields, part.is_late))
    assert seen == [({"energy_today_wh": 5}, False), ({"energy_today_wh": 5}, True), ({"energy_today_wh": 6}, False)]
    assert pool.asked == [("depot",)] * 3


async def test_a_part_is_not_counted_again_before_its_time_even_when_it_was_late() -> None:
    pool = Pool(TimeoutError())
    part = SlowPart(pool, "energy", None, asyncio.Semaphore(1))
    await part.refresh()
    await part.refresh()
    assert (pool.asked, part.is_late) == ([()], True)


def test_a_node_without_chargers_counts_none_and_what_was_not_counted_is_null() -> None:
    fleet = fleet_of({**ROW, "late": ["answers"]}, Live(nodes=(NODE,), names={NODE.uid: NODE.name}))
    assert (fleet.by_node, fleet.by_status, fleet.online_percent) == ({"node-0": 0}, {}, 33.3)
    assert (fleet.answers, fleet.unresolved, fleet.late) == (None, None, ["answers"])
    assert fleet.nodes[0].draining is True


def test_a_node_of_an_older_version_tells_no_figures_and_is_believed_to_have_its_server() -> None:
    fleet = fleet_of(ROW, Live(nodes=(NODE,)))
    assert (fleet.messages_per_s, fleet.nodes[0].ack_p99_ms, fleet.nodes[0].loop_lag_ms) == (None, None, None)
    assert (fleet.servers.postgres, fleet.servers.redis) == (True, True)


def test_the_fleets_figures_are_those_of_its_nodes_together() -> None:
    told = {"messages_per_s": 10.25, "ack_p50_s": 0.002, "ack_p99_s": 0.25, "lag_p99_s": 0.0034}
    nodes = (replace(NODE, **told, postgres=False), replace(NODE, messages_per_s=5.5, postgres=True), NODE)
    fleet = fleet_of(ROW, Live(nodes=nodes, unsure=True))
    assert fleet.messages_per_s == 15.8
    assert (fleet.nodes[0].ack_p50_ms, fleet.nodes[0].ack_p99_ms, fleet.nodes[0].loop_lag_ms) == (2.0, 250.0, 3.4)
    assert (fleet.servers.postgres, fleet.servers.redis) == (False, False)


def test_no_charger_at_all_has_no_share_online() -> None:
    assert fleet_of({**ROW, "total": 0, "online": 0}, Live()).online_percent is None
