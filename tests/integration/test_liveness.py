"""Sockets are kept honest at each charger's own pace; any byte counts as alive (TR-28, TR-29)."""

from collections.abc import Callable
from typing import Any

import asyncpg
from websockets.asyncio.client import connect

from voltring_core.testing import Wire, eventually


async def test_a_deaf_socket_is_dropped_after_its_chargers_own_limit_and_others_stay(
    start_node: Callable[..., Any], database: asyncpg.Connection
) -> None:
    await database.execute(
        "INSERT INTO chargers (id, ping_interval_s, silence_limit_s) VALUES ('HASTY', 0.4, 1.2), ('CALM', 60, 600)"
    )
    node = start_node(PING_INTERVAL="1", SILENCE_LIMIT="90")
    async with (
        connect(f"{node.ocpp}/HASTY", subprotocols=["ocpp1.6"]) as hasty,
        connect(f"{node.ocpp}/CALM", subprotocols=["ocpp1.6"]) as calm,
    ):
        await Wire(hasty).boot()
        await Wire(calm).boot()
        hasty.transport.pause_reading()  # pings are not seen, so no pong goes back
        calm.transport.pause_reading()

        async def gone(charger_id: str = "HASTY") -> Any:
            statement = "SELECT disconnected_at FROM charger_connection WHERE charger_id = $1"
            return await database.fetchval(statement, charger_id)

        await eventually(gone)
        assert await gone("CALM") is None


async def test_a_charger_that_answers_pings_stays_though_it_says_nothing(
    start_node: Callable[..., Any], database: asyncpg.Connection
) -> None:
    await database.execute("INSERT INTO chargers (id, ping_interval_s, silence_limit_s) VALUES ('QUIET', 0.5, 3)")
    node = start_node(PING_INTERVAL="0.6")
    async with connect(f"{node.ocpp}/QUIET", subprotocols=["ocpp1.6"], ping_interval=None) as quiet:
        await Wire(quiet).boot()

        async def seen_for(seconds: float = 7.0) -> Any:
            statement = "SELECT now() - connected_at > $1 * interval '1 second' FROM charger_connection"
            return await database.fetchval(statement, seconds)

        await eventually(seen_for)  # more than twice its limit
        assert await database.fetchval("SELECT disconnected_at FROM charger_connection") is None
        assert (await Wire(quiet).call("Heartbeat", {}))[0] == 3


async def test_how_long_a_charger_counts_as_online_follows_its_heartbeat_and_pings(
    start_node: Callable[..., Any], database: asyncpg.Connection
) -> None:
    await database.execute("INSERT INTO chargers (id, ping_interval_s) VALUES ('SLOW', 500), ('USUAL', NULL)")
    node = start_node(HEARTBEAT_INTERVAL="100", PING_INTERVAL="30")
    for charger_id, limit in (("SLOW", 1500), ("USUAL", 200)):
        async with connect(f"{node.ocpp}/{charger_id}", subprotocols=["ocpp1.6"]) as socket:
            await Wire(socket).boot()
            statement = "SELECT online_limit_s FROM charger_connection WHERE charger_id = $1"
            assert await database.fetchval(statement, charger_id) == limit
