"""A charging profile of either generation, whatever message brings it (SC-01)."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voltring_core.ocpp.rules.checks import in_order, one_of
from voltring_core.ocpp.rules.facts import Asked, Fault
from voltring_core.ocpp.rules.operation_modes import mode_faults, phase_faults

TX, TX_DEFAULT, PRIORITY = "TxProfile", "TxDefaultProfile", "PriorityCharging"
STATION_MAX, EXTERNAL = "ChargingStationMaxProfile", "ChargingStationExternalConstraints"
ADDED_BY_21 = frozenset({PRIORITY, "LocalGeneration"})


def profile_faults(asked: Asked, profile: Mapping[str, Any], at: str) -> Iterator[Fault]:
    """What the specification forbids in a profile, and what this charger takes less of."""
    schedules = profile["chargingSchedule"]
    several = isinstance(schedules, list)
    yield from _whole(asked, profile, at)
    yield from _kind(asked, profile, at)
    if several and len(schedules) > 1 and profile["chargingProfilePurpose"] != TX:
        yield Fault(f"{at}chargingSchedule", "has several schedules, which only a TxProfile may have: give one")
    for place, schedule in enumerate(schedules if several else [schedules]):
        where = f"{at}chargingSchedule.{place}." if several else f"{at}chargingSchedule."
        yield from _start(profile, schedule, where)
        yield from _schedule(asked, profile, schedule, where)


def _whole(asked: Asked, profile: Mapping[str, Any], at: str) -> Iterator[Fault]:
    station, purpose, level = asked.station, profile["chargingProfilePurpose"], profile["stackLevel"]
    if level < 0:
        yield Fault(f"{at}stackLevel", f"is {level}: give 0 or more")
    elif station.stack_level is not None and level > station.stack_level:
        yield Fault(f"{at}stackLevel", f"is {level}: this charger takes {station.stack_level} at most")
    if "transactionId" in profile and purpose != TX:
        yield Fault(f"{at}transactionId", f"belongs to a TxProfile only: leave it out of a {purpose}")
    if purpose == EXTERNAL:
        said = "is ChargingStationExternalConstraints, which the CSMS may not set: give another purpose"
        yield Fault(f"{at}chargingProfilePurpose", said)
    if purpose in ADDED_BY_21:
        yield from one_of(purpose, station.purposes, f"{at}chargingProfilePurpose", "additional purposes")
    number = profile.get("id")
    if number is not None and station.highest_external_id is not None and number <= station.highest_external_id:
        said = f"the ids up to {station.highest_external_id} belong to external constraints: give a higher one"
        yield Fault(f"{at}id", said)
    yield from in_order(profile, "validFrom", "validTo", at)


def _kind(asked: Asked, profile: Mapping[str, Any], at: str) -> Iterator[Fault]:
    kind, recurrency = profile["chargingProfileKind"], profile.get("recurrencyKind")
    if kind == "Recurring" and recurrency is None:
        yield Fault(f"{at}recurrencyKind", "is missing: a Recurring profile recurs Daily or Weekly")
    if kind != "Recurring" and recurrency is not None:
        yield Fault(f"{at}recurrencyKind", f"belongs to a Recurring profile: leave it out of one that is {kind}")
    if kind == "Relative" and profile["chargingProfilePurpose"] == STATION_MAX:
        yield Fault(f"{at}chargingProfileKind", "can't be Relative: a station has no session to start from")
    if kind == "Dynamic" and asked.station.dynamic_profiles is False:
        yield Fault(f"{at}chargingProfileKind", "is Dynamic, which this charger does not take: give another kind")


def _start(profile: Mapping[str, Any], schedule: Mapping[str, Any], at: str) -> Iterator[Fault]:
    kind = profile["chargingProfileKind"]
    if kind in {"Absolute", "Recurring"} and "startSchedule" not in schedule:
        yield Fault(f"{at}startSchedule", f"is missing: the profile is {kind}, so say when it starts")
    if kind == "Relative" and "startSchedule" in schedule:
        yield Fault(f"{at}startSchedule", "is given, and a Relative profile starts with the session: leave it out")


def _schedule(asked: Asked, profile: Mapping[str, Any], schedule: Mapping[str, Any], at: str) -> Iterator[Fault]:
    periods = schedule["chargingSchedulePeriod"]
    yield from one_of(
        schedule["chargingRateUnit"], asked.station.rate_units, f"{at}chargingRateUnit", "units of charging rate"
    )
    yield from _duration(profile, schedule, at)
    if profile["chargingProfileKind"] == "Dynamic":
        yield from _dynamic(profile, periods, at)
    if schedule.get("randomizedDelay", 0) and profile["chargingProfilePurpose"] not in {TX, TX_DEFAULT}:
        yield Fault(f"{at}randomizedDelay", "belongs to a TxProfile or TxDefaultProfile only: leave it out")
    yield from _periods(asked, periods, f"{at}chargingSchedulePeriod")
    for place, period in enumerate(periods):
        where = f"{at}chargingSchedulePeriod.{place}."
        yield from _phases(asked, period, where)
        yield from phase_faults(period, where)
        yield from mode_faults(profile, schedule, period, where)


def _duration(profile: Mapping[str, Any], schedule: Mapping[str, Any], at: str) -> Iterator[Fault]:
    if schedule.get("duration", 1) < 1:
        yield Fault(f"{at}duration", f"is {schedule['duration']}: give 1 second or more, or leave it out")
    elif "duration" in schedule and profile["chargingProfilePurpose"] == PRIORITY:
        yield Fault(f"{at}duration", "is given, and priority charging lasts until it is ended: leave it out")


def _dynamic(profile: Mapping[str, Any], periods: Sequence[Mapping[str, Any]], at: str) -> Iterator[Fault]:
    """K28: one schedule with one period, which updates replace."""
    if len(profile["chargingSchedule"]) > 1:
        yield Fault(f"{at}chargingSchedulePeriod", "belongs to one of several schedules: a Dynamic profile has one")
    if len(periods) > 1:
        yield Fault(f"{at}chargingSchedulePeriod", f"has {len(periods)} periods: a Dynamic profile has one")


def _periods(asked: Asked, periods: Sequence[Mapping[str, Any]], at: str) -> Iterator[Fault]:
    most = asked.station.schedule_periods
    if not periods:
        yield Fault(at, "is empty: give at least one period")
        return
    if most is not None and len(periods) > most:
        yield Fault(at, f"has {len(periods)} periods, and this charger takes {most}: join some")
    if periods[0]["startPeriod"] != 0:
        yield Fault(f"{at}.0.startPeriod", "is not 0: the first period starts with the schedule")
    for place in range(1, len(periods)):
        if periods[place]["startPeriod"] <= periods[place - 1]["startPeriod"]:
            yield Fault(f"{at}.{place}.startPeriod", "is not later than the period before: put them in order")


def _phases(asked: Asked, period: Mapping[str, Any], at: str) -> Iterator[Fault]:
    phases, chosen = period.get("numberPhases"), period.get("phaseToUse")
    if phases is not None and not 0 <= phases <= 3:
        yield Fault(f"{at}numberPhases", f"is {phases}: give 1, 2 or 3")
    if chosen is None:
        return
    if not 1 <= chosen <= 3:
        yield Fault(f"{at}phaseToUse", f"is {chosen}: give 1, 2 or 3")
    if phases != 1:
        yield Fault(f"{at}phaseToUse", "can only be chosen with one phase: give numberPhases 1, or leave it out")
    elif asked.station.phase_switching is False:
        yield Fault(f"{at}phaseToUse", "can't be chosen: this charger can't switch phases, leave it out")
