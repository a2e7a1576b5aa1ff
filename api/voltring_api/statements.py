"""Binding named values to a statement, and leaving out the conditions that nobody asked for.

In a `.sql` file `:name` stands for a value, and a line that ends in `-- if name` is kept only when `name` has one.
So each combination of filters is a statement of its own with a plan of its own; `($1 IS NULL OR ...)` would share
one plan that fits none of them. `{name}` stands for a part that several statements share.
"""

import re
from typing import Any

CONDITION = re.compile(r"\s*-- if (\w+)$")
NAME = re.compile(r"(?<![:\w]):([a-z_]+)")


def bind(statement: str, **values: Any) -> tuple[str, list[Any]]:
    """The statement with `$1 ...` and the values in that order; KeyError when a name has no value."""
    lines = [line for line in statement.splitlines() if _is_asked(line, values)]
    order: list[str] = []
    text = NAME.sub(lambda match: _place(match[1], order), "\n".join(CONDITION.sub("", line) for line in lines))
    return text, [values[name] for name in order]


def include(statement: str, **parts: str) -> str:
    """The statement with each `{name}` replaced by the part of that name, without its comments."""
    for name, part in parts.items():
        lines = [line for line in part.splitlines() if not line.startswith("--")]
        statement = statement.replace(f"{{{name}}}", "\n".join(lines))
    return statement


def _is_asked(line: str, values: dict[str, Any]) -> bool:
    condition = CONDITION.search(line)
    return condition is None or values[condition[1]] is not None


def _place(name: str, order: list[str]) -> str:
    if name not in order:
        order.append(name)
    return f"${order.index(name) + 1}"
