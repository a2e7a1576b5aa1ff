"""Sessions whose end never came (TX-19), and ended ones of which messages are missing (TX-12).

    signs of an end ──> alarm `no_stop` ──> 2.x: the charger is asked (GetTransactionStatus)
                                       └──> here for a day, nothing queued any more ──> ended as abandoned
    ended, with gaps ── 15 minutes ──> the charger is asked ──> messages wait in it: so do we
                                                          └──> nothing waits, or it can't say ──> alarm `incomplete`

An abandoned session is provisional: its true end, when that comes, replaces the assumed one. No session is ended by a
boot (TX-20), by silence, or by a single sign.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from voltring_core.domain.commands import State
from voltring_core.domain.times import read_time
from voltring_core.domain.watchdogs import Found, Limits, Rule, Running, is_over, of_session

HOUR_S, DAY_S = 3600.0, 86400.0
STEP_S = 300.0
"""By how much the time that a charger was here grows at once, so that a look does not write each time."""


class Sign(StrEnum):
    """What says that a session is over."""

    AVAILABLE = "connector available"
    STOP_REJECTED = "stop rejected"
    NOT_ONGOING = "charger says it is over"
    NEWER_START = "newer start on the EVSE"


class Step(StrEnum):
    """What is to be done about a session now."""

    WAIT = "wait"
    ASK = "ask"
    """GetTransactionStatus (2.x)."""
    END = "end"
    """Abandoned; for one with gaps: nothing more will come."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The latest GetTransactionStatus for a session, and what came of it."""

    at: datetime
    state: State
    ongoing: bool | None = None
    waiting: bool | None = None
    """Whether messages of it wait in the charger; None when it has not said."""

    @property
    def is_refused(self) -> bool:
        """Whether the charger can't say."""
        return self.state in (State.REJECTED, State.CALLERROR)


@dataclass(frozen=True, slots=True)
class Suspect:
    """A running session with a sign that it is over. Times are the charger's where it told them."""

    session: Running
    is_2x: bool
    said_at: datetime
    """When the last of what was said of it happened."""
    is_online: bool
    connected_at: datetime
    gone_at: datetime
    """When it was last heard, where it is not online."""
    available_at: datetime | None = None
    stop_rejected_at: datetime | None = None
    newer_started_at: datetime | None = None
    asked: Asked | None = None
    late_at: datetime | None = None
    """When the charger last sent something that it had queued."""


@dataclass(frozen=True, slots=True)
class Gappy:
    """An ended session of which messages are missing: these numbers, first and last of each gap."""

    session: Running
    missing: tuple[tuple[int, int], ...]
    ended_at: datetime
    """When its end was received."""
    is_online: bool
    asked: Asked | None = None


def signs(one: Suspect, now: datetime, stable_s: float) -> dict[Sign, datetime]:
    """What says that the session is over, and since when: only what is newer than the last word of the session.

    None once the charger says, after all of them, that the session goes on.
    """
    found: dict[Sign, datetime | None] = {
        Sign.AVAILABLE: one.available_at if one.available_at and is_over(one.available_at, now, stable_s) else None,
        Sign.STOP_REJECTED: one.stop_rejected_at,
        Sign.NEWER_START: one.newer_started_at,
        Sign.NOT_ONGOING: one.asked.at if one.asked is not None and one.asked.ongoing is False else None,
    }
    held = {sign: at for sign, at in found.items() if at is not None and at > one.said_at}
    denied = one.asked.at if one.asked is not None and one.asked.ongoing else None
    return {} if denied is not None and all(at <= denied for at in held.values()) else held


def no_stop(one: Suspect, before: Mapping[str, Any] | None, now: datetime, limits: Limits) -> Found | None:
    """A session that seems to be over; `before` is the detail of its alarm, where one is open.

    The detail has the signs, and `online_s`: how long the charger was here since they were first seen, and could have
    sent what it had queued.
    """
    held = signs(one, now, limits.no_stop) if limits.no_stop > 0 else {}
    if not held:
        return None
    return of_session(
        Rule.NO_STOP,
        one.session,
        min(held.values()),
        signs=sorted(sign.value for sign in held),
        **_presence(one, before, now),
    )


def _presence(one: Suspect, before: Mapping[str, Any] | None, now: datetime) -> dict[str, Any]:
    """How long it was here, as far as a socket was seen open from one look to the next."""
    looked_at = read_time(before.get("looked_at")) if before else None
    if before is None or looked_at is None:
        return {"online_s": 0.0, "looked_at": now.isoformat()}
    until = now if one.is_online else min(one.gone_at, now)
    more = (until - max(looked_at, one.connected_at)).total_seconds()
    known = float(before.get("online_s", 0.0))
    if more < STEP_S and (one.is_online or more <= 0):
        return {"online_s": known, "looked_at": before["looked_at"]}
    return {"online_s": known + more, "looked_at": until.isoformat()}


def next_step(one: Suspect, found: Found, now: datetime, limits: Limits) -> Step:
    """What is to be done about a session that seems to be over."""
    if limits.abandon > 0 and found.detail["online_s"] >= limits.abandon and is_drained(one, now):
        return Step.END
    if not one.is_2x or not one.is_online:
        return Step.WAIT
    # A sign may be the charger's own answer: what it said after the session's last word counts.
    return Step.ASK if _is_to_be_asked(one.asked, one.said_at, now, HOUR_S) else Step.WAIT


def is_drained(one: Suspect, now: datetime) -> bool:
    """Whether nothing waits in the charger: by its own word, else because nothing late came for an hour."""
    if one.asked is not None and one.asked.waiting:
        return False
    if one.asked is not None and one.asked.waiting is False and one.asked.at > one.said_at:
        return True
    return one.late_at is None or is_over(one.late_at, now, HOUR_S)


def after_end(one: Gappy, now: datetime, limits: Limits) -> Step:
    """What is to be done about a session that ended with gaps; END says that nothing more will come."""
    if not is_over(one.ended_at, now, limits.gap):
        return Step.WAIT
    asked = one.asked if one.asked is not None and one.asked.at >= one.ended_at else None
    if asked is not None and (asked.is_refused or asked.waiting is False):
        return Step.END
    if is_over(one.ended_at, now, DAY_S) and (asked is None or asked.waiting is None):
        return Step.END  # nobody can say any more; what comes all the same closes the gap
    is_due = one.is_online and _is_to_be_asked(asked, one.ended_at, now, limits.gap)
    return Step.ASK if is_due else Step.WAIT


def incomplete(one: Gappy) -> Found:
    """A session whose gaps will not be filled: somebody has to rule on its bill."""
    return of_session(Rule.INCOMPLETE, one.session, one.ended_at, missing_seq_nos=[list(gap) for gap in one.missing])


def _is_to_be_asked(asked: Asked | None, since: datetime, now: datetime, again_s: float) -> bool:
    """Whether the charger is to be asked: for the first time, or so long ago that it may say something else now."""
    if asked is None:
        return True
    is_answered = asked.at >= since and (asked.is_refused or asked.waiting is False)
    if is_answered or asked.state in (State.QUEUED, State.SENT):
        return False
    return is_over(asked.at, now, again_s)
