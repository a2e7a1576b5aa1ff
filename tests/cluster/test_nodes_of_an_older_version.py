"""The operator is upgraded before the nodes: it has to drain nodes that do not know all that it says."""

import json
from typing import Any

import pytest
from aiohttp import web
from operator_world import World
from toy_kubelet import FakeNode


async def test_a_node_that_refuses_what_it_does_not_know_is_drained_without_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    drained = FakeNode._drain

    async def drain(node: FakeNode, request: Any) -> web.Response:
        if "floor_rate" in json.loads(await request.text()):
            return web.json_response({"detail": "floor_rate: extra inputs are not permitted"}, status=422)
        return await drained(node, request)

    monkeypatch.setattr(FakeNode, "_drain", drain)
    await world.make()

    async def has(replicas: int) -> bool:
        return await world.is_settled() and await world.replicas() == replicas

    await world.until(lambda: has(3))
    gone = (await world.nodes())[2]
    await world.change(replicas=2)
    await world.until(lambda: has(2))
    assert gone.phase == "Drained"
    assert all("floor_rate" not in one for one in gone.orders)
    assert all(one["rate"] > 0 for one in gone.orders)
