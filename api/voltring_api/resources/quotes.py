"""What a session would cost, and why."""

import asyncio
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from fastapi import APIRouter

from voltring_api.models.quote import Price, Quote, QuoteRequest
from voltring_api.openapi import errors
from voltring_api.parts import Pool
from voltring_api.quoting import usage_of
from voltring_core.domain.tariffs import Tariff, content_of, explain, parse, price
from voltring_core.errors import NotFound
from voltring_core.store import tariffs

router = APIRouter(prefix="/tariffs", tags=["tariffs"])
BY = {
    "token_group": "it is assigned to the group of the id token",
    "charger": "it is assigned to the charger",
    "site": "it is assigned to the charger's site",
    "everybody": "it is assigned to everybody",
}


@dataclass(frozen=True)
class Found:
    """The tariff that a quote goes by, and how it was found."""

    tariff: Tariff
    id: UUID | None
    by: str
    why: str
    time_zone: str = "UTC"
    token_is_registered: bool | None = None
    """None where no token was asked about."""


@router.post("/quote", responses=errors(404, 422), summary="Quote a price")
async def quote(asked: QuoteRequest, pool: Pool) -> Quote:
    """What a session would cost by a tariff, or by the one in force at a charger for an id token: the lines, the taxes,
    the totals, and each of them in words. Nothing is kept."""
    usage = usage_of(asked)
    found = await _find(pool, asked)
    zone = ZoneInfo(asked.time_zone or found.time_zone)
    # A year of readings takes a second; nobody else waits for it.
    reckoned = await asyncio.to_thread(price, usage, found.tariff, zone)
    return Quote(
        tariff_id=found.id,
        tariff=found.tariff,
        found_by=found.by,  # type: ignore[arg-type]
        why=found.why + _validity(found.tariff, asked),
        id_token_is_registered=found.token_is_registered,
        started_at=usage.started_at,
        ended_at=usage.ended_at,
        energy_wh=usage.energy_wh,
        price=Price.model_validate(content_of(reckoned)),
        explanation=explain(reckoned, found.tariff),
    )


async def _find(pool: asyncpg.Pool, asked: QuoteRequest) -> Found:
    if asked.tariff is not None:
        return Found(asked.tariff, None, "words", "The tariff is the one in the request.")
    if asked.tariff_id is not None:
        row = await tariffs.get(pool, asked.tariff_id)
        return Found(parse(row["content"]), row["id"], "tariff_id", f"{row['name']!r} was asked for by its id.")
    assert asked.charger_id is not None, "the model asks for one of the three"
    return await _in_force(pool, asked.charger_id, asked)


async def _in_force(pool: asyncpg.Pool, charger_id: str, asked: QuoteRequest) -> Found:
    await tariffs.zone_of(pool, charger_id)
    token = None if asked.id_token is None else await tariffs.registered(pool, asked.id_token)
    found = await tariffs.in_force(pool, charger_id, None if token is None else token.group, asked.started_at)
    unknown = _unregistered(asked.id_token) if asked.id_token is not None and token is None else ""
    if found is None:
        at = asked.started_at.isoformat()
        raise NotFound(f"no tariff is in force for the charger {charger_id!r} at {at}.{unknown}")
    why = f"{found.tariff.name!r} is in force at the start: {BY[found.by]}.{unknown}"
    is_registered = None if asked.id_token is None else token is not None
    return Found(found.tariff, found.id, found.by, why, found.time_zone, is_registered)


def _unregistered(id_token: str) -> str:
    """A word of warning: a slip in the token would else look like a price."""
    return (
        f" The id token {id_token!r} is not registered: it has no group, so what is assigned to the charger applies,"
        " else to its site, else to everybody; the bill of its session would wait for a person."
    )


def _validity(tariff: Tariff, asked: QuoteRequest) -> str:
    """A word of warning, for a tariff that no session of that start would go by."""
    at = asked.started_at
    is_valid = tariff.valid_from <= at and (tariff.valid_until is None or at < tariff.valid_until)
    return "" if is_valid else " It is not valid at the start of the session."
