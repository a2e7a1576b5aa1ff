"""Hours in which the fleet must not shrink or be rebalanced: when people come home and plug in."""

from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import field_validator

from voltring_operator.form import Form

Weekday = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
DAYS: tuple[Weekday, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Blackout(Form):
    """From a time of day to another one; across midnight when `to` is not later. Its weekday is that of its start."""

    from_: time
    to: time
    time_zone: str = "UTC"
    weekdays: tuple[Weekday, ...] = DAYS

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, given: str) -> str:
        try:
            ZoneInfo(given)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"{given!r} is no time zone, as Europe/Berlin is one") from None
        return given

    def holds(self, now: datetime) -> bool:
        """Whether `now` (with a time zone) is within it."""
        local = now.astimezone(ZoneInfo(self.time_zone))
        at, day = local.time(), local.date()
        if self.from_ < self.to:
            return self.from_ <= at < self.to and self._begins_on(day.weekday())
        yesterday = (day - timedelta(days=1)).weekday()
        return (at >= self.from_ and self._begins_on(day.weekday())) or (at < self.to and self._begins_on(yesterday))

    def _begins_on(self, weekday: int) -> bool:
        return DAYS[weekday] in self.weekdays

    def __str__(self) -> str:
        return f"{self.from_:%H:%M}-{self.to:%H:%M} {self.time_zone}"
