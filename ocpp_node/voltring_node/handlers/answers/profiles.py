"""Charging profiles as they are wanted at a charger: set, cleared, brought by a remote start (SC-03).

1.6 has no word for reading them back, so what was accepted is all that is known; 2.x confirms it by
ReportChargingProfiles.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact, GoneFact
from voltring_node.handlers.answers.answer import CommandAnswer, restated
from voltring_node.handlers.answers.shapes import listing, mapping, word
from voltring_node.knowledge import Known, Record

PROFILE = RecordKind.CHARGING_PROFILE
NOT_OURS = frozenset({"ChargingStationExternalConstraints", "LocalGeneration"})
"""Purposes that a CSMS neither sets nor clears."""


def profile_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetChargingProfile."""
    profile = said.asked.get("csChargingProfiles") or said.asked.get("chargingProfile")
    return tuple(_put(said, known, mapping(profile))) if said.is_accepted else ()


def started(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """RemoteStartTransaction, RequestStartTransaction: the profile that came with it, the session already there."""
    if not said.is_accepted:
        return ()
    facts = list(_put(said, known, mapping(said.asked.get("chargingProfile"))))
    # A cable that was plugged in before has started the transaction that is meant (F02.FR.01).
    if transaction_id := word(said.answer.get("transactionId")):
        facts.append(said.outcome(ocpp_transaction_id=transaction_id))
    return tuple(facts)


def cleared(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """ClearChargingProfile; `Unknown` says that there is none such, so what was wanted holds as well."""
    if said.status not in {"Accepted", "Unknown"}:
        return ()
    matches = _by_16 if said.version is Version.V16 else _by_2x
    gone = tuple(key for key, one in said.held(known, PROFILE).items() if matches(said.asked, key, one))
    return (GoneFact(PROFILE, gone),) if gone else ()


def updated(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """UpdateDynamicSchedule: limits and setpoints of the one period of the one schedule (K28)."""
    key = _key(said.asked.get("chargingProfileId"))
    held = said.held(known, PROFILE).get(key) if key else None
    if not said.is_accepted or held is None:
        return ()
    schedules = list(listing(held.content.get("chargingSchedule")))
    schedule = mapping(schedules[0]) if schedules else {}
    periods = list(listing(schedule.get("chargingSchedulePeriod")))
    first = {"startPeriod": 0, **mapping(periods[0] if periods else None), **mapping(said.asked.get("scheduleUpdate"))}
    told = {**schedule, "chargingSchedulePeriod": [first, *periods[1:]]}
    return (restated(held, key, PROFILE, said, held.state or "Accepted", chargingSchedule=[told, *schedules[1:]]),)


def _put(said: CommandAnswer, known: Known, profile: Mapping[str, Any]) -> Iterator[Fact]:
    key = _key(_id(profile))
    if not key:
        return
    evse = whole(said.asked.get("connectorId" if said.version is Version.V16 else "evseId"))
    if replaced := tuple(_replaced(said, known, key, profile, evse)):
        yield GoneFact(PROFILE, replaced)
    yield said.record(PROFILE, key, profile, evse)


def _replaced(
    said: CommandAnswer, known: Known, key: str, profile: Mapping[str, Any], evse: int | None
) -> Iterable[str]:
    """1.6: another id of the same purpose and stack level at the same connector. 2.x refuses such a profile."""
    if said.version is not Version.V16:
        return ()
    same = ("chargingProfilePurpose", "stackLevel")
    return (
        other
        for other, one in said.held(known, PROFILE).items()
        if other != key and one.evse_id == evse and all(one.content.get(name) == profile.get(name) for name in same)
    )


def _by_16(asked: Mapping[str, Any], key: str, one: Record) -> bool:
    """The id alone, else all fields together; none of them means every profile."""
    if "id" in asked:
        return _key(asked["id"]) == key
    return _fits(asked, one, "connectorId")


def _by_2x(asked: Mapping[str, Any], key: str, one: Record) -> bool:
    if one.content.get("chargingProfilePurpose") in NOT_OURS:
        return False
    if "chargingProfileId" in asked:
        return _key(asked["chargingProfileId"]) == key
    return _fits(mapping(asked.get("chargingProfileCriteria")), one, "evseId")


def _fits(criteria: Mapping[str, Any], one: Record, place: str) -> bool:
    if place in criteria and whole(criteria[place]) != one.evse_id:
        return False
    named = ("chargingProfilePurpose", "stackLevel")
    return all(criteria[name] == one.content.get(name) for name in named if name in criteria)


def _id(profile: Mapping[str, Any]) -> Any:
    return profile.get("chargingProfileId", profile.get("id"))


def _key(number: Any) -> str:
    """The record's key; empty for what is no id."""
    found = whole(number)
    return "" if found is None else str(found)


def nothing_reported(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetChargingProfiles: `NoProfiles`, where every profile was asked for."""
    narrowed = "evseId" in said.asked or any(mapping(said.asked.get("chargingProfile")).values())
    if said.status != "NoProfiles" or narrowed:
        return ()
    return (GoneFact(PROFILE, before=said.at),)
