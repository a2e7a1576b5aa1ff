"""Looking for what watchdogs find: one statement for each rule, its rows judged by the rules of the core."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from voltring_core.domain import watchdogs
from voltring_core.domain.commands import State
from voltring_core.domain.stuck import Asked, Gappy, Step, Suspect, after_end, incomplete, next_step, no_stop
from voltring_core.domain.watchdogs import HOUR_S, Faulty, Found, Limits, OpenAlarm, Rule, Running
from voltring_core.ocpp.versions import Version
from voltring_core.store.queries import load
from voltring_worker.abandoning import Over
from voltring_worker.asking import Place

SQL = load("voltring_worker", "watchdogs.sql")
Open = Mapping[tuple[Rule, str], OpenAlarm]


@dataclass(slots=True)
class Look:
    """One look at everything: what was found, and what is to be done about it beside the alarms."""

    now: datetime
    limits: Limits
    living: list[str] | None
    """The nodes that live; None when nobody knows."""
    open: Open
    found: list[Found] = field(default_factory=list)
    rebooted: dict[str, Place] = field(default_factory=dict)
    """Sessions to be confirmed, by the subject of their alarm: the charger is asked when that is raised."""
    asked: list[Place] = field(default_factory=list)
    """Sessions of which the charger is to be asked whether they go on and what is missing."""
    over: list[Over] = field(default_factory=list)
    """Sessions to be ended as abandoned."""

    @property
    def looked(self) -> frozenset[Rule]:
        """The rules that were looked at: who is away is not known without the nodes that live."""
        return frozenset(Rule) - ({Rule.OFFLINE_MID_SESSION} if self.living is None else set())

    def add(self, found: Found | None) -> bool:
        """Take what a rule has found; whether it has."""
        if found is not None:
            self.found.append(found)
        return found is not None


async def look(connection: asyncpg.Connection, at: Look, seen_faulty: dict[str, datetime]) -> None:
    """Fill `at`. `seen_faulty`: since when this worker sees each connector Faulted, kept from look to look."""
    if at.living is not None and at.limits.offline_mid_session:
        for row in await connection.fetch(SQL["away"], at.living):
            at.add(watchdogs.offline_mid_session(_running(row), row["gone_at"], at.now, at.limits))
    if at.limits.no_start:
        for row in await connection.fetch(SQL["accepted_starts"], at.limits.no_start + HOUR_S):
            charger_id, command_id, evse_id = row["charger_id"], row["command_id"], _number(row["evse_id"])
            at.add(watchdogs.no_start(charger_id, command_id, evse_id, row["sent_at"], at.now, at.limits))
    if at.limits.no_readings:
        for row in await connection.fetch(SQL["unread"], at.living, at.limits.no_readings):
            at.add(watchdogs.no_readings(_running(row), row["read_at"], row["connected_at"], at.now, at.limits))
    await _faulted(connection, at, seen_faulty)
    await _rebooted(connection, at)
    await _suspects(connection, at)
    await _lost(connection, at)
    await _gaps(connection, at)


async def _faulted(connection: asyncpg.Connection, at: Look, seen: dict[str, datetime]) -> None:
    rows = await connection.fetch(SQL["faulted"]) if at.limits.charger_faulted else []
    ones = [Faulty(**row, seen_at=at.now) for row in rows]
    before = dict(seen)
    seen.clear()
    seen.update({one.subject: before.get(one.subject, at.now) for one in ones})
    for one in ones:
        since = Faulty(**{name: getattr(one, name) for name in Faulty.__slots__} | {"seen_at": seen[one.subject]})
        is_open = (Rule.CHARGER_FAULTED, one.subject) in at.open
        at.add(watchdogs.charger_faulted(since, at.now, at.limits, is_open=is_open))


async def _rebooted(connection: asyncpg.Connection, at: Look) -> None:
    if not at.limits.unconfirmed:
        return
    for row in await connection.fetch(SQL["rebooted"], at.living, at.limits.unconfirmed):
        if at.add(watchdogs.unconfirmed(_running(row), row["booted_at"], at.now, at.limits)):
            at.rebooted[str(row["transaction_id"])] = _place(row)


async def _suspects(connection: asyncpg.Connection, at: Look) -> None:
    if not at.limits.no_stop:
        return
    for row in await connection.fetch(SQL["suspects"], at.living):
        one = _suspect(row)
        before = at.open.get((Rule.NO_STOP, str(row["transaction_id"])))
        found = no_stop(one, before.found.detail if before else None, at.now, at.limits)
        if found is None:
            continue
        at.add(found)
        step = next_step(one, found, at.now, at.limits)
        if step is Step.ASK:
            at.asked.append(_place(row))
        elif step is Step.END:
            at.over.append(Over(row["transaction_id"], row["charger_id"], row["version"], row["said_at"]))


async def _lost(connection: asyncpg.Connection, at: Look) -> None:
    if not at.limits.lost:
        return
    for row in await connection.fetch(SQL["lost"], at.limits.lost):
        if watchdogs.is_lost(row["seen_at"], at.now, at.limits):
            at.over.append(Over(row["transaction_id"], row["charger_id"], row["version"], row["said_at"]))


async def _gaps(connection: asyncpg.Connection, at: Look) -> None:
    for row in await connection.fetch(SQL["gaps"], at.living, at.limits.gap):
        missing = tuple((first, last) for first, last in row["missing_seq_nos"])
        one = Gappy(_running(row), missing, row["ended_at"], row["is_online"], _asked(row))
        step = after_end(one, at.now, at.limits)
        if step is Step.ASK:
            at.asked.append(_place(row))
        elif step is Step.END:
            at.add(incomplete(one))


def _running(row: Any) -> Running:
    return Running(row["transaction_id"], row["charger_id"], row["evse_id"], row["heard_at"])


def _place(row: Any) -> Place:
    return Place(
        row["transaction_id"],
        row["charger_id"],
        Version(row["ocpp_version"]),
        row["ocpp_transaction_id"],
        row["evse_id"],
        row["connector_id"],
    )


def _asked(row: Any) -> Asked | None:
    if row["asked_at"] is None:
        return None
    return Asked(row["asked_at"], State(row["asked_state"]), row["ongoing"], row["waiting"])


def _suspect(row: Any) -> Suspect:
    return Suspect(
        _running(row),
        Version(row["ocpp_version"]).is_2x,
        row["said_at"],
        row["is_online"],
        row["connected_at"],
        row["gone_at"],
        row["available_at"],
        row["stop_rejected_at"],
        row["newer_started_at"],
        _asked(row),
        row["late_at"],
    )


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
