"""What speaks for and against a session being the one that a message without a known session belongs to (TX-07).

Reasons for an operator to decide by; nothing here decides. Times are compared as the charger told them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from voltring_core.domain.times import CLOCK
from voltring_core.domain.transactions import Transaction, TransactionState, is_assumed
from voltring_core.domain.values import value


@dataclass(frozen=True, slots=True)
class Reason:
    """One comparison: what was compared, and what came of it, in a sentence."""

    about: str
    fits: bool
    says: str


@value
class Weighed:
    """A session that may be meant, and the reasons."""

    session: Transaction
    reasons: tuple[Reason, ...]

    @property
    def fits(self) -> int:
        """How many reasons speak for it, less those that speak against it."""
        return sum(1 if one.fits else -1 for one in self.reasons)


def weigh(found: Transaction, sessions: Iterable[Transaction]) -> list[Weighed]:
    """Each session with its reasons: what fits best first, of those alike the latest."""
    weighed = [Weighed(one, tuple(_reasons(found, one))) for one in sessions if one.id != found.id]
    return sorted(weighed, key=lambda one: (-one.fits, -_begun(one.session)))


def _begun(session: Transaction) -> float:
    at = session.started_at or session.start_received_at
    return at.timestamp() if at is not None else 0.0


def _reasons(found: Transaction, session: Transaction) -> Iterable[Reason]:
    yield from _token(found, session)
    yield from _place(found, session)
    at = found.ended_at or found.started_at
    if CLOCK in (*found.flags, *session.flags):
        yield Reason("time", False, "the charger's clock was wrong, so that its times prove nothing")
    elif at is not None:
        yield from _time(at, session)
    yield _end(session)
    yield from _meter(found, session)


def _token(found: Transaction, session: Transaction) -> Iterable[Reason]:
    if not found.id_token or not session.id_token:
        return
    is_same = found.id_token.casefold() == session.id_token.casefold()
    says = "the same id token" if is_same else f"its id token is {session.id_token}, not {found.id_token}"
    yield Reason("token", is_same, says)


def _place(found: Transaction, session: Transaction) -> Iterable[Reason]:
    if found.evse_id is None or session.evse_id is None:
        return
    is_same = found.evse_id == session.evse_id
    yield Reason("evse", is_same, "the same EVSE" if is_same else f"it was on EVSE {session.evse_id}")


def _time(at: datetime, session: Transaction) -> Iterable[Reason]:
    if session.started_at is not None and session.started_at > at:
        yield Reason("time", False, f"it began after that, at {_told(session.started_at)}")
    elif session.ended_at is not None and session.ended_at < at and not is_assumed(session):
        yield Reason("time", False, f"it was over before that, at {_told(session.ended_at)}")
    elif session.register_at is not None and session.register_at > at:
        yield Reason("time", False, f"it was still measured after that, at {_told(session.register_at)}")
    elif session.started_at is not None:
        yield Reason("time", True, f"it ran at that time, since {_told(session.started_at)}")


def _end(session: Transaction) -> Reason:
    if session.state is TransactionState.ACTIVE:
        return Reason("end", True, "its end is not known yet")
    if is_assumed(session):
        return Reason("end", True, "its end was only assumed")
    return Reason("end", False, "it has an end of its own")


def _meter(found: Transaction, session: Transaction) -> Iterable[Reason]:
    stop, start, last = found.meter_stop_wh, session.meter_start_wh, session.register_wh
    if stop is None or start is None:
        return
    if start > stop:
        yield Reason("meter", False, f"its meter began at {start:f} Wh, which is above {stop:f} Wh")
    elif last is not None and last > stop:
        yield Reason("meter", False, f"its meter had reached {last:f} Wh, which is above {stop:f} Wh")
    else:
        yield Reason("meter", True, f"the meter goes on from {start:f} Wh to {stop:f} Wh")


def _told(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
