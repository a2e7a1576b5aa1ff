"""Readings in canonical units, and what a session takes from them (TX-14, TX-15)."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation

from voltring_core.domain.messages import Sample
from voltring_core.domain.times import trusted
from voltring_core.domain.values import value

ENERGY_REGISTER = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"
SOC = "SoC"
BEGIN, END = "Transaction.Begin", "Transaction.End"
DEFAULT_UNIT = "Wh"
THOUSAND = Decimal(1000)
_UNIT_READ = {ENERGY_REGISTER: "Wh", POWER: "W", SOC: "Percent"}
"""What a session reads, and the only unit in which it does."""
DIGITS, PLACES = 18, 9
"""Before and behind the point: beyond the first nothing is a reading, beyond the second it is noise."""
WITH_UNIT = re.compile(r"\s*([+-]?[0-9][0-9.,]*(?:[eE][+-]?[0-9]+)?)\s*([A-Za-z%]+)\s*")
PHASES = frozenset({"L1", "L2", "L3"})
TOTALS_ARE_AT = frozenset({None, "Outlet", "Cable"})
"""Inlet, Body and EV are other places than what the driver pays for."""

# unit as chargers write it -> canonical unit and factor
UNITS: dict[str, tuple[str, Decimal]] = {
    **{unit: (unit, Decimal(1)) for unit in ("Wh", "W", "A", "V", "VA", "var", "varh", "Percent", "K", "Hertz")},
    "kWh": ("Wh", THOUSAND),
    "kW": ("W", THOUSAND),
    "kVA": ("VA", THOUSAND),
    "kvar": ("var", THOUSAND),
    "kvarh": ("varh", THOUSAND),
    "Hz": ("Hertz", Decimal(1)),
    "Celsius": ("Celsius", Decimal(1)),
    "Celcius": ("Celsius", Decimal(1)),
    "%": ("Percent", Decimal(1)),
}
_ANY_CASE = {name.lower(): unit for name, unit in UNITS.items()} | {
    "mwh": ("Wh", Decimal(10) ** 6),
    "mw": ("W", Decimal(10) ** 6),
    "c": ("Celsius", Decimal(1)),
    "f": ("Fahrenheit", Decimal(1)),
}
"""Units by their name in lower case: chargers write KWH, kwh, KW. Only milli and mega look alike, and no meter of
energy counts in milliwatt-hours."""
CANONICAL = frozenset(unit for unit, (target, _) in UNITS.items() if unit == target)
# What a value is in when the charger names no unit; Wh otherwise (TX-14).
UNIT_OF = {
    "Power": "W",
    "Current": "A",
    "Voltage": "V",
    "SoC": "Percent",
    "Frequency": "Hertz",
    "Temperature": "Celsius",
}


@value
class Reading:
    """The latest of what a session shows; None where the samples hold nothing of the kind."""

    register_wh: Decimal | None = None
    register_at: datetime | None = None
    power_w: Decimal | None = None
    soc_percent: Decimal | None = None
    first_wh: Decimal | None = None
    """The register at the begin of the transaction, or the first one in the samples."""


def read_number(raw: object) -> Decimal | None:
    """A charger's number: spaces and one decimal comma are tolerated; None when it is none."""
    text = str(raw).strip()
    if len(text) < PLACES and text.replace(".", "", 1).isdecimal():
        return Decimal(text)  # what almost every value is; too short for what is looked at below
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if not value.is_finite() or (value and value.adjusted() >= DIGITS):
        return None
    return round(value, PLACES) if int(value.as_tuple().exponent) < -PLACES else value


def read_register(raw: object) -> Decimal | None:
    """A register in Wh as 1.6's meterStart and meterStop carry it, with or without a unit behind it."""
    text, unit = split_unit(str(raw))
    value, canonical_unit = canonical(read_number(text), unit, ENERGY_REGISTER)
    return value if canonical_unit == DEFAULT_UNIT else None


def split_unit(raw: str) -> tuple[str, str | None]:
    """A number and the unit that some chargers write behind it, e.g. `1.5 kWh` (TX-14)."""
    found = WITH_UNIT.fullmatch(raw)
    return (found[1], found[2]) if found else (raw, None)


def canonical(value: Decimal | None, unit: str | None, measurand: str) -> tuple[Decimal | None, str]:
    """The value in its canonical unit; an unknown unit is kept as it is."""
    if unit in CANONICAL:
        return value, unit
    named = (unit or "").strip() or UNIT_OF.get(measurand.partition(".")[0], DEFAULT_UNIT)
    target, factor = UNITS.get(named) or _ANY_CASE.get(named.lower(), (named, Decimal(1)))
    if value is None or factor == 1:
        return value, target
    return value * factor, target


def latest(samples: Iterable[Sample]) -> Reading:
    """What the samples say of the session now: totals; phases are parts of them, and make one where none is (TX-15)."""
    samples = _with_totals(tuple(samples))
    register: Sample | None = None
    first: Sample | None = None
    power: Sample | None = None
    soc: Sample | None = None
    for sample in samples:
        if sample.value is None or sample.phase is not None:
            continue
        if sample.unit != _UNIT_READ.get(sample.measurand):
            continue  # a unit that nobody knows is no Wh (TX-18)
        if sample.measurand == SOC:
            soc = _later(soc, sample)
        elif sample.location not in TOTALS_ARE_AT:
            continue
        elif sample.measurand == ENERGY_REGISTER:
            register = _later(register, sample)
            if sample.context != END and (first is None or (sample.context == BEGIN and first.context != BEGIN)):
                first = sample
        elif sample.measurand == POWER:
            power = _later(power, sample)
    return Reading(
        register.value if register else None,
        register.at if register else None,
        power.value if power else None,
        soc.value if soc else None,
        first.value if first else None,
    )


def _with_totals(samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """The samples, and a total of energy or power where all three phases of one time stand without one."""
    for one in samples:
        if one.phase is not None:
            break
    else:
        return samples
    totals = {one.measurand for one in samples if one.phase is None}
    groups: dict[tuple[object, ...], dict[str, Sample]] = {}
    for one in samples:
        if one.phase is not None and one.measurand in _UNIT_READ and one.measurand not in totals:
            place = (one.measurand, one.at, one.unit, one.location, one.context)
            groups.setdefault(place, {})[one.phase.removesuffix("-N")] = one
    return (*samples, *(_total(parts) for parts in groups.values() if parts.keys() == PHASES and _are_read(parts)))


def _are_read(parts: dict[str, Sample]) -> bool:
    return all(part.value is not None for part in parts.values())


def _total(parts: dict[str, Sample]) -> Sample:
    value = sum((part.value for part in parts.values() if part.value is not None), Decimal(0))
    return replace(parts["L1"], value=value, phase=None)


def trust_times(samples: tuple[Sample, ...], received_at: datetime) -> tuple[Sample, ...]:
    """The samples, those whose time can't be right at the time of receipt (TX-23)."""
    last: datetime | None = None
    for one in samples:  # those of one group, mostly all of them, share one time
        if one.at is not last:
            last = one.at
            if trusted(last, received_at)[1]:
                return tuple(replace(one, at=trusted(one.at, received_at)[0]) for one in samples)
    return samples


def _later(one: Sample | None, other: Sample) -> Sample:
    return other if one is None or other.at >= one.at else one
