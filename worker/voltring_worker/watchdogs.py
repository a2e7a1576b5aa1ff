"""Watchdogs: alarms raised and cleared, chargers asked, sessions ended that are over without their chargers' word.

A look is one transaction by one worker: alarms, the events that tell of them, and what is asked of chargers are
written together. What it ends is ended after that, each session in a transaction of its own (abandoning.py).
"""

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import asyncpg
import orjson

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.events import Event, EventBus
from voltring_core.domain.kinds import StationEventKind
from voltring_core.domain.watchdogs import (
    ASKED_AT_ONCE,
    SEVERITY,
    Difference,
    Found,
    Limits,
    OpenAlarm,
    Rule,
    compare,
)
from voltring_core.errors import RequestError
from voltring_core.metrics.sessions import ABANDONED, ALARMS_RAISED
from voltring_core.saying import Saying
from voltring_core.settings import WorkerSettings
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import RawJson
from voltring_worker.abandoning import end
from voltring_worker.asking import for_status, to_confirm
from voltring_worker.looking import SQL, Look, look
from voltring_worker.partitions import SQL as CHORES

logger = logging.getLogger("voltring.watchdogs")
NOTICE = 7
"""By OCPP's scale: an alarm that is over."""
EVENTS = (
    "received_at charger_id kind at severity subject evse_id connector_id ocpp_transaction_id command_id content"
).split()


def limits_of(settings: WorkerSettings) -> Limits:
    """The times of the rules, as they are set."""
    return Limits(
        offline_mid_session=settings.offline_mid_session_seconds,
        no_start=settings.no_start_seconds,
        no_stop=settings.no_stop_seconds,
        no_readings=settings.no_readings_seconds,
        charger_faulted=settings.charger_faulted_seconds,
        unconfirmed=settings.unconfirmed_seconds,
        abandon=settings.abandon_seconds,
        lost=settings.lost_seconds,
        gap=settings.gap_seconds,
    )


class Watchdogs:
    """One look at a time, by one worker."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        doorbells: Doorbells,
        events: EventBus,
        limits: Limits,
        living: Callable[[], Awaitable[Collection[str]]],
    ) -> None:
        """`living` tells the uids of the nodes that live, or raises what says that Redis is away."""
        self._pool = pool
        self._doorbells = doorbells
        self._events = events
        self._limits = limits
        self._living = living
        self._away = Saying(logger)
        self._seen_faulty: dict[str, datetime] = {}

    async def cycle(self) -> str:
        """Look at everything once; returns the sentence for the log, empty when nothing has changed."""
        owners = await self._owners()
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(CHORES["be_alone"], "watchdogs"):
                return ""
            open_ = {one.found.key: one for one in map(_alarm, await connection.fetch(SQL["open_alarms"]))}
            at = Look(await connection.fetchval(CHORES["now"]), self._limits, owners, open_)
            await look(connection, at, self._seen_faulty)
            change = compare(at.found, open_.values(), at.looked)
            raised = await _write(connection, change, at.now)
            asked = await _ask(connection, _to_ask(at, raised))
        await self._events.publish(_shown(raised, change.cleared, at.now))
        for charger_id in asked:
            await self._doorbells.ring(charger_id)
        ended = await end(self._pool, self._events, at.over, at.now)
        _count(raised, ended)
        return _sentence(len(raised), len(change.cleared), len(asked), ended)

    async def _owners(self) -> list[str] | None:
        try:
            living = list(await self._living())
        except REDIS_AWAY as error:
            said = "which nodes live is not known, so nor is who is away: %s"
            self._away.met(said, error or type(error).__name__)
            return None
        self._away.over("which nodes live is known again")
        return living


def _count(raised: Iterable[Found], ended: int) -> None:
    for one in raised:
        ALARMS_RAISED.labels(one.rule.value).inc()
    ABANDONED.inc(ended)


def _to_ask(at: Look, raised: Iterable[Found]) -> list[NewCommand]:
    places = [at.rebooted[one.subject] for one in raised if one.rule is Rule.UNCONFIRMED]
    # Who is not asked in this look is in the next one.
    of_status = [for_status(place) for place in at.asked[:ASKED_AT_ONCE]]
    return [one for place in places for one in to_confirm(place)] + of_status


async def _write(connection: asyncpg.Connection, change: Difference, now: datetime) -> list[Found]:
    """Write the alarms and the events that tell of them; those that are new indeed."""
    ids = [uuid4() for _ in change.raised]
    columns = [(one.rule.value, one.charger_id, one.transaction_id, one.evse_id, one.subject) for one in change.raised]
    raised: list[Found] = []
    if ids:
        details = [_json(one.detail) for one in change.raised]
        rows = await connection.fetch(SQL["raise"], ids, *map(list, zip(*columns, strict=True)), details)
        new = {row["id"] for row in rows}
        raised = [one for key, one in zip(ids, change.raised, strict=True) if key in new]
    if change.changed:
        details = [_json(one.found.detail) for one in change.changed]
        await connection.execute(SQL["change"], [one.id for one in change.changed], details)
    if change.cleared:
        await connection.execute(SQL["clear"], [one.id for one in change.cleared])
    told = [_event(one, now) for one in raised] + [_event(one.found, now, is_over=True) for one in change.cleared]
    if told:
        await connection.copy_records_to_table("station_events", columns=EVENTS, records=told)
    return raised


def _event(one: Found, now: datetime, *, is_over: bool = False) -> tuple[Any, ...]:
    kind, severity = _kind(one, is_over=is_over)
    content = {"rule": one.rule.value, "transactionId": one.transaction_id, **one.detail}
    return (now, one.charger_id, kind, now, severity, one.rule.value, one.evse_id, None, None, None, _json(content))


def _kind(one: Found, *, is_over: bool) -> tuple[str, int]:
    if is_over:
        return StationEventKind.ALARM_CLEARED.value, NOTICE
    return StationEventKind.ALARM_RAISED.value, SEVERITY[one.rule]


async def _ask(connection: asyncpg.Connection, commands: Sequence[NewCommand]) -> list[str]:
    """Queue what is asked; the chargers whose nodes are to be told. Who has too much to do already is not asked."""
    asked = []
    for one in commands:
        try:
            await Commands(connection).queue(one)
        except RequestError as error:
            logger.info(
                "%s is not asked by %s: %s", one.charger_id, one.action, error, extra={"charger": one.charger_id}
            )
            continue
        asked.append(one.charger_id)
    return list(dict.fromkeys(asked))


def _shown(raised: Iterable[Found], cleared: Iterable[OpenAlarm], now: datetime) -> list[Event]:
    """As the live feed has it: an event of the station, and one of the alarm itself."""
    shown: list[Event] = []
    for one, is_over in [(one, False) for one in raised] + [(one.found, True) for one in cleared]:
        kind, severity = _kind(one, is_over=is_over)
        base: Event = {
            "charger_id": one.charger_id,
            "at": now.isoformat().replace("+00:00", "Z"),
            "evse_id": one.evse_id,
        }
        told = {"type": "station.event", "kind": kind, "subject": one.rule.value, "severity": severity}
        session = None if one.transaction_id is None else str(one.transaction_id)
        alarm = {"type": "alarm.cleared" if is_over else "alarm.raised", "rule": one.rule.value}
        shown += [base | told, base | alarm | {"subject": one.subject, "transaction_id": session}]
    return shown


def _alarm(row: Any) -> OpenAlarm:
    found = Found(
        Rule(row["rule"]), row["subject"], row["charger_id"], row["transaction_id"], row["evse_id"], row["detail"]
    )
    return OpenAlarm(row["id"], found)


def _json(content: Any) -> RawJson:
    return RawJson(orjson.dumps(dict(content), default=str).decode().replace("\\u0000", "\\u2400"))


def _sentence(raised: int, cleared: int, asked: int, ended: int) -> str:
    counts = (
        (raised, "alarms raised"),
        (cleared, "alarms cleared"),
        (asked, "chargers asked"),
        (ended, "sessions ended as abandoned"),
    )
    return ", ".join(f"{number} {what}" for number, what in counts if number)
