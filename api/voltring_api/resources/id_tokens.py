"""Id tokens: who may charge."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from voltring_api import audit, cursors
from voltring_api.models.base import Page
from voltring_api.models.id_token import IdToken, IdTokenValues, NewIdToken, Status
from voltring_api.openapi import errors
from voltring_api.parts import Pool, Who
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind, include
from voltring_api.wording import worded
from voltring_core.errors import Conflict, NotFound, Unprocessable
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "id_tokens.sql")
CREATE, PUT = (include(SQL[name], group=SQL["group"]) for name in ("create", "put"))
router = APIRouter(prefix="/id-tokens", tags=["id tokens"])


@router.get("", responses=errors(422), summary="List id tokens")
async def list_id_tokens(
    pool: Pool,
    q: Annotated[str | None, Query(max_length=100, description="Part of the token, its group or description.")] = None,
    status: Status | None = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[IdToken]:
    """Id tokens in order."""
    (after,) = cursors.decode(cursor, "id-tokens", cursors.text)
    statement, values = bind(SQL["page"], q=q or None, status=status, after=after, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    return page(rows, limit, _read, "id-tokens", lambda row: (row["id_token"],))


@router.post("", status_code=201, responses=errors(409, 422), summary="Create an id token")
async def create_id_token(new: NewIdToken, pool: Pool, who: Who) -> IdToken:
    """Create an id token; one that exists is left as it is."""
    async with pool.acquire() as connection, connection.transaction():
        try:
            row = await connection.fetchrow(CREATE, *_values(new.id_token, new))
        except asyncpg.UniqueViolationError:
            raise Conflict(f"the id token {new.id_token!r} exists already (compared without case)") from None
        await _audit(connection, who, "id_token.create", new.id_token, new)
    return _read(row)


@router.get("/{id_token}", responses=errors(404), summary="Read an id token")
async def read_id_token(id_token: str, pool: Pool) -> IdToken:
    """One id token."""
    row = await pool.fetchrow(SQL["get"], id_token)
    if row is None:
        raise NotFound(f"there is no id token {id_token!r}")
    return _read(row)


@router.put("/{id_token}", responses=errors(422), summary="Create or replace an id token")
async def put_id_token(id_token: str, values: IdTokenValues, pool: Pool, who: Who, response: Response) -> IdToken:
    """Set all of an id token; 201 when it is new. What is left out takes its default.

    The running sessions of one that may not charge any more are asked to stop within seconds.
    """
    _check(id_token)
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(PUT, *_values(id_token, values))
        await _audit(connection, who, "id_token.put", row["id_token"], values)
    response.status_code = 201 if row["is_new"] else 200
    return _read(row)


@router.delete("/{id_token}", status_code=204, responses=errors(404), summary="Delete an id token")
async def delete_id_token(id_token: str, pool: Pool, who: Who) -> None:
    """Delete an id token: from now on it is unknown. Its running sessions go on; block it to have them stopped."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.execute(SQL["delete"], id_token) == "DELETE 0":
            raise NotFound(f"there is no id token {id_token!r}")
        await audit.record(connection, who, "id_token.delete", f"id_token:{id_token}")


def _check(id_token: str) -> None:
    """The rules of a body's field, for a token that comes in the path."""
    try:
        NewIdToken(id_token=id_token)
    except ValidationError as error:
        said = worded(error.errors()[0])
        raise Unprocessable(f"The id token is wrong: it {said}.", [{"field": "id_token", "message": said}]) from None


def _values(id_token: str, values: IdTokenValues) -> tuple[object, ...]:
    kept = (values.type, values.status, values.group_id_token, values.expires_at, values.concurrent)
    return (id_token, *kept, values.description)


async def _audit(connection: asyncpg.Connection, who: Who, action: str, id_token: str, values: IdTokenValues) -> None:
    detail = values.model_dump(include={"type", "status", "group_id_token", "concurrent"})
    await audit.record(connection, who, action, f"id_token:{id_token}", **detail)


def _read(row: asyncpg.Record) -> IdToken:
    return IdToken.model_validate(dict(row))
