"""The live feed over a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from voltring_api import streaming
from voltring_api.server import serve
from voltring_core.cluster.events import EventBus
from voltring_core.cluster.watching import HEARD, watched
from voltring_core.testing import eventually

TOKEN = "an-admin-token-for-tests-0123456789"
EVENT = {"type": "charger.online", "charger_id": "CP", "at": "2026-01-01T00:00:00Z"}
MESSAGE = {"type": "message", "charger_id": "CP", "at": "2026-01-01T00:00:00Z", "frame": "[2]"}


class Stream:
    """The lines of an event stream, as they come."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def until(self, start: str, seconds: float = 20.0) -> str:
        """The next line that starts so."""
        async with asyncio.timeout(seconds):
            async for line in self._lines:
                if line.startswith(start):
                    return line.removeprefix(start).strip()
        raise AssertionError(f"the stream ended before {start!r}")

    async def event(self) -> dict[str, Any]:
        """The data of the next event that is not the feed's own."""
        while (found := await self.any_event())["type"] == HEARD:
            pass
        return found

    async def any_event(self) -> dict[str, Any]:
        """The data of the next event."""
        found = orjson.loads(await self.until("data:"))
        assert isinstance(found, dict)
        return found

    async def ends(self, seconds: float = 20.0) -> bool:
        """Whether the stream ends in time."""
        async with asyncio.timeout(seconds):
            async for _ in self._lines:
                pass
        return True


@pytest.fixture
async def url(api: Any) -> AsyncIterator[str]:
    """The API on a port."""
    listener = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(serve(api.app, listener, api.parts.stopping), name="server")
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    api.parts.stopping.set()
    async with asyncio.timeout(5):
        await serving


@pytest.fixture
async def client(url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of it without a key."""
    async with httpx.AsyncClient(base_url=url) as client:
        yield client


@pytest.fixture
def bus(api: Any) -> EventBus:
    """What nodes publish by."""
    return EventBus(api.parts.redis)


def listen(client: httpx.AsyncClient, headers: dict[str, str] | None = None, **params: str) -> Any:
    return client.stream("GET", "/v1/events", params={"access_token": TOKEN} | params, headers=headers)


async def started(response: httpx.Response) -> Stream:
    """The stream, once it listens."""
    assert response.status_code == 200
    stream = Stream(response)
    await stream.until(": connected")
    return stream


async def test_an_event_arrives_with_its_id_its_type_and_its_data(client: httpx.AsyncClient, bus: EventBus) -> None:
    async with listen(client) as response:
        stream = await started(response)
        assert response.headers["Content-Type"].startswith("text/event-stream")
        await bus.publish([EVENT])
        while (kind := (await stream.until("id:"), await stream.until("event:")))[1] == HEARD:
            pass
        assert await stream.event() == EVENT
        assert kind[0]
        assert kind[1] == "charger.online"


async def test_a_listener_hears_of_the_charger_it_asked_for_only(client: httpx.AsyncClient, bus: EventBus) -> None:
    async with listen(client, charger_id="CP") as response:
        stream = await started(response)
        await bus.publish([{**EVENT, "charger_id": "OTHER"}, MESSAGE, {**EVENT, "n": 1}])
        assert await stream.event() == {**EVENT, "n": 1}


async def test_who_looks_is_told_when_a_publisher_has_heard_of_it(client: httpx.AsyncClient) -> None:
    async with listen(client) as everything:
        stream = await started(everything)
        async with listen(client, charger_id="CP") as one:
            await started(one)
            while (told := await stream.any_event())["charger_id"] != "CP":
                pass
    assert told["type"] == HEARD


async def test_messages_come_to_those_who_watch_the_charger(api: Any, client: httpx.AsyncClient, bus: EventBus) -> None:
    async with listen(client, charger_id="CP", messages="true") as response:
        stream = await started(response)
        await eventually(lambda: watched(api.parts.redis), 20)
        assert await watched(api.parts.redis) == frozenset({"CP"})
        await bus.publish([MESSAGE])
        assert await stream.event() == MESSAGE


async def test_messages_of_all_chargers_are_refused(client: httpx.AsyncClient) -> None:
    async with listen(client, messages="true") as response:
        assert response.status_code == 422


async def test_a_listener_goes_on_after_the_last_event_it_saw(client: httpx.AsyncClient, bus: EventBus) -> None:
    async with listen(client) as response:
        stream = await started(response)
        await bus.publish([EVENT])
        while True:
            last = await stream.until("id:")
            if (await stream.any_event())["type"] != HEARD:
                break
    await bus.publish([{**EVENT, "n": 1}, {**EVENT, "n": 2}])
    async with listen(client, {"Last-Event-ID": last}) as response:
        stream = await started(response)
        assert [(await stream.event())["n"], (await stream.event())["n"]] == [1, 2]


async def test_a_silent_stream_says_that_it_lives(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_S", 0.1)
    async with listen(client) as response:
        stream = await started(response)
        await stream.until(": still here")
        await stream.until(": still here")


async def test_a_stream_ends_when_its_key_is_deleted(
    api: Any, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "HEARTBEAT_S", 0.1)
    made = (await api.client.post("/v1/api-keys", json={"name": "brief"})).json()
    async with listen(client, access_token=made["key"]) as response:
        stream = await started(response)
        await api.client.delete(f"/v1/api-keys/{made['id']}")
        assert await stream.ends()


async def test_the_stop_of_the_api_ends_streams_at_once(api: Any, client: httpx.AsyncClient) -> None:
    async with listen(client) as response:
        stream = await started(response)
        api.parts.stopping.set()
        assert await stream.ends()


async def test_a_listener_that_leaves_is_forgotten(api: Any, client: httpx.AsyncClient) -> None:
    async with listen(client) as response:
        await started(response)
        assert api.parts.streams._open == 1

    async def gone() -> bool:
        return not api.parts.streams._open and not api.parts.feed._listeners

    assert await eventually(gone, 20)


async def test_one_stream_too_many_is_told_to_come_later(api: Any, client: httpx.AsyncClient) -> None:
    api.parts.streams._most = 1
    async with listen(client) as response:
        await started(response)
        async with listen(client) as second:
            assert (second.status_code, second.headers["Retry-After"]) == (503, "2")


async def test_the_key_of_a_query_counts_for_the_feed_only_and_is_never_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG")
    assert (await client.get("/v1/me", params={"access_token": TOKEN})).status_code == 401
    async with listen(client, access_token="not-a-key-of-anybody") as response:
        assert response.status_code == 401
    async with listen(client) as response:
        await started(response)
    output = capfd.readouterr()
    seen = "".join(
        record.getMessage() for record in caplog.records if record.name.split(".")[0] not in ("httpx", "httpcore")
    )
    assert TOKEN not in output.out + output.err + seen
