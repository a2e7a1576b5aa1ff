"""What is known of a charger, from the rows that tell it: its variables, its records, its open commands."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from voltring_core.ocpp.rules.facts import Station
from voltring_core.ocpp.rules.ids import REQUESTS, STARTS
from voltring_core.ocpp.versions import Version


class Variable(NamedTuple):
    """A row of `variables` (attribute Actual); 1.6: component '' and the key as variable."""

    component: str
    variable: str
    instance: str
    value: str | None
    characteristics: Mapping[str, Any] | None = None


_Kind = Literal["number", "count", "words", "schemes", "flag", "units"]
# What tells each fact: (component, variable), in lower case.
_SOURCES_16: Mapping[str, tuple[str, _Kind]] = MappingProxyType(
    {
        "connectors": ("numberofconnectors", "count"),
        "list_entries": ("localauthlistmaxlength", "count"),
        "schedule_periods": ("chargingschedulemaxperiods", "count"),
        "stack_level": ("chargeprofilemaxstacklevel", "number"),
        "rate_units": ("chargingscheduleallowedchargingrateunit", "units"),
        "security_profile": ("securityprofile", "number"),
        "certificate_chain": ("certificatesignedmaxchainsize", "count"),
        "file_schemes": ("supportedfiletransferprotocols", "schemes"),
        "unspecific_reservations": ("reserveconnectorzerosupported", "flag"),
    }
)
_SOURCES_2X: Mapping[str, tuple[tuple[str, str], _Kind]] = MappingProxyType(
    {
        "schedule_periods": (("smartchargingctrlr", "periodsperschedule"), "count"),
        "stack_level": (("smartchargingctrlr", "profilestacklevel"), "number"),
        "rate_units": (("smartchargingctrlr", "rateunit"), "units"),
        "phase_switching": (("smartchargingctrlr", "acphaseswitchingsupported"), "flag"),
        "purposes": (("smartchargingctrlr", "supportedadditionalpurposes"), "words"),
        "highest_external_id": (("smartchargingctrlr", "maxexternalconstraintsid"), "number"),
        "security_profile": (("securityctrlr", "securityprofile"), "number"),
        "downgrade_allowed": (("securityctrlr", "allowsecurityprofiledowngrade"), "flag"),
        "certificate_chain": (("securityctrlr", "maxcertificatechainsize"), "count"),
        "file_schemes": (("ocppcommctrlr", "filetransferprotocols"), "schemes"),
        "active_slots": (("ocppcommctrlr", "networkconfigurationpriority"), "words"),
        "unspecific_reservations": (("reservationctrlr", "nonevsespecific"), "flag"),
        "message_priorities": (("displaymessagectrlr", "supportedpriorities"), "words"),
        "message_formats": (("displaymessagectrlr", "supportedformats"), "words"),
        "message_states": (("displaymessagectrlr", "supportedstates"), "words"),
        "custom_triggers": (("customizationctrlr", "customtriggers"), "words"),
    }
)
_ITEMS_16 = MappingProxyType({"sendlocallistmaxlength": "SendLocalList", "getconfigurationmaxkeys": "GetConfiguration"})
_ACTIONS = MappingProxyType(
    {
        action.lower(): action
        for action in "ClearVariableMonitoring GetReport GetVariables SetVariableMonitoring SetVariables".split()
    }
)
_UNITS = MappingProxyType({"a": "A", "current": "A", "w": "W", "power": "W"})
_LIST, _PER_MESSAGE = "localauthlistctrlr", frozenset({"itemspermessage", "bytespermessage"})
_DYNAMIC = "supportsdynamicprofiles"
READ = tuple(
    sorted(
        {name for name, _ in _SOURCES_16.values()}
        | {name for (_, name), _ in _SOURCES_2X.values()}
        | set(_ITEMS_16)
        | _PER_MESSAGE
        | {"basicauthpassword", "maxelements", "supportsfeature", _DYNAMIC}
    )
)
"""The names of all variables that a Station is made of, in lower case: what to read of a charger."""


def station_of(
    version: Version,
    *,
    registration: str | None = None,
    variables: Iterable[Variable] = (),
    list_version: object = None,
    open_ids: Iterable[tuple[str, int]] = (),
) -> Station:
    """The facts of one charger. `open_ids` are action and joined id of its commands that are not over."""
    ids = list(open_ids)
    told = [row._replace(component=row.component.lower(), variable=row.variable.lower()) for row in variables]
    known = _known_16(told) if version is Version.V16 else _known_2x(told)
    return Station(
        registration=registration,
        list_version=_number(list_version),
        open_requests=frozenset(number for action, number in ids if action in REQUESTS),
        open_starts=frozenset(number for action, number in ids if action in STARTS),
        **known,
    )


def _known_16(told: list[Variable]) -> dict[str, Any]:
    values = {row.variable: row.value for row in told if row.component == ""}
    known = {fact: _read(values.get(key), kind) for fact, (key, kind) in _SOURCES_16.items()}
    return known | {"items": _numbers({action: values.get(key) for key, action in _ITEMS_16.items()})}


def _known_2x(told: list[Variable]) -> dict[str, Any]:
    values = {(row.component, row.variable): row.value for row in told if not row.instance}
    of_instance = {(row.component, row.variable, row.instance.lower()): row for row in told}
    known = {fact: _read(values.get(source), kind) for fact, (source, kind) in _SOURCES_2X.items()}
    password = of_instance.get(("securityctrlr", "basicauthpassword", ""))
    elements = of_instance.get(("tariffcostctrlr", "maxelements", "tariff"))
    feature = of_instance.get(("smartchargingctrlr", "supportsfeature", "dynamicprofiles"))
    dynamic = feature.value if feature else values.get(("smartchargingctrlr", _DYNAMIC))
    return known | {
        "items": _per_message(told, "itemspermessage"),
        "octets": _per_message(told, "bytespermessage"),
        "password_length": _number((password.characteristics or {}).get("maxLimit")) if password else None,
        "tariff_elements": _number(elements.value) if elements else None,
        "dynamic_profiles": _flag(dynamic),
    }


def _per_message(told: list[Variable], name: str) -> dict[str, int]:
    rows = [row for row in told if row.variable == name]
    found = {_ACTIONS.get(row.instance.lower(), ""): row.value for row in rows}
    found["SendLocalList"] = next((row.value for row in rows if row.component == _LIST), None)
    return _numbers({action: value for action, value in found.items() if action})


def _numbers(values: Mapping[str, str | None]) -> dict[str, int]:
    read = {name: _number(value) for name, value in values.items()}
    return {name: number for name, number in read.items() if number is not None and number > 0}


def _read(value: str | None, kind: _Kind) -> object:
    if value is None or not value.strip():
        return None
    if kind == "number":
        return _number(value)
    if kind == "count":
        return _number(value) or None  # none at all is what chargers say that do not know
    if kind == "flag":
        return _flag(value)
    words = frozenset(word.strip() for word in value.split(",") if word.strip())
    if kind == "schemes":
        return frozenset(word.lower() for word in words) or None
    # A unit that nobody knows says that the list is not to be trusted.
    units = frozenset(_UNITS.get(word.lower(), "") for word in words)
    return words or None if kind == "words" else (None if "" in units else units)


def _number(value: object) -> int | None:
    try:
        return int(float(str(value))) if value is not None else None
    except (ValueError, OverflowError):
        return None


def _flag(value: str | None) -> bool | None:
    return {"true": True, "false": False}.get((value or "").strip().lower())
