"""How far a charger's clock is off, by what it says live (TX-23), and when a session's readings have stopped.

A message may come late, never early: of several, the one with the least delay says most of the clock. What a charger
kept while it was offline says nothing: a whole session that comes at once has no skew that anybody could know.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from voltring_core.domain.evidence import Evidence, Heard
from voltring_core.domain.messages import TransactionReported
from voltring_core.domain.times import CLOCK, EARLIEST

CLOCK_SKEW = "clock_skew"
READINGS_STOPPED = "readings_stopped"
WARN_S, BAD_S = 30.0, 300.0
SHORTEST_SILENCE, SILENCE_WITHOUT_RHYTHM = timedelta(minutes=5), timedelta(minutes=30)
"""Until a session is called silent: at least, and where nothing says how often it is read."""
RHYTHM_OF = 9
"""The latest readings tell how often there is one."""


def skew_of(evidence: Evidence) -> float | None:
    """Seconds by which the charger's clock is ahead of ours (behind: negative); None when nothing live says it."""
    return skew([pair for one in evidence.heard if (pair := live(one)) is not None])


def live(one: Heard) -> tuple[datetime, datetime] | None:
    """When a message says that it was, and when it came; None when it says nothing of the clock."""
    said = one.said
    if isinstance(said, TransactionReported):
        at = None if said.offline else said.at
    else:
        at = max((sample.at for sample in said.samples), default=None)
    # A time that was replaced by that of receipt is none of the charger's.
    return None if at is None or at < EARLIEST or at == one.received_at else (at, one.received_at)


def skew(pairs: Sequence[tuple[datetime, datetime]]) -> float | None:
    """Seconds of skew by pairs of the charger's time and that of receipt."""
    if not pairs:
        return None
    found = max((at - received).total_seconds() for at, received in pairs)
    return found if found >= -WARN_S or _came_as_it_happened(pairs, found) else None


def flag_of(skew_s: float | None) -> str | None:
    """What such a skew is called; None within what is tolerated."""
    if skew_s is None or abs(skew_s) <= WARN_S:
        return None
    return CLOCK_SKEW if abs(skew_s) <= BAD_S else CLOCK


def rhythm(times: Sequence[datetime]) -> timedelta | None:
    """How often a session is read, by the times of its latest readings, in order; None when they don't tell."""
    gaps = [later - earlier for earlier, later in pairwise(times) if later > earlier]
    return median(gaps) if gaps else None  # type: ignore[type-var]


def is_silent(last_at: datetime, every: timedelta | None, now: datetime) -> bool:
    """Whether readings have stopped: `last_at` is when the last one came, or the session began."""
    patience = SILENCE_WITHOUT_RHYTHM if every is None else max(SHORTEST_SILENCE, 3 * every)
    return now - last_at > patience


def _came_as_it_happened(pairs: Sequence[tuple[datetime, datetime]], found: float) -> bool:
    """Whether a charger that seems late was live all the same: two messages some time apart, each as late as the
    other. What was queued comes at once, each part of it later than the one after it."""
    steady = [at for at, received in pairs if (at - received).total_seconds() > found - WARN_S]
    return max(steady) - min(steady) > timedelta(seconds=WARN_S)
