"""How many alarms are open, by rule."""

import asyncpg

from voltring_core.domain.watchdogs import Rule
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "alarms.sql")


async def counts(pool: asyncpg.Pool | asyncpg.Connection) -> dict[str, int]:
    """Open alarms by rule, of every rule. Raises what PostgreSQL raises when it is away."""
    found = {row["rule"]: row["alarms"] for row in await pool.fetch(SQL["counts"])}
    return {rule.value: found.get(rule.value, 0) for rule in Rule}
