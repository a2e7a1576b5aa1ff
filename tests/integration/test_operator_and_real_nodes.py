"""What the operator says to nodes, and reads of them, against real ones."""

from collections.abc import Callable
from typing import Any

import asyncpg
import httpx
import pytest
from drain_fleet import TOKEN
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from voltring_core.domain.draining import Phase
from voltring_core.testing import Wire, eventually
from voltring_operator.kube import Refused
from voltring_operator.nodes import Nodes
from voltring_operator.report import NodeReport, Part, read


def missing(kind: type[Part], document: dict[str, Any], prefix: str = "") -> list[str]:
    """The fields that the operator reads and that the node does not tell."""
    found = []
    for name, field in kind.model_fields.items():
        told = document.get(name, ...)
        inner = [one for one in (field.annotation, *getattr(field.annotation, "__args__", ())) if _is_part(one)]
        if told is ...:
            found.append(f"{prefix}{name}")
        elif inner and told is not None:
            found += missing(inner[0], told, f"{prefix}{name}.")
    return found


def _is_part(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Part)


async def document_of(node: Any) -> dict[str, Any]:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        return dict((await client.get(f"{node.room.admin}/status")).json())


async def test_the_status_of_a_real_node_has_every_field_that_the_operator_decides_by(
    start_node: Callable[..., Any],
) -> None:
    node = start_node("node-0", MAX_NODES="3", ADMIN_TOKEN=TOKEN)
    nodes, address = Nodes(TOKEN, 30.0), node.room.admin.removeprefix("http://")
    try:

        async def is_measured() -> bool:
            told = read(await document_of(node))
            return told.cpu is not None and told.commands.doorbells is not None and told.misplaced is not None

        await eventually(is_measured, 60)
        await nodes.post(address, "/recall", {"reason": "OcppDrain/home/u", "rate": 1.0, "until_s": 60.0})
        await nodes.post(address, "/drain", {"reason": "OcppDrain/down/u", "rate": 1.0, "until_s": 60.0})
    finally:
        await nodes.close()
    told = await document_of(node)
    assert told["drain"] is not None
    assert told["recall"] is not None
    assert missing(NodeReport, told) == []
    report = read(told)
    assert report.cpu is not None
    assert 0.0 <= report.cpu < 64
    assert report.commands.doorbells == 0


async def test_faults_of_a_real_node_are_the_share_that_an_upgrade_is_paused_by(
    start_node: Callable[..., Any], database: asyncpg.Connection
) -> None:
    node = start_node()

    async def told() -> dict[str, Any]:
        return dict((await document_of(node))["errors"])

    async def is_at_fault() -> bool:
        return bool((await told())["faults"])

    async with connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"], proxy=None) as socket:  # type: ignore[list-item]
        wire = Wire(socket)
        await wire.boot()
        assert (await wire.call("Nonsense", {}))[2] == "NotImplemented"
        assert not await is_at_fault(), "what the charger does wrong is no fault of ours"
        await database.execute("ALTER TABLE transactions ADD CONSTRAINT cursed CHECK (id_token <> 'CURSED')")
        start = {"connectorId": 1, "idTag": "CURSED", "meterStart": 0, "timestamp": "2026-01-01T12:00:00Z"}
        assert (await wire.call("StartTransaction", start))[2] == "InternalError"
        await eventually(is_at_fault, 55)
        errors = await told()
        assert errors["share"] == round(errors["faults"] / errors["asked"], 4)
        assert read(await document_of(node)).errors.share == errors["share"]
    await database.execute("ALTER TABLE chargers RENAME COLUMN time_zone TO elsewhere")
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"{node.ocpp}/CP-2", subprotocols=["ocpp1.6"], proxy=None)  # type: ignore[list-item]
    assert refused.value.response.status_code == 500
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
        metrics = (await client.get(f"{node.room.admin}/metrics")).text
    assert 'voltring_node_faults_total{of="message"} 1.0' in metrics
    assert 'voltring_node_faults_total{of="handshake"} 1.0' in metrics


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
            "floor_rate": 2.5,
        }
        await nodes.post(address, "/drain", order)

        async def drained() -> bool:
            return (await nodes.status(address)).phase is Phase.DRAINED

        await eventually(drained, 120)
        told = await nodes.status(address)
        assert told.drain is not None
        assert (told.drain.reason, told.drain.cause, told.ready) == (order["reason"], "order", False)
        assert (await document_of(node))["drain"]["floor_rate"] == 2.5
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
