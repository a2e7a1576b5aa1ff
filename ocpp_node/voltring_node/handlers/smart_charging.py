"""Smart charging as the station tells it: limits of others (K11-K14), what cars need and plan (K15-K18), priority
charging (K22), dynamic schedules (K28). What is answered is the planner's word (`advice.py`)."""

from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.domain.messages import Told
from voltring_node.advice import Advice, advised
from voltring_node.facts import EventFact, Fact, GoneFact, Message, Outcome, RecordFact
from voltring_node.handlers.words import evse_of
from voltring_node.knowledge import Known, Wanted

ALERT, WARNING, NOTICE, INFORMATIONAL = 5, 6, 7, 8


def limit(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyChargingLimit: somebody else limits the station or one EVSE."""
    evse, told = evse_of(said.payload), said.payload["chargingLimit"]
    source = told["chargingLimitSource"]
    severity = ALERT if told.get("isGridCritical") else NOTICE
    event = _event(StationEventKind.CHARGING_LIMIT, message, said, source, severity)
    record = RecordFact(RecordKind.CHARGING_LIMIT, f"{evse}:{source}", said.payload, said.action, evse, "Active")
    return Outcome({}, (event, record))


def want_limits(said: Told) -> Wanted:
    """The limits that a word for the whole station lifts."""
    return Wanted() if evse_of(said.payload) else Wanted(records=frozenset({RecordKind.CHARGING_LIMIT}))


def limit_cleared(message: Message, said: Told, known: Known) -> Outcome:
    """ClearedChargingLimit: of one EVSE; without one that of the station and of all its EVSEs."""
    evse, source = evse_of(said.payload), said.payload["chargingLimitSource"]
    keys = {f"{evse}:{source}"}
    if not evse:
        held = known.held(message.charger_id, RecordKind.CHARGING_LIMIT)
        keys |= {key for key in held if key.partition(":")[2] == source}
    event = _event(StationEventKind.CHARGING_LIMIT, message, said, source, INFORMATIONAL, cleared=True)
    return Outcome({}, (event, GoneFact(RecordKind.CHARGING_LIMIT, tuple(sorted(keys)))))


def needs(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyEVChargingNeeds: kept, and answered as the planner says."""
    return _planned(message, said, StationEventKind.CHARGING_NEEDS, RecordKind.CHARGING_NEEDS)


def schedule(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyEVChargingSchedule: what the car is going to do."""
    return _planned(message, said, StationEventKind.CHARGING_SCHEDULE, RecordKind.CHARGING_SCHEDULE)


def _planned(message: Message, said: Told, kind: StationEventKind, record: RecordKind) -> Outcome:
    advice, evse = advised(message), evse_of(said.payload)
    event = _event(kind, message, said, advice.status, _gravity(advice), status=advice.status)
    kept = RecordFact(record, str(evse), said.payload, said.action, evse, advice.status)
    return Outcome(advice.payload(message.version), (event, kept))


def _gravity(advice: Advice) -> int:
    return WARNING if advice.status == "Rejected" else INFORMATIONAL


def priority(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyPriorityCharging (2.1): the driver asked the station itself, or no longer does."""
    transaction, state = said.payload["transactionId"], "Activated" if said.payload["activated"] else "Deactivated"
    event = EventFact(
        StationEventKind.PRIORITY_CHARGING,
        message.received_at,
        said.payload,
        state,
        INFORMATIONAL,
        ocpp_transaction_id=transaction,
    )
    record = RecordFact(RecordKind.PRIORITY_CHARGING, transaction, said.payload, said.action, state=state)
    return Outcome({}, (event, record))


def pull(message: Message, said: Told, known: Known) -> Outcome:
    """PullDynamicScheduleUpdate (2.1): the planner's newest limits for a dynamic profile."""
    advice = advised(message)
    answer = advice.payload(message.version)
    event = _event(StationEventKind.CHARGING_SCHEDULE, message, said, said.action, _gravity(advice), answer=answer)
    return Outcome(answer, (event,))


def _event(kind: StationEventKind, message: Message, said: Told, subject: str, severity: int, **more: object) -> Fact:
    """`more` is kept with what was told: what became of it."""
    evse = evse_of(said.payload) or None
    return EventFact(kind, message.received_at, {**said.payload, **more}, subject, severity, evse)
