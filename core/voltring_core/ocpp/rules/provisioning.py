"""Functional block B (1.6: Core): variables, configuration keys, reports, resets."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.rules.checks import repeated
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.network import network_profile, slot_in_use
from voltring_core.ocpp.rules.passwords import authorization_key, password_variable, security_profile_key
from voltring_core.ocpp.versions import Version


def variables_once(asked: Asked) -> Iterator[Fault]:
    """B05.FR.08, B06.FR.17: no component, variable and attribute twice in one request."""
    field = "getVariableData" if asked.action == "GetVariables" else "setVariableData"
    for place in repeated(_named(entry) for entry in asked.payload[field]):
        said = "is the same component, variable and attributeType as an entry before it: leave it out"
        yield Fault(f"{field}.{place}", said)


def _named(entry: Mapping[str, Any]) -> tuple[object, ...]:
    component, variable = entry["component"], entry["variable"]
    evse = component.get("evse", {})
    return (
        component["name"].casefold(),
        component.get("instance", "").casefold(),
        evse.get("id"),
        evse.get("connectorId"),
        variable["name"].casefold(),
        variable.get("instance", "").casefold(),
        entry.get("attributeType", "Actual"),
    )


def values(asked: Asked) -> Iterator[Fault]:
    """What can't be set so: a short password (A01), a slot in use (2.1 B09.FR.21)."""
    for place, entry in enumerate(asked.payload["setVariableData"]):
        at = f"setVariableData.{place}."
        yield from password_variable(asked, entry, at)
        if asked.version is Version.V21:
            yield from slot_in_use(asked, entry, at)


def keys_once(asked: Asked) -> Iterator[Fault]:
    """No key twice; keys are compared without case."""
    for place in repeated(key.casefold() for key in asked.payload.get("key", ())):
        yield Fault(f"key.{place}", "is in the list already: leave it out")


RULES: Rules = MappingProxyType(
    {
        "ChangeConfiguration": (authorization_key, security_profile_key),
        "GetConfiguration": (keys_once,),
        "GetVariables": (variables_once,),
        "SetNetworkProfile": (network_profile,),
        "SetVariables": (variables_once, values),
    }
)
