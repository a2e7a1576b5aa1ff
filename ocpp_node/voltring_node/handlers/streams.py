"""Periodic event streams (2.1, N11-N15): opened and closed by the station, values as SEND, which nobody answers.

Every stream is accepted: its values are kept, and what they mean is the monitor that the record of the stream names.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.domain.messages import Told
from voltring_core.domain.times import read_time, trusted
from voltring_core.ocpp.wire import whole
from voltring_node.facts import EventFact, Fact, Message, Outcome, RecordFact, StreamFact
from voltring_node.handlers.words import Payload, key_of
from voltring_node.knowledge import Known, Wanted

OPEN, CLOSED = "Open", "Closed"
UNKNOWN_STREAM = "unknown_stream"
"""The flag of values whose stream nobody opened: they stay in their frame."""
INFORMATIONAL = 8
LONGEST = timedelta(days=366)


def opened(message: Message, said: Told, known: Known) -> Outcome:
    """OpenPeriodicEventStream."""
    stream = said.payload["constantStreamData"]
    record = RecordFact(RecordKind.EVENT_STREAM, key_of(stream["id"]), stream, said.action, state=OPEN)
    return Outcome({"status": "Accepted"}, (_event(message, stream, OPEN), record))


def want(said: Told) -> Wanted:
    """The stream."""
    return Wanted(records=frozenset({RecordKind.EVENT_STREAM}))


def closed(message: Message, said: Told, known: Known) -> Outcome:
    """ClosePeriodicEventStream: its record stays, so that its values can still be read."""
    key = key_of(said.payload["id"])
    held = known.held(message.charger_id, RecordKind.EVENT_STREAM).get(key)
    content = {"id": said.payload["id"]} if held is None else held.content
    record = RecordFact(RecordKind.EVENT_STREAM, key, content, said.action, state=CLOSED)
    return Outcome({}, (_event(message, said.payload, CLOSED), record))


def _event(message: Message, content: Payload, state: str) -> EventFact:
    return EventFact(StationEventKind.EVENT_STREAM, message.received_at, content, state, INFORMATIONAL)


def values(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyPeriodicEventStream: each value at basetime + t seconds; how many still wait is kept when it changes."""
    key, number = key_of(said.payload["id"]), whole(said.payload["id"])
    held = known.held(message.charger_id, RecordKind.EVENT_STREAM).get(key)
    if held is None or number is None:
        return Outcome({}, flags=(UNKNOWN_STREAM,))
    facts: list[Fact] = [StreamFact(number, _values(message, said))]
    if held.content.get("pending", 0) != said.payload["pending"]:
        content = {**held.content, "pending": said.payload["pending"]}
        facts.append(RecordFact(RecordKind.EVENT_STREAM, key, content, said.action, state=held.state))
    return Outcome({}, tuple(facts))


def _values(message: Message, said: Told) -> tuple[tuple[datetime, str], ...]:
    data = said.payload["data"]
    after = [_seconds(one["t"]) for one in data]
    base = _base(message, said.payload, after)
    return tuple((base + offset, one["v"]) for offset, one in zip(after, data, strict=True))


def _base(message: Message, told: Payload, after: Sequence[timedelta]) -> datetime:
    """The base time; where the clock can't be right the last value is of now."""
    base, wrong = trusted(read_time(told["basetime"]), message.received_at)
    return base - max(after) if wrong else base


def _seconds(number: float) -> timedelta:
    """As far as a stream can reach."""
    try:
        return max(-LONGEST, min(timedelta(seconds=number), LONGEST))
    except (OverflowError, ValueError):
        return timedelta(0)
