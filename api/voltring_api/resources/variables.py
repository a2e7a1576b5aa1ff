"""A charger's variables: the device model of OCPP 2.x, the configuration keys of 1.6."""

from typing import Annotated

import asyncpg
from fastapi import APIRouter, Query

from voltring_api import cursors
from voltring_api.models.base import Page
from voltring_api.models.station import Variable
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.redacting import is_secret
from voltring_api.resources.knowing import must_know
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "variables.sql")
router = APIRouter(prefix="/chargers/{charger_id}/variables", tags=["stations"])
KEY = {
    "component": cursors.text,
    "component_instance": cursors.text,
    "evse_id": cursors.number,
    "connector_id": cursors.number,
    "variable": cursors.text,
    "instance": cursors.text,
    "attribute": cursors.text,
}
"""The primary key within a charger, and how each part is read from a cursor."""
Part = Annotated[str | None, Query(max_length=100, description="Compared without case.")]


@router.get("", responses=errors(404, 422), summary="List a charger's variables")
async def list_variables(
    charger_id: str,
    pool: Pool,
    component: Part = None,
    variable: Part = None,
    evse_id: Annotated[int | None, Query(ge=0, le=2**31 - 1, description="0: of the station.")] = None,
    q: Annotated[str | None, Query(max_length=100, description="Part of a name or a value.")] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Variable]:
    """What the charger told of its device model or configuration, by component and variable; never a secret.

    It is as new as the last report (`GetBaseReport`, `GetConfiguration`): a charger's `device_model_stale` says when
    to ask again.
    """
    after = cursors.decode(cursor, "variables", *KEY.values())
    asked = {"component": component, "variable": variable, "evse_id": evse_id, "q": q or None}
    asked |= {f"a_{name}": part for name, part in zip(KEY, after, strict=True)}
    statement, values = bind(SQL["page"], charger_id=charger_id, **asked, limit=limit + 1)
    rows = await pool.fetch(statement, *values)
    await must_know(pool, charger_id, rows)
    return page(rows, limit, _read, "variables", lambda row: tuple(row[name] for name in KEY))


def _read(row: asyncpg.Record) -> Variable:
    hidden = {"value": None} if is_secret(row["variable"], row["mutability"]) else {}
    return Variable.model_validate({**row, **hidden})
