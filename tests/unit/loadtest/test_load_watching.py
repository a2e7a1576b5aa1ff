"""What a charger of a load test calls wrong, and what it does not."""

import json
from typing import Any

import pytest

from voltring_core.ocpp.versions import Version
from voltring_loadtest.load import watching
from voltring_loadtest.load.watching import Sheet, Witness

BOOTED = {"status": "Accepted", "currentTime": "2026-01-01T00:00:00Z", "interval": 300}
BEAT = {"currentTime": "2026-01-01T00:00:00Z"}


@pytest.fixture
def sheet() -> Sheet:
    return Sheet()


@pytest.fixture
def witness(sheet: Sheet) -> Witness:
    return Witness("LOAD-0001", Version.V16, sheet)


def found(sheet: Sheet) -> list[tuple[str, str | None]]:
    """Names and what was wrong, of all samples so far."""
    return [(name, wrong) for _, name, _, _, wrong in sheet.take().samples]


def frame(*parts: Any) -> str:
    return json.dumps(parts)


def test_a_right_answer_is_timed_from_the_frame_written_to_the_answer_read(witness: Witness, sheet: Sheet) -> None:
    witness.wrote("1", "Heartbeat", 10.0)
    witness.read(frame(3, "1", BEAT), 10.025)
    [(kind, name, took, size, wrong)] = sheet.take().samples
    assert (kind, name, took, wrong) == ("ocpp1.6", "Heartbeat", 25.0, None)
    assert size == len(frame(3, "1", BEAT))


@pytest.mark.parametrize(
    ("action", "answer", "wrong"),
    [
        ("Heartbeat", frame(4, "1", "InternalError", "", {}), "CALLERROR InternalError"),
        ("Heartbeat", frame(3, "1", {}), "an answer that breaks its schema"),
        ("Heartbeat", frame(3, "1", []), "an answer whose payload is no object"),
        ("BootNotification", frame(3, "1", BOOTED | {"status": "Rejected"}), "answered Rejected"),
        ("BootNotification", frame(3, "1", BOOTED | {"status": "Pending"}), "answered Pending"),
        ("Authorize", frame(3, "1", {"idTagInfo": {"status": "Blocked"}}), "the card was answered Blocked"),
        ("BootNotification", frame(3, "1", BOOTED), None),
        ("Authorize", frame(3, "1", {"idTagInfo": {"status": "Accepted"}}), None),
    ],
)
def test_an_answer_is_judged(witness: Witness, sheet: Sheet, action: str, answer: str, wrong: str | None) -> None:
    witness.wrote("1", action, 0.0)
    witness.read(answer, 1.0)
    assert found(sheet) == [(action, wrong)]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("hello", watching.NOT_OCPP),
        ("{}", watching.NOT_OCPP),
        (frame(3), watching.NOT_OCPP),
        (frame(3, "2", BEAT), watching.STRANGE_ID),
        (frame(4, "-1", "ProtocolError", "", {}), watching.STRANGE_ID),
        (frame(5, "1", "FormatViolation", "", {}), "a frame of type 5"),
    ],
)
def test_what_is_no_answer_is_a_failure_and_leaves_the_call_open(
    witness: Witness, sheet: Sheet, text: str, wrong: str
) -> None:
    witness.wrote("1", "Heartbeat", 0.0)
    witness.read(text, 1.0)
    assert found(sheet) == [("frame", wrong)]
    assert witness.open_id == "1"


def test_silence_is_a_failure_and_a_late_answer_is_no_second_one(witness: Witness, sheet: Sheet) -> None:
    witness.wrote("1", "Heartbeat", 0.0)
    witness.gave_up()
    witness.read(frame(3, "1", BEAT), 40.0)
    assert found(sheet) == [("Heartbeat", watching.NO_ANSWER)]


def test_the_same_answer_twice_is_a_failure(witness: Witness, sheet: Sheet) -> None:
    witness.wrote("1", "Heartbeat", 0.0)
    witness.read(frame(3, "1", BEAT), 1.0)
    witness.read(frame(3, "1", BEAT), 1.1)
    assert found(sheet) == [("Heartbeat", None), ("frame", watching.STRANGE_ID)]


def test_an_answer_of_a_socket_that_is_gone_is_not_missed(witness: Witness, sheet: Sheet) -> None:
    witness.wrote("1", "Heartbeat", 0.0)
    witness.cut()
    witness.gave_up()
    assert found(sheet) == []


def test_a_command_is_told_and_one_that_comes_twice_is_a_failure(witness: Witness, sheet: Sheet) -> None:
    unlock = frame(2, "c1", "UnlockConnector", {"connectorId": 1})
    witness.read(unlock, 1.0)
    witness.read(unlock, 2.0)
    witness.read(frame(2, "c2", "UnlockConnector", {"connectorId": 1}), 3.0)
    batch = sheet.take()
    assert [wrong for *_, wrong in batch.samples] == [watching.TWICE]
    assert batch.executed == [("LOAD-0001", "UnlockConnector")] * 3


def test_a_command_that_breaks_its_schema_is_a_failure(witness: Witness, sheet: Sheet) -> None:
    witness.read(frame(2, "c1", "UnlockConnector", {"connector": 1}), 1.0)
    witness.read(frame(2, "c2", "NoSuchAction", {}), 2.0)
    assert [wrong for _, wrong in found(sheet)] == [watching.BAD_COMMAND] * 2


def test_names_stay_few_whatever_the_server_says(witness: Witness, sheet: Sheet) -> None:
    witness.wrote("1", "Heartbeat", 0.0)
    witness.read(frame(4, "1", "x" * 5000, "", {}), 1.0)
    assert len(str(found(sheet)[0][1])) < 100


def test_only_the_first_examples_of_a_failure_are_kept_and_they_are_short(witness: Witness, sheet: Sheet) -> None:
    for _ in range(10):
        witness.read("x" * 10_000, 1.0)
    batch = sheet.take()
    assert len(batch.samples) == 10
    assert len(batch.examples) == watching.EXAMPLES
    assert all(len(what) <= watching.LONGEST for _, _, what in batch.examples)


def test_boots_are_always_checked_by_their_schema_and_others_in_turns() -> None:
    sheet = Sheet(check_every=3)
    witness = Witness("LOAD-0001", Version.V16, sheet)
    for number in range(6):
        witness.wrote(str(number), "Heartbeat", 0.0)
        witness.read(frame(3, str(number), {}), 1.0)
    assert sum(wrong is not None for _, wrong in found(sheet)) == 2
    witness.wrote("boot", "BootNotification", 0.0)
    witness.read(frame(3, "boot", {"status": "Accepted"}), 1.0)
    assert found(sheet) == [("BootNotification", "an answer that breaks its schema")]
