"""Sites: where chargers stand."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query, Response
from pydantic import ValidationError

from voltring_api import audit, cursors
from voltring_api.models.base import Page
from voltring_api.models.site import NewSite, Site, SiteValues
from voltring_api.openapi import errors
from voltring_api.parts import Pool, Who
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_api.wording import worded
from voltring_core.errors import Conflict, NotFound, Unprocessable
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "sites.sql")
router = APIRouter(prefix="/sites", tags=["sites"])


@router.get("", responses=errors(422), summary="List sites")
async def list_sites(
    pool: Pool,
    q: Annotated[str | None, Query(max_length=100, description="Part of id, name or place.")] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Site]:
    """Sites by id."""
    (after,) = cursors.decode(cursor, "sites", cursors.text)
    statement, values = bind(SQL["page"], q=q or None, after=after, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    return page(rows, limit, _read, "sites", lambda row: (row["id"],))


@router.post("", status_code=201, responses=errors(409, 422), summary="Create a site")
async def create_site(new: NewSite, pool: Pool, who: Who) -> Site:
    """Create a site; one that exists is left as it is."""
    async with pool.acquire() as connection, connection.transaction():
        try:
            row = await connection.fetchrow(SQL["create"], *_values(new.id, new))
        except asyncpg.UniqueViolationError:
            raise Conflict(f"the site {new.id!r} exists already") from None
        await _audit(connection, who, "site.create", new.id, new)
    return _read(row)


@router.get("/{site_id}", responses=errors(404), summary="Read a site")
async def read_site(site_id: str, pool: Pool) -> Site:
    """One site."""
    row = await pool.fetchrow(SQL["get"], site_id)
    if row is None:
        raise NotFound(f"there is no site {site_id!r}")
    return _read(row)


@router.put("/{site_id}", responses=errors(422), summary="Create or replace a site")
async def put_site(site_id: str, values: SiteValues, pool: Pool, who: Who, response: Response) -> Site:
    """Set all of a site; 201 when it is new. What is left out takes its default.

    Another time zone holds for what is not priced yet; a session keeps the zone that it began with.
    """
    _check(site_id)
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(SQL["put"], *_values(site_id, values))
        await _audit(connection, who, "site.put", site_id, values)
    response.status_code = 201 if row["is_new"] else 200
    return _read(row)


@router.delete("/{site_id}", status_code=204, responses=errors(404, 409), summary="Delete a site")
async def delete_site(site_id: str, pool: Pool, who: Who) -> None:
    """Delete a site that no tariff is assigned to; its chargers stay, without a site."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(SQL["lock"], site_id) is None:
            raise NotFound(f"there is no site {site_id!r}")
        if assigned := await connection.fetchval(SQL["tariffs"], site_id):
            raise Conflict(f"tariffs are assigned to the site ({assigned}): delete the assignments first")
        await connection.execute(SQL["delete"], site_id)
        await audit.record(connection, who, "site.delete", f"site:{site_id}")


def _check(site_id: str) -> None:
    """The rules of a body's field, for an id that comes in the path."""
    try:
        NewSite(id=site_id, name="-")
    except ValidationError as error:
        said = worded(error.errors()[0])
        raise Unprocessable(f"The id is wrong: it {said}.", [{"field": "id", "message": said}]) from None


def _values(site_id: str, values: SiteValues) -> tuple[object, ...]:
    return (site_id, values.name, values.place, values.latitude, values.longitude, values.time_zone)


async def _audit(connection: asyncpg.Connection, who: Who, action: str, site_id: str, values: SiteValues) -> None:
    await audit.record(connection, who, action, f"site:{site_id}", **values.model_dump(include={"name", "time_zone"}))


def _read(row: asyncpg.Record) -> Site:
    return Site.model_validate(dict(row))
