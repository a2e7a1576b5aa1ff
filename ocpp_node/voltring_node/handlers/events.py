"""What happened at a station: device events (N07, G01), security events (A04), DER alarms and controls (R04, R05).

Severity is OCPP's: 0 danger, 1 hardware failure, 2 system failure, 3 critical, 4 error, 5 alert, 6 warning, 7 notice,
8 informational, 9 debug. Where a message has none, it is what operators should make of it.
"""

from voltring_core.domain.devices import Variable
from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.domain.messages import StatusReported, Told
from voltring_core.ocpp.variables import place
from voltring_core.ocpp.wire import whole
from voltring_node.facts import EventFact, Fact, Message, Outcome, RecordFact, StatusFact, VariablesFact
from voltring_node.handlers.words import Payload, key_of, place_of, safe, when
from voltring_node.knowledge import Known, Record, Wanted

ALARM, CRITICAL, ERROR, ALERT, NOTICE, INFORMATIONAL = 2, 3, 4, 5, 7, 8
_SECURITY = {
    "tamperdetectionactivated": 1,
    "attemptedreplayattacks": ALARM,
    "memoryexhaustion": ALARM,
    "securitylogwascleared": ALARM,
    "settingsystemtime": ALARM,
    "csmsfailedtoauthenticate": ERROR,
    "failedtoauthenticateatcsms": ERROR,
    "invalidmessages": ERROR,
    "maintenanceloginfailed": ERROR,
    "reconfigurationofsecurityparameters": ALERT,
    "firmwareupdated": NOTICE,
    "maintenanceloginaccepted": NOTICE,
    "resetorreboot": NOTICE,
    "startupofthedevice": INFORMATIONAL,
}
SUPERSEDED = "Superseded"
LEAST_SEVERE = 9
_AVAILABILITY = frozenset({"Available", "Occupied", "Reserved", "Unavailable", "Faulted"})


def security(message: Message, said: Told, known: Known) -> Outcome:
    """SecurityEventNotification: an alarm where the charger or its trust is at stake (SE-15)."""
    kind = said.payload["type"]
    at = when(message, said.payload.get("timestamp"))
    event = EventFact(StationEventKind.SECURITY_EVENT, at, safe(message, said), subject=kind, severity=_danger(kind))
    return Outcome({}, (event,))


def _danger(kind: str) -> int:
    """Vendors have types of their own: such a one is worth a look, and an alarm where it calls something invalid."""
    name = kind.strip().lower()
    return _SECURITY.get(name, ALARM if name.startswith("invalid") else ALERT)


def want_events(said: Told) -> Wanted:
    """The monitors, where an event names one and not its severity (2.1 has it in the event)."""
    asks = any("variableMonitoringId" in one and "severity" not in one for one in said.payload["eventData"])
    return Wanted(records=frozenset({RecordKind.MONITOR})) if asks else Wanted()


def device(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyEvent: an event each, the variables' present values, and connectors' states (G01: either way of status)."""
    data = sorted(safe(message, said)["eventData"], key=lambda one: when(message, one["timestamp"]))
    monitors = known.held(message.charger_id, RecordKind.MONITOR)
    facts: list[Fact] = []
    variables: list[Variable] = []
    for one in data:
        at = when(message, one["timestamp"])
        evse, connector = place_of(one["component"])
        severity = _severity(one, monitors.get(key_of(one.get("variableMonitoringId"))))
        facts.append(
            EventFact(
                StationEventKind.DEVICE_EVENT,
                at,
                one,
                subject=f"{one['component']['name']}.{one['variable']['name']}",
                severity=severity,
                evse_id=evse,
                connector_id=connector,
                ocpp_transaction_id=one.get("transactionId"),
            )
        )
        variables.append(Variable(**place(one["component"], one["variable"]), value=one["actualValue"]))
        if (status := _status(one)) is not None:
            facts.append(StatusFact(status, at))
    return Outcome({}, (*facts, VariablesFact(tuple(variables), said.action)))


def _severity(event: Payload, monitor: Record | None) -> int | None:
    if event.get("cleared"):
        return NOTICE
    told = whole(event.get("severity", None if monitor is None else monitor.content.get("severity")))
    if told is not None:
        return min(max(told, 0), LEAST_SEVERE)
    # Without a monitor a Problem still is one: a connector lock that fails is told like this (G05).
    is_problem = event["variable"]["name"] == "Problem" and event["actualValue"].lower() == "true"
    return CRITICAL if is_problem else None


def _status(event: Payload) -> StatusReported | None:
    """A connector's or the station's AvailabilityState; an EVSE's stays a variable: it has no status of its own."""
    name, value = event["component"]["name"], event["actualValue"]
    if event["variable"]["name"] != "AvailabilityState" or value not in _AVAILABILITY:
        return None
    evse, connector = place_of(event["component"])
    if name == "ChargingStation":
        evse, connector = 0, 0
    elif name != "Connector" or evse is None or connector is None or min(evse, connector) < 1:
        return None
    return StatusReported(evse, connector, value, None, event.get("techInfo"), event.get("techCode"), None)


def der_alarm(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyDERAlarm (2.1): a grid event has begun or ended."""
    told = said.payload
    severity = NOTICE if told.get("alarmEnded") else CRITICAL if "gridEventFault" in told else ERROR
    at = when(message, told["timestamp"])
    event = EventFact(StationEventKind.DER_ALARM, at, told, subject=told["controlType"], severity=severity)
    return Outcome({}, (event,))


def want_der_controls(said: Told) -> Wanted:
    """What is known of the controls that are named."""
    return Wanted(records=frozenset({RecordKind.DER_CONTROL}))


def der_start_stop(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyDERStartStop (2.1): a control acts from now on, or no longer; those that it supersedes are noted."""
    told = said.payload
    control, started = key_of(told["controlId"]), told["started"]
    state = "Started" if started else "Stopped"
    at = when(message, told["timestamp"])
    held = known.held(message.charger_id, RecordKind.DER_CONTROL)
    facts: list[Fact] = [EventFact(StationEventKind.DER_START_STOP, at, told, subject=control, severity=INFORMATIONAL)]
    facts.append(_control(control, held.get(control), state, said.action))
    superseded = [key_of(one) for one in told.get("supersededIds", ())] if started else []
    facts += [_control(one, held.get(one), SUPERSEDED, said.action) for one in superseded]
    return Outcome({}, tuple(facts))


def _control(key: str, held: Record | None, state: str, source: str) -> RecordFact:
    content = {"id": key, **(held.content if held else {}), "isSuperseded": state == SUPERSEDED}
    return RecordFact(RecordKind.DER_CONTROL, key, content, source, held.evse_id if held else None, state)
