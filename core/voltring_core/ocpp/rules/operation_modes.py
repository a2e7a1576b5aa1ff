"""OCPP 2.1: which values a schedule period has in each operation mode (Q01-Q12), and values of single phases."""

from collections.abc import Iterator, Mapping
from typing import Any

from voltring_core.ocpp.rules.facts import Fault

LIMITS = ("limit", "dischargeLimit")
SETPOINTS = ("setpoint", "setpointReactive")
_CENTRAL = frozenset({"CentralSetpoint", "CentralFrequency"})
_CHARGING_ONLY_PURPOSES = frozenset({"ChargingStationMaxProfile", "PriorityCharging"})
_LEFT_OUT = {
    "ChargingOnly": ("dischargeLimit", "setpoint"),
    "ExternalLimits": ("setpoint",),
    "LocalFrequency": ("limit", "dischargeLimit", "setpoint"),
    "LocalLoadBalancing": ("limit", "dischargeLimit", "setpoint"),
    "Idle": ("limit", "dischargeLimit", "setpoint"),
}
_CURVE = "v2xFreqWattCurve"


def phase_faults(values: Mapping[str, Any], at: str) -> Iterator[Fault]:
    """Values of L2 and L3 come with the one of L1, which has no suffix."""
    for base in (*LIMITS, *SETPOINTS):
        for phase in ("L2", "L3"):
            if f"{base}_{phase}" in values and base not in values:
                yield Fault(f"{at}{base}_{phase}", f"is given without {base}, which is that of L1: give both")


def mode_faults(
    profile: Mapping[str, Any], schedule: Mapping[str, Any], period: Mapping[str, Any], at: str
) -> Iterator[Fault]:
    """What the mode needs and what it has no place for; without a mode it is ChargingOnly."""
    mode = period.get("operationMode", "ChargingOnly")
    purpose = profile["chargingProfilePurpose"]
    if mode != "ChargingOnly" and purpose in _CHARGING_ONLY_PURPOSES:
        yield Fault(f"{at}operationMode", f"is {mode}: a {purpose} knows ChargingOnly alone")
    for name in _LEFT_OUT.get(mode, ()):
        if name in period:
            yield Fault(f"{at}{name}", f"has no place in operation mode {mode}: leave it out")
    # A Dynamic profile may wait for its first update.
    dynamic = profile["chargingProfileKind"] == "Dynamic"
    if mode == "ChargingOnly" and "limit" not in period and not dynamic:
        yield Fault(f"{at}limit", "is missing: ChargingOnly needs it")
    if mode in _CENTRAL and "setpoint" not in period and not dynamic:
        yield Fault(f"{at}setpoint", f"is missing: {mode} needs it")
    if mode == "LocalFrequency":
        yield from _local_frequency(schedule, period, at)


def _local_frequency(schedule: Mapping[str, Any], period: Mapping[str, Any], at: str) -> Iterator[Fault]:
    if schedule["chargingRateUnit"] != "W":
        yield Fault(f"{at}operationMode", "is LocalFrequency, which is told in watts: give chargingRateUnit W")
    if "v2xBaseline" not in period:
        yield Fault(f"{at}v2xBaseline", "is missing: LocalFrequency needs it")
    if _CURVE not in period and "v2xSignalWattCurve" not in period:
        yield Fault(f"{at}{_CURVE}", "is missing: LocalFrequency needs it, or v2xSignalWattCurve")
    if len(period.get(_CURVE, (1, 2))) < 2:
        yield Fault(f"{at}{_CURVE}", "has one point: a curve needs two or more")
