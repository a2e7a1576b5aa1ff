"""Rules for what a charger says: each mends a payload in place and tells whether it changed anything.

They run before the schema is checked, so nothing is known of the payload's shape: what is not as expected is left to
the general repair.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from voltring_core.domain.metering import ENERGY_REGISTER, THOUSAND, read_number, split_unit
from voltring_core.domain.times import local_time
from voltring_core.ocpp.quirks.menders import NO_TIME
from voltring_core.ocpp.wire import write_time

Payload = dict[str, Any]
TIMES = frozenset({"timestamp", "generatedAt"})
"""Fields that hold a time of the charger's clock."""
INTERVAL = "Energy.Active.Import.Interval"
NO_TRANSACTION = -1
HEX_BYTES = re.compile(r"(?:[0-9a-fA-F]{2})+")
IN_WH = frozenset({"", "Wh"})


def time_zone(payload: Payload, action: str, given: Any) -> bool:
    """Times without a zone are local ones; `given` is the zone and the time of receipt."""
    zone, received_at = ZoneInfo(given[0]), given[1]
    return _retime(payload, lambda at: local_time(at, zone, received_at) if at.tzinfo is None else None)


def local_time_marked_utc(payload: Payload, action: str, given: Any) -> bool:
    """Times that say UTC are local ones; `given` is the zone and the time of receipt."""
    zone, received_at = ZoneInfo(given[0]), given[1]
    return _retime(payload, lambda at: None if at.utcoffset() else local_time(at, zone, received_at))


def no_clock(payload: Payload, action: str, argument: Any) -> bool:
    """Times are never right: the domain takes those of receipt."""
    found = [
        holder for holder in _holders_of_times(payload) if any(holder.get(name) != NO_TIME for name in _of(holder))
    ]
    for holder in found:
        holder.update(dict.fromkeys(_of(holder), NO_TIME))
    return bool(found)


def energy_unit(payload: Payload, action: str, unit: Any) -> bool:
    """Readings of energy that say Wh, or nothing, are in another unit."""
    energy = (sample for _, sample in _samples(payload) if _measurand(sample).startswith("Energy."))
    return sum(_relabel(sample, unit) for sample in energy) > 0


def meter_unit(payload: Payload, action: str, unit: Any) -> bool:
    """meterStart and meterStop are in kWh."""
    found = False
    for name in ("meterStart", "meterStop"):
        text, written = split_unit(str(payload.get(name)))
        number = read_number(text)
        if number is not None and written is None:
            payload[name] = round(number * THOUSAND)
            found = True
    return found


def register_per_session(payload: Payload, action: str, argument: Any) -> bool:
    """Readings of the register count from the session's begin; meterStart and meterStop are of the meter."""
    found = [sample for _, sample in _samples(payload) if _measurand(sample) == ENERGY_REGISTER]
    for sample in found:
        sample["measurand"] = INTERVAL
    return bool(found)


def ignore_zero_register(payload: Payload, action: str, argument: Any) -> bool:
    """A register that drops to 0 for a moment has not been read."""
    found = [(held, one) for held, one in _samples(payload) if _measurand(one) == ENERGY_REGISTER and _is_zero(one)]
    for held, one in found:
        held[:] = [other for other in held if other is not one]
    _drop_empty_groups(payload)
    return bool(found)


def connector_zero_is(payload: Payload, action: str, number: Any) -> bool:
    """Readings of connector 0 are those of a connector."""
    name = "evseId" if "evseId" in payload else "connectorId"
    if payload.get(name) not in (0, "0") or isinstance(payload.get(name), bool):
        return False
    payload[name] = number
    return True


def transaction_id_none(payload: Payload, action: str, ids: Any) -> bool:
    """Some ids mean that there is none."""
    given = read_number(payload.get("transactionId"))
    if given is None or given == NO_TRANSACTION or given not in ids:
        return False
    payload["transactionId"] = NO_TRANSACTION
    return True


def id_tag_bytes_reversed(payload: Payload, action: str, argument: Any) -> bool:
    """The bytes of a card's number come in the wrong order."""
    given = payload.get("idTag")
    if not isinstance(given, str) or not HEX_BYTES.fullmatch(given):
        return False
    better = bytes.fromhex(given)[::-1].hex()
    payload["idTag"] = better.upper() if given == given.upper() else better
    return better.lower() != given.lower()


def _samples(payload: Payload) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """All sampled values, each with the list that holds it."""
    for group in _groups(payload):
        held = group.get("sampledValue")
        if isinstance(held, list):
            yield from ((held, one) for one in held if isinstance(one, dict))


def _groups(payload: Payload) -> Iterator[dict[str, Any]]:
    for name in ("meterValue", "transactionData"):
        groups = payload.get(name)
        if isinstance(groups, list):
            yield from (group for group in groups if isinstance(group, dict))


def _drop_empty_groups(payload: Payload) -> None:
    for name in ("meterValue", "transactionData"):
        groups = payload.get(name)
        if isinstance(groups, list):
            payload[name] = [one for one in groups if not (isinstance(one, dict) and one.get("sampledValue") == [])]


def _measurand(sample: dict[str, Any]) -> str:
    return str(sample.get("measurand") or ENERGY_REGISTER)


def _is_zero(sample: dict[str, Any]) -> bool:
    return read_number(split_unit(str(sample.get("value")))[0]) == Decimal(0)


def _relabel(sample: dict[str, Any], unit: str) -> bool:
    """Name another unit where a sample says Wh or nothing: 1.6 in the sample, 2.x in its unitOfMeasure."""
    is_2x = isinstance(sample.get("value"), int | float) or "unitOfMeasure" in sample
    named = sample.setdefault("unitOfMeasure", {}) if is_2x else sample
    written = split_unit(str(sample.get("value")))[1] or ""
    if not isinstance(named, dict) or (named.get("unit") or written) not in IN_WH:
        return False
    if written:
        sample["value"] = split_unit(str(sample["value"]))[0]
    named["unit"] = unit
    return True


def _of(holder: dict[str, Any]) -> list[str]:
    return [name for name in holder if name in TIMES]


def _holders_of_times(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if _of(value):
            yield value
        for inner in value.values():
            yield from _holders_of_times(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _holders_of_times(inner)


def _retime(payload: Payload, localized: Any) -> bool:
    found = False
    for holder in _holders_of_times(payload):
        for name in _of(holder):
            better = _local(holder[name], localized)
            if better is not None:
                holder[name], found = better, True
    return found


def _local(text: Any, localized: Any) -> str | None:
    try:
        at = localized(datetime.fromisoformat(text.strip())) if isinstance(text, str) and len(text) > 10 else None
        return None if at is None else write_time(at)
    except (ValueError, OverflowError):
        return None
