"""Spans in memory, in place of OpenTelemetry's: what tests look at that are about what is traced."""

import itertools
from typing import Any

from voltring_core.tracing import Parent


class KeptSpan:
    """One span."""

    def __init__(self, name: str, kind: str, parent: Any, place: Parent, links: Any, at_ns: Any) -> None:
        self.name, self.kind, self.parent, self.place = name, kind, parent, place
        self.links, self.began_ns = tuple(links), at_ns
        self.attributes: dict[str, Any] = {}
        self.failed: str | None = None
        self.ended = 0

    def set_attributes(self, attributes: Any) -> None:
        self.attributes |= attributes

    def update_name(self, name: str) -> None:
        self.name = name

    def end(self, at_ns: Any = None) -> None:
        self.ended += 1


class Keeping:
    """Makes spans and keeps them."""

    def __init__(self) -> None:
        self.spans: list[KeptSpan] = []
        self.stopped = 0
        self._ids = itertools.count(1)

    def make(self, name: str, kind: Any, parent: Any, links: Any, at_ns: Any) -> tuple[Any, Parent]:
        place = Parent(parent.trace_id if parent else next(self._ids), next(self._ids))
        self.spans.append(KeptSpan(name, kind, parent, place, links, at_ns))
        return self.spans[-1], place

    def fail(self, made: Any, why: str) -> None:
        made.failed = why

    def stop(self) -> None:
        self.stopped += 1

    def named(self, name: str) -> KeptSpan:
        """The one span of this name."""
        (found,) = [one for one in self.spans if one.name == name]
        return found
