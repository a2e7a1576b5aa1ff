"""What a session used, cut at every moment at which something was read or changed: what a price is made of."""

from datetime import datetime
from decimal import Decimal

from voltring_core.domain.values import value


@value
class Span:
    """A stretch of a session between two moments that are known. Energy in Wh, spread evenly over the stretch."""

    begins: datetime
    ends: datetime
    energy_wh: Decimal
    is_idle: bool = False
    """Plugged in and not charging: the car is full, or wants nothing (SuspendedEV)."""


@value
class Usage:
    """A session from its start to its end (or to its last reading), its spans in order and without gaps.

    `energy_wh` is the energy that counts, by the best evidence; it is the sum of the spans' energies.
    """

    started_at: datetime
    ended_at: datetime
    energy_wh: Decimal
    spans: tuple[Span, ...]
