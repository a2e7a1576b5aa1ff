"""What a node says of itself: one document for the operator, for other nodes and for people (docs/node-status.md)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from voltring_core.domain.draining import Drain, Firmware, Limbo, Phase, Rank
from voltring_core.domain.recalling import Recall, RecallPhase
from voltring_node.draining_order import finite
from voltring_node.sampling import Errors, Lag

DIGITS = 4


@dataclass(frozen=True, slots=True)
class Accepting:
    """The door (`gate.py`)."""

    capacity_per_s: float
    arrivals_per_s: float
    refused_per_s: float
    in_progress: int
    queue: int
    queue_s: float


@dataclass(frozen=True, slots=True)
class Recording:
    """The recorder's queue."""

    queue: int
    oldest_wait_s: float
    commit_p99_s: float


@dataclass(frozen=True, slots=True)
class Commanding:
    """Commands on their way."""

    dispatching: int
    outstanding: int
    doorbells: int | None


@dataclass(frozen=True, slots=True)
class Server:
    """A server that the node needs."""

    away_since: datetime | None


@dataclass(frozen=True, slots=True)
class Draining:
    """The drain that goes on, or the last one."""

    phase: Phase
    cause: str
    reason: str
    note: str
    started_at: datetime
    deadline_at: datetime
    firmware: Firmware
    ranks: dict[str, int] | None
    initial: int
    remaining: int
    in_transaction: int | None
    in_firmware: int | None
    closed: int
    returned: int
    limbo: int
    window: float
    rate_now: float
    granted_rate: float | None
    granted_for_s: float | None
    floor_rate: float


@dataclass(frozen=True, slots=True)
class Recalling:
    """The recall that goes on, or the last one."""

    phase: RecallPhase
    reason: str
    note: str
    started_at: datetime
    deadline_at: datetime
    ranks: dict[str, int] | None
    initial: int
    remaining: int
    closed: int
    returned: int
    came_back: int
    limbo: int
    window: float
    rate_now: float
    granted_rate: float | None
    granted_for_s: float | None


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """The whole document."""

    name: str
    uid: str
    version: str
    started_at: datetime
    phase: Phase
    ready: bool
    reasons: list[str]
    connections: dict[str, int]
    owned: int
    accepting: Accepting
    cpu: float | None
    loop_lag: Lag
    recorder: Recording
    commands: Commanding
    errors: Errors
    limbo: int
    misplaced: int | None
    counted: tuple[int, ...] | None
    drain: Draining | None
    recall: Recalling | None
    neighbours: int
    others_asked: int
    redis: Server
    postgres: Server


def draining(drain: Drain, limbo: Limbo, ranks: Iterable[Rank], now: float, *, is_known: bool = True) -> Draining:
    """How a drain stands. `ranks` are those of all open sockets, those included that are asked to go already; `now`
    is on the drain's monotonic clock; until PostgreSQL `is_known` to have told them, ranks are not guessed."""
    by_rank = Counter(ranks)
    until = drain.order.grant.until
    return Draining(
        phase=drain.phase,
        cause=drain.order.cause.value,
        reason=drain.order.reason,
        note=drain.note,
        started_at=_at(drain.started_at, now),
        deadline_at=_at(drain.deadline_at, now),
        firmware=drain.order.firmware,
        ranks={rank.name.lower(): by_rank[rank] for rank in Rank} if is_known else None,
        initial=drain.initial,
        remaining=by_rank.total(),
        in_transaction=by_rank[Rank.CHARGING] if is_known else None,
        in_firmware=by_rank[Rank.HELD] if is_known else None,
        closed=drain.closed,
        returned=limbo.returned,
        limbo=len(limbo),
        window=round(drain.pace.window, 2),
        rate_now=finite(round(drain.pace.rate, 2)) or 0.0,
        granted_rate=finite(drain.order.grant.rate),
        granted_for_s=finite(max(0.0, until - now)),
        floor_rate=drain.order.grant.floor,
    )


def recalling(
    recall: Recall, limbo: Limbo, ranks: Iterable[Rank], came_back: int, now: float, *, is_known: bool = True
) -> Recalling:
    """How a recall stands. `ranks` are those of the misplaced chargers that are not asked to go; otherwise as
    `draining` has it."""
    by_rank = Counter(ranks)
    grant = recall.order.grant
    is_running = recall.phase is RecallPhase.RECALLING
    return Recalling(
        phase=recall.phase,
        reason=recall.order.reason,
        note=recall.note,
        started_at=_at(recall.started_at, now),
        deadline_at=_at(recall.deadline_at, now),
        ranks={rank.name.lower(): by_rank[rank] for rank in Rank} if is_known else None,
        initial=recall.initial,
        remaining=by_rank.total(),
        closed=recall.closed,
        returned=limbo.returned,
        came_back=came_back,
        limbo=len(limbo),
        window=round(recall.pace.window, 2),
        rate_now=finite(round(recall.pace.rate, 2)) or 0.0 if is_running and now < grant.until else 0.0,
        granted_rate=finite(grant.rate),
        granted_for_s=finite(max(0.0, grant.until - now)),
    )


def rounded(document: dict[str, Any]) -> dict[str, Any]:
    """The document with four digits after the point: clocks are no better, and people read it."""
    return {name: _rounded(one) for name, one in document.items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return rounded(value)
    return round(value, DIGITS) if isinstance(value, float) else value


def _at(moment: float, now: float) -> datetime:
    """A moment of the monotonic clock on the wall's."""
    return (datetime.now(UTC) + timedelta(seconds=min(moment - now, 10 * 86_400.0))).replace(microsecond=0)


def reasons(phase: Phase, *, is_leaving: bool, postgres_away_s: float, unready_s: float) -> list[str]:
    """Why new chargers should not come; empty when they may.

    Without PostgreSQL nobody can be let in, so a node without it says so even if all others are without it too: the
    router then turns chargers away, at less cost than a handshake, and leaves the sockets open.
    """
    found = [f"draining: {phase.value}"] if is_leaving else []
    if postgres_away_s >= unready_s:
        found.append("PostgreSQL does not answer")
    return found


def versions(all_of_them: Iterable[Any]) -> dict[str, int]:
    """Connections by OCPP version."""
    return dict(sorted(Counter(one.version.value for one in all_of_them).items()))
