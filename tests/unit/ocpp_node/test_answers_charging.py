"""Lists, profiles, reservations after a charger's answers; payloads are held against the official schemas."""

import pytest
from given_answers import LATER, MINE, OK, OTHER, V16, V21, V201, facts, told

from voltring_core.domain.kinds import RecordKind as Kind
from voltring_node.facts import GoneFact
from voltring_node.knowledge import Record

# Local lists.


@pytest.mark.parametrize(
    ("version", "asked", "entries"),
    [
        (V16, {"listVersion": 3, "updateType": "Full", "localAuthorizationList": [{"idTag": "A"}, {"idTag": "B"}]}, 2),
        (V16, {"listVersion": 3, "updateType": "Full"}, 0),
        (V201, {"versionNumber": 3, "updateType": "Differential"}, 0),
    ],
)
def test_a_list_that_was_accepted_is_the_charger_s_now(version, asked, entries):
    (kept,) = facts(version, "SendLocalList", asked, OK)
    assert (kept.kind, kept.key, kept.state, kept.command_id) == (Kind.LOCAL_LIST, "", "Accepted", MINE)
    assert kept.content == {"version": 3, "updateType": asked["updateType"], "entries": entries}


@pytest.mark.parametrize("status", ["Failed", "NotSupported", "VersionMismatch"])
def test_a_list_that_was_refused_leaves_the_one_before(status):
    asked = {"listVersion": 3, "updateType": "Full"}
    assert facts(V16, "SendLocalList", asked, {"status": status}) == ()


@pytest.mark.parametrize(
    ("number", "state", "entries"), [(-1, "NotSupported", None), (0, "Empty", None), (3, "Reported", 8)]
)
def test_the_version_that_is_reported_holds_and_what_is_known_of_it_stays(number, state, entries):
    held = {Kind.LOCAL_LIST: {"": Record({"version": 3, "updateType": "Full", "entries": 8})}}
    (kept,) = facts(V201, "GetLocalListVersion", {}, {"versionNumber": number}, held, valid=number >= 0)
    assert (kept.state, kept.content["version"], kept.content.get("entries")) == (state, number, entries)


# Charging profiles.


def profile16(number=1, *, level=0, purpose="TxDefaultProfile"):
    return {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16}]},
    }


def profile2x(number=1, *, level=0, purpose="TxDefaultProfile", kind="Relative"):
    period = {"startPeriod": 0, "limit": 16}
    schedule = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [period]}
    return {
        "id": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": [schedule],
    }


PROFILES_16 = {
    Kind.CHARGING_PROFILE: {
        "1": Record(profile16(1), 1, "Accepted"),
        "2": Record(profile16(2), 2, "Accepted"),
        "3": Record(profile16(3, level=1), 1, "Accepted"),
        "4": Record(profile16(4, purpose="ChargePointMaxProfile"), 0, "Accepted"),
    }
}
PROFILES_2X = {
    Kind.CHARGING_PROFILE: {
        "1": Record(profile2x(1), 1, "Accepted"),
        "2": Record(profile2x(2), 2, "Reported"),
        "3": Record(profile2x(3, level=1), 1, "Accepted"),
        "4": Record(profile2x(4, purpose="ChargingStationExternalConstraints"), 1, "Reported"),
    }
}
PROFILE = Kind.CHARGING_PROFILE


def test_in_1_6_a_profile_replaces_the_one_of_its_purpose_and_level_at_its_connector():
    asked = {"connectorId": 1, "csChargingProfiles": profile16(9)}
    gone, kept = facts(V16, "SetChargingProfile", asked, OK, PROFILES_16)
    assert gone == GoneFact(PROFILE, ("1",))
    assert (kept.key, kept.evse_id, kept.state, kept.content) == ("9", 1, "Accepted", profile16(9))


def test_the_same_id_replaces_its_own_profile_and_no_other():
    asked = {"connectorId": 1, "csChargingProfiles": profile16(1)}
    assert told(V16, "SetChargingProfile", asked, OK, PROFILES_16) == [(PROFILE, "1", 1, "Accepted")]


def test_in_2_x_only_the_same_id_is_replaced():
    asked = {"evseId": 1, "chargingProfile": profile2x(9)}
    assert told(V201, "SetChargingProfile", asked, OK, PROFILES_2X) == [(PROFILE, "9", 1, "Accepted")]


def test_a_refused_profile_changes_nothing():
    asked = {"connectorId": 1, "csChargingProfiles": profile16(9)}
    assert facts(V16, "SetChargingProfile", asked, {"status": "NotSupported"}, PROFILES_16) == ()


def test_a_remote_start_brings_its_profile():
    asked = {"idTag": "A", "connectorId": 2, "chargingProfile": profile16(9, purpose="TxProfile")}
    assert told(V16, "RemoteStartTransaction", asked, OK, PROFILES_16) == [(PROFILE, "9", 2, "Accepted")]
    assert facts(V16, "RemoteStartTransaction", {"idTag": "A"}, OK) == ()


def test_a_remote_start_of_what_runs_already_names_its_transaction():
    asked = {"idToken": {"idToken": "A", "type": "Central"}, "remoteStartId": 7}
    found = told(V201, "RequestStartTransaction", asked, OK | {"transactionId": "tx"})
    assert found == [(MINE, None, {"ocpp_transaction_id": "tx"})]


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        ({}, ("1", "2", "3", "4")),
        ({"id": 2}, ("2",)),
        ({"id": 2, "connectorId": 1}, ("2",)),
        ({"connectorId": 1}, ("1", "3")),
        ({"connectorId": 0}, ("4",)),
        ({"connectorId": 1, "stackLevel": 1}, ("3",)),
        ({"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}, ("1", "2")),
        ({"id": 8}, None),
    ],
)
@pytest.mark.parametrize("status", ["Accepted", "Unknown"])
def test_in_1_6_profiles_are_cleared_by_id_alone_or_by_all_fields_together(asked, gone, status):
    expected = [] if gone is None else [(PROFILE, "gone", gone)]
    assert told(V16, "ClearChargingProfile", asked, {"status": status}, PROFILES_16) == expected


@pytest.mark.parametrize(
    ("asked", "gone"),
    [
        ({"chargingProfileId": 3}, ("3",)),
        ({"chargingProfileId": 4}, None),
        ({"chargingProfileCriteria": {"evseId": 1}}, ("1", "3")),
        ({"chargingProfileCriteria": {"evseId": 1, "stackLevel": 0}}, ("1",)),
        ({"chargingProfileCriteria": {"chargingProfilePurpose": "TxDefaultProfile"}}, ("1", "2", "3")),
    ],
)
def test_in_2_x_profiles_are_cleared_by_id_or_criteria_but_never_a_foreign_limit(asked, gone):
    expected = [] if gone is None else [(PROFILE, "gone", gone)]
    assert told(V21, "ClearChargingProfile", asked, OK, PROFILES_2X) == expected


def test_an_update_of_a_dynamic_schedule_changes_the_period_and_nothing_else():
    held = {PROFILE: {"7": Record(profile2x(7, kind="Dynamic"), 1, "Accepted", OTHER)}}
    asked = {"chargingProfileId": 7, "scheduleUpdate": {"limit": 8, "setpoint": 6}}
    (kept,) = facts(V21, "UpdateDynamicSchedule", asked, OK, held)
    (schedule,) = kept.content["chargingSchedule"]
    assert schedule["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 8, "setpoint": 6}]
    assert (kept.command_id, kept.evse_id, schedule["id"], kept.content["id"]) == (OTHER, 1, 1, 7)
    assert facts(V21, "UpdateDynamicSchedule", asked, {"status": "Rejected"}, held) == ()
    assert facts(V21, "UpdateDynamicSchedule", asked, OK) == ()


def test_no_profiles_means_none_only_where_all_were_asked_for():
    none = {"status": "NoProfiles"}
    asked = {"requestId": 1, "chargingProfile": {}}
    assert told(V201, "GetChargingProfiles", asked, none) == [(PROFILE, "gone", None)]
    assert facts(V201, "GetChargingProfiles", asked, OK) == ()
    assert facts(V201, "GetChargingProfiles", asked | {"evseId": 1}, none) == ()
    assert facts(V201, "GetChargingProfiles", asked | {"chargingProfile": {"stackLevel": 1}}, none) == ()


def test_a_composite_schedule_is_kept_in_the_words_of_its_version():
    schedule = {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 11000}]}
    answer = {"connectorId": 1, "scheduleStart": LATER, "chargingSchedule": schedule}
    (kept,) = facts(V16, "GetCompositeSchedule", {"connectorId": 1, "duration": 60}, OK | answer)
    assert (kept.kind, kept.key, kept.evse_id, kept.content) == (Kind.COMPOSITE_SCHEDULE, "1", 1, answer)
    whole = {"evseId": 0, "duration": 60, "scheduleStart": LATER, **schedule}
    (kept,) = facts(V201, "GetCompositeSchedule", {"evseId": 0, "duration": 60}, OK | {"schedule": whole})
    assert (kept.key, kept.evse_id, kept.content) == ("0", 0, whole)
    asked = {"connectorId": 1, "duration": 60}
    assert facts(V16, "GetCompositeSchedule", asked, {"status": "Rejected", **answer}) == ()
    assert facts(V16, "GetCompositeSchedule", asked, OK) == ()


@pytest.mark.parametrize(("activate", "state"), [(True, "Activated"), (False, "Deactivated")])
def test_priority_charging_is_known_by_its_transaction(activate, state):
    asked = {"transactionId": "tx", "activate": activate}
    assert told(V21, "UsePriorityCharging", asked, OK) == [(Kind.PRIORITY_CHARGING, "tx", None, state)]
    assert facts(V21, "UsePriorityCharging", asked, {"status": "NoProfile"}) == ()


# Reservations.

RESERVE_16 = {"connectorId": 2, "expiryDate": LATER, "idTag": "A", "reservationId": 5}
RESERVE_2X = {"id": 5, "expiryDateTime": LATER, "idToken": {"idToken": "A", "type": "Central"}}


@pytest.mark.parametrize(("version", "asked", "evse"), [(V16, RESERVE_16, 2), (V201, RESERVE_2X, None)])
def test_a_reservation_is_made_and_cancelled(version, asked, evse):
    (made,) = facts(version, "ReserveNow", asked, OK)
    assert (made.key, made.evse_id, made.state, made.content) == ("5", evse, "Accepted", asked)
    held = {Kind.RESERVATION: {"5": Record(asked, evse, "Accepted", OTHER)}}
    (cancelled,) = facts(version, "CancelReservation", {"reservationId": 5}, OK, held)
    assert (cancelled.state, cancelled.content, cancelled.command_id) == ("Cancelled", asked, OTHER)
    assert cancelled.evse_id == evse


def test_a_refused_reservation_is_none_and_an_unknown_one_that_was_cancelled_is_kept_as_such():
    assert facts(V16, "ReserveNow", RESERVE_16, {"status": "Occupied"}) == ()
    assert facts(V16, "CancelReservation", {"reservationId": 5}, {"status": "Rejected"}) == ()
    (kept,) = facts(V16, "CancelReservation", {"reservationId": 5}, OK)
    assert (kept.state, kept.content) == ("Cancelled", {"reservationId": 5})


def test_a_reservation_whose_end_was_told_before_its_answer_is_not_opened_again():
    held = {Kind.RESERVATION: {"5": Record(RESERVE_16, 2, "Removed", MINE)}}
    assert told(V16, "ReserveNow", RESERVE_16, OK, held) == [(Kind.RESERVATION, "5", 2, "Removed")]
    held = {Kind.RESERVATION: {"5": Record(RESERVE_16, 2, "Removed", OTHER)}}
    assert told(V16, "ReserveNow", RESERVE_16, OK, held) == [(Kind.RESERVATION, "5", 2, "Accepted")]
