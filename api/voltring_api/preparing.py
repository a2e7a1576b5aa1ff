"""A command made ready to be queued: its charger looked up, its numbers filled in, checked by the schema,
then by the rules beyond it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.errors import Conflict, NotFound, Unprocessable
from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.intents import Intent
from voltring_core.ocpp.rules.checking import faults
from voltring_core.ocpp.rules.facts import Station
from voltring_core.ocpp.rules.ids import complete, wants_id
from voltring_core.ocpp.rules.knowledge import READ, Variable, station_of
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_core.store.queries import load

LIST = "localAuthorizationList"
READ_NAMES = list(READ)
SQL = load("voltring_api", "dispatch.sql")


@dataclass(frozen=True, slots=True)
class Target:
    """A charger that is to be sent something."""

    charger_id: str
    version: Version
    station: Station
    owner: str | None
    """The node that has its socket, by the fence."""
    earlier: UUID | None
    """The command that the request's idempotency key made before."""


async def aim(pool: asyncpg.Pool, charger_id: str, who: str, key: str | None) -> Target:
    """What is known of a charger. NotFound; Conflict when it can't be commanded.

    The command that `who` made before by this idempotency key is no hindrance to itself.
    """
    row = await pool.fetchrow(SQL["target"], charger_id, READ_NAMES, who, key)
    if row is None:
        raise NotFound(f"there is no charger {charger_id!r}")
    if row["status"] == "quarantined":
        raise Conflict(f"the charger {charger_id!r} is quarantined: admit it before you command it")
    if row["ocpp_version"] is None:
        raise Conflict(f"the charger {charger_id!r} has never connected, so its OCPP version is not known")
    version = Version(row["ocpp_version"])
    return Target(charger_id, version, _station(version, row), row["node_uid"], row["earlier"])


async def prepare(pool: asyncpg.Pool, target: Target, wanted: Intent) -> Intent:
    """What may be queued. Raises Unprocessable, naming each wrong field."""
    version, station = target.version, target.station
    _check_action(version, wanted.action)
    new_id = await _new_id(pool, station) if wants_id(version, wanted.action, wanted.payload) else 0
    payload = complete(version, wanted.action, wanted.payload, new_id, datetime.now(UTC))
    payload = await _with_tokens(pool, wanted.action, payload)
    _check_schema(version, wanted.action, payload)
    _check_rules(version, wanted.action, payload, station)
    return Intent(wanted.action, payload)


async def _with_tokens(pool: asyncpg.Pool, action: str, payload: dict[str, Any]) -> dict[str, Any]:
    """A Full local list that does not say what its tokens may do: as they are registered here (D01)."""
    rows = payload.get(LIST)
    if action != "SendLocalList" or payload.get("updateType") != "Full" or not isinstance(rows, list):
        return payload
    wanted = [name for row in rows if (name := _bare(row)) is not None]
    if not wanted:
        return payload
    found = await pool.fetch(SQL["token_statuses"], [name.lower() for name in wanted])
    statuses = {row["token"]: row["status"] for row in found}
    return {**payload, LIST: [_told(row, statuses) for row in rows]}


def _bare(row: Any) -> str | None:
    """The token of an entry that says nothing of it."""
    if not isinstance(row, dict) or "idTagInfo" in row or "idTokenInfo" in row:
        return None
    token = row.get("idTag") or row.get("idToken")
    name = token.get("idToken") if isinstance(token, dict) else token
    return name if isinstance(name, str) else None


def _told(row: Any, statuses: dict[str, str]) -> Any:
    name = _bare(row)
    if name is None:
        return row
    return {**row, "idTagInfo" if "idTag" in row else "idTokenInfo": {"status": statuses.get(name.lower(), "Invalid")}}


def _station(version: Version, row: Any) -> Station:
    return station_of(
        version,
        registration=row["registration"],
        variables=[Variable(*told) for told in row["variables"]],
        list_version=row["list_version"],
        open_ids=[(action, number) for action, number in row["open_ids"]],
    )


async def _new_id(pool: asyncpg.Pool, station: Station) -> int:
    """The next number of the sequence that no open command of the charger has: operators may have chosen theirs."""
    while True:
        number = int(await pool.fetchval(SQL["next_request_id"]))
        if number not in station.open_requests | station.open_starts:
            return number


def _check_action(version: Version, action: str) -> None:
    if action not in TO_CHARGER[version]:
        said = f"is not a command of OCPP {version}, which this charger speaks"
        raise Unprocessable(f"{action} {said}.", [{"field": "action", "message": said}])


def _check_schema(version: Version, action: str, payload: dict[str, Any]) -> None:
    found = [(it.field, it.message) for it in violations(version, action, payload)]
    _refuse(f"The payload breaks the schema of OCPP {version}", found)


def _check_rules(version: Version, action: str, payload: dict[str, Any], station: Station) -> None:
    found = [(it.field, it.message) for it in faults(version, action, payload, station, datetime.now(UTC))]
    _refuse(f"The payload breaks the rules of OCPP {version}, or this charger's limits", found)


def _refuse(why: str, found: Iterable[tuple[str, str]]) -> None:
    errors = [{"field": f"payload.{field}".rstrip("."), "message": message} for field, message in found]
    if errors:
        told = "; ".join(f"{error['field']} {error['message']}" for error in errors[:3])
        raise Unprocessable(f"{why}: {told}.", errors)
