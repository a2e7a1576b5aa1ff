"""Send a remote command in the words of OCPP: any action of the charger's own version.

A command takes a few milliseconds, and FastAPI's own way through dependencies, parameters and the response's model is a
good part of that. So what is plainly right goes straight; anything else, wrong or merely unusual, goes FastAPI's way,
which explains what is wrong. A test holds both ways to the same answers.
"""

import re

import orjson
from fastapi import APIRouter, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from voltring_api.dispatch import Sent, Terms
from voltring_api.guards import replayed, whole_body
from voltring_api.models.command import Command, NewCommand, command_of
from voltring_api.openapi import errors, outcomes
from voltring_api.parts import AllParts, Parts, Who
from voltring_api.resources.terms import KEY_PATTERN, LONGEST_KEY, IdempotencyKey, Prefer, answer, terms_of, told
from voltring_core.ocpp.intents import Intent

KEY = re.compile(KEY_PATTERN)


class Straight(APIRoute):
    """The route of `send_command`, without FastAPI between the request and what is done."""

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the command if the request is plainly right."""
        body = await whole_body(receive)
        new, headers = _wanted(body), Headers(scope=scope)
        key = headers.get("idempotency-key")
        if new is None or scope["method"] != "POST" or not _is_plain(key):
            await super().handle(scope, replayed(body or b"", receive), send)
            return
        parts: Parts = scope["app"].state.parts
        terms = terms_of(scope["principal"], key, headers.get("prefer"), new.deadline_s)
        sent = await _send(parts, scope["path_params"]["charger_id"], new, terms)
        content = command_of(sent.row).model_dump_json(by_alias=True)
        response = Response(content, sent.status, told(sent, terms), "application/json")
        await response(scope, receive, send)


def _wanted(body: bytes | None) -> NewCommand | None:
    if not body:
        return None
    try:
        return NewCommand.model_validate(orjson.loads(body))
    except (ValidationError, orjson.JSONDecodeError):
        return None


def _is_plain(key: str | None) -> bool:
    return key is None or (len(key) <= LONGEST_KEY and KEY.match(key) is not None)


router = APIRouter(tags=["commands"], route_class=Straight)


@router.post(
    "/chargers/{charger_id}/commands",
    status_code=201,
    responses={**outcomes(Command), **errors(404, 409, 422, 429)},
    summary="Send a command",
)
async def send_command(
    charger_id: str,
    new: NewCommand,
    parts: AllParts,
    who: Who,
    response: Response,
    idempotency_key: IdempotencyKey = None,
    prefer: Prefer = None,
) -> Command:
    """Queue any action of the charger's OCPP version; its payload is checked by the official schema first.

    An offline charger gets it when it is back, unless the deadline is over by then, or a newer command on the same
    thing replaces it (`replaced_by`). At most 100 wait for one charger, stops and unlocks beside them.
    """
    terms = terms_of(who, idempotency_key, prefer, new.deadline_s)
    return answer(await _send(parts, charger_id, new, terms), terms, response)


async def _send(parts: Parts, charger_id: str, new: NewCommand, terms: Terms) -> Sent:
    target = await parts.dispatch.target(charger_id, terms)
    return await parts.dispatch.send(target, Intent(new.action, new.payload), terms)
