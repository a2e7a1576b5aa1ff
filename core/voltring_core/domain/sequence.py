"""The messages of a session in the order in which things happened, not in the one in which they came (TX-10, TX-11).

By the charger's number where it gives one, else by its time, else by the order of receipt. A start is first and, where
there are no numbers, a stop is last: what else it says, a charger means that. What is left to choose goes by what the
messages say, so that only the set of messages counts and never their order.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from operator import attrgetter

from voltring_core.domain.evidence import Evidence, Heard
from voltring_core.domain.messages import EventKind, Metered, TransactionReported
from voltring_core.domain.metering import trust_times
from voltring_core.domain.times import trusted
from voltring_core.domain.values import changed, value

RANKS = {EventKind.STARTED: 0, EventKind.UPDATED: 1, EventKind.ENDED: 2}


@value
class Placed:
    """A message and when it happened; `key` is what it is sorted by."""

    at: datetime
    said: TransactionReported | Metered
    received_at: datetime
    key: tuple[object, ...]


@value
class Ordered:
    """Messages in their order, each once. `conflicts` are the numbers that stand on messages that differ."""

    placed: tuple[Placed, ...]
    conflicts: tuple[int, ...]
    missing: tuple[tuple[int, int], ...]
    """The gaps between the numbers, first and last of each; from the start's number on, never from 0."""


def in_order(evidence: Evidence) -> Ordered:
    """The messages of a session in their order."""
    heard = _once(evidence.heard)
    told = [one for one in heard if isinstance(one.said, TransactionReported)]
    numbers = [one.said.seq_no for one in told if isinstance(one.said, TransactionReported)]
    known = [number for number in numbers if number is not None]
    conflicts = tuple(sorted({number for number in known if known.count(number) > 1})) if _repeats(known) else ()
    by_number = bool(known) and not conflicts
    messages = _sorted(_of_session(one, evidence, by_number=by_number) for one in told)
    readings = _sorted(_of_meter(one) for one in heard if isinstance(one.said, Metered))
    return Ordered(tuple(_merged(messages, readings)), conflicts, _gaps(known, _base(told)))


def _once(heard: Iterable[Heard]) -> list[Heard]:
    """Each message once, as it came first; whether it was said to be from a queue makes no other of it."""
    found: dict[TransactionReported | Metered, Heard] = {}
    for one in sorted(heard, key=attrgetter("received_at", "number")):
        said = one.said
        if isinstance(said, TransactionReported) and said.offline:
            plain = changed(said, offline=False)
            if plain in found and not isinstance(found[plain].said, Metered):
                found[plain] = changed(found[plain], said=said)
                continue
            said = plain
        found.setdefault(said, one)
    return list(found.values())


def _of_session(one: Heard, evidence: Evidence, *, by_number: bool) -> Placed:
    said = one.said
    assert isinstance(said, TransactionReported)
    at = trusted(said.at, one.received_at)[0]
    samples = trust_times(said.samples, one.received_at)
    said = said if samples is said.samples else changed(said, samples=samples)
    is_named = said.transaction_id == evidence.ocpp_transaction_id
    if by_number:
        key: tuple[object, ...] = (said.kind is not EventKind.STARTED, said.seq_no, at)
    else:
        # Of two stops the one that names the session counts, and of those the one that says more.
        key = (RANKS[said.kind], not is_named, at, -len(said.samples))
    return Placed(at, said, one.received_at, key)


def _of_meter(one: Heard) -> Placed:
    said = one.said
    assert isinstance(said, Metered)
    samples = trust_times(said.samples, one.received_at)
    said = said if samples is said.samples else changed(said, samples=samples)
    at = max((sample.at for sample in said.samples), default=one.received_at)
    return Placed(at, said, one.received_at, (at,))


def _sorted(found: Iterable[Placed]) -> list[Placed]:
    """By their keys; what is alike by them goes by its words. These are written out only where they are needed."""
    placed = sorted(found, key=attrgetter("key"))
    ordered: list[Placed] = []
    for _, alike in groupby(placed, key=attrgetter("key")):
        several = list(alike)
        ordered += several if len(several) == 1 else sorted(several, key=lambda one: repr(one.said))
    return ordered


def _merged(messages: Sequence[Placed], readings: Sequence[Placed]) -> Iterable[Placed]:
    """Readings among the session's own messages: after the first, before what happened then or later."""
    waiting, reached = 0, None
    for place, one in enumerate(messages):
        reached = one.at if reached is None else max(reached, one.at)
        while place and waiting < len(readings) and readings[waiting].at <= reached:
            yield readings[waiting]
            waiting += 1
        yield one
    yield from readings[waiting:]


def _repeats(numbers: list[int]) -> bool:
    return len(numbers) != len(set(numbers))


def _base(told: Iterable[Heard]) -> int | None:
    starts = [
        one.said.seq_no
        for one in told
        if isinstance(one.said, TransactionReported)
        and one.said.kind is EventKind.STARTED
        and one.said.seq_no is not None
    ]
    return min(starts, default=None)


def _gaps(numbers: Iterable[int], base: int | None) -> tuple[tuple[int, int], ...]:
    seen = sorted({number for number in numbers if base is None or number >= base})
    return tuple((one + 1, other - 1) for one, other in pairwise(seen) if other - one > 1)
