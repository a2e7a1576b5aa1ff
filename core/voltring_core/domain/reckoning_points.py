"""What a session's evidence says of energy, power and time: points on a line, in the order in which they happened.

Values are totals in canonical units (TX-14); phases make one where none stands beside them, and only all three of one
time do (TX-15). Times that can't be right are those of receipt (TX-23). What comes twice stands once.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from operator import attrgetter

from voltring_core.domain.evidence import Evidence, Heard
from voltring_core.domain.messages import EventKind, Metered, Sample, TransactionReported
from voltring_core.domain.metering import BEGIN, END, ENERGY_REGISTER, PHASES, POWER, TOTALS_ARE_AT, trust_times
from voltring_core.domain.times import trusted
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.domain.values import changed, value

ENERGY_INTERVAL = "Energy.Active.Import.Interval"
EXPORT_REGISTER = "Energy.Active.Export.Register"
UNIT_OF = {ENERGY_REGISTER: "Wh", ENERGY_INTERVAL: "Wh", EXPORT_REGISTER: "Wh", POWER: "W"}
"""What energy is reckoned from; a value in any other unit is no evidence (TX-18)."""
ORDER = (ENERGY_REGISTER, POWER, ENERGY_INTERVAL, EXPORT_REGISTER)
Point = tuple[datetime, Decimal]


@value
class Readings:
    """Totals by what they measure, each in the order of time. Wh and W."""

    registers: tuple[Point, ...] = ()
    powers: tuple[Point, ...] = ()
    intervals: tuple[Point, ...] = ()
    exports: tuple[Point, ...] = ()
    begin: Point | None = None
    """The register of the context Transaction.Begin, and of Transaction.End: these bound the session (TX-16)."""
    end: Point | None = None


@value
class Story:
    """A session as its evidence tells it. `start` and `stop`: the registers at its two ends, where they were told."""

    started_at: datetime
    ended_at: datetime | None
    start: Point | None
    stop: Point | None
    readings: Readings
    states: tuple[tuple[datetime, str], ...] = field(default=())
    """Changes of the charging state (2.x)."""

    @property
    def last_at(self) -> datetime:
        """The end, or the last that is known of a session that runs."""
        known = (points[-1][0] for points in (self.readings.registers, self.readings.powers) if points)
        return self.ended_at or max((self.started_at, *known, *(at for at, _ in self.states[-1:])))


def read(samples: Iterable[Sample]) -> Readings:
    """The points in samples, in whatever order they come."""
    found: dict[str, set[Point]] = {name: set() for name in UNIT_OF}
    bounds: dict[str, list[Point]] = {BEGIN: [], END: []}
    for one in _at_one_place(_totals(tuple(samples))):
        if one.value is None or one.value < 0:
            continue
        point = (one.at, one.value)
        if one.measurand == ENERGY_REGISTER and one.context in bounds:
            bounds[one.context].append(point)
        found[one.measurand].add(point)
    registers, powers, intervals, exports = (tuple(sorted(found[name])) for name in ORDER)
    return Readings(
        registers, powers, intervals, exports, min(bounds[BEGIN], default=None), min(bounds[END], default=None)
    )


def tell(evidence: Evidence, transaction: Transaction) -> Story | None:
    """The session's story; None when nothing says when it was."""
    heard = list(_once(evidence.heard))
    events = _events(heard)
    started_at = transaction.started_at or min((at for at, _ in events), default=None)
    if started_at is None:
        started_at = min((at for one in heard for at in _times(one)), default=None)
    if started_at is None:
        return None
    ended_at = transaction.ended_at if transaction.state is not TransactionState.ACTIVE else None
    ended_at = None if ended_at is None else max(ended_at, started_at)
    readings = read(sample for one in heard for sample in _of_session(one, started_at, ended_at))
    states = tuple((at, said.charging_state) for at, said in events if said.charging_state)
    start, stop = _start(events, readings), _stop(events, readings, transaction.meter_stop_wh)
    return Story(started_at, ended_at, start, stop if ended_at is not None else None, readings, _changes(states))


def _start(events: list[tuple[datetime, TransactionReported]], readings: Readings) -> Point | None:
    for at, said in events:
        if said.kind is EventKind.STARTED:
            if said.meter_wh is not None and said.meter_wh >= 0:
                return at, said.meter_wh
            if readings.begin is None and (own := read(said.samples).registers):
                return at, own[0][1]
    return readings.begin


def _stop(
    events: list[tuple[datetime, TransactionReported]], readings: Readings, register: Decimal | None
) -> Point | None:
    """Of several ends the one that the session itself goes by, else the first (TX-06)."""
    ends = [(at, said) for at, said in events if said.kind is EventKind.ENDED]
    for at, said in [one for one in ends if one[1].meter_wh == register] or ends:
        if said.meter_wh is not None and said.meter_wh >= 0:
            return at, said.meter_wh
        if readings.end is None and (own := read(said.samples).registers):
            return at, own[-1][1]
    return readings.end


def _once(heard: tuple[Heard, ...]) -> Iterable[Heard]:
    """Each message of the session's own the first time that it came, whether it was said to be from a queue or not."""
    seen: set[TransactionReported] = set()
    for one in sorted(heard, key=attrgetter("received_at")):
        if isinstance(one.said, TransactionReported):
            said = changed(one.said, offline=False) if one.said.offline else one.said
            if said in seen:
                continue
            seen.add(said)
        yield one


def _events(heard: Iterable[Heard]) -> list[tuple[datetime, TransactionReported]]:
    """The session's own messages by their time, then their number; where these don't tell, by what they say: never by
    the order in which they are given here."""
    found = []
    for one in heard:
        said = one.said
        if isinstance(said, TransactionReported):
            at = trusted(said.at, one.received_at)[0]
            found.append(((at, -1 if said.seq_no is None else said.seq_no), at, said))
    keys = Counter(key for key, _, _ in found)
    found.sort(key=lambda one: (one[0], repr(one[2]) if keys[one[0]] > 1 else ""))
    return [(at, said) for _, at, said in found]


def _times(one: Heard) -> Iterable[datetime]:
    return (sample.at for sample in trust_times(one.said.samples, one.received_at))


def _of_session(one: Heard, started_at: datetime, ended_at: datetime | None) -> Iterable[Sample]:
    """The samples that are the session's: all of its own messages; of others what lies within it (TX-16)."""
    samples = trust_times(one.said.samples, one.received_at)
    if not isinstance(one.said, Metered):
        return samples
    bounds = (BEGIN, END)
    return (
        sample
        for sample in samples
        if sample.context in bounds or (sample.at >= started_at and (ended_at is None or sample.at <= ended_at))
    )


def _changes(states: tuple[tuple[datetime, str], ...]) -> tuple[tuple[datetime, str], ...]:
    kept: list[tuple[datetime, str]] = []
    for at, state in states:
        if not kept or kept[-1][1] != state:
            kept.append((at, state))
    return tuple(kept)


def _totals(samples: tuple[Sample, ...]) -> list[Sample]:
    """The samples that count, and a total of each time at which all three phases stand without one."""
    of_use = [one for one in samples if UNIT_OF.get(one.measurand) == one.unit and one.location in TOTALS_ARE_AT]
    whole = [one for one in of_use if one.phase is None]
    if len(whole) == len(of_use):
        return whole
    told = {(one.measurand, one.at) for one in whole}
    groups: dict[tuple[object, ...], dict[str, Sample]] = {}
    for one in of_use:
        if one.phase is not None and one.value is not None and (one.measurand, one.at) not in told:
            key = (one.measurand, one.at, one.location, one.context)
            groups.setdefault(key, {})[one.phase.removesuffix("-N")] = one
    return whole + [_sum(parts) for parts in groups.values() if parts.keys() == PHASES]


def _sum(parts: dict[str, Sample]) -> Sample:
    total = sum((one.value for one in parts.values() if one.value is not None), Decimal(0))
    return changed(parts["L1"], value=total, phase=None)


def _at_one_place(samples: list[Sample]) -> list[Sample]:
    """Where the outlet and the cable are both metered, the outlet counts: two meters are not one."""
    at_cable = {one.measurand for one in samples if one.location == "Cable"}
    if not at_cable:
        return samples
    elsewhere = {one.measurand for one in samples if one.location != "Cable"}
    return [one for one in samples if one.location != "Cable" or one.measurand not in elsewhere]
