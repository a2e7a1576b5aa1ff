"""Where the local time of day changes a price.

A condition is asked of the clock on the wall, at every instant. So in the night in which an hour comes twice both
hours are in a window that covers it, and in the night in which an hour is missing nobody pays for it: what is counted
is always the time that has really passed.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from voltring_core.domain.tariffs.model import DAYS, Conditions
from voltring_core.domain.values import value

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@value
class Window:
    """The local conditions of a component, ready to be asked: minutes of the day, days from Monday (0); None: any."""

    start: int | None
    end: int | None
    days: frozenset[int] | None

    def holds(self, local: datetime) -> bool:
        """Whether it is open at a local time."""
        minute, day = local.hour * 60 + local.minute, local.weekday()
        if self.start is not None and self.end is not None:
            crosses = self.end < self.start
            if not (minute >= self.start or minute < self.end if crosses else self.start <= minute < self.end):
                return False
            if crosses and minute < self.end:
                day = (day - 1) % 7  # the night began on the day before
        return self.days is None or day in self.days


def window_of(conditions: Conditions) -> Window:
    """The local conditions among all of a component's."""
    named = conditions.days_of_week
    days = None if named is None else frozenset(DAYS.index(day) for day in named)
    return Window(_minute(conditions.start_time_of_day), _minute(conditions.end_time_of_day), days)


def turns(windows: Iterable[Window], begins: datetime, ends: datetime, zone: ZoneInfo) -> list[datetime]:
    """The instants between the two, in order, at which any of the windows may open or close.

    Some of them may change nothing: what is cut there is put together again.
    """
    limited = [one for one in windows if one.start is not None or one.days is not None]
    if not limited:
        return []
    found = {*_passages(_times(limited), begins, ends, zone), *transitions(zone, begins, ends)}
    return sorted(at for at in found if begins < at < ends)


def transitions(zone: ZoneInfo, begins: datetime, ends: datetime) -> Iterator[datetime]:
    """When the zone's clocks are set, in UTC, between the two."""
    at = begins.astimezone(UTC).replace(microsecond=0)
    while at < ends:
        following = at + DAY
        if _offset(zone, at) != _offset(zone, following):
            yield _change(zone, at, following)
        at = following


def _minute(text: str | None) -> int | None:
    """Of the day, in "HH:MM"."""
    return None if text is None else int(text[:2]) * 60 + int(text[3:])


def _times(windows: Iterable[Window]) -> set[time]:
    minutes = {0} | {minute for one in windows for minute in (one.start, one.end) if minute is not None}
    return {time(*divmod(minute, 60)) for minute in minutes}


def _passages(times: set[time], begins: datetime, ends: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """When the clock on the wall shows one of the times: twice where an hour comes twice.

    A day more at each end, because clocks that are set back after midnight show the day before once more.
    """
    day = begins.astimezone(zone).date() - DAY
    last = ends.astimezone(zone).date() + DAY
    while day <= last:
        for at in times:
            for fold in (0, 1):
                yield datetime.combine(day, at, zone).replace(fold=fold).astimezone(UTC)
        day += DAY


def _offset(zone: ZoneInfo, at: datetime) -> timedelta | None:
    return at.astimezone(zone).utcoffset()


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second at which the offset is no longer what it was before."""
    old = _offset(zone, before)
    while after - before > SECOND:
        middle = before + timedelta(seconds=(after - before) // SECOND // 2)
        before, after = (middle, after) if _offset(zone, middle) == old else (before, middle)
    return after
