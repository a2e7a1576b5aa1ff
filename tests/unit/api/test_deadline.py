"""A request that is kept waiting is answered in its handler's place."""

import asyncio
from typing import Any

from voltring_api.deadline import Deadline

PATIENCE = 0.05


async def ask(handler: Any, *headers: tuple[bytes, bytes], pause: float = 0.0) -> list[Any]:
    """What a client is sent; it takes `pause` seconds to say what it wants."""
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(pause)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/v1/chargers", "headers": list(headers)}
    await Deadline(handler, PATIENCE)(scope, receive, send)
    return sent


def answering_after(seconds: float) -> Any:
    async def handler(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await asyncio.sleep(seconds)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    return handler


async def test_a_handler_that_hangs_is_cancelled_and_the_client_told_to_come_again() -> None:
    start, body = await ask(answering_after(3600))
    assert (start["status"], dict(start["headers"])[b"retry-after"]) == (503, b"2")
    assert b"does not answer" in body["body"]


async def test_seconds_that_the_client_asked_to_wait_are_its_own() -> None:
    sent = await ask(answering_after(3 * PATIENCE), (b"prefer", b"wait=5"))
    assert [sent[0]["status"], sent[1]["body"]] == [200, b"done"]


async def test_a_slow_client_is_waited_for() -> None:
    sent = await ask(answering_after(0), pause=3 * PATIENCE)
    assert sent[0]["status"] == 200


async def test_what_has_begun_to_stream_goes_on() -> None:
    async def stream(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(3 * PATIENCE)
        await send({"type": "http.response.body", "body": b"late"})

    assert [message.get("body") for message in await ask(stream)] == [None, b"late"]
