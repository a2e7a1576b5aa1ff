"""Two chargers by one identity: each takes the charger over from the other, again and again (TR-30).

A takeover is counted when the socket that it ends was open. Several within a minute raise an alarm; after more than
that only one in half a minute is let through, so that two clones neither starve each other nor keep the nodes busy.
A charger whose old socket is half-open gets in at once, or after half a minute at the latest.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

ALARMING = 3
"""Takeovers within WINDOW from which on it is not a charger that came back."""
MOST = 5
"""Takeovers within WINDOW after which they are throttled."""
WINDOW = timedelta(seconds=60)
"""What is counted together; and how long nothing must happen until a throttled charger is free again."""
APART = timedelta(seconds=30)
"""Between two takeovers of a throttled charger."""


@dataclass(frozen=True, slots=True)
class Takeovers:
    """How often open sockets of a charger were taken over of late."""

    count: int = 0
    since: datetime | None = None
    """When the counting began."""
    last: datetime | None = None


def counted(before: Takeovers, swaps: int, now: datetime) -> Takeovers:
    """After `swaps` more takeovers. A throttled charger stays so until nothing happened for a whole window."""
    if not swaps:
        return before
    if before.since is None or before.last is None or now - before.last >= WINDOW:
        return Takeovers(swaps, now, now)
    if before.count <= MOST and now - before.since >= WINDOW:
        return Takeovers(swaps, now, now)
    return Takeovers(before.count + swaps, before.since, now)


def to_wait(takeovers: Takeovers, now: datetime, *, is_open: bool) -> timedelta:
    """How long a newcomer has to wait; nothing where it takes over from nobody (`is_open`: a socket is there)."""
    if not is_open or takeovers.count <= MOST or takeovers.last is None or now - takeovers.last >= WINDOW:
        return timedelta()
    return max(takeovers.last + APART - now, timedelta())
