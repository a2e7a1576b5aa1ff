"""A session's usage, cut wherever a price may change: at local times, at tiers, at the end of a grace.

Energy is spread evenly over a span, so a tier that is reached within a span is reached at a time that can be worked
out. All of it is exact: cutting a span in two, or putting two together, changes nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from voltring_core.domain.tariffs.choosing import Choice, Chooser, Cut, Exact, microseconds
from voltring_core.domain.tariffs.model import Tariff
from voltring_core.domain.usage import Span, Usage
from voltring_core.domain.values import value

EXACT = Context(prec=200)
"""Readings have some ten digits; their sums are exact here."""


@value
class Piece:
    """A stretch in which every price stays as it is. Times in microseconds since the start of the session.

    `choice` says which component is paid for its energy and which for its time.
    """

    begins: Exact
    ends: Exact
    energy_wh: Fraction
    choice: Choice


@dataclass
class _Run:
    """Pieces that follow one another and are paid alike, put together."""

    begins: Exact
    ends: Exact
    choice: Choice
    whole_wh: Decimal = Decimal(0)
    parts_wh: Exact = 0

    def piece(self) -> Piece:
        return Piece(self.begins, self.ends, Fraction(self.whole_wh) + self.parts_wh, self.choice)


def cut(usage: Usage, tariff: Tariff, zone: ZoneInfo) -> Iterator[Piece]:
    """The pieces of a session, in order. What follows one another and is paid alike is one piece.

    Raises ValueError for spans that overlap, end before they begin or use less than nothing.
    """
    run: _Run | None = None
    for begins, ends, energy_wh, choice in _parts(usage, tariff, zone):
        if run is None or run.choice != choice or run.ends != begins:
            if run is not None:
                yield run.piece()
            run = _Run(begins, begins, choice)
        run.ends = ends
        if isinstance(energy_wh, Decimal):
            run.whole_wh = EXACT.add(run.whole_wh, energy_wh)
        else:
            run.parts_wh += energy_wh
    if run is not None:
        yield run.piece()


_Part = tuple[Exact, Exact, Decimal | Exact, Choice]


def _parts(usage: Usage, tariff: Tariff, zone: ZoneInfo) -> Iterator[_Part]:
    ended_at = max([usage.ended_at, *(span.ends for span in usage.spans[-1:])])
    chooser = Chooser(usage.started_at, ended_at, tariff, zone)
    energy, idle, last = Decimal(0), 0, 0
    for span in usage.spans:
        begins = microseconds(span.begins - usage.started_at)
        ends = microseconds(span.ends - usage.started_at)
        _check(span, begins, ends, last)
        after = EXACT.add(energy, span.energy_wh)
        idle_after = idle + ends - begins if span.is_idle else idle
        inside = chooser.cuts(begins, ends, energy, after, idle, idle_after)
        if inside:
            yield from _slices(chooser, span, begins, ends, Fraction(energy), idle, inside)
        else:
            yield begins, ends, span.energy_wh, chooser.choose(begins, energy, idle, span.is_idle)
        energy, idle, last = after, idle_after, ends


def _slices(
    chooser: Chooser, span: Span, begins: int, ends: int, energy: Fraction, idle: int, inside: list[Cut]
) -> Iterator[_Part]:
    """One span, cut at these places."""
    whole = Fraction(span.energy_wh)
    edges = [(Fraction(0), begins), *inside, (Fraction(1), ends)]
    for (first, at), (last, until) in pairwise(edges):
        idle_before = idle + at - begins if span.is_idle else idle
        choice = chooser.choose(at, energy + first * whole, idle_before, span.is_idle)
        yield at, until, (last - first) * whole, choice


def _check(span: Span, begins: int, ends: int, last: int) -> None:
    if begins < last or ends < begins or span.energy_wh < 0:
        said = "begins before the one before it ends, ends before it begins, or uses less than nothing"
        raise ValueError(f"the span from {span.begins} to {span.ends} {said}")
