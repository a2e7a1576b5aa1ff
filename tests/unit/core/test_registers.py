"""Registers that fall: rollover, reset, a restart at 0, a stop that contradicts (TX-17, TX-18)."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.messages import EventKind, IdToken, Sample, TransactionReported
from voltring_core.domain.metering import ENERGY_REGISTER
from voltring_core.domain.registers import METER_BELOW_START, METER_FELL, METER_ROLLED_OVER, Count, gained
from voltring_core.domain.transactions import Transaction, apply, begin, metered

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def session(start: int, *readings: int, stop: int | None = None) -> Transaction:
    """A 1.6 session with a reading each minute."""
    first = TransactionReported(EventKind.STARTED, NOON, token=IdToken("A"), meter_wh=Decimal(start), evse_id=1)
    now = begin(UUID(int=1), "CP", "1.6", "1", first, NOON)
    at = NOON
    for value in readings:
        at += timedelta(minutes=1)
        now = metered(now, (Sample(at, ENERGY_REGISTER, Decimal(value), "Wh", str(value)),))
    if stop is not None:
        at += timedelta(minutes=1)
        now = apply(now, TransactionReported(EventKind.ENDED, at, "1", meter_wh=Decimal(stop)), at)
    return now


@pytest.mark.parametrize(
    ("start", "readings", "stop", "energy", "flags"),
    [
        (0, [4000], 5000, 5000, ()),
        (100_000, [104_000, 500, 1500], 2000, 5500, (METER_FELL, METER_BELOW_START)),
        (999_500, [700], 900, 1400, (METER_ROLLED_OVER,)),
        (0, [4000, 100, 1500], 2000, 5900, (METER_FELL,)),
        (100_000, [0, 500, 1500], 1500, 1500, (METER_BELOW_START,)),
        (0, [40_000], 50, 50, (METER_FELL,)),
        (1000, [5000], 500, 4000, (METER_FELL, METER_BELOW_START)),
        (1000, [], 10, 0, (METER_BELOW_START,)),
    ],
    ids=[
        "it rises",
        "it is reset",
        "it rolls over",
        "it is reset above its start",
        "it counts the session only",
        "the stop contradicts a reading",
        "the stop is below the start",
        "nothing else is known",
    ],
)
def test_a_register_that_falls_loses_no_energy_and_is_flagged(start, readings, stop, energy, flags):
    now = session(start, *readings, stop=stop)
    assert (now.energy_wh, now.flags) == (Decimal(energy), flags)


def test_a_rollover_at_the_first_reading_is_seen():
    assert session(999_500, 999_900, 400).energy_wh == Decimal(900)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=12))
def test_energy_never_falls_while_a_session_runs_and_is_never_negative(readings):
    seen = Decimal(0)
    for length in range(1, len(readings) + 1):
        energy = session(readings[0], *readings[1:length]).energy_wh or Decimal(0)
        assert energy >= seen
        seen = energy


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_gain_is_never_less_than_what_came_before(start, last, now):
    gain = gained(Count(Decimal(start), Decimal(7), Decimal(max(start, last))), Decimal(now))
    assert gain.energy_wh is not None
    assert gain.energy_wh >= gain.before_wh >= 7
