"""After the commit: what operators see happen, over the live feed."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from voltring_core.cluster.events import Event, EventBus
from voltring_core.cluster.watching import Audience
from voltring_core.domain.transactions import TransactionState
from voltring_core.ocpp.wire import write_time
from voltring_node.deciding import Decided
from voltring_node.facts import (
    BootFact,
    CommandFact,
    EventFact,
    Fact,
    Message,
    Place,
    ReadingsFact,
    RecordFact,
    ReportFact,
    StatusFact,
    TransactionFact,
)
from voltring_node.journal import latency_ms, shown, verdict

MOST_WAITING = 10_000
"""Events beyond it are dropped while Redis is slow: they are for eyes."""
METERED = "meter.values"


class Publisher:
    """Collects events of commits and publishes them in batches."""

    def __init__(self, bus: EventBus, audience: Audience) -> None:
        self._bus = bus
        self.audience = audience
        self._waiting: list[Event] = []
        self._filled = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Events that are to be published."""
        return len(self._waiting)

    def committed(self, group: Iterable[Decided]) -> None:
        """Note what a committed group brought, as far as somebody looks: for nobody, next to nothing is done."""
        looks = self.audience.looks
        for one in group:
            message = one.asked.message
            hears = looks.events and looks.hears(message.charger_id)
            for fact in one.facts:
                if hears:
                    self.show(message, fact)
            if looks.messages and message.charger_id in looks.messages:
                self._append(_message_event(one))

    def show(self, place: Message | Place, fact: Fact) -> None:
        """Publish what a committed fact tells, if it tells anything."""
        if (event := event_of(place, fact)) is not None:
            self.put(event)

    def put(self, event: Event) -> None:
        """Publish an event soon, if somebody listens to its charger's."""
        if self.audience.looks.hears(event["charger_id"]):
            self._append(event)

    def _append(self, event: Event) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(event)
            self._filled.set()

    async def run(self) -> None:
        """Publish for ever; to be supervised."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            events, self._waiting = self._waiting, []
            await self._bus.publish(latest_readings(events))


def latest_readings(events: list[Event]) -> list[Event]:
    """The events in their order; of a session's readings that are not shown yet, only the latest."""
    kept: list[Event] = []
    seen: set[str] = set()
    for event in reversed(events):
        if event["type"] == METERED:
            if event["transaction_id"] in seen:
                continue
            seen.add(event["transaction_id"])
        kept.append(event)
    kept.reverse()
    return kept


def event_of(message: Message | Place, fact: Fact) -> Event | None:
    """The event that tells of a fact; None for readings outside of a transaction."""
    if isinstance(fact, ReadingsFact):
        return None  # told by its TransactionFact
    if isinstance(fact, TransactionFact):
        return _session(message, fact)
    base: Event = {"charger_id": message.charger_id, "at": write_time(message.received_at)}
    if isinstance(fact, StatusFact):
        status = fact.status
        return base | {
            "type": "connector.status",
            "evse_id": status.evse_id,
            "connector_id": status.connector_id,
            "status": status.status,
            "error_code": status.error_code,
        }
    if isinstance(fact, BootFact):
        return base | {"type": "charger.booted", "registration": fact.registration.value}
    return _of_station(base, fact)


def _of_station(base: Event, fact: Fact) -> Event | None:
    """What is told beside sessions; readings are told by their TransactionFact, variables by their report."""
    if isinstance(fact, EventFact):
        what = {"kind": fact.kind, "subject": fact.subject, "severity": fact.severity, "evse_id": fact.evse_id}
        return base | {"type": "station.event"} | what
    if isinstance(fact, RecordFact):
        return base | {"type": "station.record", "kind": fact.kind, "key": fact.key, "state": fact.state}
    if isinstance(fact, ReportFact):
        report = fact.report
        return base | {"type": "report.updated", "action": report.action, "state": report.state.value}
    if isinstance(fact, CommandFact) and fact.state is not None:
        return base | {"type": "command.updated", "command_id": str(fact.command_id), "state": fact.state.value}
    return None


def _type(fact: TransactionFact) -> str:
    if fact.said is not None:
        return f"transaction.{fact.said.kind.value.lower()}"
    # Without a message of its own a session was superseded, or has a new reading.
    return METERED if fact.transaction.state is TransactionState.ACTIVE else "transaction.ended"


def _session(place: Message | Place, fact: TransactionFact) -> Event:
    transaction = fact.transaction
    return {
        "charger_id": place.charger_id,
        "at": write_time(place.received_at),
        "type": _type(fact),
        "transaction_id": str(transaction.id),
        "evse_id": transaction.evse_id,
        "connector_id": transaction.connector_id,
        "id_token": transaction.id_token,
        "state": transaction.state.value,
        "charging_state": transaction.charging_state,
        "energy_wh": _number(transaction.energy_wh),
        "power_w": _number(transaction.power_w),
        "soc_percent": _number(transaction.soc_percent),
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _message_event(one: Decided) -> Event:
    """A frame as the message log has it, without secrets."""
    message = one.asked.message
    word, code = verdict(one)
    return {
        "type": "message",
        "charger_id": message.charger_id,
        "at": write_time(message.received_at),
        "direction": message.direction,
        "message_type": message.type,
        "message_id": None if message.message_id is None else str(message.message_id),
        "action": message.action,
        "frame": shown(message, message.frame),
        "reply": shown(message, one.reply),
        "flags": [*message.flags, *one.flags],
        "verdict": word.value,
        "error_code": code,
        "latency_ms": latency_ms(one, datetime.now(UTC)),
    }
