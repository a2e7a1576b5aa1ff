"""Functional block K (1.6: Smart Charging): profiles set, asked for, cleared; 2.1: updated, given priority."""

from collections.abc import Iterator
from types import MappingProxyType

from voltring_core.ocpp.rules.checks import at_least, filled, one_of
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.operation_modes import phase_faults
from voltring_core.ocpp.rules.profiles import EXTERNAL, STATION_MAX, TX, profile_faults

NOT_CLEARED = frozenset({EXTERNAL, "LocalGeneration"})
_OF_PLACE = {"ChargePointMaxProfile": "connectorId", STATION_MAX: "evseId"}


def set_profile(asked: Asked) -> Iterator[Fault]:
    """The profile itself, and the place that its purpose has."""
    field = "csChargingProfiles" if asked.v16 else "chargingProfile"
    profile = asked.payload[field]
    purpose, place = profile["chargingProfilePurpose"], "connectorId" if asked.v16 else "evseId"
    yield from profile_faults(asked, profile, f"{field}.")
    if purpose in _OF_PLACE and asked.payload[place] != 0:
        yield Fault(place, f"is {asked.payload[place]}: a {purpose} is the station's, so give 0")
    if purpose == TX and asked.payload[place] == 0:
        yield Fault(place, "is 0: a TxProfile belongs to a session, so say where it runs")
    if purpose == TX and not asked.v16 and "transactionId" not in profile:
        yield Fault(f"{field}.transactionId", "is missing: a TxProfile names the session that it is for")


def clear_profile(asked: Asked) -> Iterator[Fault]:
    """2.x: an id or a criterion (K10.FR.02); what others set is not the CSMS's to clear."""
    if asked.v16:
        return
    criteria = asked.payload.get("chargingProfileCriteria", {})
    named = {"evseId", "chargingProfilePurpose", "stackLevel"} & set(criteria)
    if "chargingProfileId" not in asked.payload and not named:
        yield Fault("chargingProfileId", "is missing: give it, or chargingProfileCriteria with at least one criterion")
    purpose = criteria.get("chargingProfilePurpose")
    if purpose in NOT_CLEARED:
        yield Fault(
            "chargingProfileCriteria.chargingProfilePurpose",
            f"is {purpose}, which the CSMS may not clear: give another purpose",
        )


def get_profiles(asked: Asked) -> Iterator[Fault]:
    """K09.FR.03: ids, or one of the other criteria, not both."""
    criteria = asked.payload["chargingProfile"]
    others = {"chargingProfilePurpose", "stackLevel", "chargingLimitSource"} & set(criteria)
    if "chargingProfileId" not in criteria and not others:
        said = "has no criterion: give chargingProfileId, or one of chargingProfilePurpose, stackLevel"
        yield Fault("chargingProfile", f"{said} and chargingLimitSource")
    elif "chargingProfileId" in criteria and others:
        said = f"comes with {', '.join(sorted(others))}: ask either by id or by the other criteria"
        yield Fault("chargingProfile.chargingProfileId", said)


def composite(asked: Asked) -> Iterator[Fault]:
    """A duration, and a unit that the charger knows."""
    yield from at_least(asked.payload, 1, "duration")
    if "chargingRateUnit" in asked.payload:
        unit = asked.payload["chargingRateUnit"]
        yield from one_of(unit, asked.station.rate_units, "chargingRateUnit", "units of charging rate")


def update_dynamic(asked: Asked) -> Iterator[Fault]:
    """K28: at least one new value, single phases with the first."""
    update = asked.payload["scheduleUpdate"]
    if not set(update) - {"customData"}:
        yield Fault("scheduleUpdate", "is empty: give a limit, a dischargeLimit or a setpoint")
    yield from phase_faults(update, "scheduleUpdate.")


def of_a_session(asked: Asked) -> Iterator[Fault]:
    """The session has a name."""
    yield from filled(asked.payload, "transactionId")


RULES: Rules = MappingProxyType(
    {
        "ClearChargingProfile": (clear_profile,),
        "GetChargingProfiles": (get_profiles,),
        "GetCompositeSchedule": (composite,),
        "SetChargingProfile": (set_profile,),
        "UpdateDynamicSchedule": (update_dynamic,),
        "UsePriorityCharging": (of_a_session,),
    }
)
