"""Limits of others, what cars need and plan, priority charging, reservations that end."""

from dataclasses import replace
from uuid import UUID

import pytest

from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.ocpp.versions import Version
from voltring_node.advice import Advice
from voltring_node.facts import CommandFact, EventFact, GoneFact, RecordFact
from voltring_node.knowledge import Record

V16, V201, V21 = Version
NEEDS = {"evseId": 2, "chargingNeeds": {"requestedEnergyTransfer": "DC"}}
PERIODS = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]}
PLAN = {"timeBase": "2026-01-01T12:00:00Z", "evseId": 2, "chargingSchedule": PERIODS}


def of(kind, one):
    return [fact for fact in one.facts if isinstance(fact, kind)]


@pytest.fixture
def tell(ask, base):
    """`tell(version, action, payload, advice)`: one message, decided."""

    def told(version, action, payload, advice=None):
        asked = ask(version, action, payload)
        (decided,) = base.group(replace(asked, message=replace(asked.message, advice=advice)))
        return decided

    return told


@pytest.mark.parametrize(("more", "key", "evse"), [({"evseId": 2}, "2:EMS", 2), ({}, "0:EMS", 0)])
def test_a_limit_holds_for_its_evse_or_the_station_until_it_is_cleared(base, tell, more, key, evse):
    limit = {"chargingLimitSource": "EMS", "isGridCritical": True}
    decided = tell(V201, "NotifyChargingLimit", {"chargingLimit": limit, "chargingSchedule": [PERIODS]} | more)
    (event,), (record,) = of(EventFact, decided), of(RecordFact, decided)
    assert (event.kind, event.subject, event.severity) == (StationEventKind.CHARGING_LIMIT, "EMS", 5)
    assert (record.kind, record.key, record.evse_id, record.state) == (RecordKind.CHARGING_LIMIT, key, evse, "Active")
    assert record.content["chargingSchedule"] == [PERIODS]
    decided = tell(V201, "ClearedChargingLimit", {"chargingLimitSource": "EMS"} | more)
    assert of(GoneFact, decided) == [GoneFact(RecordKind.CHARGING_LIMIT, (key,))]
    assert (of(EventFact, decided)[0].content["cleared"], base.known.held("CP-1", "ChargingLimit")) == (True, {})


def test_a_source_that_lifts_its_limit_at_the_station_lifts_it_at_every_evse(base, tell):
    base.known.records["CP-1", RecordKind.CHARGING_LIMIT] = {key: Record({}) for key in ("1:SO", "2:SO", "2:EMS")}
    decided = tell(V201, "ClearedChargingLimit", {"chargingLimitSource": "SO"})
    assert of(GoneFact, decided)[0].keys == ("0:SO", "1:SO", "2:SO")


@pytest.mark.parametrize(("version", "status"), [(V201, "Rejected"), (V21, "NoChargingProfile")])
def test_without_a_planner_a_cars_needs_are_kept_and_declined(tell, answer, version, status):
    decided = tell(version, "NotifyEVChargingNeeds", NEEDS)
    told = {"status": status, "statusInfo": {"reasonCode": "NotEnabled", "additionalInfo": "no smart charging"}}
    assert answer(decided) == told
    (record,) = of(RecordFact, decided)
    assert (record.kind, record.key, record.state) == (RecordKind.CHARGING_NEEDS, "2", status)
    assert record.content == NEEDS


def test_the_planners_word_is_the_answer(tell, answer):
    decided = tell(V201, "NotifyEVChargingNeeds", NEEDS, Advice("Processing"))
    assert (answer(decided), of(EventFact, decided)[0].severity) == ({"status": "Processing"}, 8)
    decided = tell(V201, "NotifyEVChargingSchedule", PLAN, Advice("Rejected", "InvalidSchedule"))
    assert answer(decided) == {"status": "Rejected", "statusInfo": {"reasonCode": "InvalidSchedule"}}
    assert [(one.key, one.state) for one in of(RecordFact, decided)] == [("2", "Rejected")]


def test_without_a_planner_a_cars_plan_is_accepted(tell, answer):
    decided = tell(V201, "NotifyEVChargingSchedule", PLAN)
    assert answer(decided) == {"status": "Accepted"}
    assert of(RecordFact, decided)[0].kind is RecordKind.CHARGING_SCHEDULE


@pytest.mark.parametrize(("activated", "state"), [(True, "Activated"), (False, "Deactivated")])
def test_priority_charging_is_kept_by_its_session(tell, activated, state):
    decided = tell(V21, "NotifyPriorityCharging", {"transactionId": "tx", "activated": activated})
    (event,), (record,) = of(EventFact, decided), of(RecordFact, decided)
    assert (event.ocpp_transaction_id, event.subject, record.key, record.state) == ("tx", state, "tx", state)


def test_a_dynamic_schedule_is_the_planners_or_is_refused(tell, answer):
    asked = {"chargingProfileId": 3}
    assert answer(tell(V21, "PullDynamicScheduleUpdate", asked))["status"] == "Rejected"
    decided = tell(V21, "PullDynamicScheduleUpdate", asked, Advice("Accepted", more={"scheduleUpdate": {"limit": 9}}))
    assert answer(decided) == {"status": "Accepted", "scheduleUpdate": {"limit": 9}}
    assert of(EventFact, decided)[0].content["answer"] == answer(decided)


@pytest.mark.parametrize("status", ["Expired", "Removed"])
def test_a_reservation_that_ends_keeps_what_it_was_and_tells_its_command(base, tell, status):
    held = Record({"id": 4, "expiryDateTime": "x"}, 2, "Accepted", UUID(int=1))
    base.known.records["CP-1", RecordKind.RESERVATION] = {"4": held}
    decided = tell(V201, "ReservationStatusUpdate", {"reservationId": 4.0, "reservationUpdateStatus": status})
    (event,), (record,) = of(EventFact, decided), of(RecordFact, decided)
    assert (event.subject, event.evse_id, event.command_id) == (status, 2, UUID(int=1))
    assert (record.key, record.state, record.content["expiryDateTime"]) == ("4", status, "x")
    assert of(CommandFact, decided) == [CommandFact(UUID(int=1), None, {"reservation": status})]


def test_a_reservation_that_nobody_knows_is_kept(tell):
    decided = tell(V21, "ReservationStatusUpdate", {"reservationId": 4, "reservationUpdateStatus": "NoTransaction"})
    assert [(one.key, one.state, one.command_id) for one in of(RecordFact, decided)] == [("4", "NoTransaction", None)]
