"""Monitors of variables, and which of them a charger reports (N02..N06)."""

from collections.abc import Iterator, Mapping
from typing import Any

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact, GoneFact, RecordFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import items, mapping, word
from voltring_node.knowledge import Known, Record

MONITOR, MONITORING = RecordKind.MONITOR, RecordKind.MONITORING


def monitors_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetVariableMonitoring: the charger gives the ids, the request has the rest; results come in any order."""
    asked = list(items(said.asked.get("setMonitoringData")))
    return tuple(_put(said, asked))


def _put(said: CommandAnswer, asked: list[Mapping[str, Any]]) -> Iterator[RecordFact]:
    for result in items(said.answer.get("setMonitoringResult")):
        item = next((one for one in asked if _about(one) == _about(result)), None)
        if item is None:
            continue
        asked.remove(item)  # two monitors of a kind on one variable differ by nothing else that comes back
        number = whole(result.get("id"))
        if word(result.get("status")) == "Accepted" and number is not None:
            evse = whole(mapping(mapping(item.get("component")).get("evse")).get("id"))
            yield said.record(MONITOR, str(number), {**item, "id": number}, evse)


def _about(item: Mapping[str, Any]) -> tuple[Any, ...]:
    component, variable = mapping(item.get("component")), mapping(item.get("variable"))
    evse = mapping(component.get("evse"))
    names = (
        *(word(component.get(name)).casefold() for name in ("name", "instance")),
        *(word(variable.get(name)).casefold() for name in ("name", "instance")),
    )
    numbers = (whole(evse.get("id")), whole(evse.get("connectorId")), whole(item.get("severity")))
    return (*names, word(item.get("type")), *numbers)


def monitors_cleared(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """ClearVariableMonitoring: each for itself; `NotFound` says that there is none such."""
    results = items(said.answer.get("clearMonitoringResult"))
    numbers = [whole(one.get("id")) for one in results if word(one.get("status")) in {"Accepted", "NotFound"}]
    gone = tuple(str(number) for number in numbers if number is not None)
    return (GoneFact(MONITOR, gone),) if gone else ()


def base_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetMonitoringBase: all but `All` ends the monitors that were set here (N04)."""
    base = word(said.asked.get("monitoringBase"))
    if not said.is_accepted or not base:
        return ()
    kept = said.record(MONITORING, "base", {"monitoringBase": base})
    ours = tuple(key for key, one in said.held(known, MONITOR).items() if _is_custom(one))
    return (kept,) if base == "All" or not ours else (kept, GoneFact(MONITOR, ours))


def _is_custom(one: Record) -> bool:
    return one.state == "Accepted" or one.content.get("eventNotificationType") == "CustomMonitor"


def level_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetMonitoringLevel: severities up to this one are reported (N05)."""
    severity = whole(said.asked.get("severity"))
    if not said.is_accepted or severity is None:
        return ()
    return (said.record(MONITORING, "level", {"severity": severity}),)


def nothing_reported(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetMonitoringReport: `EmptyResultSet`, where every monitor was asked for."""
    narrowed = any(said.asked.get(name) for name in ("componentVariable", "monitoringCriteria"))
    if said.status != "EmptyResultSet" or narrowed:
        return ()
    return (GoneFact(MONITOR, before=said.at),)
