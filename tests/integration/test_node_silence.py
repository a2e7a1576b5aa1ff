"""A charger that does not answer, or not in time."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from redis.asyncio import Redis
from websockets.asyncio.client import connect

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.commands import command_class
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.testing import Wire, eventually


async def test_silence_repeats_a_read_three_times_leaves_a_start_unknown_and_late_answers_count(
    start_node: Callable[..., Any], postgres_dsn: str, redis: Redis
) -> None:
    node = start_node(CALL_TIMEOUT="0.4")
    pool = await open_pool(postgres_dsn, size=2, name="desk")
    commands, bells = Commands(pool), Doorbells(redis)

    async def order(action: str, payload: Any) -> Any:
        new = NewCommand(uuid4(), "CP", action, payload, command_class(action), 1, 60, "test")
        await commands.queue(new)
        await bells.ring("CP")
        return new.id

    async def is_in(command: Any, state: str) -> bool:
        return bool((await commands.get(command))["state"] == state)

    async with connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        start = await order("RemoteStartTransaction", {"idTag": "A"})
        sent = await wire.receive()
        assert await eventually(lambda: is_in(start, "UNKNOWN"))
        read = await order("GetLocalListVersion", {})
        ids = {(await wire.receive())[1] for _ in range(3)}
        assert len(ids) == 3
        assert await eventually(lambda: is_in(read, "UNKNOWN"))
        await wire.send([3, sent[1], {"status": "Accepted"}])
        assert await eventually(lambda: is_in(start, "ACCEPTED"))
    await pool.close()
