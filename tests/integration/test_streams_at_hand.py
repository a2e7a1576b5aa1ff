"""Streams on connections that are kept at hand: as good as the library's own way, whatever befalls them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from voltring_core.cluster.connection import AWAY, open_redis
from voltring_core.cluster.streams import KEPT, Streams
from voltring_core.testing import free_port


@pytest_asyncio.fixture
async def client(redis_url: str) -> AsyncIterator[Redis]:
    """The client that the rooms have."""
    opened = open_redis(redis_url, name="streams")
    yield opened
    await opened.aclose()


async def everything(streams: Streams) -> list[str]:
    return [fields["n"] for _, fields in await streams.read("s", "0-0", most=1000, block_ms=1)]


async def test_entries_are_read_in_their_order_after_the_given_one(client: Redis) -> None:
    streams = Streams(client)
    for number in range(3):
        await streams.add("s", {"n": number, "word": "ä"}, kept=100)
    (first, fields), *more = await streams.read("s", "0-0", most=2, block_ms=1)
    assert (fields, len(more)) == ({"n": "0", "word": "ä"}, 1)
    assert [entry["n"] for _, entry in await streams.read("s", first, most=9, block_ms=1)] == ["1", "2"]
    assert await streams.read("s", more[0][0].replace("-", "9-"), most=9, block_ms=1) == []


async def test_one_command_after_the_other_runs_without_asking_the_pool(
    client: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    streams = Streams(client)
    await streams.add("s", {"n": 0}, kept=100)

    async def none() -> None:
        raise AssertionError("the pool was asked for another one")

    monkeypatch.setattr(client.connection_pool, "get_connection", none)
    await streams.add("s", {"n": 1}, kept=100)
    assert await everything(streams) == ["0", "1"]


async def test_a_connection_that_redis_has_closed_costs_nobody_an_error(client: Redis, redis: Redis) -> None:
    streams = Streams(client)
    await asyncio.gather(*(streams.add("s", {"n": 0}, kept=100) for _ in range(2 * KEPT)))
    await redis.client_kill_filter(_type="normal", skipme=True)
    await streams.add("s", {"n": 1}, kept=100)
    await redis.client_kill_filter(_type="normal", skipme=True)
    assert (await everything(streams))[-1] == "1"


async def test_who_gives_up_waiting_leaves_his_answer_to_nobody_else(client: Redis) -> None:
    streams = Streams(client)
    await streams.add("other", {"n": 7}, kept=100)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await streams.read("s", "0-0", most=1, block_ms=2000)
    await streams.add("s", {"n": 0}, kept=100)
    assert await everything(streams) == ["0"]
    assert await streams.read("s", "0-0", most=1, block_ms=1) != await streams.read("other", "0-0", most=1, block_ms=1)


async def test_a_refusal_of_redis_is_told_and_the_next_command_works(client: Redis) -> None:
    streams = Streams(client)
    await client.set("no-stream", "x")
    with pytest.raises(ResponseError):
        await streams.add("no-stream", {"n": 0}, kept=100)
    await streams.add("s", {"n": 0}, kept=100)
    assert await everything(streams) == ["0"]


async def test_many_at_once_all_arrive_and_few_connections_stay_at_hand(client: Redis) -> None:
    streams = Streams(client)
    await asyncio.gather(*(streams.add("s", {"n": number}, kept=1000) for number in range(60)))
    assert sorted(map(int, await everything(streams))) == list(range(60))
    assert len(streams._at_hand) == KEPT


async def test_a_redis_that_is_away_is_told_as_ever() -> None:
    client = open_redis(f"redis://127.0.0.1:{free_port()}", name="away")
    with pytest.raises(AWAY):
        await Streams(client).add("s", {"n": 0}, kept=100)
    await client.aclose()
