"""Remote commands: listed, read, cancelled, resolved."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_api.models.command import Command, Resolution, command_of
from voltring_api.openapi import errors
from voltring_api.parts import AllParts, Who
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_core.domain.commands import State
from voltring_core.errors import NotFound

router = APIRouter(tags=["commands"])


@router.get("/commands", responses=errors(422), summary="List commands")
async def list_commands(
    parts: AllParts,
    charger_id: Annotated[str | None, Query(max_length=48)] = None,
    state: State | None = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Command]:
    """Commands, the newest first. `state=UNKNOWN` lists what waits for you: sent, and nobody knows what came of it."""
    (before,) = cursors.decode(cursor, "commands", cursors.number)
    rows = await parts.commands.page(charger_id, state, before, limit + 1)
    return page(rows, limit, command_of, "commands", lambda row: (row["seq"],))


@router.get("/commands/{command_id}", responses=errors(404, 422), summary="Read a command")
async def read_command(command_id: UUID, parts: AllParts) -> Command:
    """One command, with what came of it; secrets in its payload and response are not shown."""
    row = await parts.commands.get(command_id)
    if row is None:
        raise NotFound(f"there is no command {command_id}")
    return command_of(row)


@router.post("/commands/{command_id}/cancel", responses=errors(404, 409, 422), summary="Cancel a command")
async def cancel_command(command_id: UUID, parts: AllParts, who: Who) -> Command:
    """Cancel a command that was not sent yet; what was sent can't be called back (409)."""
    return command_of(await parts.dispatch.cancel(command_id, who))


@router.post("/commands/{command_id}/resolution", responses=errors(404, 409, 422), summary="Resolve a command")
async def resolve_command(command_id: UUID, wish: Resolution, parts: AllParts, who: Who) -> Command:
    """Say what came of a command that is UNKNOWN, or ACCEPTED and never done (409 for any other)."""
    return command_of(await parts.dispatch.resolve(command_id, State(wish.state), wish.note, who))
