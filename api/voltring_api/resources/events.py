"""The live feed as server-sent events."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from voltring_api.openapi import errors, stream
from voltring_api.parts import AllParts, Parts
from voltring_api.streaming import EventStream, as_frame, is_wanted, keep_looking, look
from voltring_core.errors import Unprocessable

router = APIRouter(tags=["events"])


@router.get("/events", response_class=Response, responses={**stream(), **errors(422, 503)}, summary="Live feed")
async def read_events(
    request: Request,
    parts: AllParts,
    charger_id: Annotated[str | None, Query(max_length=48, description="Of this charger only.")] = None,
    messages: Annotated[bool, Query(description="Also its raw messages; needs `charger_id`.")] = False,
    access_token: Annotated[str | None, Query(description="The key, for a browser's EventSource.")] = None,
    last_event_id: Annotated[str | None, Header(max_length=100, description="Resume after this one.")] = None,
) -> Response:
    """What happens, as it happens: `id`, `event` and JSON `data`; a comment line every 15 s.

    Types: `charger.online`, `.offline`, `.booted`; `connector.status`; `transaction.started`, `.updated`, `.ended`;
    `meter.values`; `command.updated`; `station.event`, `station.record`, `report.updated`; `alarm.raised`, `.cleared`;
    if asked for, `message`. `feed.heard` comes when a node begins to tell: read again what you have read before.
    After `event: lagged` the stream ends: you did not keep up and have missed something.
    """
    if messages and charger_id is None:
        said = "needs charger_id: the messages of all chargers are too many to watch"
        raise Unprocessable(f"The query is wrong: messages {said}.", [{"field": "messages", "message": said}])
    token = request.scope["token"]

    async def still_allowed() -> bool:
        return await parts.keys.find(token) is not None

    parts.streams.admit()
    await look(parts.redis, charger_id, messages)  # before the client is told that it is connected
    beside = partial(keep_looking, parts.redis, charger_id, messages)
    frames = _frames(parts, charger_id, messages, last_event_id)
    return EventStream(frames, still_allowed, parts.stopping, parts.streams, beside)


async def _frames(
    parts: Parts, charger_id: str | None, messages: bool, last_event_id: str | None
) -> AsyncIterator[bytes]:
    async for event_id, event in parts.feed.subscribe(last_event_id):
        if is_wanted(event, charger_id, messages):
            yield as_frame(event_id, event)
