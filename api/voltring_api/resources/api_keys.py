"""API keys: made, changed and deleted by admins."""

from uuid import UUID

import asyncpg
from fastapi import APIRouter

from voltring_api import audit, cursors
from voltring_api.keys import new_key
from voltring_api.models.api_key import ApiKey, ApiKeyChange, ApiKeyWithSecret, NewApiKey
from voltring_api.models.base import Page
from voltring_api.openapi import errors
from voltring_api.parts import AllParts, Pool, Who
from voltring_api.policy import Role
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_core.domain.secrets import digest
from voltring_core.errors import Conflict, NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "api_keys.sql")
router = APIRouter(prefix="/api-keys", tags=["API keys"])


@router.get("", responses=errors(422), summary="List API keys")
async def list_api_keys(pool: Pool, limit: Limit = LIMIT, cursor: Cursor = None) -> Page[ApiKey]:
    """API keys by name, without the keys themselves."""
    (after,) = cursors.decode(cursor, "api-keys", cursors.text)
    statement, values = bind(SQL["page"], after=after, limit=limit + 1)
    return page(await pool.fetch(statement, *values), limit, _read, "api-keys", lambda row: (row["name"],))


@router.post("", status_code=201, responses=errors(409, 422), summary="Make an API key")
async def create_api_key(new: NewApiKey, pool: Pool, who: Who) -> ApiKeyWithSecret:
    """Make an API key; `key` is shown this one time."""
    key = new_key()
    async with pool.acquire() as connection, connection.transaction():
        try:
            row = await connection.fetchrow(SQL["create"], new.name, new.role, digest(key), new.expires_at)
        except asyncpg.UniqueViolationError:
            raise Conflict(f"there is an API key {new.name!r} already") from None
        await audit.record(connection, who, "api_key.create", f"api_key:{new.name}", role=new.role)
    return ApiKeyWithSecret.model_validate({**row, "key": key})


@router.get("/{key_id}", responses=errors(404, 422), summary="Read an API key")
async def read_api_key(key_id: UUID, pool: Pool) -> ApiKey:
    """One API key, without the key itself."""
    return _read(await pool.fetchrow(SQL["get"], key_id))


@router.patch("/{key_id}", responses=errors(404, 409, 422), summary="Change an API key")
async def change_api_key(key_id: UUID, change: ApiKeyChange, parts: AllParts, who: Who) -> ApiKey:
    """Change a key's name, role or expiry. You can't take your own key the role of an admin, or end it."""
    wanted = change.model_dump(exclude_unset=True)
    if key_id == who.key_id and (wanted.get("role", Role.ADMIN) is not Role.ADMIN or wanted.get("expires_at")):
        raise Conflict("this is the key you use: change it with another admin's")
    async with parts.pool.acquire() as connection, connection.transaction():
        before = _read(await connection.fetchrow(SQL["get_locked"], key_id))
        after = before.model_copy(update={name: value for name, value in wanted.items() if _is_given(name, value)})
        row = await _change(connection, after)
        await audit.record(
            connection, who, "api_key.change", f"api_key:{before.name}", name=after.name, role=after.role
        )
    parts.keys.forget()
    return _read(row)


@router.delete("/{key_id}", status_code=204, responses=errors(404, 409, 422), summary="Delete an API key")
async def delete_api_key(key_id: UUID, parts: AllParts, who: Who) -> None:
    """Delete a key; within five seconds no replica takes it any more. Your own key you can't delete."""
    if key_id == who.key_id:
        raise Conflict("this is the key you use: delete it with another admin's")
    async with parts.pool.acquire() as connection, connection.transaction():
        row = _read(await connection.fetchrow(SQL["delete"], key_id))
        await audit.record(connection, who, "api_key.delete", f"api_key:{row.name}")
    parts.keys.forget()


async def _change(connection: asyncpg.Connection, key: ApiKey) -> asyncpg.Record:
    try:
        return await connection.fetchrow(SQL["change"], key.id, key.name, key.role, key.expires_at)
    except asyncpg.UniqueViolationError:
        raise Conflict(f"there is an API key {key.name!r} already") from None


def _is_given(name: str, value: object) -> bool:
    # null means "never" for the expiry, and nothing for the others.
    return value is not None or name == "expires_at"


def _read(row: asyncpg.Record | None) -> ApiKey:
    if row is None:
        raise NotFound("there is no such API key")
    return ApiKey.model_validate(dict(row))
