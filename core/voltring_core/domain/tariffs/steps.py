"""What each component is paid for, by the steps that have begun.

A step that has begun is paid whole, at the price that held when it began, and lasts on into what comes after: who
charges from ten minutes before a cheaper hour and pays per started quarter of an hour has five minutes of it paid.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from voltring_core.domain.tariffs.choosing import Exact


@dataclass(frozen=True)
class Use:
    """A stretch: what was used in it, in Wh or in microseconds; `place` is the component that is paid, or None."""

    place: int | None
    begins: Exact
    ends: Exact
    quantity: Exact


@dataclass
class Count:
    """What one component is paid for: what was used under it, and what is paid of it, with the steps begun."""

    used: Exact = 0
    paid: Exact = 0
    stretches: list[Use] = field(default_factory=list)


def count(uses: Iterable[Use], steps: dict[int, int]) -> dict[int, Count]:
    """By the places of the components. `steps`: the size of the steps where a component has them, in units of use."""
    counts: dict[int, Count] = {}
    paid_ahead: Exact = 0
    for use in uses:
        ahead = min(use.quantity, paid_ahead)
        paid_ahead -= ahead
        if use.place is None or not use.quantity:
            continue
        begun = _begun(use.quantity - ahead, steps.get(use.place))
        paid_ahead += begun - (use.quantity - ahead)
        one = counts.setdefault(use.place, Count())
        one.used += use.quantity
        one.paid += begun
        _note(one.stretches, use)
    return counts


def _note(stretches: list[Use], use: Use) -> None:
    """Add a stretch, or make the last one longer when this one follows it."""
    last = stretches[-1] if stretches else None
    if last is not None and last.ends == use.begins:
        stretches[-1] = replace(last, ends=use.ends, quantity=last.quantity + use.quantity)
    else:
        stretches.append(use)


def _begun(quantity: Exact, step: int | None) -> Exact:
    return quantity if step is None else -(-Fraction(quantity) // step) * step
