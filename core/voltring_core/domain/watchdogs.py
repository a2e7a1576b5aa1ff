"""What is wrong and nobody says: rules, each from what is known and now to a finding or nothing (docs/alarms.md).

    offline_mid_session   a session runs, and its charger is away
    no_start              a remote start was accepted, and nothing began
    no_stop               a session seems to be over, and its end never came (stuck.py, TX-19)
    no_readings           a session runs at a charger that is here, and nothing is measured
    charger_faulted       a connector, or the whole station, stays Faulted
    unconfirmed           the charger restarted during a session and has said nothing of it since (TX-20)
    incomplete            messages of an ended session are missing, and its charger has no more (stuck.py, TX-12)

A rule whose time is 0 finds nothing. An alarm is open while its rule holds of its subject: `compare` says what is new,
what has changed and what is over.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import UUID

HOUR_S = 3600.0
ASKED_AT_ONCE = 250
"""Chargers that are asked in one look: after a power cut thousands restart in the same minute."""
NO_DETAIL: Mapping[str, Any] = MappingProxyType({})


class Rule(StrEnum):
    """What a watchdog watches for."""

    OFFLINE_MID_SESSION = "offline_mid_session"
    NO_START = "no_start"
    NO_STOP = "no_stop"
    NO_READINGS = "no_readings"
    CHARGER_FAULTED = "charger_faulted"
    UNCONFIRMED = "unconfirmed"
    INCOMPLETE = "incomplete"


SEVERITY: Mapping[Rule, int] = MappingProxyType(
    {
        Rule.OFFLINE_MID_SESSION: 4,
        Rule.NO_START: 5,
        Rule.NO_STOP: 5,
        Rule.NO_READINGS: 5,
        Rule.CHARGER_FAULTED: 3,
        Rule.UNCONFIRMED: 6,
        Rule.INCOMPLETE: 6,
    }
)
"""By OCPP's scale: 3 critical, 4 error, 5 alert, 6 warning."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each may last, in seconds; 0 switches its rule off."""

    offline_mid_session: float = 300.0
    no_start: float = 120.0
    no_stop: float = 600.0
    no_readings: float = 1800.0
    charger_faulted: float = 300.0
    unconfirmed: float = 300.0
    abandon: float = 86400.0
    """Seconds that a charger was here with the signs of an end, until its session is ended without it."""
    lost: float = 604800.0
    """Seconds that a charger was not seen, until its sessions are ended without it."""
    gap: float = 900.0
    """Seconds after the end of a session with gaps, until the charger is asked for what is missing."""


@dataclass(frozen=True, slots=True)
class Found:
    """A rule that holds now. `detail` holds what JSON can: it is kept with the alarm."""

    rule: Rule
    subject: str
    """What it is about; one alarm of a rule is open for each."""
    charger_id: str
    transaction_id: UUID | None = None
    evse_id: int | None = None
    detail: Mapping[str, Any] = field(default_factory=lambda: NO_DETAIL)

    @property
    def key(self) -> tuple[Rule, str]:
        """What makes it the same alarm."""
        return self.rule, self.subject


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm that was raised and not cleared."""

    id: UUID
    found: Found


@dataclass(frozen=True, slots=True)
class Difference:
    """What a look at everything changes."""

    raised: tuple[Found, ...]
    changed: tuple[OpenAlarm, ...]
    """Alarms that stay open, with their new detail."""
    cleared: tuple[OpenAlarm, ...]


@dataclass(frozen=True, slots=True)
class Running:
    """A session that runs, or ran."""

    transaction_id: UUID
    charger_id: str
    evse_id: int | None
    heard_at: datetime
    """When it was first heard of."""


@dataclass(frozen=True, slots=True)
class Faulty:
    """A connector that is Faulted; `status_at` by the last word on it, `seen_at` since a watchdog sees it so."""

    charger_id: str
    evse_id: int
    connector_id: int
    status_at: datetime
    seen_at: datetime
    error_code: str | None = None
    info: str | None = None
    vendor_error_code: str | None = None

    @property
    def subject(self) -> str:
        """The connector's name among all."""
        return f"{self.charger_id}:{self.evse_id}:{self.connector_id}"


def is_over(since: datetime, now: datetime, limit_s: float) -> bool:
    """Whether something lasts for as long as its rule allows, or longer; never where the rule is off."""
    return limit_s > 0 and (now - since).total_seconds() >= limit_s


def offline_mid_session(session: Running, gone_since: datetime, now: datetime, limits: Limits) -> Found | None:
    """The charger of a running session is away since then."""
    since = max(gone_since, session.heard_at)
    if not is_over(since, now, limits.offline_mid_session):
        return None
    return of_session(Rule.OFFLINE_MID_SESSION, session, since)


def is_lost(seen_at: datetime, now: datetime, limits: Limits) -> bool:
    """Whether a charger was not seen for so long that its running sessions are given up (TX-19): nobody will say that
    they are over. Provisional, as any assumed end: the true stop replaces it, and whatever comes takes it back."""
    return is_over(seen_at, now, limits.lost)


def no_start(
    charger_id: str, command_id: UUID, evse_id: int | None, sent_at: datetime, now: datetime, limits: Limits
) -> Found | None:
    """A remote start that the charger has accepted, and of which nothing came yet.

    For an hour: who has not plugged in by then has gone, and nobody waits any more.
    """
    if not is_over(sent_at, now, limits.no_start) or is_over(sent_at, now, limits.no_start + HOUR_S):
        return None
    detail = {"since": sent_at.isoformat(), "command_id": str(command_id)}
    return Found(Rule.NO_START, str(command_id), charger_id, evse_id=evse_id, detail=detail)


def no_readings(
    session: Running, read_at: datetime | None, connected_at: datetime, now: datetime, limits: Limits
) -> Found | None:
    """A session whose charger is here since `connected_at` and measures nothing; what came last came at `read_at`."""
    since = max(session.heard_at, connected_at, read_at or session.heard_at)
    return of_session(Rule.NO_READINGS, session, since) if is_over(since, now, limits.no_readings) else None


def charger_faulted(one: Faulty, now: datetime, limits: Limits, *, is_open: bool) -> Found | None:
    """A connector that stays Faulted. Chargers repeat the status; that does not make it a new fault."""
    since = min(one.status_at, one.seen_at)
    if limits.charger_faulted <= 0 or not (is_open or is_over(since, now, limits.charger_faulted)):
        return None
    said = {"error_code": one.error_code, "vendor_error_code": one.vendor_error_code, "info": one.info}
    detail = {"connector_id": one.connector_id} | {name: word for name, word in said.items() if word}
    return Found(Rule.CHARGER_FAULTED, one.subject, one.charger_id, evse_id=one.evse_id, detail=detail)


def unconfirmed(session: Running, booted_at: datetime, now: datetime, limits: Limits) -> Found | None:
    """A session of which nothing was heard since its charger, which is here, has restarted."""
    if not is_over(booted_at, now, limits.unconfirmed):
        return None
    return of_session(Rule.UNCONFIRMED, session, booted_at)


def of_session(rule: Rule, session: Running, since: datetime, **more: Any) -> Found:
    """A finding about a session, since then."""
    detail = {"since": since.isoformat(), **more}
    subject = str(session.transaction_id)
    return Found(rule, subject, session.charger_id, session.transaction_id, session.evse_id, detail)


def compare(found: Iterable[Found], open_: Iterable[OpenAlarm], looked: Collection[Rule]) -> Difference:
    """What was found now against the alarms that are open; a rule that was not `looked` at changes nothing.

    Whose alarm has the charger asked (`unconfirmed`) is raised some at a time.
    """
    now = {one.key: one for one in found if one.rule in looked}
    before = {one.found.key: one for one in open_ if one.found.rule in looked}
    raised = [one for key, one in now.items() if key not in before]
    later = {one.key for one in [one for one in raised if one.rule is Rule.UNCONFIRMED][ASKED_AT_ONCE:]}
    return Difference(
        raised=tuple(one for one in raised if one.key not in later),
        changed=tuple(
            OpenAlarm(before[key].id, one)
            for key, one in now.items()
            if key in before and one.detail != before[key].found.detail
        ),
        cleared=tuple(one for key, one in before.items() if key not in now),
    )
