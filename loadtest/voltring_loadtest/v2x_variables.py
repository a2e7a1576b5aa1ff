"""The device model of an OCPP 2.x charger: small, but with what a CSMS asks first."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from voltring_loadtest.evse import Phase
from voltring_loadtest.station import Station
from voltring_loadtest.times import stamp

Value = str | Callable[[Station, int, float], str]
READ, BOTH, WRITE = "ReadOnly", "ReadWrite", "WriteOnly"
PER_EVSE = frozenset({"EVSE", "Connector"})
MEASURANDS = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: a value, or how to find it from the station, the EVSE and the time."""

    component: str
    name: str
    value: Value
    mutability: str = READ
    kind: str = "string"
    unit: str = ""
    instance: str = ""

    @property
    def key(self) -> str:
        return f"{self.component}.{self.name}.{self.instance}"


def _availability(station: Station, number: int, now: float) -> str:
    evse = station.evse(number)
    if evse is None:
        return "Available" if station.operative else "Unavailable"
    if evse.phase is Phase.IDLE and not evse.operative:
        return "Unavailable"
    return "Available" if evse.phase in (Phase.IDLE, Phase.AWAITED) else "Occupied"


VARIABLES = (
    Variable("ChargingStation", "VendorName", lambda station, number, now: station.hardware.vendor),
    Variable("ChargingStation", "Model", lambda station, number, now: station.hardware.model),
    Variable("ChargingStation", "AvailabilityState", _availability, kind="OptionList"),
    Variable("ChargingStation", "Available", "true", kind="boolean"),
    Variable(
        "ChargingStation",
        "SupplyPhases",
        lambda station, number, now: str(station.hardware.phases or 3),
        kind="integer",
    ),
    Variable("EVSE", "Available", "true", kind="boolean"),
    Variable("EVSE", "AvailabilityState", _availability, kind="OptionList"),
    Variable("EVSE", "SupplyPhases", lambda station, number, now: str(station.hardware.phases), kind="integer"),
    Variable(
        "EVSE",
        "Power",
        lambda station, number, now: str(round(station.evses[number - 1].meter.power_w)),
        kind="decimal",
        unit="W",
    ),
    Variable("Connector", "Available", "true", kind="boolean"),
    Variable("Connector", "AvailabilityState", _availability, kind="OptionList"),
    Variable("Connector", "ConnectorType", lambda station, number, now: station.hardware.connector_type),
    Variable("Connector", "SupplyPhases", lambda station, number, now: str(station.hardware.phases), kind="integer"),
    Variable("AlignedDataCtrlr", "Interval", "0", BOTH, "integer", "s"),
    Variable("AuthCtrlr", "AuthorizeRemoteStart", "false", READ, "boolean"),
    Variable("AuthCtrlr", "LocalAuthorizeOffline", "true", BOTH, "boolean"),
    Variable("AuthCtrlr", "LocalPreAuthorize", "false", BOTH, "boolean"),
    Variable("AuthCacheCtrlr", "Enabled", "true", BOTH, "boolean"),
    Variable("ClockCtrlr", "DateTime", lambda station, number, now: stamp(now), kind="dateTime"),
    Variable("ClockCtrlr", "TimeSource", "Heartbeat", BOTH, "SequenceList"),
    Variable("DeviceDataCtrlr", "ItemsPerMessage", "50", READ, "integer", instance="GetReport"),
    Variable("DeviceDataCtrlr", "ItemsPerMessage", "50", READ, "integer", instance="GetVariables"),
    Variable("DeviceDataCtrlr", "ItemsPerMessage", "50", READ, "integer", instance="SetVariables"),
    Variable("DeviceDataCtrlr", "BytesPerMessage", "65536", READ, "integer", instance="GetReport"),
    Variable("DeviceDataCtrlr", "BytesPerMessage", "65536", READ, "integer", instance="GetVariables"),
    Variable("DeviceDataCtrlr", "BytesPerMessage", "65536", READ, "integer", instance="SetVariables"),
    Variable("LocalAuthListCtrlr", "Enabled", "true", BOTH, "boolean"),
    Variable(
        "LocalAuthListCtrlr",
        "Entries",
        lambda station, number, now: str(len(station.local_list.entries) if station.local_list else 0),
        kind="integer",
    ),
    Variable("LocalAuthListCtrlr", "ItemsPerMessage", "100", READ, "integer"),
    Variable(
        "OCPPCommCtrlr",
        "HeartbeatInterval",
        lambda station, number, now: str(int(station.heartbeat_interval)),
        BOTH,
        "integer",
        "s",
    ),
    Variable(
        "OCPPCommCtrlr",
        "MessageAttempts",
        lambda station, number, now: str(station.profile.attempts),
        READ,
        "integer",
        instance="TransactionEvent",
    ),
    Variable(
        "OCPPCommCtrlr",
        "MessageAttemptInterval",
        lambda station, number, now: str(int(station.profile.retry)),
        READ,
        "integer",
        "s",
        "TransactionEvent",
    ),
    Variable(
        "OCPPCommCtrlr",
        "MessageTimeout",
        lambda station, number, now: str(int(station.profile.call_timeout)),
        READ,
        "integer",
        "s",
        "Default",
    ),
    Variable("OCPPCommCtrlr", "FileTransferProtocols", "HTTP,HTTPS,FTP", READ, "MemberList"),
    Variable("OCPPCommCtrlr", "NetworkConfigurationPriority", "1", BOTH, "SequenceList"),
    Variable("OCPPCommCtrlr", "OfflineThreshold", "60", BOTH, "integer", "s"),
    Variable("OCPPCommCtrlr", "ResetRetries", "1", BOTH, "integer"),
    Variable("OCPPCommCtrlr", "WebSocketPingInterval", "0", BOTH, "integer", "s"),
    Variable("ReservationCtrlr", "Enabled", "true", READ, "boolean"),
    Variable("SampledDataCtrlr", "TxEndedMeasurands", MEASURANDS, READ, "MemberList"),
    Variable("SampledDataCtrlr", "TxStartedMeasurands", "Energy.Active.Import.Register", READ, "MemberList"),
    Variable(
        "SampledDataCtrlr",
        "TxUpdatedInterval",
        lambda station, number, now: str(station.meter_interval),
        BOTH,
        "integer",
        "s",
    ),
    Variable("SampledDataCtrlr", "TxUpdatedMeasurands", MEASURANDS, READ, "MemberList"),
    Variable("SecurityCtrlr", "BasicAuthPassword", "", WRITE),
    Variable("SecurityCtrlr", "Identity", lambda station, number, now: station.identity),
    Variable("SecurityCtrlr", "OrganizationName", "Voltring", BOTH),
    Variable("SecurityCtrlr", "SecurityProfile", "1", READ, "integer"),
    Variable("SmartChargingCtrlr", "Enabled", "true", READ, "boolean"),
    Variable("SmartChargingCtrlr", "ProfileStackLevel", "9", READ, "integer"),
    Variable("SmartChargingCtrlr", "RateUnit", "A,W", READ, "MemberList"),
    Variable("SmartChargingCtrlr", "PeriodsPerSchedule", "24", READ, "integer"),
    Variable("TxCtrlr", "EVConnectionTimeOut", "60", BOTH, "integer", "s"),
    Variable("TxCtrlr", "StopTxOnInvalidId", "true", BOTH, "boolean"),
    Variable("TxCtrlr", "TxStartPoint", "Authorized", READ, "MemberList"),
    Variable("TxCtrlr", "TxStopPoint", "Authorized,EVConnected", READ, "MemberList"),
)


def find(station: Station, component: dict[str, Any], variable: dict[str, Any]) -> Variable | str:
    """The variable that a CSMS names, or the attributeStatus that says what is unknown about it."""
    number = component.get("evse", {}).get("id", 0)
    named = [found for found in VARIABLES if found.component.lower() == component["name"].lower()]
    is_there = station.evse(number) is not None if named and named[0].component in PER_EVSE else not number
    if not named or not is_there:
        return "UnknownComponent"
    name, instance = variable["name"].lower(), variable.get("instance", "").lower()
    for found in named:
        if found.name.lower() == name and found.instance.lower() == instance:
            return found
    return "UnknownVariable"


def value(station: Station, variable: Variable, evse: int, now: float) -> str:
    """What the variable says now."""
    changed = (station.settings or {}).get(variable.key)
    if changed is not None:
        return changed
    return variable.value if isinstance(variable.value, str) else variable.value(station, evse, now)


def change(station: Station, variable: Variable, new: str) -> str:
    """Set a variable. Returns the attributeStatus."""
    if variable.mutability == READ or (variable.kind == "integer" and not new.strip().isdecimal()):
        return "Rejected"
    if variable.kind == "boolean" and new.lower() not in ("true", "false"):
        return "Rejected"
    if variable.name == "BasicAuthPassword":
        if not 16 <= len(new) <= 40:
            return "Rejected"
        station.password = new.encode()
    elif variable.name == "HeartbeatInterval":
        station.heartbeat_interval = max(1.0, float(new))
    elif variable.name == "TxUpdatedInterval":
        station.meter_interval = int(new)
    else:
        station.settings = (station.settings or {}) | {variable.key: new}
    return "Accepted"


def report(station: Station, wanted: Callable[[Variable], bool], now: float) -> Iterator[dict[str, Any]]:
    """The reportData of the wanted variables, once for each EVSE where they belong to one."""
    for variable in filter(wanted, VARIABLES):
        numbers = range(1, len(station.evses) + 1) if variable.component in PER_EVSE else (0,)
        for number in numbers:
            yield _row(station, variable, number, now)


def _row(station: Station, variable: Variable, number: int, now: float) -> dict[str, Any]:
    component: dict[str, Any] = {"name": variable.component}
    if number:
        component["evse"] = {"id": number} | ({"connectorId": 1} if variable.component == "Connector" else {})
    named = {"name": variable.name} | ({"instance": variable.instance} if variable.instance else {})
    attribute: dict[str, Any] = {"mutability": variable.mutability}
    if variable.mutability != WRITE:
        attribute["value"] = value(station, variable, number, now)
    traits: dict[str, Any] = {"dataType": variable.kind, "supportsMonitoring": False}
    if variable.unit:
        traits["unit"] = variable.unit
    return {
        "component": component,
        "variable": named,
        "variableAttribute": [attribute],
        "variableCharacteristics": traits,
    }
