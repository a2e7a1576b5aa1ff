"""Tariffs and whom they are for. A tariff never changes: a new price is a new tariff.

Every function takes a connection (or a pool) whose json columns are decoded, as those of `open_pool` are, and raises
what PostgreSQL raises when it is away.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg

from voltring_core.domain.tariffs.model import Tariff, parse, serialise
from voltring_core.errors import Conflict, NotFound, Unprocessable
from voltring_core.store.queries import load

SQL = load("voltring_core.store", "tariffs.sql")
Connection: TypeAlias = asyncpg.Connection | asyncpg.Pool
UNKNOWN = {
    "tariff_assignments_charger_id_fkey": "charger_id",
    "tariff_assignments_site_id_fkey": "site_id",
}
"""The field that names what is not there, by the constraint that says so."""


@dataclass(frozen=True, slots=True)
class FoundTariff:
    """The tariff of a session. `content` is its JSON, `time_zone` the IANA name of the charger's zone, `by` what it was
    found by: token_group, charger, site or everybody."""

    tariff: Tariff
    id: UUID
    content: dict[str, Any]
    time_zone: str
    by: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a tariff is for: one of the three, or (none) everybody."""

    charger_id: str | None = None
    site_id: str | None = None
    token_group: str | None = None


@dataclass(frozen=True, slots=True)
class RegisteredToken:
    """An id token that is registered: its group, or None."""

    group: str | None


@dataclass(frozen=True, slots=True)
class AtSite:
    """The site that a session had, where that is known: its id, or None where the charger stood at none."""

    site_id: str | None


async def in_force(
    connection: Connection, charger_id: str, token_group: str | None, at: datetime, where: AtSite | None = None
) -> FoundTariff | None:
    """The tariff of a session that starts at `at`; None when none is assigned. The first of: the token's group, the
    charger, its site (`where`; None: the charger's present one), everybody; of several the one with the latest
    valid_from."""
    site = (where is not None, None if where is None else where.site_id)
    row = await connection.fetchrow(SQL["in_force"], charger_id, token_group, at, *site)
    if row is None:
        return None
    return FoundTariff(parse(row["content"]), row["id"], row["content"], row["time_zone"], row["by"])


async def create(connection: Connection, tariff: Tariff, by: str) -> asyncpg.Record:
    """Keep a tariff under an id of its own; its row."""
    content = serialise(tariff)
    kept = (tariff.name, tariff.currency, tariff.valid_from, tariff.valid_until, content, by)
    return await connection.fetchrow(SQL["create"], uuid4(), *kept)


async def get(connection: Connection, tariff_id: UUID) -> asyncpg.Record:
    """The row of a tariff. NotFound."""
    row = await connection.fetchrow(SQL["get"], tariff_id)
    if row is None:
        raise NotFound(f"there is no tariff {str(tariff_id)!r}")
    return row


async def newest(
    connection: Connection, limit: int, created_at: datetime | None = None, tariff_id: UUID | None = None
) -> list[asyncpg.Record]:
    """Rows of tariffs, the newest first, after the one that was created then and has that id."""
    rows: list[asyncpg.Record] = await connection.fetch(SQL["page"], created_at, tariff_id, limit)
    return rows


async def retire(connection: asyncpg.Connection, tariff_id: UUID) -> None:
    """Delete a tariff that nothing rests on: no assignment, no session. In a transaction. NotFound, Conflict."""
    if await connection.fetchval(SQL["lock"], tariff_id) is None:
        raise NotFound(f"there is no tariff {str(tariff_id)!r}")
    # Only now, in a statement of its own: an assignment that was being made while we waited is seen.
    uses = await connection.fetchrow(SQL["uses"], tariff_id)
    if uses["assignments"]:
        raise Conflict(f"the tariff is assigned ({uses['assignments']} times): delete its assignments first")
    if uses["has_sessions"]:
        raise Conflict("sessions are priced by the tariff: it stays")
    await connection.execute(SQL["delete"], tariff_id)


async def assign(connection: asyncpg.Connection, tariff_id: UUID, to: Recipient, by: str) -> asyncpg.Record:
    """Have a tariff hold for somebody; the row of the assignment.

    Raises NotFound (the tariff), Unprocessable (the charger or the site), Conflict (it is assigned so already).
    """
    values = (uuid4(), tariff_id, to.charger_id, to.site_id, to.token_group, by)
    try:
        return await connection.fetchrow(SQL["assign"], *values)
    except asyncpg.ForeignKeyViolationError as error:
        raise _unknown(error.constraint_name, tariff_id) from None
    except asyncpg.UniqueViolationError:
        raise Conflict("the tariff is assigned so already") from None


async def assignments(
    connection: Connection,
    limit: int,
    tariff_id: UUID | None,
    to: Recipient,
    created_at: datetime | None = None,
    assignment_id: UUID | None = None,
) -> list[asyncpg.Record]:
    """Rows of assignments, of one tariff or of all, to this recipient (nothing named: to any), the newest first, after
    the one of that time and id."""
    asked = (tariff_id, to.charger_id, to.site_id, to.token_group, created_at, assignment_id, limit)
    rows: list[asyncpg.Record] = await connection.fetch(SQL["assignments"], *asked)
    return rows


async def assignment(connection: Connection, assignment_id: UUID) -> asyncpg.Record:
    """The row of an assignment. NotFound."""
    return _found(await connection.fetchrow(SQL["assignment"], assignment_id))


async def unassign(connection: Connection, assignment_id: UUID) -> asyncpg.Record:
    """Take an assignment back, for all sessions that are not priced yet; its row. NotFound."""
    return _found(await connection.fetchrow(SQL["unassign"], assignment_id))


async def zone_of(connection: Connection, charger_id: str) -> str:
    """The IANA name of the zone that prices at a charger go by: its site's, else its own, else UTC. NotFound."""
    zone = await connection.fetchval(SQL["zone_of"], charger_id)
    if zone is None:
        raise NotFound(f"there is no charger {charger_id!r}")
    return str(zone)


async def registered(connection: Connection, id_token: str) -> RegisteredToken | None:
    """What a registered token is to tariffs; None when nobody registered it."""
    row = await connection.fetchrow(SQL["group_of"], id_token)
    return None if row is None else RegisteredToken(row["group_id_token"])


async def group_of(connection: Connection, id_token: str) -> str | None:
    """The group of an id token; None when it has none or is not known."""
    token = await registered(connection, id_token)
    return None if token is None else token.group


def _unknown(constraint: str | None, tariff_id: UUID) -> NotFound | Unprocessable:
    field = UNKNOWN.get(str(constraint))
    if field is None:
        return NotFound(f"there is no tariff {str(tariff_id)!r}")
    said = f"there is no such {field.removesuffix('_id')}"
    return Unprocessable(f"The request is wrong: {field}: {said}.", [{"field": field, "message": said}])


def _found(row: asyncpg.Record | None) -> asyncpg.Record:
    if row is None:
        raise NotFound("there is no such assignment")
    return row
