"""404 for a charger that is not known, and never for one that has nothing to show."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from voltring_core.errors import NotFound
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "chargers.sql")


async def must_know(pool: asyncpg.Pool, charger_id: str, rows: Sequence[Any] = ()) -> None:
    """Raise NotFound unless the charger is known; with rows of it nobody needs to ask."""
    if not rows and not await pool.fetchval(SQL["exists"], charger_id):
        raise NotFound(f"there is no charger {charger_id!r}")
