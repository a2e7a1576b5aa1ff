"""The account of a session that runs, from the last one and what was read since: at the cost of a reading, however
long the session has been running.

It goes on only where nothing is odd: times and registers that rise, numbers that follow each other, nothing that comes
once. Everything else is None, and the session is worked out from its whole evidence (`reckoning.py`). Where both can,
they come to the same account; `usage` has its spans joined within each quarter of an hour, which is how finely
tariffs tell times apart.
"""

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from itertools import pairwise

from voltring_core.domain.evidence import Evidence
from voltring_core.domain.folding import Folded
from voltring_core.domain.messages import EventKind, Sample
from voltring_core.domain.metering import BEGIN, END
from voltring_core.domain.reckoning import EXACT, Account, Reckoned, difference, doubts
from voltring_core.domain.reckoning_clock import (
    CLOCK_SKEW,
    READINGS_STOPPED,
    RHYTHM_OF,
    WARN_S,
    flag_of,
    is_silent,
    rhythm,
    skew,
)
from voltring_core.domain.reckoning_methods import (
    ROOM,
    SEEN_W,
    STEADY_FROM,
    Counted,
    Method,
    peak_power,
    under,
    unknown,
)
from voltring_core.domain.reckoning_points import Point, read
from voltring_core.domain.reckoning_usage import (
    CHARGING,
    NEXT_TO_NOTHING_W,
    Stretch,
    cut,
    flows,
    idle_since,
    step_of,
    stretches,
    usage,
)
from voltring_core.domain.times import CLOCK, trusted
from voltring_core.domain.transactions import IMPLAUSIBLE_ENERGY, LARGEST_POWER_W, TransactionState
from voltring_core.domain.usage import Usage
from voltring_core.domain.values import changed, value

ZERO = Decimal(0)
_US = timedelta(microseconds=1)
HOUR_US = Decimal(3_600_000_000)
QUARTER = timedelta(minutes=15)
FOUND_ANEW = frozenset({"energy_mismatch", IMPLAUSIBLE_ENERGY, READINGS_STOPPED, CLOCK_SKEW, CLOCK})
"""Flags that are looked for at each step; a session with any other is worked out as a whole."""


@value
class Said:
    """What a message of a running 2.x session tells beside its readings. `brings` something that comes once: a token,
    a reservation."""

    kind: EventKind
    at: datetime
    received_at: datetime
    seq_no: int | None
    offline: bool
    charging_state: str | None
    brings: bool


@value
class Line:
    """One method so far: since when it counts, its last point, its energy (of power: the area, `under`), and what may
    be wrong with it: in Wh, of power what is `unknown`."""

    first_at: datetime
    last: Point
    energy_wh: Decimal
    doubt_wh: Decimal = ZERO
    unknown: tuple[Decimal, Decimal] = (ZERO, ZERO)


@value
class Running:
    """A session so far. `came` are the times of receipt of its latest readings, `idle` the latest changes of its state
    as far as they may matter to what comes next."""

    folded: Folded
    started_at: datetime
    last_at: datetime
    registers: Line
    powers: Line | None
    intervals: Line | None
    exports: tuple[Decimal, Decimal] | None
    peak_w: Decimal
    rated_power_w: Decimal | None
    skew_s: float | None
    came: tuple[datetime, ...]
    began_at: datetime
    seq_no: int | None
    said_at: datetime
    state: str | None
    charged: bool
    idle: tuple[tuple[datetime, bool], ...] = field(default=())
    parts: tuple[Stretch, ...] = field(default=())
    busy: tuple[datetime, ...] = field(default=())
    step: int = 0
    """Of the register, as its readings so far show it."""


def go_along(
    evidence: Evidence, folded: Folded, reckoned: Reckoned, *, rated_power_w: Decimal | None = None
) -> Running | None:
    """What to go on from after the whole evidence was worked out; None for a session that has to be each time."""
    story, session = reckoned.story, folded.transaction
    if (
        story is None
        or not _is_plain(folded, reckoned)
        or any(_is_at_cable(one.said.samples) for one in evidence.heard)
    ):
        return None
    with localcontext(EXACT):
        lines = {one.method: one for one in reckoned.counted}
        best = lines[Method.READINGS]
        came = sorted(one.received_at for one in evidence.heard if one.said.samples)
        powers, intervals, exports = story.readings.powers, story.readings.intervals, story.readings.exports
        register = max([*story.readings.registers, *([story.start] if story.start else [])])
        parts = stretches(best.curve, story.started_at, best.curve[-1][0], story.states, powers)
        interval = lines.get(Method.INTERVALS)
        return Running(
            folded,
            story.started_at,
            story.last_at,
            Line(best.curve[0][0], register, best.energy_wh),
            Line(powers[0][0], powers[-1], _area(powers), ZERO, unknown(powers)) if powers else None,
            Line(story.started_at, intervals[-1], interval.energy_wh, interval.exceeds_wh) if interval else None,
            (exports[0][1], exports[-1][1]) if exports else None,
            peak_power(story),
            rated_power_w,
            reckoned.account.clock_skew_s,
            tuple(came[-RHYTHM_OF - 1 :]),
            min(one.received_at for one in evidence.heard),
            session.last_seq_no,
            max((at for at, _ in story.states), default=story.started_at),
            story.states[-1][1] if story.states else None,
            any(state == CHARGING for _, state in story.states),
            _latest(idle_since(False, story.states), register[0]),
            _joined((), parts),
            tuple(at for at, watts in powers if watts > NEXT_TO_NOTHING_W and at > register[0]),
            step_of(parts),
        )


def go_on(now: Running, said: Sequence[Said], samples: Sequence[tuple[datetime, Sample]]) -> Running | None:
    """The session after messages that came since; None where they are not simply the next ones.

    `samples` with the time of receipt of each, in the order of receipt; times that can't be right are replaced.
    """
    with localcontext(EXACT):
        then: Running | None = now
        for one in said:
            then = None if then is None else _heard(then, one)
        if then is None or _is_at_cable([sample for _, sample in samples]):
            return None
        return _measured(then, samples) if samples else then


def account(now: Running, at: datetime, *, with_usage: bool = True) -> Account:
    """The session's account, `at` being now; its usage only where it is asked for."""
    with localcontext(EXACT):
        counted = _counted(now)
        found = list(doubts(counted, now.last_at - now.started_at, now.rated_power_w))
        found += [word for word in (flag_of(now.skew_s),) if word]
        if is_silent(now.came[-1] if now.came else now.began_at, rhythm(now.came), at):
            found.append(READINGS_STOPPED)
        exported = None if now.exports is None else max(now.exports[1] - now.exports[0], ZERO)
        return Account(
            now.registers.energy_wh,
            Method.READINGS,
            {one.method: one.energy_wh for one in counted},
            difference(counted),
            tuple(dict.fromkeys(found)),
            now.skew_s,
            _usage(now) if with_usage else None,
            exported,
        )


def _usage(now: Running) -> Usage:
    tail = cut(now.registers.last[0], now.last_at, ZERO, now.idle, now.busy, is_read=False)
    return usage([*now.parts, *(one for one in tail if one.begins < one.ends)], now.started_at, now.last_at, now.step)


def _is_plain(folded: Folded, reckoned: Reckoned) -> bool:
    session = folded.transaction
    return (
        session.state is TransactionState.ACTIVE
        and CLOCK not in session.flags
        and session.evse_id is not None
        and not (folded.flags or folded.missing_seq_nos or folded.conflicts)
        and FOUND_ANEW.issuperset(reckoned.account.flags)
        and reckoned.account.method is Method.READINGS
        and not reckoned.counted[0].flags
    )


def _is_at_cable(samples: Sequence[Sample]) -> bool:
    return any(one.location == "Cable" for one in samples)


def _heard(now: Running, said: Said) -> Running | None:
    """After a message as such. Its readings come with all others."""
    follows = now.seq_no is not None and said.seq_no == now.seq_no + 1
    mistrusted = trusted(said.at, said.received_at)[1]
    if said.kind is not EventKind.UPDATED or said.offline or said.brings or mistrusted or not follows:
        return None
    then = changed(now, seq_no=said.seq_no, skew_s=_skew(now.skew_s, said.at, said.received_at))
    if said.charging_state in (None, now.state):
        return then
    if said.at < max(now.said_at, now.registers.last[0]):
        return None
    charged = now.charged or said.charging_state == CHARGING
    ((_, is_idle),) = idle_since(now.charged, ((said.at, said.charging_state or ""),))
    idle = now.idle if now.idle and now.idle[-1][1] == is_idle else (*now.idle, (said.at, is_idle))
    return changed(
        then,
        charged=charged,
        idle=idle,
        state=said.charging_state,
        said_at=said.at,
        last_at=max(now.last_at, said.at),
    )


def _measured(now: Running, samples: Sequence[tuple[datetime, Sample]]) -> Running | None:
    found = read(sample for _, sample in samples)
    if found.begin is not None or found.end is not None or any(one.context in (BEGIN, END) for _, one in samples):
        return None
    then = _powered(now, found.powers)
    then = then and _metered(then, found.registers)
    then = then and _interval(then, found.intervals)
    if then is None:
        return None
    exports = then.exports
    if found.exports:
        exports = (exports[0] if exports else found.exports[0][1], found.exports[-1][1])
    skew_s = then.skew_s
    for received_at, one in samples:
        skew_s = _skew(skew_s, one.at, received_at)
    came = dict.fromkeys((*then.came, *(received_at for received_at, _ in samples)))
    return changed(then, exports=exports, skew_s=skew_s, came=tuple(came)[-RHYTHM_OF - 1 :])


def _metered(now: Running, points: Sequence[Point]) -> Running | None:
    (since, register), energy, parts = now.registers.last, now.registers.energy_wh, now.parts
    peak, idle, step = now.peak_w, now.idle, now.step
    for at, value_wh in points:
        if at <= since or value_wh < register:
            return None
        grown = value_wh - register
        if at - since >= STEADY_FROM and grown > peak * _us(at - since) / HOUR_US:
            peak = grown * HOUR_US / _us(at - since)
        peak = max(peak, SEEN_W) if at - since >= STEADY_FROM else peak
        more = cut(since, at, grown, idle, now.busy)
        parts, step = _joined(parts, more), step_of(more, step)
        energy += grown
        since, register = at, value_wh
    if not points:
        return now
    return changed(
        now,
        registers=changed(now.registers, last=(since, register), energy_wh=energy),
        parts=parts,
        step=step,
        peak_w=peak,
        idle=_latest(idle, since),
        busy=tuple(at for at in now.busy if at > since),
        last_at=max(now.last_at, since),
    )


def _powered(now: Running, points: Sequence[Point]) -> Running | None:
    if not points:
        return now
    line = now.powers or Line(points[0][0], points[0], ZERO)
    peak = max([now.peak_w, SEEN_W, *(watts for _, watts in points)])
    new = [line.last, *points] if now.powers else list(points)
    if any(until <= since for (since, _), (until, _) in pairwise(new)):
        return None
    holes, swings = unknown(new)
    left_open = (line.unknown[0] + holes, line.unknown[1] + swings)
    busy = (*now.busy, *(at for at, watts in points if watts > NEXT_TO_NOTHING_W))
    line = Line(line.first_at, new[-1], line.energy_wh + _area(new), ZERO, left_open)
    return changed(now, powers=line, peak_w=peak, busy=busy, last_at=max(now.last_at, new[-1][0]))


def _interval(now: Running, points: Sequence[Point]) -> Running | None:
    if not points:
        return now
    line = now.intervals
    if line is None or points[0][0] <= line.last[0]:
        return None
    energy = line.energy_wh + sum((wh for _, wh in points), ZERO)
    return changed(now, intervals=changed(line, last=points[-1], energy_wh=energy))


def _counted(now: Running) -> list[Counted]:
    """The methods as far as `doubts` looks at them: by their last points."""
    found = [_line(now, Method.READINGS, now.registers, ZERO, ZERO)]
    if now.intervals is not None:
        found.append(_line(now, Method.INTERVALS, now.intervals, ZERO, now.intervals.doubt_wh))
    if now.powers is not None and now.powers.last[0] > now.powers.first_at:
        powers = changed(now.powers, energy_wh=under(now.powers.energy_wh))
        holes, swings = powers.unknown
        doubt = (holes * _peak(now) + swings) / HOUR_US
        found.append(_line(now, Method.POWER, powers, doubt, doubt))
    return found


def _line(now: Running, method: Method, line: Line, lacks: Decimal, exceeds: Decimal) -> Counted:
    unseen = max(line.first_at - now.started_at, timedelta()) + max(now.last_at - line.last[0], timedelta())
    peak = _peak(now)
    if unseen:
        lacks += _us(unseen) / HOUR_US * (peak * ROOM if peak else LARGEST_POWER_W)
    return Counted(method, ((line.last[0], line.energy_wh),), lacks, exceeds)


def _peak(now: Running) -> Decimal:
    return max(now.rated_power_w or ZERO, now.peak_w)


def _joined(parts: tuple[Stretch, ...], more: Sequence[Stretch]) -> tuple[Stretch, ...]:
    """The stretches, those of one kind within a quarter of an hour by the clock as one."""
    joined = list(parts)
    for one in more:
        last = joined[-1] if joined else None
        if last is not None and _are_one(last, one):
            joined[-1] = changed(last, ends=one.ends, energy_wh=last.energy_wh + one.energy_wh)
        else:
            joined.append(one)
    return tuple(joined)


def _are_one(last: Stretch, one: Stretch) -> bool:
    quarter = last.begins - (last.begins - last.begins.min.replace(tzinfo=last.begins.tzinfo)) % QUARTER
    return (
        one.ends <= quarter + QUARTER
        and (last.is_idle, last.is_read, last.is_busy) == (one.is_idle, one.is_read, one.is_busy)
        and flows(last) == flows(one)
    )


def _latest(idle: Sequence[tuple[datetime, bool]], at: datetime) -> tuple[tuple[datetime, bool], ...]:
    """The change that holds at a time, and those after it."""
    before = [one for one in idle if one[0] <= at]
    return (*before[-1:], *(one for one in idle if one[0] > at))


def _skew(known: float | None, at: datetime, received_at: datetime) -> float | None:
    if at == received_at:
        return known
    found = (at - received_at).total_seconds()
    if known is not None:
        return max(known, found)
    return skew([(at, received_at)]) if found >= -WARN_S else None


def _area(powers: Sequence[Point]) -> Decimal:
    steps = pairwise(powers)
    return sum(((before + after) * _us(until - since) for (since, before), (until, after) in steps), ZERO)


def _us(lasting: timedelta) -> Decimal:
    return Decimal(lasting // _US)
