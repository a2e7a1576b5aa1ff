"""Whom tariffs are for."""

from uuid import UUID

import asyncpg
from fastapi import APIRouter, Response

from voltring_api import audit, cursors
from voltring_api.models.base import Name, Page
from voltring_api.models.tariff import RECIPIENTS, Assignment, NewAssignment
from voltring_api.openapi import errors
from voltring_api.parts import Pool, Who
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_core.store import tariffs
from voltring_core.store.tariffs import Recipient

router = APIRouter(prefix="/tariff-assignments", tags=["tariffs"])


@router.get("", responses=errors(422), summary="List assignments of tariffs")
async def list_assignments(
    pool: Pool,
    tariff_id: UUID | None = None,
    charger_id: Name | None = None,
    site_id: Name | None = None,
    token_group: Name | None = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Assignment]:
    """Assignments, the newest first."""
    after = cursors.decode(cursor, "tariff-assignments", cursors.instant, cursors.identity)
    to = Recipient(charger_id, site_id, token_group)
    rows = await tariffs.assignments(pool, limit + 1, tariff_id, to, *after)
    return page(rows, limit, _read, "tariff-assignments", lambda row: (row["created_at"], str(row["id"])))


@router.post("", status_code=201, responses=errors(404, 409, 422), summary="Assign a tariff")
async def assign_tariff(new: NewAssignment, pool: Pool, who: Who, response: Response) -> Assignment:
    """Have a tariff hold for a charger, a site, a group of id tokens, or everybody.

    A session goes by the tariff that is assigned to its token's group, else to its charger, else to its site, else to
    everybody; of several that are valid at its start by the one whose `valid_from` is the latest.
    """
    to = Recipient(new.charger_id, new.site_id, new.token_group)
    async with pool.acquire() as connection, connection.transaction():
        row = await tariffs.assign(connection, new.tariff_id, to, who.name)
        await _audit(connection, who, "tariff.assign", row)
    response.headers["Location"] = f"/v1/tariff-assignments/{row['id']}"
    return _read(row)


@router.get("/{assignment_id}", responses=errors(404, 422), summary="Read an assignment")
async def read_assignment(assignment_id: UUID, pool: Pool) -> Assignment:
    """One assignment."""
    return _read(await tariffs.assignment(pool, assignment_id))


@router.delete("/{assignment_id}", status_code=204, responses=errors(404, 422), summary="Delete an assignment")
async def delete_assignment(assignment_id: UUID, pool: Pool, who: Who) -> None:
    """Delete an assignment: no session that is not priced yet goes by it. The others keep their tariff."""
    async with pool.acquire() as connection, connection.transaction():
        row = await tariffs.unassign(connection, assignment_id)
        await _audit(connection, who, "tariff.unassign", row)


async def _audit(connection: asyncpg.Connection, who: Who, action: str, row: asyncpg.Record) -> None:
    to = {name: row[name] for name in RECIPIENTS if row[name] is not None}
    await audit.record(connection, who, action, f"tariff:{row['tariff_id']}", assignment_id=str(row["id"]), **to)


def _read(row: asyncpg.Record) -> Assignment:
    return Assignment.model_validate(dict(row))
