"""What the operator says to nodes, and reads of them, against real ones."""

from collections.abc import Callable
from typing import Any

import pytest
from drain_fleet import TOKEN

from voltring_core.domain.draining import Phase
from voltring_core.testing import eventually
from voltring_operator.kube import Refused
from voltring_operator.nodes import Nodes
from voltring_operator.report import NodeReport


async def test_a_real_node_is_read_drained_for_an_operation_and_let_serve_again(start_node: Callable[..., Any]) -> None:
    node = start_node("node-0", ADMIN_TOKEN=TOKEN)
    address = node.room.admin.removeprefix("http://")
    nodes = Nodes(TOKEN, 30.0)
    try:
        told = (await nodes.ask({0: address}))[0]
        assert isinstance(told, NodeReport), told
        assert (told.name, told.phase, told.connected, told.drain) == ("node-0", Phase.SERVING, 0, None)
        order = {
            "reason": "OcppDrain/f-0-down/u",
            "rate": 10.0,
            "until_s": 60.0,
            "deadline_s": 600.0,
            "firmware": "Defer",
        }
        await nodes.post(address, "/drain", order)

        async def drained() -> bool:
            return (await nodes.status(address)).phase is Phase.DRAINED

        await eventually(drained, 120)
        told = await nodes.status(address)
        assert told.drain is not None
        assert (told.drain.reason, told.drain.cause, told.ready) == (order["reason"], "order", False)
        await nodes.post(address, "/undrain", {})
        assert (await nodes.status(address)).phase is Phase.SERVING
        recall = {"reason": order["reason"], "rate": 1.0, "until_s": 60.0, "deadline_s": 600.0}
        with pytest.raises(Refused, match="/recall"):  # this node was not told how many there are
            await nodes.post(address, "/recall", recall)
    finally:
        await nodes.close()


async def test_a_node_that_is_not_there_is_silent_and_no_error() -> None:
    nodes = Nodes(TOKEN, 5.0)
    try:
        assert "does not answer" in str((await nodes.ask({0: "127.0.0.1:9"}))[0])
    finally:
        await nodes.close()
