"""Functional block N (2.x): monitors, customers' data, event streams."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.rules.checks import filled, repeated
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.remote_control import token

_LOWEST_SEVERITY = 9
_FROM_ZERO = frozenset({"Delta", "TargetDelta", "TargetDeltaRelative"})
_SECONDS = frozenset({"Periodic", "PeriodicClockAligned"})
_CUSTOMERS = ("idToken", "customerCertificate", "customerIdentifier")


def severity(value: int, field: str) -> Iterator[Fault]:
    """0 is danger, 9 is debug."""
    if not 0 <= value <= _LOWEST_SEVERITY:
        yield Fault(field, f"is {value}: give 0 (danger) to {_LOWEST_SEVERITY} (debug)")


def level(asked: Asked) -> Iterator[Fault]:
    """N05: a severity."""
    yield from severity(asked.payload["severity"], "severity")


def monitors(asked: Asked) -> Iterator[Fault]:
    """N04: values that can trigger, severities that exist, no monitor twice."""
    wanted = asked.payload["setMonitoringData"]
    for place, monitor in enumerate(wanted):
        at = f"setMonitoringData.{place}."
        yield from severity(monitor["severity"], f"{at}severity")
        if monitor["type"] in _FROM_ZERO and monitor["value"] < 0:
            yield Fault(f"{at}value", f"is negative: a {monitor['type']} is a difference, give 0 or more")
        if monitor["type"] in _SECONDS and monitor["value"] <= 0:
            yield Fault(f"{at}value", f"is {monitor['value']}: a {monitor['type']} monitor needs seconds above 0")
        if monitor.get("id", 0) < 0:
            yield Fault(f"{at}id", "is negative: give the id that the charger reported, or leave it out")
    for place in repeated(_named(monitor) for monitor in wanted):
        said = "is the same monitor as one before it (component, variable, type, severity): leave it out"
        yield Fault(f"setMonitoringData.{place}", said)


def _named(monitor: Mapping[str, Any]) -> tuple[object, ...]:
    component, variable = monitor["component"], monitor["variable"]
    evse = component.get("evse", {})
    place = component["name"], component.get("instance"), evse.get("id"), evse.get("connectorId")
    return (*place, variable["name"], variable.get("instance"), monitor["type"], monitor["severity"])


def monitors_cleared(asked: Asked) -> Iterator[Fault]:
    """N06: no id twice, none negative."""
    for place in repeated(asked.payload["id"]):
        yield Fault(f"id.{place}", "is in the list already: leave it out")
    for place, number in enumerate(asked.payload["id"]):
        if number < 0:
            yield Fault(f"id.{place}", "is negative: give the id that the charger reported")


def customer(asked: Asked) -> Iterator[Fault]:
    """N09, N10: one customer, to be reported or cleared or both."""
    named = [name for name in _CUSTOMERS if name in asked.payload]
    if len(named) != 1:
        found = "several ways at once" if named else "in no way"
        yield Fault(named[1] if named else _CUSTOMERS[0], f"names the customer {found}: give one of {_listed()}")
    if not asked.payload["report"] and not asked.payload["clear"]:
        yield Fault("report", "is false, and so is clear: one of them must be true")
    yield from filled(asked.payload, "customerIdentifier")
    if "idToken" in asked.payload:
        yield from token(asked.payload["idToken"], "idToken.")


def _listed() -> str:
    return ", ".join(_CUSTOMERS)


def stream(asked: Asked) -> Iterator[Fault]:
    """2.1 N14: a new interval, a new number of values, or both."""
    if not {"interval", "values"} & set(asked.payload["params"]):
        yield Fault("params", "is empty: give interval, values or both")


RULES: Rules = MappingProxyType(
    {
        "AdjustPeriodicEventStream": (stream,),
        "ClearVariableMonitoring": (monitors_cleared,),
        "CustomerInformation": (customer,),
        "SetMonitoringLevel": (level,),
        "SetVariableMonitoring": (monitors,),
    }
)
