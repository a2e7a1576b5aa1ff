"""A remote command: what may be repeated, what overtakes, what an answer means."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from voltring_core.domain.answers import ITEMS, STATUSES, WITHOUT_STATUS
from voltring_core.domain.commands import (
    DEFAULT_DEADLINE,
    FINAL,
    LONGEST_DEADLINE,
    MAX_ATTEMPTS,
    TRANSITIONS,
    State,
    after_silence,
    answer_timeout_s,
    command_class,
    default_deadline_s,
    judge,
    lane,
    may_send,
    shown,
)
from voltring_core.domain.compensating import _UNDO, compensation
from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.schemas import schema
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import NewCommand

ACTIONS = sorted(frozenset().union(*TO_CHARGER.values()))
DANGEROUS = (
    "RemoteStartTransaction RequestStartTransaction UnlockConnector Reset UpdateFirmware SignedUpdateFirmware"
    " ReserveNow DataTransfer CertificateSigned SetNetworkProfile SetVariableMonitoring GetLog AFRRSignal"
).split()


@pytest.mark.parametrize("action", [*DANGEROUS, "SomethingOfAVendor"])
def test_what_is_dangerous_or_unknown_runs_at_most_once(action):
    assert command_class(action) == "N"
    assert after_silence("N", 1) is State.UNKNOWN


@pytest.mark.parametrize(
    "action",
    "GetConfiguration GetVariables ChangeConfiguration SetVariables TriggerMessage SetChargingProfile SendLocalList"
    " RemoteStopTransaction RequestStopTransaction CancelReservation ChangeAvailability SetDERControl".split(),
)
def test_reads_settings_profiles_and_stops_may_be_repeated(action):
    assert command_class(action) == "R"


@pytest.mark.parametrize(
    ("action", "payload", "kind"),
    [
        ("SendLocalList", {"updateType": "Full", "listVersion": 3}, "R"),
        ("SendLocalList", {"updateType": "Differential", "listVersion": 3}, "N"),  # the second is a VersionMismatch
        ("SetVariableMonitoring", {"setMonitoringData": [{"id": 1}, {"id": 2}]}, "R"),
        ("SetVariableMonitoring", {"setMonitoringData": [{"id": 1}, {}]}, "N"),  # would make a second monitor
        ("SetVariableMonitoring", {"setMonitoringData": []}, "N"),
        ("SetChargingProfile", {"connectorId": 1}, "R"),
    ],
)
def test_where_the_payload_decides_what_may_be_repeated_it_is_asked(action, payload, kind):
    assert command_class(action, payload) == kind


def test_every_state_has_its_steps_and_what_is_over_has_none():
    assert set(TRANSITIONS) == set(State)
    over = {state for state, steps in TRANSITIONS.items() if not steps}
    assert over == {State.REJECTED, State.CALLERROR, State.EXPIRED, State.CANCELLED}
    assert {state for state, steps in TRANSITIONS.items() if State.SENT in steps} == {State.QUEUED}
    assert {state for state, steps in TRANSITIONS.items() if State.CANCELLED in steps} == {State.QUEUED}
    assert {state for state, steps in TRANSITIONS.items() if State.QUEUED in steps} == {State.SENT}
    assert not any(state in steps for state, steps in TRANSITIONS.items())


def test_every_command_that_undoes_another_is_one_that_there_is():
    assert set(_UNDO) <= set(ACTIONS)
    for action in _UNDO:
        told = compensation(action)
        assert any(word in ACTIONS for word in told.replace(",", "").split()), told
    assert compensation("ClearCache") is None


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
        ("SetNetworkProfile", 86400),
        ("AFRRSignal", 30),
        ("GetReport", DEFAULT_DEADLINE),
    ],
)
def test_a_command_is_pointless_after_its_deadline(action, seconds):
    assert default_deadline_s(action) == seconds


def test_every_action_has_a_deadline_that_may_be_asked_for():
    assert all(0 < default_deadline_s(action) <= LONGEST_DEADLINE for action in ACTIONS)


def test_queued_and_sent_are_the_only_states_somebody_waits_in():
    assert frozenset(State) - FINAL == {State.QUEUED, State.SENT}


def enums(node, definitions, path=()):
    """Every (path, statuses) of a response whose field is called a status."""
    if "$ref" in node:
        node = definitions[node["$ref"].rpartition("/")[2]]
    if "items" in node:
        yield from enums(node["items"], definitions, path)
    for name, inner in node.get("properties", {}).items():
        yield from enums(inner, definitions, (*path, name))
    if "enum" in node and path[-1].lower().endswith("status"):
        yield path, frozenset(node["enum"])


def statuses():
    """Every (version, action, path, statuses) that the official response schemas know."""
    for version in Version:
        for action in TO_CHARGER[version]:
            whole = schema(version, action, "response")
            for path, known in enums(whole, whole.get("definitions", {})):
                yield version, action, path, known


def test_every_status_of_every_answer_is_judged_on_purpose():
    for version, action, path, known in statuses():
        table = STATUSES[action]
        assert known <= table.granted | table.refused, (version, action, known)
        assert path == ITEMS.get(action, ("status",)), (version, action, path)


def test_the_table_of_statuses_has_nothing_that_no_schema_knows():
    known = {}
    for _, action, _, words in statuses():
        known[action] = known.get(action, frozenset()) | words
    for action, table in STATUSES.items():
        assert not table.granted & table.refused, action
        assert table.granted, action
        assert table.granted | table.refused == known[action], action
    assert set(STATUSES) | WITHOUT_STATUS == set(ACTIONS)
    assert not set(STATUSES) & WITHOUT_STATUS


def answer(action, status):
    """An answer of that action with that status, for each item where it has items."""
    if action not in ITEMS:
        return {"status": status}
    field, name = ITEMS[action]
    return {field: [{name: status}, {name: status}]}


@pytest.mark.parametrize("action", sorted(STATUSES))
def test_a_granting_status_is_accepted_and_a_refusing_one_rejected(action):
    table = STATUSES[action]
    assert {judge(answer(action, word), action) for word in table.granted} == {State.ACCEPTED}
    assert {judge(answer(action, word), action) for word in table.refused} <= {State.REJECTED}


@pytest.mark.parametrize("action", sorted(ITEMS))
def test_a_list_is_rejected_when_each_item_is_and_accepted_when_one_is(action):
    field, name = ITEMS[action]
    mixed = {field: [{name: "Rejected"}, {name: "Accepted"}]}
    assert judge(mixed, action) is State.ACCEPTED
    assert judge({field: [{name: "Rejected"}]}, action) is State.REJECTED
    assert judge({field: []}, action) is judge({field: [1]}, action) is judge({}, action) is State.UNKNOWN


@pytest.mark.parametrize(
    ("action", "payload", "state"),
    [
        ("GetInstalledCertificateIds", {"status": "NotFound"}, State.ACCEPTED),
        ("DeleteCertificate", {"status": "NotFound"}, State.REJECTED),
        ("GetTariffs", {"status": "NoTariff"}, State.ACCEPTED),
        ("ClearTariffs", {"clearTariffsResult": [{"status": "NoTariff"}]}, State.REJECTED),
        ("GetDiagnostics", {}, State.REJECTED),
        ("GetDiagnostics", {"fileName": ""}, State.REJECTED),
        ("GetDiagnostics", {"fileName": "log.zip"}, State.ACCEPTED),
        ("UpdateFirmware", {}, State.ACCEPTED),
        ("ReserveNow", {"status": "NotSupported"}, State.REJECTED),
        ("ReserveNow", {"status": "SomethingNew"}, State.UNKNOWN),
        ("SomethingOfAVendor", {"status": "Rejected"}, State.REJECTED),
        ("", {"status": "UnlockFailed"}, State.REJECTED),
        ("", {"status": "Scheduled"}, State.ACCEPTED),
    ],
)
def test_the_same_word_means_what_its_action_makes_of_it(action, payload, state):
    assert judge(payload, action) is state


@pytest.mark.parametrize("payload", [{}, {"key": []}, {"status": None}, {"status": {}}, {"status": []}])
def test_an_answer_that_does_not_say_what_became_of_it_leaves_that_unknown(payload):
    assert judge(payload, "Reset") is judge(payload, "RemoteStartTransaction") is State.UNKNOWN
    # Where no word is due, or nobody knows the words, an answer is an answer.
    assert judge(payload) is judge(payload, "GetConfiguration") is State.ACCEPTED


STARTS_AND_STOPS = "RemoteStartTransaction RequestStartTransaction RemoteStopTransaction RequestStopTransaction".split()


@pytest.mark.parametrize("action", ACTIONS)
def test_what_a_charger_may_be_sent_depends_on_its_registration(action):
    assert may_send("Accepted", action)
    assert may_send("Pending", action) is (action not in {*STARTS_AND_STOPS, "ReserveNow", "CancelReservation"})
    assert not may_send("Rejected", action, {"requestedMessage": "BootNotification"})
    assert may_send("none", action, {"requestedMessage": "BootNotification"}) is action.endswith("TriggerMessage")
    assert not may_send("none", action, {"requestedMessage": "Heartbeat"})
    assert not may_send("none", action)


def test_what_is_written_to_flash_has_longer_to_be_answered():
    assert {answer_timeout_s(action) for action in ACTIONS} == {30, 60, 120}
    assert all(
        60 <= answer_timeout_s(action) <= 120
        for action in ACTIONS
        if "Certificate" in action or "List" in action
        if action != "GetLocalListVersion"
    )
    assert answer_timeout_s("Reset") == answer_timeout_s("GetVariables") == 30
    assert answer_timeout_s("SetNetworkProfile") == 60


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
    assert shown(State.QUEUED, noon, late, attempts=1) is State.UNKNOWN  # it was sent once, and may have run
