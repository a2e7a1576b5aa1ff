"""Expressions that most panels are made of."""

from panels import HERE

RATE = "$__rate_interval"


def rate(name: str, by: str = "", more: str = "") -> str:
    """How often a counter rises in a second, summed up by some labels; `more` selects further."""
    return f"{_sum(by)} (rate({name}{{{_named(more)}}}[{RATE}]))"


def gauge(name: str, by: str = "", more: str = "") -> str:
    """A figure as it is, summed up by some labels."""
    return f"{_sum(by)} ({name}{{{_named(more)}}})"


def quantile(part: float, name: str, by: str = "", more: str = "") -> str:
    """Of a histogram, by some labels."""
    labels = f"{by}, le" if by else "le"
    return f"histogram_quantile({part}, {rate(f'{name}_bucket', labels, more)})"


def mean(name: str, by: str = "", more: str = "") -> str:
    """Of a histogram's values, by some labels."""
    return f"{rate(f'{name}_sum', by, more)} / {rate(f'{name}_count', by, more)}"


def _sum(by: str) -> str:
    return f"sum by ({by})" if by else "sum"


def _named(more: str) -> str:
    return f"{HERE}, {more}" if more else HERE
