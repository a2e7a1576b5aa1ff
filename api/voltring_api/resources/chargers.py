"""Chargers: registered here, or come by themselves and waiting to be admitted."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import asyncpg
from fastapi import APIRouter, Query, Response

from voltring_api import audit, cursors
from voltring_api.models.base import Page
from voltring_api.models.charger import (
    Charger,
    ChargerChange,
    ChargerWithSecret,
    NewCharger,
    Secret,
    SecretChange,
    charger_fields,
)
from voltring_api.openapi import errors
from voltring_api.parts import AllParts, Parts, Pool, Who
from voltring_api.presence import ONLINE
from voltring_api.resources.paging import LIMIT, Cursor, Limit, page
from voltring_api.statements import bind, include
from voltring_core.domain.secrets import canonical, digest, new_secret
from voltring_core.errors import Conflict, NotFound, Unprocessable
from voltring_core.store.queries import load

SQL = load("voltring_api.resources", "chargers.sql")
SELECT = include(SQL["select"], online=ONLINE)
router = APIRouter(prefix="/chargers", tags=["chargers"])
FILTERS = dict.fromkeys(("id", "after", "q", "online", "status", "charging", "faulted", "site"))
CERTIFICATES = "chargers_certificate_name"
"""The index by which a certificate's common name is one charger's."""
SHORTEST_SILENCE_S = 60.0
"""Seconds; two pings of a node that nobody has set otherwise."""


class Doing(StrEnum):
    """What a list of chargers can be narrowed to."""

    CHARGING = "charging"
    FAULTED = "faulted"


@router.get("", responses=errors(422), summary="List chargers")
async def list_chargers(
    parts: AllParts,
    q: Annotated[str | None, Query(max_length=100, description="Part of id, description, vendor or model.")] = None,
    online: bool | None = None,
    status: Literal["registered", "quarantined"] | None = None,
    state: Annotated[Doing | None, Query(description="With a running session, or with a fault.")] = None,
    site: Annotated[str | None, Query(max_length=255, description="Of this site.")] = None,
    limit: Limit = LIMIT,
    cursor: Cursor = None,
) -> Page[Charger]:
    """Chargers by id, each with the state of its connectors and its running sessions."""
    (after,) = cursors.decode(cursor, "chargers", cursors.text)
    asked = {"q": q or None, "online": online, "status": status, "after": after, "site": site or None}
    doing = {state.value: True} if state else {}
    rows = await select(parts, limit + 1, **asked, **doing)
    return page(rows, limit, lambda row: Charger(**charger_fields(row)), "chargers", lambda row: (row["id"],))


@router.post("", status_code=201, responses=errors(409, 422), summary="Register a charger")
async def create_charger(new: NewCharger, parts: AllParts, who: Who, response: Response) -> ChargerWithSecret:
    """Register a charger and make the secret that it is to present (HTTP Basic); it is shown this one time.

    A charger that has a secret already can be registered with it; the answer does not repeat it. One of security
    profile 3 is not asked for its secret, as long as it is of that profile.
    """
    made = new_secret() if new.secret is None else None
    values = new.id, new.description, _digest(made or new.secret), new.security_profile, new.certificate_name
    async with parts.pool.acquire() as connection, connection.transaction():
        try:
            await connection.execute(SQL["create"], *values)
        except asyncpg.UniqueViolationError as error:
            raise _taken(error, new.id) from None
        await audit.record(connection, who, "charger.create", f"charger:{new.id}")
    return ChargerWithSecret(**await fields(parts, new.id), secret=made)


@router.get("/{charger_id}", responses=errors(404), summary="Read a charger")
async def read_charger(charger_id: str, parts: AllParts) -> Charger:
    """One charger."""
    return Charger(**await fields(parts, charger_id))


@router.patch("/{charger_id}", responses=errors(404, 409, 422), summary="Change a charger")
async def change_charger(charger_id: str, change: ChargerChange, parts: AllParts, who: Who) -> Charger:
    """Change what is kept about a charger; what is left out stays, null takes a setting back to its node's own.

    The description and the site hold at once, the rest from its next connection on.
    """
    named = change.model_dump(exclude_unset=True)
    statement, values = bind(SQL["change"], id=charger_id, named=list(named), **change.model_dump())
    async with parts.pool.acquire() as connection, connection.transaction():
        try:
            row = await connection.fetchrow(statement, *values)
        except asyncpg.ForeignKeyViolationError:
            raise _no_site() from None
        except asyncpg.UniqueViolationError as error:
            raise _taken(error, charger_id) from None
        if row is None:
            raise NotFound(f"there is no charger {charger_id!r}")
        _check_silence(row["ping_interval_s"], row["silence_limit_s"])
        await audit.record(connection, who, "charger.change", f"charger:{charger_id}", **named)
    return Charger(**await fields(parts, charger_id))


@router.delete("/{charger_id}", status_code=204, responses=errors(404), summary="Delete a charger")
async def delete_charger(charger_id: str, parts: AllParts, who: Who) -> None:
    """Delete a charger, its connectors and its commands. Its sessions, readings and messages are kept.

    If it is connected, its socket is closed; it can't come back unless it is registered again.
    """
    async with parts.pool.acquire() as connection, connection.transaction():
        _must_exist(await connection.execute(SQL["delete"], charger_id), charger_id)
        await connection.execute(SQL["end_sessions"], charger_id)
        await audit.record(connection, who, "charger.delete", f"charger:{charger_id}")
    await parts.doorbells.dismiss(charger_id)


@router.post("/{charger_id}/secret", responses=errors(404, 422), summary="Make a new secret, or set the one it has")
async def renew_secret(charger_id: str, pool: Pool, who: Who, change: SecretChange | None = None) -> Secret:
    """Make a new secret, or take over the one that is given; the charger needs it from its next connection on.

    No other is good then, also none that a command has sent and the charger has not used yet. To change the secret of
    a charger that is connected, send it by a command: both are good until the new one is used.
    """
    given = change.secret if change is not None else None
    made = new_secret() if given is None else None
    async with pool.acquire() as connection, connection.transaction():
        _must_exist(await connection.execute(SQL["set_secret"], charger_id, _digest(made or given)), charger_id)
        await audit.record(connection, who, "charger.renew_secret", f"charger:{charger_id}")
    return Secret(secret=made)


@router.post("/{charger_id}/admit", responses=errors(404, 409), summary="Admit a quarantined charger")
async def admit_charger(charger_id: str, parts: AllParts, who: Who) -> ChargerWithSecret:
    """Let a quarantined charger in: its next BootNotification is accepted.

    The secret it presented stays good; when it presented none, a new one is made, which it needs from its next
    connection on.
    """
    secret = new_secret()
    async with parts.pool.acquire() as connection, connection.transaction():
        admitted = await connection.fetchrow(SQL["admit"], charger_id, digest(secret))
        if admitted is None:
            await _refuse_admission(connection, charger_id)
        await audit.record(connection, who, "charger.admit", f"charger:{charger_id}")
    kept = admitted is not None and admitted["had_secret"]
    return ChargerWithSecret(**await fields(parts, charger_id), secret=None if kept else secret)


async def select(parts: Parts, limit: int, **asked: Any) -> list[asyncpg.Record]:
    """Rows for `charger_fields`, by id; filters that are None ask for nothing."""
    live = await parts.presence.live()
    statement, values = bind(SELECT, **(FILTERS | asked), **live.values(), limit=limit)
    rows: list[asyncpg.Record] = await parts.pool.fetch(statement, *values)
    return rows


async def fields(parts: Parts, charger_id: str) -> dict[str, Any]:
    """The fields of a `Charger`. NotFound."""
    rows = await select(parts, 1, id=charger_id)
    if not rows:
        raise NotFound(f"there is no charger {charger_id!r}")
    return charger_fields(rows[0])


async def _refuse_admission(connection: asyncpg.Connection, charger_id: str) -> None:
    if not await connection.fetchval(SQL["exists"], charger_id):
        raise NotFound(f"there is no charger {charger_id!r}")
    raise Conflict(f"the charger {charger_id!r} is registered already")


def _digest(secret: str | None) -> bytes:
    assert secret is not None, "made or given"
    return digest(canonical(secret))


def _check_silence(ping_interval_s: float | None, silence_limit_s: float | None) -> None:
    """Raise Unprocessable for a limit that a charger which answers every ping would reach."""
    least = SHORTEST_SILENCE_S if ping_interval_s is None else 2 * ping_interval_s
    if silence_limit_s is None or silence_limit_s >= least:
        return
    said = f"must be at least {least:g}: two pings must fit into it"
    raise Unprocessable(
        f"The request is wrong: silence_limit_s {said}.", [{"field": "silence_limit_s", "message": said}]
    )


def _taken(error: asyncpg.UniqueViolationError, charger_id: str) -> Conflict:
    """What another charger has already."""
    if error.constraint_name == CERTIFICATES:
        said = "another charger of security profile 3 has that common name: a certificate lets in one charger only"
        return Conflict(said)
    return Conflict(f"the charger {charger_id!r} exists already (upper and lower case count as one)")


def _no_site() -> Unprocessable:
    said = "there is no such site"
    return Unprocessable(f"The request is wrong: site_id: {said}.", [{"field": "site_id", "message": said}])


def _must_exist(outcome: str, charger_id: str) -> None:
    if outcome.endswith(" 0"):
        raise NotFound(f"there is no charger {charger_id!r}")
