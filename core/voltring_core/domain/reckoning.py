"""What a session took, worked out from its evidence: by each method, the best of them named, and checked by the others.

The order in which its messages came says nothing here: the same evidence in any order gives the same account. Energy
is in Wh, never below 0, in decimals of which none is lost. `reckoning_points.py` reads the evidence,
`reckoning_methods.py` counts, `reckoning_usage.py` cuts, `reckoning_clock.py` looks at times; `reckoning_running.py`
goes on from an account while a session runs.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Context, Decimal, localcontext

from voltring_core.domain.evidence import Evidence
from voltring_core.domain.folding import Folded
from voltring_core.domain.reckoning_clock import READINGS_STOPPED, RHYTHM_OF, flag_of, is_silent, rhythm, skew_of
from voltring_core.domain.reckoning_methods import Counted, Method, contradiction, count
from voltring_core.domain.reckoning_points import Point, Story, tell
from voltring_core.domain.reckoning_usage import stretches, usage
from voltring_core.domain.transactions import (
    IMPLAUSIBLE_ENERGY,
    LARGEST_POWER_W,
    SLACK_WH,
    Transaction,
    TransactionState,
)
from voltring_core.domain.usage import Usage
from voltring_core.domain.values import value

ENERGY_MISMATCH = "energy_mismatch"
NOT_CHECKED = "not_checked"
LEAST_MISMATCH_WH, LARGEST_SHARE = Decimal(100), Decimal("0.02")
RATED_ROOM = Decimal("1.1")
ZERO = Decimal(0)
EXACT = Context(prec=60)
"""Digits enough that a sum of any register that is read (27 digits) and its parts is not rounded."""


@value
class Account:
    """What the evidence comes to.

    `energy_wh` and `method` are None when nothing says how much it was; `difference_wh` is the largest between two
    methods, whatever explains it. `flags` hold as long as what they were found by does. `clock_skew_s`: the charger's
    clock less ours. `exported_wh` is what the car gave back (V2X): it is no part of `energy_wh`. `usage` is None when
    nothing says when the session was.
    """

    energy_wh: Decimal | None
    method: Method | None
    by_method: Mapping[Method, Decimal]
    difference_wh: Decimal | None
    flags: tuple[str, ...]
    clock_skew_s: float | None
    usage: Usage | None
    exported_wh: Decimal | None = None


@value
class Reckoned:
    """An account with what it was worked out from: the story (None without a time), and the methods, the best first."""

    account: Account
    story: Story | None
    counted: tuple[Counted, ...]


def reckon(evidence: Evidence, folded: Folded, now: datetime, *, rated_power_w: Decimal | None = None) -> Account:
    """The account of a session.

    TX-17 chooses the method and says what a mismatch is: a difference of more than 100 Wh and more than 2 %. What a
    method can't have seen (the time before its first and after its last reading; what power did between two
    readings) is no mismatch. TX-18 bounds energy by the rated power, where it is known.
    """
    return work_out(evidence, folded, now, rated_power_w=rated_power_w).account


def work_out(evidence: Evidence, folded: Folded, now: datetime, *, rated_power_w: Decimal | None = None) -> Reckoned:
    """`reckon`, with what it was worked out from."""
    with localcontext(EXACT):
        story = tell(evidence, folded.transaction)
        counted = () if story is None else tuple(count(story, rated_power_w))
        skew_s = skew_of(evidence)
        found = [*folded.flags, *(word for one in counted[:1] for word in one.flags)]
        if counted and story is not None:
            found += doubts(counted, story.last_at - story.started_at, rated_power_w)
        found += [word for word in (flag_of(skew_s),) if word]
        if has_fallen_silent(evidence, folded.transaction, now):
            found.append(READINGS_STOPPED)
        account = Account(
            counted[0].energy_wh if counted else None,
            counted[0].method if counted else None,
            {one.method: one.energy_wh for one in counted},
            difference(counted),
            tuple(dict.fromkeys(found)),
            skew_s,
            None if story is None else _usage(story, counted),
            None if story is None else _exported(story.readings.exports),
        )
        return Reckoned(account, story, counted)


def doubts(counted: Sequence[Counted], lasted: timedelta, rated_power_w: Decimal | None = None) -> tuple[str, ...]:
    """What speaks against the best method's energy: the other methods, and what can be."""
    best = counted[0].energy_wh
    found = []
    largest = max((contradiction(counted[0], other) for other in counted[1:]), default=ZERO)
    if largest > max(LEAST_MISMATCH_WH, best * LARGEST_SHARE):
        found.append(ENERGY_MISMATCH)
    hours = Decimal(max(lasted, timedelta()) // timedelta(microseconds=1)) / 3_600_000_000
    bound = hours * LARGEST_POWER_W + SLACK_WH
    if rated_power_w is not None:
        bound = hours * rated_power_w * RATED_ROOM + LEAST_MISMATCH_WH
    if best > bound:
        found.append(IMPLAUSIBLE_ENERGY)
    return tuple(found)


def difference(counted: Sequence[Counted]) -> Decimal | None:
    """Wh between the two methods that differ most; None when there are no two."""
    energies = [one.energy_wh for one in counted]
    return max(energies) - min(energies) if len(energies) > 1 else None


def has_fallen_silent(evidence: Evidence, transaction: Transaction, now: datetime) -> bool:
    """Whether a running session's readings have stopped."""
    if transaction.state is not TransactionState.ACTIVE or not evidence.heard:
        return False
    came = sorted(one.received_at for one in evidence.heard if one.said.samples)
    began = min(one.received_at for one in evidence.heard)
    return is_silent(came[-1] if came else began, rhythm(came[-RHYTHM_OF - 1 :]), now)


def _usage(story: Story, counted: Sequence[Counted]) -> Usage:
    started_at, ended_at = story.started_at, max(story.last_at, story.started_at)
    curve = counted[0].curve if counted else ((started_at, ZERO), (ended_at, ZERO))
    found = stretches(curve, started_at, ended_at, story.states, story.readings.powers)
    return usage(found, started_at, ended_at)


def _exported(exports: tuple[Point, ...]) -> Decimal | None:
    """What was given back between the first and the last reading of the export register."""
    return max(exports[-1][1] - exports[0][1], ZERO) if len(exports) > 1 else None
