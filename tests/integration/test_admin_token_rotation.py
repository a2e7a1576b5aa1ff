"""The operator's token is replaced while real nodes run: none of them is out of its reach at any moment."""

from collections.abc import Callable
from typing import Any

import pytest

from voltring_operator.kube import Refused
from voltring_operator.nodes import Nodes

OLD, NEW = "the old token of these nodes", "the new token of these nodes"
ORDER = {"reason": "rotation", "rate": 10, "until_s": 60, "deadline_s": 60}


async def drained(nodes: Nodes, address: str) -> str:
    """Order a drain and take it back; the reason that the node has noted."""
    await nodes.post(address, "/drain", ORDER)
    told = await nodes.status(address)
    await nodes.post(address, "/undrain", {})
    assert told.drain is not None
    return told.drain.reason


async def test_both_tokens_reach_the_nodes_that_were_replaced_and_those_that_were_not(
    start_node: Callable[..., Any],
) -> None:
    before = start_node("node-0", ADMIN_TOKEN=OLD)
    after = start_node("node-1", ADMIN_TOKEN=NEW)
    addresses = [node.room.admin.removeprefix("http://") for node in (before, after)]
    operator, over = Nodes(NEW, 30.0, OLD), Nodes(NEW, 30.0)
    try:
        assert [await drained(operator, address) for address in addresses] == ["rotation", "rotation"]
        # Once it is over the old token opens nothing, and a node that was forgotten says why it does not obey.
        assert await drained(over, addresses[1]) == "rotation"
        with pytest.raises(Refused, match="admin token is missing or wrong"):
            await over.post(addresses[0], "/drain", ORDER)
        leaked = Nodes(OLD, 30.0)
        with pytest.raises(Refused, match="admin token is missing or wrong"):
            await leaked.post(addresses[1], "/drain", ORDER)
        await leaked.close()
    finally:
        await operator.close()
        await over.close()


async def test_an_operator_whose_tokens_are_both_wrong_says_so(start_node: Callable[..., Any]) -> None:
    node = start_node("node-0", ADMIN_TOKEN="a third token, which is long too")
    operator = Nodes(NEW, 30.0, OLD)
    try:
        with pytest.raises(Refused, match=r"/drain: .*admin token is missing or wrong"):
            await operator.post(node.room.admin.removeprefix("http://"), "/drain", ORDER)
    finally:
        await operator.close()
