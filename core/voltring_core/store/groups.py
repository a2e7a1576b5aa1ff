"""The groups that id tokens belong to."""

from typing import Any

from voltring_core.store.queries import load

SQL = load("voltring_core.store", "groups.sql")


async def group_of(connection: Any, id_token: str | None) -> str | None:
    """The group of a token as it is registered now; None for one without a group, or that nobody registered."""
    if not id_token:
        return None
    group: str | None = await connection.fetchval(SQL["group_of"], id_token)
    return group
