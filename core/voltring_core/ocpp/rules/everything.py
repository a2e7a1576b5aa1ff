"""Rules of every command: 32-bit numbers, EVSEs and connectors, TR-26's sizes, ids that join reports."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import orjson

from voltring_core.ocpp.rules.facts import Asked, Fault, Rule
from voltring_core.ocpp.rules.ids import joins_by

LARGEST = 2**31 - 1
_FREE = frozenset({"customData", "data"})
"""Vendors' own content: no rule looks into it."""
_LISTS = MappingProxyType(
    {
        "ClearVariableMonitoring": "id",
        "GetConfiguration": "key",
        "GetMonitoringReport": "componentVariable",
        "GetReport": "componentVariable",
        "GetVariables": "getVariableData",
        "SendLocalList": "localAuthorizationList",
        "SetVariableMonitoring": "setMonitoringData",
        "SetVariables": "setVariableData",
    }
)


def fits_32_bits(asked: Asked) -> Iterator[Fault]:
    """OCPP's integer has 32 bits."""
    yield from _too_large(asked.payload, "")


def _too_large(value: Any, at: str) -> Iterator[Fault]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if name not in _FREE:
                yield from _too_large(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _too_large(inner, f"{at}.{place}")
    elif isinstance(value, int) and not -LARGEST - 1 <= value <= LARGEST:
        yield Fault(at, f"does not fit into the 32 bits of an OCPP integer: give {LARGEST} at most")


def places_exist(asked: Asked) -> Iterator[Fault]:
    """EVSEs and connectors are numbered from 1; 0 is the station, and only where it is told by that number."""
    yield from _places(asked, asked.payload, "")


def _places(asked: Asked, value: Mapping[str, Any], at: str) -> Iterator[Fault]:
    for name, inner in value.items():
        if name in {"evseId", "connectorId"} and isinstance(inner, int | float):
            least = 0 if asked.v16 or name == "evseId" else 1
            yield from _place(asked, inner, f"{at}{name}", least)
        elif name == "evse" and isinstance(inner, Mapping):
            yield from _place(asked, inner["id"], f"{at}evse.id", 0)
            if "connectorId" in inner:
                yield from _place(asked, inner["connectorId"], f"{at}evse.connectorId", 1)
        elif isinstance(inner, Mapping) and name not in _FREE:
            yield from _places(asked, inner, f"{at}{name}.")


def _place(asked: Asked, number: float, field: str, least: int) -> Iterator[Fault]:
    last = asked.station.connectors if asked.v16 else None
    if number < least:
        yield Fault(field, f"is {number}: give {least} or more")
    elif last is not None and number > last:
        yield Fault(field, f"is {number}: this charger has {last} connectors, give one of them")


def fits_the_charger(asked: Asked) -> Iterator[Fault]:
    """TR-26: the most entries and bytes that the charger takes in one message."""
    name, most = _LISTS.get(asked.action), asked.station.items.get(asked.action)
    if name is not None and most is not None and len(asked.payload.get(name, ())) > most:
        found = len(asked.payload[name])
        yield Fault(name, f"has {found} entries, and this charger takes {most} in one message: send several commands")
    octets = asked.station.octets.get(asked.action)
    if octets is not None and (size := len(orjson.dumps(asked.payload))) > octets:
        yield Fault("", f"is {size} bytes long, and this charger takes {octets}: send several commands")


def joins_once(asked: Asked) -> Iterator[Fault]:
    """A number that joins what comes later to this command is positive, and of no other open command."""
    name = joins_by(asked.version, asked.action)
    number = asked.payload.get(name) if name else None
    if number is None or name not in {"requestId", "remoteStartId"}:
        return
    used = asked.station.open_requests if name == "requestId" else asked.station.open_starts
    if number < 1:
        yield Fault(name, f"is {number}: give 1 or more, or leave it out to have one chosen")
    elif number in used:
        yield Fault(
            name, f"{number} is in use by another open command of this charger: leave it out to have one chosen"
        )


EVERYTHING: tuple[Rule, ...] = (fits_32_bits, places_exist, fits_the_charger, joins_once)
