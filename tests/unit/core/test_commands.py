"""A remote command: what may be repeated, what overtakes, what an answer means."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from voltring_core.domain.commands import (
    DEFAULT_DEADLINE,
    FINAL,
    LONGEST_DEADLINE,
    MAX_ATTEMPTS,
    State,
    after_silence,
    command_class,
    default_deadline_s,
    judge,
    lane,
    shown,
)
from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.schemas import schema
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import NewCommand

ACTIONS = sorted(frozenset().union(*TO_CHARGER.values()))
DANGEROUS = (
    "RemoteStartTransaction RequestStartTransaction UnlockConnector Reset UpdateFirmware SignedUpdateFirmware"
    " ReserveNow DataTransfer"
).split()


@pytest.mark.parametrize("action", [*DANGEROUS, "SomethingOfAVendor"])
def test_what_is_dangerous_or_unknown_runs_at_most_once(action):
    assert command_class(action) == "N"
    assert after_silence("N", 1) is State.UNKNOWN


@pytest.mark.parametrize(
    "action",
    "GetConfiguration GetVariables ChangeConfiguration SetVariables TriggerMessage SetChargingProfile SendLocalList"
    " RemoteStopTransaction RequestStopTransaction CancelReservation".split(),
)
def test_reads_settings_profiles_and_stops_may_be_repeated(action):
    assert command_class(action) == "R"


def test_a_repeatable_command_is_tried_three_times():
    assert [after_silence("R", attempts) for attempts in range(1, MAX_ATTEMPTS + 1)] == [
        State.QUEUED,
        State.QUEUED,
        State.UNKNOWN,
    ]


def test_only_stop_and_unlock_overtake():
    assert {action for action in ACTIONS if lane(action) == 0} == {
        "RemoteStopTransaction",
        "RequestStopTransaction",
        "UnlockConnector",
    }


@pytest.mark.parametrize(
    ("action", "seconds"),
    [
        ("RemoteStartTransaction", 60),
        ("RequestStartTransaction", 60),
        ("RemoteStopTransaction", 900),
        ("Reset", 600),
        ("ChangeConfiguration", 86400),
        ("UpdateFirmware", 7 * 86400),
        ("GetReport", DEFAULT_DEADLINE),
    ],
)
def test_a_command_is_pointless_after_its_deadline(action, seconds):
    assert default_deadline_s(action) == seconds


def test_every_action_has_a_deadline_that_may_be_asked_for():
    assert all(0 < default_deadline_s(action) <= LONGEST_DEADLINE for action in ACTIONS)


def test_queued_and_sent_are_the_only_states_somebody_waits_in():
    assert frozenset(State) - FINAL == {State.QUEUED, State.SENT}


GRANTED = {"Accepted", "AcceptedCanceled", "RebootRequired", "Scheduled", "Unlocked", "Unpublished", "Processing"}


def statuses():
    """Every (action, status) that the official response schemas know."""
    for version in Version:
        for action in TO_CHARGER[version]:
            whole = schema(version, action, "response")
            place = whole["properties"].get("status", {})
            if "$ref" in place:
                place = whole["definitions"][place["$ref"].rpartition("/")[2]]
            yield from ((action, status) for status in place.get("enum", ()))


def test_of_all_statuses_in_the_schemas_only_the_granting_ones_are_accepted():
    granted = {status for _, status in statuses() if judge({"status": status}) is State.ACCEPTED}
    assert granted <= GRANTED
    assert {"Accepted", "Scheduled", "Unlocked"} <= granted


@pytest.mark.parametrize("payload", [{}, {"key": []}, {"status": None}, {"status": {}}, {"status": []}])
def test_an_answer_without_a_readable_status_is_an_answer(payload):
    assert judge(payload) is State.ACCEPTED


def new(**changes):
    given = {"charger_id": "CP", "action": "Reset", "payload": {"type": "Soft", "x": 1}} | changes
    return NewCommand(
        id=UUID(int=1), command_class="N", lane=1, deadline_s=60.0, created_by="me", idempotency_key="k", **given
    )


def test_the_same_request_has_the_same_hash_whatever_the_order_of_its_fields():
    assert new().request_hash == new(payload={"x": 1, "type": "Soft"}).request_hash


@pytest.mark.parametrize("change", [{"charger_id": "CQ"}, {"action": "ClearCache"}, {"payload": {"type": "Hard"}}])
def test_another_request_has_another_hash(change):
    assert new().request_hash != new(**change).request_hash


def test_what_is_queued_past_its_deadline_is_shown_as_expired_before_the_sweeper_comes():
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    late = noon + timedelta(seconds=1)
    assert shown(State.QUEUED, noon, late) is State.EXPIRED
    assert shown(State.QUEUED, late, noon) is State.QUEUED
    assert shown(State.SENT, noon, late) is State.SENT
