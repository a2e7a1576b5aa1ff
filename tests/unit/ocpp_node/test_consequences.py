"""What messages of chargers make of commands, and that those that can't make anything of them do not look."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from voltring_core.domain.commands import State
from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.quirks import Quirks
from voltring_core.ocpp.versions import Version
from voltring_node.asking import due, status_trigger
from voltring_node.deciding import needs
from voltring_node.facts import CommandFact, RecordFact
from voltring_node.knowledge import SentCommand

V16, V201, V21 = Version
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ID, OTHER = UUID(int=1), UUID(int=2)
TOKEN = {"idToken": "CARD", "type": "ISO14443"}
STATUS_16 = {"connectorId": 1, "errorCode": "NoError"}


@pytest.fixture
def sent(base):
    """`sent(action, payload)`: a command that was sent at noon; the latest comes first."""

    def put(action, payload, *, request_id=None, state=State.UNKNOWN, command_id=ID, charger="CP-1", epoch=0, **more):
        one = SentCommand(command_id, action, request_id, payload, state, NOON, epoch, reply_to="api", **more)
        base.known.commands.setdefault(charger, []).insert(0, one)

    return put


def came(decided):
    return [fact for one in decided for fact in one.facts if isinstance(fact, CommandFact)]


def looked_for(*asked):
    return {action for _, action in needs(asked).commands}


@pytest.mark.parametrize(
    ("said", "commands"),
    [
        ({}, set()),
        ({"triggerReason": "ChargingStateChanged"}, set()),
        ({"about": {"remoteStartId": 7}}, {"RequestStartTransaction"}),
        ({"triggerReason": "RemoteStart"}, {"RequestStartTransaction"}),
        ({"triggerReason": "RemoteStop"}, {"RequestStopTransaction"}),
        ({"triggerReason": "UnlockCommand"}, {"UnlockConnector"}),
        ({"reservationId": 3}, {"ReserveNow"}),
    ],
)
def test_a_session_that_goes_on_looks_for_commands_only_where_it_names_one(event, said, commands):
    assert looked_for(event("Updated", 1, **said)) == commands


def test_messages_that_can_come_of_no_command_do_not_look_for_any(ask, event, start16, stop16):
    groups = [{"timestamp": "2026-01-01T12:00:00Z", "sampledValue": [{"value": "1"}]}]
    readings = ask(V16, "MeterValues", {"connectorId": 1, "transactionId": 1, "meterValue": groups})
    statuses = [ask(V16, "StatusNotification", STATUS_16 | {"status": one}) for one in ("Available", "Charging")]
    token = ask(V16, "Authorize", {"idTag": "CARD"})
    assert looked_for(readings, *statuses, token) == set()
    assert looked_for(start16(), stop16(1)) == {"RemoteStartTransaction", "RemoteStopTransaction"}
    assert looked_for(stop16(1, reason="UnlockCommand")) == {"RemoteStopTransaction", "UnlockConnector"}
    assert looked_for(event("Started", 0), event("Ended", 1)) == {"RequestStartTransaction", "RequestStopTransaction"}
    reserved = ask(V16, "StatusNotification", STATUS_16 | {"status": "Reserved"})
    unavailable = ask(V16, "StatusNotification", STATUS_16 | {"status": "Unavailable"})
    assert looked_for(reserved, unavailable) == {"ReserveNow", "ChangeAvailability"}


def test_a_start_completes_its_command_and_names_the_session(base, sent, start16):
    sent("RemoteStartTransaction", {"idTag": "card", "connectorId": 1})
    (fact,) = came(base.group(start16()))
    (session,) = base.sessions()
    assert (fact.command_id, fact.state, fact.action, fact.reply_to) == (
        ID,
        State.COMPLETED,
        "RemoteStartTransaction",
        "api",
    )
    named = {"transaction_id": str(session.id), "ocpp_transaction_id": "1"}
    assert fact.outcome == named | {"evidence": "idTag and connector"}


def test_the_wrong_tag_connector_or_charger_completes_nothing(base, sent, start16):
    sent("RemoteStartTransaction", {"idTag": "CARD", "connectorId": 2})
    sent("RemoteStartTransaction", {"idTag": "OTHER"})
    sent("RemoteStartTransaction", {"idTag": "CARD"}, charger="CP-2")
    assert came(base.group(start16())) == []


def test_two_starts_of_one_group_complete_two_commands_and_one_start_one(base, sent, start16):
    for number in (1, 2, 3):
        sent("RemoteStartTransaction", {"idTag": "CARD"}, command_id=UUID(int=number))
    facts = came(base.group(start16(), start16(connector=2, message_id="n")))
    assert [fact.command_id for fact in facts] == [UUID(int=1), UUID(int=2)]


def test_a_start_that_is_said_again_completes_no_second_command(base, sent, start16):
    sent("RemoteStartTransaction", {"idTag": "CARD"}, command_id=OTHER)
    base.group(start16())
    sent("RemoteStartTransaction", {"idTag": "CARD"})
    assert came(base.group(start16(message_id="again"))) == []
    assert came(base.group(start16(message_id="again, with more", reservationId=0))) == []


def test_a_remote_start_id_joins_the_session_whenever_it_is_told(base, sent, event):
    sent("RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": 7}, request_id=7)
    assert came(base.group(event("Started", 0, evse={"id": 1}))) == []
    (fact,) = came(base.group(event("Updated", 1, minutes=30, about={"remoteStartId": 7})))
    assert (fact.state, fact.outcome["evidence"]) == (State.COMPLETED, "remoteStartId")
    assert came(base.group(event("Updated", 2, minutes=31, about={"remoteStartId": 7}))) == []
    assert base.sessions()[0].remote_start_id == 7


def test_a_number_that_was_given_twice_is_joined_once_by_each_session(base, sent, event):
    for number in (1, 2):
        payload = {"idToken": TOKEN, "remoteStartId": 7}
        sent("RequestStartTransaction", payload, request_id=7, command_id=UUID(int=number))
    named = {"remoteStartId": 7}
    facts = came(base.group(event("Started", 0, about=named), event("Updated", 1, message_id="n", about=named)))
    assert [fact.command_id for fact in facts] == [ID]


def test_a_session_that_names_no_number_is_joined_by_token_and_evse(base, sent, event):
    sent("RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": 7, "evseId": 1}, request_id=7)
    assert came(base.group(event("Started", 0, evse={"id": 2}, idToken=TOKEN, about={"transactionId": "b"}))) == []
    (fact,) = came(base.group(event("Started", 0, evse={"id": 1}, idToken=TOKEN)))
    assert fact.outcome["evidence"] == "idTag and connector"


def test_a_short_session_in_one_event_completes_its_start_and_its_stop(base, sent, event):
    sent("RequestStartTransaction", {"idToken": TOKEN, "remoteStartId": 7}, request_id=7)
    sent("RequestStopTransaction", {"transactionId": "tx"}, command_id=OTHER)
    ended = event("Ended", 4, about={"remoteStartId": 7, "stoppedReason": "Remote"})
    assert [(fact.command_id, fact.state) for fact in came(base.group(ended))] == [
        (ID, State.COMPLETED),
        (OTHER, State.COMPLETED),
    ]


def test_a_stop_of_16_names_its_reason(base, sent, start16, stop16):
    base.group(start16())
    sent("RemoteStopTransaction", {"transactionId": 1})
    (fact,) = came(base.group(stop16(1, reason="Remote")))
    assert (fact.state, fact.outcome["stop_reason"]) == (State.COMPLETED, "Remote")


@pytest.mark.parametrize(("reason", "state"), [("RemoteReset", State.COMPLETED), ("PowerUp", None)])
def test_a_boot_tells_of_a_reset(base, sent, ask, reason, state):
    sent("Reset", {"type": "Immediate"})
    station = {"chargingStation": {"model": "M", "vendorName": "V"}, "reason": reason}
    (fact,) = came(base.group(ask(V201, "BootNotification", station, minutes=1)))
    assert (fact.command_id, fact.state, fact.outcome["boot_reason"]) == (ID, state, reason)


@pytest.mark.parametrize(("epoch", "states"), [(0, [State.COMPLETED]), (1, [])])
def test_a_boot_of_16_tells_of_an_accepted_reset_on_an_earlier_socket(base, sent, ask, epoch, states):
    sent("Reset", {"type": "Soft"}, epoch=epoch, state=State.ACCEPTED)
    boot = ask(V16, "BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"}, minutes=1)
    assert [fact.state for fact in came(base.group(boot))] == states


@pytest.mark.parametrize("state", [State.SENT, State.ACCEPTED, State.UNKNOWN])
@pytest.mark.parametrize(
    ("version", "command", "action", "last"),
    [
        (V201, "UpdateFirmware", "FirmwareStatusNotification", "Installed"),
        (V16, "UpdateFirmware", "FirmwareStatusNotification", "Installed"),
        (V16, "GetDiagnostics", "DiagnosticsStatusNotification", "Uploaded"),
        (V201, "GetLog", "LogStatusNotification", "Uploaded"),
        (V201, "PublishFirmware", "PublishFirmwareStatusNotification", "Published"),
    ],
)
def test_a_job_that_goes_on_was_accepted_and_one_that_is_done_is_completed(
    base, sent, ask, version, command, action, last, state
):
    number = {"requestId": 5} if version is V201 else {}
    sent(command, {}, request_id=number.get("requestId"), state=state)
    more = {"location": ["https://a/b"]} if last == "Published" else {}
    step = {"GetDiagnostics": "Uploading", "GetLog": "Uploading"}.get(command, "Downloading")
    facts = came(base.group(ask(version, action, {"status": step, **number})))
    assert [fact.state for fact in facts] == [State.ACCEPTED if state is State.UNKNOWN else None]
    facts = came(base.group(ask(version, action, {"status": last, **number, **more}, message_id="n", minutes=1)))
    assert [(fact.state, fact.reply_to) for fact in facts] == [(State.COMPLETED, "api")]


def test_what_a_charger_says_of_a_reservation_that_nobody_answered_names_its_command(base, sent, ask):
    sent("ReserveNow", {"id": 3}, request_id=3)
    told = {"reservationId": 3, "reservationUpdateStatus": "Expired"}
    (decided,) = base.group(ask(V201, "ReservationStatusUpdate", told))
    assert [fact.state for fact in came([decided])] == [None, State.ACCEPTED]
    assert came([decided])[0].outcome == {"reservation": "Expired"}
    (record,) = [fact for fact in decided.facts if isinstance(fact, RecordFact)]
    assert (record.kind, record.key, record.state, record.command_id) == (RecordKind.RESERVATION, "3", "Expired", ID)


def test_a_session_that_uses_a_reservation_says_that_it_was_made(base, sent, start16, event):
    sent("ReserveNow", {"reservationId": 3}, request_id=3)
    (fact,) = came(base.group(start16(reservationId=3)))
    assert (fact.state, fact.outcome) == (State.ACCEPTED, {"evidence": "a session uses it"})
    sent("ReserveNow", {"id": 4}, request_id=4)
    assert [fact.state for fact in came(base.group(event("Updated", 1, reservationId=4)))] == [State.ACCEPTED]


def test_statuses_tell_of_reservations_and_of_availability_that_was_put_off(base, sent, ask):
    until = (NOON + timedelta(hours=1)).isoformat()
    sent("ReserveNow", {"connectorId": 1, "expiryDate": until}, request_id=3)
    change = {"connectorId": 1, "type": "Inoperative"}
    sent("ChangeAvailability", change, state=State.ACCEPTED, command_id=OTHER, answer="Scheduled")
    reserved, unavailable = (
        ask(V16, "StatusNotification", STATUS_16 | {"status": one}, message_id=one)
        for one in ("Reserved", "Unavailable")
    )
    facts = came(base.group(reserved, unavailable))
    assert [(fact.command_id, fact.state) for fact in facts] == [(ID, State.ACCEPTED), (OTHER, State.COMPLETED)]


def test_those_whose_time_is_over_are_asked_for_their_statuses():
    assert due({"A": 1.0, "B": 2.0, "C": 3.0}, 2.0) == ["A", "B"]
    assert due({}, 2.0) == []


def test_a_charger_is_asked_for_the_statuses_that_its_version_can_be_asked_for():
    assert status_trigger(V16, Quirks()) == {"requestedMessage": "StatusNotification"}
    for version in (V201, V21):
        assert status_trigger(version, Quirks())["evse"] == {"id": 1, "connectorId": 1}
