"""Tariffs: what sessions cost."""

from uuid import UUID

import asyncpg
from fastapi import APIRouter, Response

from voltring_api import audit, cursors
from voltring_api.models.base import Page
from voltring_api.models.tariff import KeptTariff
from voltring_api.openapi import errors
from voltring_api.parts import Pool, Who
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_core.domain.tariffs import Tariff
from voltring_core.store import tariffs

router = APIRouter(prefix="/tariffs", tags=["tariffs"])


@router.get("", responses=errors(422), summary="List tariffs")
async def list_tariffs(pool: Pool, limit: Limit = LIMIT, cursor: Cursor = None) -> Page[KeptTariff]:
    """Tariffs, the newest first."""
    created_at, last = cursors.decode(cursor, "tariffs", cursors.instant, cursors.identity)
    rows = await tariffs.newest(pool, limit + 1, created_at, last)
    return page(rows, limit, _read, "tariffs", lambda row: (row["created_at"], str(row["id"])))


@router.post("", status_code=201, responses=errors(422), summary="Create a tariff")
async def create_tariff(new: Tariff, pool: Pool, who: Who, response: Response) -> KeptTariff:
    """Create a tariff. It holds for nobody until it is assigned, and it never changes: a new price is a new tariff.

    Of several components of one kind the first whose conditions hold is paid. docs/tariffs.md has worked examples;
    `POST /v1/tariffs/quote` tries a tariff out.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await tariffs.create(connection, new, who.name)
        told = {"name": new.name, "currency": new.currency}
        await audit.record(connection, who, "tariff.create", f"tariff:{row['id']}", **told)
    response.headers["Location"] = f"/v1/tariffs/{row['id']}"
    return _read(row)


@router.get("/{tariff_id}", responses=errors(404, 422), summary="Read a tariff")
async def read_tariff(tariff_id: UUID, pool: Pool) -> KeptTariff:
    """One tariff."""
    return _read(await tariffs.get(pool, tariff_id))


@router.delete("/{tariff_id}", status_code=204, responses=errors(404, 409, 422), summary="Delete a tariff")
async def delete_tariff(tariff_id: UUID, pool: Pool, who: Who) -> None:
    """Delete a tariff that was never used: no assignment and no session rests on it. Any other stays; without an
    assignment it holds for nobody new."""
    async with pool.acquire() as connection, connection.transaction():
        await tariffs.retire(connection, tariff_id)
        await audit.record(connection, who, "tariff.delete", f"tariff:{tariff_id}")


def _read(row: asyncpg.Record) -> KeptTariff:
    kept = {name: row[name] for name in ("id", "created_at", "created_by")}
    return KeptTariff.model_validate({**row["content"], **kept})
