"""PostgreSQL and Redis are away for seconds, at which everything is tried again and again: the log has few lines."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from cut_proxy import CutProxy
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from voltring_core.testing import Wire, eventually

AWAY_S = 8.0
"""Long enough for sixteen tries of what is tried twice a second."""
MOST = 3
"""Lines of one part that say the same."""


async def test_an_outage_of_both_servers_is_said_when_it_begins_and_when_it_is_over(
    start_node: Callable[..., Any], postgres_dsn: str, redis_url: str
) -> None:
    at = postgres_dsn.rpartition("@")[2].partition("/")[0].partition(":")
    redis_at = redis_url.rpartition("@")[2].removeprefix("redis://").partition("/")[0].partition(":")
    async with CutProxy(at[0], int(at[2])) as postgres, CutProxy(redis_at[0], int(redis_at[2])) as redis:
        node = await asyncio.to_thread(
            start_node,
            POSTGRES_DSN=postgres.url(postgres_dsn),
            REDIS_URL=redis.url(redis_url),
            LEASE_SECONDS="3",
            STOP_SECONDS="0",
        )

        def lines() -> list[dict[str, Any]]:
            return [json.loads(line) for line in node.room.log.read_text().splitlines()]

        async with connect(f"{node.ocpp}/CP-1", subprotocols=["ocpp1.6"]) as socket:
            await Wire(socket).boot()
            postgres.cut()
            redis.cut()
            payload = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
            await Wire(socket).send([2, "7", "StatusNotification", payload])
        began = len(lines())
        until = asyncio.get_running_loop().time() + AWAY_S

        async def tried() -> bool:
            try:
                async with connect(f"{node.ocpp}/CP-2", subprotocols=["ocpp1.6"], open_timeout=2):
                    pass
            except (WebSocketException, OSError, TimeoutError):
                pass
            waits = [line for line in lines() if line["message"].startswith("1 departures wait for PostgreSQL")]
            return bool(waits) and asyncio.get_running_loop().time() > until

        await eventually(tried)
        said = Counter((line["logger"], line["message"].split(":")[0]) for line in lines()[began:])
        postgres.mend()
        redis.mend()

        async def is_over() -> bool:
            return any(line["message"].startswith("departures are written down again") for line in lines())

        await eventually(is_over)
    often = {what: times for what, times in said.items() if times > MOST and what[0] != "voltring.admission"}
    assert not often, often
