"""Periodic event streams (2.1, N11..N15): which are open, and how often they send."""

from collections.abc import Mapping
from typing import Any

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact, RecordFact
from voltring_node.handlers.answers.answer import CommandAnswer, restated
from voltring_node.handlers.answers.shapes import items, listing, mapping
from voltring_node.knowledge import Known, Record

STREAM = RecordKind.EVENT_STREAM
OPEN, CLOSED = "Open", "Closed"


def listed(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetPeriodicEventStream: the list is what is open; without one, nothing is."""
    data, held = said.answer.get("constantStreamData"), said.held(known, STREAM)
    told = {str(number): one for one in items(data) if (number := whole(one.get("id"))) is not None}
    facts = [_open(said, key, {**_before(held, key), **one}) for key, one in told.items()]
    if len(told) == len(listing(data)) and (data is None or isinstance(data, list)):
        others = (key for key, one in held.items() if key not in told and one.state != CLOSED)
        facts += [restated(held[key], key, STREAM, said, CLOSED) for key in others]
    return tuple(facts)


def adjusted(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """AdjustPeriodicEventStream."""
    number = whole(said.asked.get("id"))
    if not said.is_accepted or number is None:
        return ()
    before = _before(said.held(known, STREAM), str(number))
    return (_open(said, str(number), {**before, "id": number, "params": said.asked.get("params")}),)


def _before(held: Mapping[str, Record], key: str) -> Mapping[str, Any]:
    return mapping(held[key].content) if key in held else {}


def _open(said: CommandAnswer, key: str, content: Mapping[str, Any]) -> RecordFact:
    return said.record(STREAM, key, content, state=OPEN)
