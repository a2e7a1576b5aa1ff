"""Which event resolves which command: the rules, without a server."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest

from voltring_core.domain import consequences
from voltring_core.domain.commands import State
from voltring_core.domain.consequences import SentCommand
from voltring_core.domain.messages import Booted, EventKind, IdToken, StatusReported, TransactionReported
from voltring_core.domain.transactions import begin

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NUMBERS = count(1)
STARTED, UPDATED, ENDED = EventKind
TAG = IdToken("CARD")
CLOSED = [State.REJECTED, State.CALLERROR, State.EXPIRED, State.CANCELLED, State.COMPLETED, State.FAILED]


def sent(action, payload, *, at=0.0, state=State.SENT, **more):
    """A command that was sent so many seconds after noon."""
    return SentCommand(
        UUID(int=next(NUMBERS)),
        action,
        more.pop("request_id", None),
        payload,
        state,
        NOON + timedelta(seconds=at),
        **more,
    )


def start16(**more):
    return sent("RemoteStartTransaction", {"idTag": more.pop("tag", "CARD"), **more.pop("place", {})}, **more)


def start2x(number=7, **more):
    payload = {"idToken": {"idToken": more.pop("tag", "CARD"), "type": "ISO14443"}, "remoteStartId": number}
    return sent("RequestStartTransaction", payload | more.pop("place", {}), request_id=number, **more)


def says(kind=STARTED, at=5.0, **more):
    """What a charger says of a session, so many seconds after noon by its own clock."""
    given = {"evse_id": 1, "token": TAG, "meter_wh": Decimal(1)} if kind is STARTED else {"transaction_id": "4"}
    return TransactionReported(kind, NOON + timedelta(seconds=at), **given | more)


def session_of(said, *, name=100, received=5.0, ocpp_id="4", **more):
    made = begin(UUID(int=name), "CP", "1.6", ocpp_id, said, NOON + timedelta(seconds=received))
    return replace(made, **more) if more else made


def started(commands, said=None, *, received=5.0, is_new=True, **more):
    """The commands that a start resolves; `commands` as they were sent, the first one first."""
    said = said or says()
    session = session_of(said, received=received, **more)
    found = consequences.of_start(commands[::-1], said, session, NOON + timedelta(seconds=received), is_new=is_new)
    return [one.command for one in found]


@pytest.mark.parametrize("state", [State.SENT, State.ACCEPTED, State.UNKNOWN])
@pytest.mark.parametrize("make", [start16, start2x])
def test_a_session_of_that_token_completes_its_remote_start(make, state):
    command = make(state=state)
    said = says()
    (found,) = consequences.of_start([command], said, session_of(said), NOON + timedelta(seconds=5), is_new=True)
    assert (found.command, found.state) == (command, State.COMPLETED)
    assert found.outcome == {
        "transaction_id": str(UUID(int=100)),
        "ocpp_transaction_id": "4",
        "evidence": "idTag and connector",
    }


@pytest.mark.parametrize("state", CLOSED)
def test_a_command_that_is_over_stays_as_it_is(state):
    said = says(remote_start_id=7)
    assert started([start2x(state=state)], said) == []
    assert started([start16(state=state)]) == []


@pytest.mark.parametrize(("tag", "fits"), [("card", True), ("CARD", True), ("CARD2", False), ("", False)])
def test_tokens_are_compared_without_case_and_whole(tag, fits):
    assert bool(started([start16(tag=tag)])) is fits
    assert bool(started([start2x(tag=tag)])) is fits


def test_no_token_is_no_evidence():
    said = says(token=IdToken("", "NoAuthorization"))
    assert started([start2x(tag="")], said) == []


@pytest.mark.parametrize(("number", "fits"), [(1, True), (1.0, True), (2, False), (None, True)])
def test_a_place_that_was_named_is_where_the_session_is(number, fits):
    place = {} if number is None else {"connectorId": number}
    assert bool(started([start16(place=place)])) is fits
    place = {} if number is None else {"evseId": number}
    assert bool(started([start2x(place=place)])) is fits


@pytest.mark.parametrize(("seconds", "fits"), [(-3, False), (-1, True), (0, True), (120, True), (121, False)])
def test_a_session_comes_of_a_command_that_was_sent_within_two_minutes_before(seconds, fits):
    said = says(at=seconds)
    assert bool(started([start16()], said, received=seconds)) is fits


@pytest.mark.parametrize(("seconds", "fits"), [(-3600, False), (-31, False), (-29, True), (60, True)])
def test_a_start_that_waited_at_the_charger_from_before_the_command_is_not_its_doing(seconds, fits):
    assert bool(started([start16()], says(at=seconds))) is fits


def test_the_time_of_a_charger_without_a_clock_says_nothing():
    said = says()
    said = replace(said, at=datetime(1970, 1, 1, tzinfo=UTC))
    assert len(started([start16()], said)) == 1


def test_what_began_offline_came_of_no_command():
    assert started([start2x()], says(offline=True)) == []


def test_one_start_resolves_the_oldest_command_that_fits_and_no_other():
    commands = [start16(tag="OTHER"), start16(at=1, state=State.UNKNOWN), start16(at=2)]
    assert started(commands) == [commands[1]]


def test_a_session_that_resolved_one_command_resolves_no_other():
    done = start2x(state=State.COMPLETED, outcome={"transaction_id": str(UUID(int=100))})
    again = start2x(at=10)
    assert started([done, again], says(UPDATED, remote_start_id=7), is_new=False) == []
    assert started([done, again], says(UPDATED, trigger="RemoteStart", token=TAG), is_new=False) == []
    assert started([done, again], says(remote_start_id=7), name=101) == [again]


def test_a_start_that_is_said_again_is_no_second_one():
    assert started([start16()], is_new=False) == []


def test_a_remote_start_id_decides_alone():
    commands = [start2x(6), start2x(7, tag="OTHER", place={"evseId": 9}, at=-86400)]
    assert started(commands, says(remote_start_id=7)) == [commands[1]]
    assert started(commands, says(remote_start_id=8)) == []


def test_a_session_that_began_with_its_plug_is_joined_by_the_event_of_its_remote_start():
    said = says(UPDATED, trigger="RemoteStart", token=TAG)
    there = {"evse_id": 1, "received": 5}
    (command,) = [start2x(place={"evseId": 1})]
    assert started([command], said, is_new=False, **there) == [command]
    assert started([command], says(UPDATED, trigger="MeterValuePeriodic", token=TAG), is_new=False, **there) == []
    assert started([command], said, is_new=False, evse_id=2) == []


@pytest.mark.parametrize(
    ("action", "asked", "ocpp_id", "fits"),
    [
        ("RemoteStopTransaction", 4, "4", True),
        ("RemoteStopTransaction", 4.0, "4", True),
        ("RemoteStopTransaction", 5, "4", False),
        ("RequestStopTransaction", "tx", "tx", True),
        ("RequestStopTransaction", "TX", "tx", False),
        ("RequestStartTransaction", "tx", "tx", False),
    ],
)
def test_the_end_of_the_session_that_was_named_completes_its_stops(action, asked, ocpp_id, fits):
    commands = [sent(action, {"transactionId": asked}, state=state) for state in (State.UNKNOWN, State.QUEUED)]
    said = says(ENDED, reason="Remote")
    found = consequences.of_stop(commands, said, session_of(said, ocpp_id=ocpp_id))
    assert [one.state for one in found] == [State.COMPLETED] * 2 * fits
    if fits:
        assert (found[0].outcome["evidence"], found[0].outcome["stop_reason"]) == ("the transaction ended", "Remote")


def test_a_session_may_go_on_after_it_was_stopped_remotely():
    command = sent("RequestStopTransaction", {"transactionId": "4"})
    said = says(UPDATED, trigger="RemoteStop")
    (found,) = consequences.of_stop([command], said, session_of(said))
    assert (found.state, found.outcome["evidence"]) == (State.COMPLETED, "triggerReason RemoteStop")
    said = says(UPDATED, trigger="ChargingStateChanged")
    assert consequences.of_stop([command], said, session_of(said)) == ()


def test_a_stop_of_an_earlier_session_is_not_resolved_by_another_of_its_id():
    early = sent("RequestStopTransaction", {"transactionId": "4"}, at=-3600, state=State.UNKNOWN)
    session = session_of(says())
    assert consequences.of_stop([early], says(ENDED), session) == ()
    missed = session_of(says(ENDED))  # whose start was never told
    assert len(consequences.of_stop([early], says(ENDED), missed)) == 1


def rebooted(commands, reason, *, received=60, epoch=2, firmware="1.2"):
    boot = Booted("V", "M", None, firmware, reason)
    return consequences.of_boot(commands[::-1], boot, epoch, NOON + timedelta(seconds=received))


def reset(**more):
    return sent("Reset", {"type": "Immediate", **more.pop("place", {})}, epoch=more.pop("epoch", 1), **more)


@pytest.mark.parametrize("state", [State.SENT, State.ACCEPTED, State.UNKNOWN])
@pytest.mark.parametrize("reason", ["RemoteReset", "ScheduledReset"])
def test_a_boot_because_of_a_reset_completes_it(reason, state):
    (found,) = rebooted([reset(state=state)], reason)
    assert (found.state, found.outcome) == (State.COMPLETED, {"evidence": "BootNotification", "boot_reason": reason})


def test_a_reset_that_waited_for_its_session_is_completed_hours_later():
    assert len(rebooted([reset(state=State.ACCEPTED, answer="Scheduled")], "ScheduledReset", received=5 * 3600)) == 1
    assert rebooted([reset(state=State.UNKNOWN)], "RemoteReset", received=3 * 86400) == ()


@pytest.mark.parametrize("reason", ["PowerUp", "Watchdog", "LocalReset", "ApplicationReset", "Unknown"])
def test_a_boot_for_another_reason_is_noted_and_resolves_nothing(reason):
    (found,) = rebooted([reset(state=State.UNKNOWN)], reason)
    assert (found.state, found.outcome) == (None, {"boot_reason": reason})
    assert rebooted([reset(state=State.UNKNOWN)], reason, received=3600) == ()


@pytest.mark.parametrize(
    ("epoch", "received", "fits"), [(2, 60, True), (2, 600, True), (2, 601, False), (2, -3, False), (1, 60, False)]
)
def test_a_boot_without_a_reason_completes_an_accepted_reset_of_the_socket_before(epoch, received, fits):
    found = rebooted([reset(state=State.ACCEPTED)], None, epoch=epoch, received=received)
    assert [one.state for one in found] == [State.COMPLETED] * fits


@pytest.mark.parametrize("state", [State.SENT, State.UNKNOWN])
def test_a_boot_without_a_reason_is_noted_for_a_reset_that_was_never_answered(state):
    (found,) = rebooted([reset(state=state)], None)
    assert (found.state, found.outcome) == (None, {"booted_at": "2026-01-01T12:01:00+00:00"})


def test_a_boot_that_was_triggered_and_a_reset_of_one_evse_are_no_restart():
    assert rebooted([reset()], "Triggered") == ()
    assert rebooted([reset(place={"evseId": 1})], "RemoteReset") == ()


def test_a_boot_after_new_firmware_is_noted_with_the_last_update_that_is_open():
    updates = [sent("UpdateFirmware", {}, state=state) for state in (State.UNKNOWN, State.UNKNOWN, State.FAILED)]
    (found,) = rebooted(updates, "FirmwareUpdate")
    assert (found.command, found.state) == (updates[1], None)
    assert found.outcome == {"boot_reason": "FirmwareUpdate", "firmware_version": "1.2"}


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        (says(UPDATED, trigger="UnlockCommand"), True),
        (says(UPDATED, trigger="UnlockCommand", evse_id=2), False),
        (says(UPDATED, trigger="UnlockCommand", offline=True), False),
        (says(ENDED, reason="UnlockCommand"), True),
        (says(ENDED, reason="EVDisconnected"), False),
        (says(UPDATED, trigger="EVCommunicationLost"), False),
    ],
)
@pytest.mark.parametrize("payload", [{"evseId": 1, "connectorId": 2}, {"connectorId": 1}])
def test_a_session_that_tells_of_its_unlocking_completes_the_command_of_its_evse(payload, said, fits):
    session = session_of(says())
    at = NOON + timedelta(seconds=5)
    commands = [sent("UnlockConnector", payload, state=State.UNKNOWN), sent("UnlockConnector", payload, at=-300)]
    found = consequences.of_unlocking(commands[::-1], said, session, at)
    assert [one.command for one in found] == commands[:1] * fits


@pytest.mark.parametrize(("state", "fits"), [(State.UNKNOWN, True), (State.SENT, False), (State.REJECTED, False)])
def test_a_word_about_a_reservation_says_that_it_was_made(state, fits):
    commands = [
        sent("ReserveNow", {}, request_id=3, state=State.UNKNOWN, at=-60),
        sent("ReserveNow", {}, request_id=3, state=state),
        sent("ReserveNow", {}, request_id=4, state=state),
    ]
    found = consequences.of_reservation(commands[::-1], 3, "ReservationStatusUpdate", NOON)
    assert [(one.command, one.state) for one in found] == [(commands[1], State.ACCEPTED)] * fits
    assert consequences.of_reservation(commands, None, "", NOON) == ()


def reserve(until=3600, **more):
    expiry = (NOON + timedelta(seconds=until)).isoformat()
    place = more.pop("place", {"connectorId": 1, "expiryDate": expiry})
    return sent("ReserveNow", place, **{"state": State.UNKNOWN} | more)


def status(word, evse=1, connector=1):
    return StatusReported(evse, connector, word, None, None, None, None)


@pytest.mark.parametrize(
    ("commands", "said", "fits"),
    [
        ([reserve()], status("Reserved"), True),
        ([reserve(place={"evseId": 1, "expiryDateTime": "2026-01-01T13:00:00Z"})], status("Reserved"), True),
        ([reserve()], status("Reserved", 2), False),
        ([reserve()], status("Available"), False),
        ([reserve(until=1)], status("Reserved"), False),
        ([reserve(at=60)], status("Reserved"), False),
        ([reserve(place={"connectorId": 0, "expiryDate": "2026-01-01T13:00:00Z"})], status("Reserved"), False),
        ([reserve(state=State.ACCEPTED), reserve()], status("Reserved"), False),
        ([reserve(state=State.ACCEPTED)], status("Reserved"), False),
    ],
)
def test_a_reserved_connector_tells_of_the_only_reservation_that_it_can_have(commands, said, fits):
    found = consequences.of_reserved(commands[::-1], said, NOON + timedelta(seconds=5))
    assert [one.state for one in found] == [State.ACCEPTED] * fits


INOPERATIVE_16 = {"connectorId": 1, "type": "Inoperative"}
SCHEDULED = {"state": State.ACCEPTED, "answer": "Scheduled"}


@pytest.mark.parametrize(
    ("payload", "more", "said", "fits"),
    [
        (INOPERATIVE_16, SCHEDULED, status("Unavailable"), True),
        (INOPERATIVE_16, {"state": State.UNKNOWN}, status("Unavailable"), True),
        (INOPERATIVE_16, {"state": State.ACCEPTED, "answer": "Accepted"}, status("Unavailable"), False),
        (INOPERATIVE_16, SCHEDULED, status("Available"), False),
        (INOPERATIVE_16, SCHEDULED, status("Unavailable", 2), False),
        (INOPERATIVE_16 | {"type": "Operative"}, SCHEDULED, status("Unavailable"), False),
        ({"operationalStatus": "Inoperative", "evse": {"id": 1}}, SCHEDULED, status("Unavailable", 1, 2), True),
        (
            {"operationalStatus": "Inoperative", "evse": {"id": 1, "connectorId": 1}},
            SCHEDULED,
            status("Unavailable", 1, 2),
            False,
        ),
        ({"operationalStatus": "Inoperative"}, SCHEDULED, status("Unavailable"), False),
        (INOPERATIVE_16, SCHEDULED | {"at": 60}, status("Unavailable"), False),
    ],
)
def test_a_change_of_availability_that_was_put_off_is_complete_once_it_is_seen(payload, more, said, fits):
    command = sent("ChangeAvailability", payload, **more)
    found = consequences.of_unavailable([command], said, NOON + timedelta(seconds=5))
    assert [one.state for one in found] == [State.COMPLETED] * fits
