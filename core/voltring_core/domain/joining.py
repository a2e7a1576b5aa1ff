"""What a start has to do with what was heard before it: a stop that came first (TX-07, TX-09), or a session that it is
only the echo of (TX-21)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from voltring_core.domain.messages import EventKind, IdToken, Sample, TransactionReported
from voltring_core.domain.metering import ENERGY_REGISTER, SOC
from voltring_core.domain.session import EARLY_STOP
from voltring_core.domain.times import CLOCK
from voltring_core.domain.transactions import (
    IMPLAUSIBLE_ENERGY,
    Transaction,
    TransactionState,
    apply,
    flag,
    is_assumed,
)
from voltring_core.domain.values import changed


def join(started: Transaction, orphan: Transaction) -> Transaction:
    """A transaction that has just started, ended by the stop that came before it (TX-09)."""
    end_received_at = orphan.end_received_at
    assert orphan.ended_at is not None
    assert end_received_at is not None
    then = apply(started, _said_by(orphan, orphan.ended_at), end_received_at)
    received = [at for at in (started.start_received_at, orphan.start_received_at) if at is not None]
    return flag(changed(then, start_received_at=min(received)), EARLY_STOP)


def stop_of(
    started: Transaction, orphans: Iterable[Transaction], running: Iterable[Transaction] = ()
) -> Transaction | None:
    """The stop that came before its start, if there is exactly one that fits, and fits nothing else of the station that
    runs: nothing is guessed."""
    others = [one for one in running if one.id != started.id]
    fitting = [one for one in orphans if is_stop_of(one, started)]
    if len(fitting) != 1 or any(is_stop_of(fitting[0], other) for other in others):
        return None
    return fitting[0]


def is_replayed(started: Transaction, over: Iterable[Transaction]) -> bool:
    """Whether a start is one of the past, said anew: by tag, time and meter it lies before the stop of a session of its
    EVSE that had begun by then. Another driver's is no echo: its clock or meter may be off. Nor is one of a session
    whose end is not its own beyond doubt."""
    at, meter, tag = started.started_at, started.meter_start_wh, (started.id_token or "").casefold()
    if at is None or CLOCK in started.flags:
        return False
    own = (one for one in over if (one.id_token or "").casefold() == tag)
    certain = (one for one in own if not {CLOCK, EARLY_STOP}.intersection(one.flags) and not is_assumed(one))
    return any(_lies_within(at, meter, one) for one in certain)


def _lies_within(at: datetime, meter_wh: Decimal | None, session: Transaction) -> bool:
    if session.started_at is None or session.ended_at is None or not session.started_at <= at < session.ended_at:
        return False
    return meter_wh is None or session.meter_stop_wh is None or meter_wh < session.meter_stop_wh


def is_stop_of(orphan: Transaction, started: Transaction) -> bool:
    """Whether an orphan can only be the stop of a session: tag, meter and time fit (TX-07, TX-09).

    A stop need not name a tag. Times that are those of receipt prove nothing.
    """
    if orphan.state is not TransactionState.ORPHAN or CLOCK in (*orphan.flags, *started.flags):
        return False
    if None in (orphan.ended_at, orphan.meter_stop_wh, started.started_at, started.meter_start_wh):
        return False
    tag = (orphan.id_token or started.id_token or "").casefold()
    if tag != (started.id_token or "").casefold():
        return False
    joined = join(started, orphan)
    return (
        started.started_at <= orphan.ended_at  # type: ignore[operator]
        and started.meter_start_wh <= orphan.meter_stop_wh  # type: ignore[operator]
        and IMPLAUSIBLE_ENERGY not in joined.flags
    )


def _said_by(orphan: Transaction, at: datetime) -> TransactionReported:
    """What an orphan's stop said, as far as a session takes it from there."""
    register, seen = orphan.register_wh, orphan.register_at or at
    samples = () if register is None else (Sample(seen, ENERGY_REGISTER, register, "Wh", str(register)),)
    soc = orphan.soc_percent
    return TransactionReported(
        EventKind.ENDED,
        at,
        token=None if orphan.id_token is None else IdToken(orphan.id_token, orphan.id_token_type or ""),
        meter_wh=orphan.meter_stop_wh,
        samples=samples if soc is None else (*samples, Sample(seen, SOC, soc, "Percent", str(soc))),
        reason=orphan.stop_reason,
    )
