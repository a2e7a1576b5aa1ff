"""Tariffs and usages for tests, short to write."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from voltring_core.domain.tariffs import Tariff, parse
from voltring_core.domain.usage import Span, Usage

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def tariff(*components: dict[str, Any], **other: Any) -> Tariff:
    """A tariff in EUR of these components, net, without taxes."""
    words = {"name": "test", "currency": "EUR", "valid_from": "2020-01-01T00:00:00Z", "components": list(components)}
    return parse(words | other)


def component(kind: str, price: str, **other: Any) -> dict[str, Any]:
    """A component; what is not a field of its own is a condition."""
    own = {name: other.pop(name) for name in ("step_wh", "step_seconds", "grace_minutes") if name in other}
    return {"kind": kind, "price": price, **own, "conditions": other}


def usage(*stretches: tuple[float, str] | tuple[float, str, bool], start: datetime = NOON) -> Usage:
    """A session of stretches, one after the other: minutes, Wh, and whether it was idle."""
    spans, at = [], start
    for minutes, energy_wh, *idle in stretches:
        ends = at + timedelta(minutes=minutes)
        spans.append(Span(at, ends, Decimal(energy_wh), bool(idle and idle[0])))
        at = ends
    return Usage(start, at, sum((span.energy_wh for span in spans), Decimal(0)), tuple(spans))
