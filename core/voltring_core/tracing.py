"""Traces: spans of what is sampled, and next to nothing for the rest (docs/tracing.md).

Whether something is sampled is asked first, by plain code: `samples` for what begins here, `current` for what goes on.
OpenTelemetry is loaded only where `start` is told of a collector (`tracing_export.py`), and nothing else knows it.
"""

import random
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

Attributes = Mapping[str, str | int | float | bool]
FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
SAMPLED = 1


class Kind(StrEnum):
    """What a span is to the processes around it, in OpenTelemetry's words."""

    INTERNAL = "internal"
    SERVER = "server"
    CLIENT = "client"
    PRODUCER = "producer"
    CONSUMER = "consumer"


@dataclass(frozen=True, slots=True)
class Parent:
    """Where a trace goes on from: W3C Trace Context's `traceparent`, read."""

    trace_id: int
    span_id: int
    is_sampled: bool = True


class Made(Protocol):
    """What this module needs of OpenTelemetry's span."""

    def set_attributes(self, attributes: Any, /) -> None: ...
    def set_status(self, status: Any, description: str | None = None, /) -> None: ...
    def update_name(self, name: str, /) -> None: ...
    def end(self, end_time: int | None = None, /) -> None: ...


class Maker(Protocol):
    """Makes spans and sends them; `tracing_export.Exporting` and what tests have in its place."""

    def make(
        self, name: str, kind: Kind, parent: Parent | None, links: Sequence[Parent], at_ns: int | None
    ) -> tuple[Made, Parent]: ...

    def fail(self, made: Made, why: str) -> None: ...
    def stop(self) -> None: ...


class Span:
    """One sampled span. Who began it ends it; what never ends is never sent."""

    __slots__ = ("_made", "_maker", "place")

    def __init__(self, maker: Maker, made: Made, place: Parent) -> None:
        self._maker = maker
        self._made = made
        self.place = place
        """What its children name as their parent."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""
        return f"{self.place.trace_id:032x}"

    @property
    def span_id(self) -> str:
        """16 hexadecimal digits."""
        return f"{self.place.span_id:016x}"

    @property
    def traceparent(self) -> str:
        """W3C Trace Context: how it is carried to other processes."""
        return f"00-{self.trace_id}-{self.span_id}-01"

    def note(self, attributes: Attributes) -> None:
        """Add what is known by now. Never a payload, never a secret."""
        self._made.set_attributes(attributes)

    def rename(self, name: str) -> None:
        """Give it the name that is known by now."""
        self._made.update_name(name)

    def fail(self, why: str) -> None:
        """It did not do what it was for."""
        self._maker.fail(self._made, why)

    def end(self, at_ns: int | None = None) -> None:
        """It is over, now or since then (nanoseconds since 1970)."""
        self._made.end(at_ns)

    def part(self, name: str, began_ns: int, ended_ns: int, attributes: Attributes, *links: Parent) -> None:
        """A child that is over already."""
        child = _make(self._maker, name, Kind.INTERNAL, self.place, attributes, links, began_ns)
        child.end(ended_ns)


_maker: Maker | None = None
_ratio = 0.0
_current: ContextVar[Span | None] = ContextVar("span", default=None)
_random = random.random
NOTHING: AbstractContextManager[None] = nullcontext()


def start(maker: Maker | None, ratio: float) -> None:
    """Trace from now on, `ratio` (0 to 1) of what begins here; None: no more."""
    global _maker, _ratio
    _maker, _ratio = maker, ratio if maker is not None else 0.0


def stop() -> None:
    """Send what is left, for some seconds at most, and trace no more."""
    maker = _maker
    start(None, 0.0)
    if maker is not None:
        maker.stop()


def is_on() -> bool:
    """Whether anything can be traced here at all."""
    return _maker is not None


def samples() -> bool:
    """Whether what begins now is traced: the dice are thrown anew at each call."""
    return _ratio > 0.0 and _random() < _ratio


def current() -> Span | None:
    """The sampled span that this code runs in."""
    return _current.get()


def traceparent() -> str | None:
    """What the next process is to go on from; None outside a sampled span."""
    span = _current.get()
    return None if span is None else span.traceparent


def read(given: str | None) -> Parent | None:
    """A `traceparent` of somebody else; None where it is none, or not as W3C has it."""
    found = FORM.fullmatch(given) if given else None
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace_id, span_id = int(found[2], 16), int(found[3], 16)
    return Parent(trace_id, span_id, bool(int(found[4], 16) & SAMPLED)) if trace_id and span_id else None


def asked(given: str | None) -> tuple[bool, Parent | None]:
    """Whether a request is traced, and from where: its sender's decision goes before the dice."""
    if _maker is None:
        return False, None
    parent = read(given)
    return (samples(), None) if parent is None else (parent.is_sampled, parent)


def begin(
    name: str,
    kind: Kind = Kind.INTERNAL,
    parent: Parent | None = None,
    attributes: Attributes | None = None,
    links: Sequence[Parent] = (),
    began_ns: int | None = None,
) -> Span:
    """A span that the caller ends, since `began_ns` (since 1970) or now. Only to be called where `is_on`."""
    assert _maker is not None
    return _make(_maker, name, kind, parent, attributes or {}, links, began_ns)


def span(
    name: str, attributes: Attributes | None = None, kind: Kind = Kind.INTERNAL
) -> AbstractContextManager[Span | None]:
    """A child of the span that this code runs in; nothing outside one."""
    within = _current.get()
    if within is None or _maker is None:
        return NOTHING
    return inside(_make(_maker, name, kind, within.place, attributes or {}, (), None))


def carried(given: str | None) -> Parent | None:
    """What another process of ours has carried here, if that is to be gone on with."""
    return read(given) if given and _maker is not None else None


def mark(name: str, given: str | None, attributes: Attributes) -> None:
    """Something carried by a stream has come: a span of no length, where it is traced."""
    if (parent := carried(given)) is not None:
        begin(name, Kind.CONSUMER, parent, attributes).end()


@contextmanager
def inside(span: Span) -> Iterator[Span]:
    """Run within a span, and end it; an exception makes it a failed one."""
    before = _current.set(span)
    try:
        yield span
    except BaseException as error:
        span.fail(type(error).__name__)  # what it says may hold what is secret
        raise
    finally:
        _current.reset(before)
        span.end()


@contextmanager
def within(span: Span | None) -> Iterator[None]:
    """Run within a span that goes on afterwards, or in none."""
    before = _current.set(span)
    try:
        yield
    finally:
        _current.reset(before)


def now_ns() -> int:
    """The wall's clock, which other processes understand, in nanoseconds."""
    return time.time_ns()


def _make(
    maker: Maker,
    name: str,
    kind: Kind,
    parent: Parent | None,
    attributes: Attributes,
    links: Sequence[Parent],
    began_ns: int | None,
) -> Span:
    made, place = maker.make(name, kind, parent, links, began_ns)
    if attributes:
        made.set_attributes(attributes)
    return Span(maker, made, place)
