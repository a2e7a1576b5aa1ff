"""Who changed what through the API: one row a change, never a secret in it."""

from typing import Any

import asyncpg

from voltring_api.keys import Principal
from voltring_core.store.queries import load

SQL = load("voltring_api", "audit.sql")


async def record(
    connection: asyncpg.Connection | asyncpg.Pool, who: Principal, action: str, subject: str, /, **detail: Any
) -> None:
    """Write that `who` did `action` (e.g. `charger.create`) to `subject`.

    Give the connection of the change's own transaction, so that both are kept or neither is.
    """
    await connection.execute(SQL["record"], who.name, action, subject, detail or None)
