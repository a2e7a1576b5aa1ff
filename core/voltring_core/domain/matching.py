"""Which stops that name no session belong to which sessions of their station (OCPP 1.6, TX-07 to TX-09).

A start that was queued while the charger was offline has no id yet when its stop is made; such a stop names none, or
one that nobody gave out, and may come first. It is joined to a session only if every way to give as many of the
station's nameless stops as can be a session that fits them pairs the two. That goes by what came, never by the order in
which it came: with each start and stop it is decided anew, until the session has a stop that names it, or somebody
decides.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from voltring_core.domain.joining import is_stop_of
from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.domain.values import value

Fits = Mapping[UUID, Collection[UUID]]
"""Sessions that a stop fits, by the stop."""


@value
class OwnStop:
    """When a stop that names its session says that it was, and its meter."""

    at: datetime
    meter_wh: Decimal | None


@value
class Begun:
    """A session with a start. `heard_at`: when the start came; `next_at`: when the next one on its connector began."""

    session: Transaction
    heard_at: datetime
    next_at: datetime | None = None
    own_stop: OwnStop | None = None


@value
class Nameless:
    """A stop that names no session, as the orphan that it is, and when it came."""

    orphan: Transaction
    heard_at: datetime


@value
class Changes:
    """What is to be changed of who has which stop: stops taken back, stops given to a session, and sessions that were
    charged for by a stop which is not theirs beyond doubt."""

    left: tuple[UUID, ...] = ()
    joined: Mapping[UUID, UUID] = field(default_factory=dict)
    doubted: frozenset[UUID] = frozenset()


def changes(
    sessions: Sequence[Begun], stops: Sequence[Nameless], now: Mapping[UUID, UUID | None], billed: Collection[UUID]
) -> Changes:
    """From who has which stop `now` to who should. A session that was charged for (`billed`) by such a stop keeps it
    until another one is its stop beyond doubt; in either case somebody is to look."""
    wanted = match(sessions, stops)
    mine = {session: stop for stop, session in wanted.items()}
    own = {one.session.id for one in sessions if one.own_stop is not None}
    by_it = {session: stop for stop, session in now.items() if session in billed and session not in own}
    doubted = {session for session, stop in by_it.items() if session is not None and mine.get(session) != stop}
    wanted |= {by_it[session]: session for session in doubted if session not in mine}
    left = tuple(stop for stop, session in now.items() if session is not None and stop not in wanted)
    joined = {stop: session for stop, session in wanted.items() if now.get(stop) != session}
    return Changes(left, joined, frozenset(doubted))


def match(sessions: Sequence[Begun], stops: Sequence[Nameless]) -> dict[UUID, UUID]:
    """The sessions that stops belong to beyond doubt, by the stop. A session's own stop said once more without its id
    belongs to it as well."""
    found: dict[UUID, UUID] = {}
    fits: dict[UUID, list[UUID]] = {}
    for stop in stops:
        meant = [one for one in sessions if is_meant(stop, one)]
        said_again = [one.session.id for one in meant if _is_own(stop, one)]
        if len(said_again) == 1:
            found[stop.orphan.id] = said_again[0]
        elif not said_again:
            fits[stop.orphan.id] = [one.session.id for one in meant if one.own_stop is None]
    return found | certain(fits)


def is_meant(stop: Nameless, begun: Begun) -> bool:
    """Whether a stop can be a session's: tag, meter and time fit, no other session had begun on the connector by then,
    and when the charger made the stop it could not know the session's id: that was before we were told of its start."""
    at = stop.orphan.ended_at
    if at is None or not is_stop_of(stop.orphan, as_started(begun.session)):
        return False
    is_over_by_then = begun.next_at is not None and at > begun.next_at
    return not is_over_by_then and (stop.heard_at <= begun.heard_at or at <= begun.heard_at)


def as_started(session: Transaction) -> Transaction:
    """A session with what its start alone has told."""
    return Transaction(
        session.id,
        session.charger_id,
        session.ocpp_version,
        session.ocpp_transaction_id,
        TransactionState.ACTIVE,
        evse_id=session.evse_id,
        id_token=session.id_token,
        id_token_type=session.id_token_type,
        started_at=session.started_at,
        meter_start_wh=session.meter_start_wh,
        flags=session.flags,
    )


def certain(fits: Fits) -> dict[UUID, UUID]:
    """The pairs that every largest assignment has: each stop to one session at most, and the other way round."""
    pairs = _largest(fits)
    return {stop: session for stop, session in pairs.items() if len(_largest(_but(fits, stop, session))) < len(pairs)}


def _but(fits: Fits, stop: UUID, session: UUID) -> Fits:
    return {**fits, stop: [one for one in fits[stop] if one != session]}


def _largest(fits: Fits) -> dict[UUID, UUID]:
    """A largest assignment, by augmenting paths (Kuhn)."""
    taken: dict[UUID, UUID] = {}

    def place(stop: UUID, seen: set[UUID]) -> bool:
        for session in fits[stop]:
            if session in seen:
                continue
            seen.add(session)
            if session not in taken or place(taken[session], seen):
                taken[session] = stop
                return True
        return False

    for stop in fits:
        place(stop, set())
    return {stop: session for session, stop in taken.items()}


def _is_own(stop: Nameless, begun: Begun) -> bool:
    own = begun.own_stop
    return own is not None and (own.at, own.meter_wh) == (stop.orphan.ended_at, stop.orphan.meter_stop_wh)
