"""The device model on the wire: component, variable, attributes (B07)."""

from collections.abc import Iterable
from typing import Any

from voltring_core.domain.devices import Variable
from voltring_core.ocpp.wire import Payload, whole


def place(component: Payload, variable: Payload) -> dict[str, Any]:
    """Where a variable is, as fields of `Variable`."""
    evse = component.get("evse") or {}
    return {
        "component": component["name"],
        "component_instance": component.get("instance", ""),
        "evse_id": _number(evse.get("id")),
        "connector_id": _number(evse.get("connectorId")),
        "variable": variable["name"],
        "instance": variable.get("instance", ""),
    }


def _number(value: Any) -> int:
    return max(whole(value) or 0, 0)


def read_report(report_data: Iterable[Payload]) -> tuple[Variable, ...]:
    """The `reportData` of NotifyReport."""
    return tuple(
        Variable(
            **place(item["component"], item["variable"]),
            attribute=attribute.get("type", "Actual"),
            value=attribute.get("value"),
            mutability=attribute.get("mutability", "ReadWrite"),
            persistent=attribute.get("persistent", False),
            constant=attribute.get("constant", False),
            characteristics=item.get("variableCharacteristics"),
        )
        for item in report_data
        for attribute in item["variableAttribute"]
    )
