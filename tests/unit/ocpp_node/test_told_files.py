"""Firmware, diagnostics and logs on their way: records, events, and what came of the command that asked."""

from uuid import UUID

import pytest

from voltring_core.domain.commands import State
from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.ocpp.versions import Version
from voltring_node.facts import CommandFact, EventFact, RecordFact
from voltring_node.knowledge import Record, SentCommand

V16, V201, V21 = Version
ID, OTHER = UUID(int=1), UUID(int=2)


def of(kind, decided):
    return [fact for one in decided for fact in one.facts if isinstance(fact, kind)]


@pytest.fixture
def sent(base):
    """`sent(action, request_id)`: a command that the charger has accepted; the latest comes first."""

    def put(action, request_id=None, state=State.ACCEPTED, command_id=ID):
        commands = base.known.commands.setdefault("CP-1", [])
        commands.insert(0, SentCommand(command_id, action, request_id, {}, state))

    return put


@pytest.fixture
def told(ask, base):
    """`told(version, action, *statuses)`: the charger says them one after the other, minutes apart."""

    def tell(version, action, *statuses, start=0, **more):
        messages = [
            ask(version, action, {"status": status, **more}, minutes=start + minute)
            for minute, status in enumerate(statuses)
        ]
        return base.group(*messages)

    return tell


@pytest.mark.parametrize(
    ("version", "action", "command", "statuses", "record", "event"),
    [
        (
            V201,
            "FirmwareStatusNotification",
            "UpdateFirmware",
            ("Downloading", "Downloaded", "Installing", "Installed"),
            RecordKind.FIRMWARE,
            StationEventKind.FIRMWARE_STATUS,
        ),
        (
            V16,
            "SignedFirmwareStatusNotification",
            "SignedUpdateFirmware",
            ("Downloading", "SignatureVerified", "Installed"),
            RecordKind.FIRMWARE,
            StationEventKind.FIRMWARE_STATUS,
        ),
        (
            V16,
            "LogStatusNotification",
            "GetLog",
            ("Uploading", "Uploaded"),
            RecordKind.LOG,
            StationEventKind.LOG_STATUS,
        ),
        (
            V21,
            "PublishFirmwareStatusNotification",
            "PublishFirmware",
            ("Downloading", "ChecksumVerified", "Published"),
            RecordKind.FIRMWARE_PUBLICATION,
            StationEventKind.FIRMWARE_PUBLICATION_STATUS,
        ),
    ],
)
def test_a_job_that_is_done_completes_the_command_of_its_number(
    sent, told, base, version, action, command, statuses, record, event
):
    sent(command, 6, command_id=OTHER)
    sent(command, 5)
    sent(command, 7, command_id=OTHER)
    decided = told(version, action, *statuses, requestId=5)
    events = of(EventFact, decided)
    assert [(one.kind, one.subject, one.command_id) for one in events] == [(event, word, ID) for word in statuses]
    last = of(RecordFact, decided)[-1]
    assert (last.kind, last.key, last.state, last.command_id) == (record, "5", statuses[-1], ID)
    assert [step["status"] for step in last.content["history"]] == list(statuses)
    came = of(CommandFact, decided)
    assert [one.state for one in came] == [None] * (len(statuses) - 1) + [State.COMPLETED]
    assert came[-1].outcome == {"state": statuses[-1], "steps": len(statuses)}
    assert base.known.command("CP-1", [command], 5).state is State.COMPLETED


@pytest.mark.parametrize(
    ("version", "action", "command", "status", "severity"),
    [
        (V201, "FirmwareStatusNotification", "UpdateFirmware", "DownloadFailed", 4),
        (V201, "FirmwareStatusNotification", "UpdateFirmware", "InstallationFailed", 4),
        (V201, "FirmwareStatusNotification", "UpdateFirmware", "InvalidSignature", 2),
        (V16, "SignedFirmwareStatusNotification", "SignedUpdateFirmware", "InstallVerificationFailed", 4),
        (V201, "LogStatusNotification", "GetLog", "UploadFailure", 4),
        (V201, "LogStatusNotification", "GetLog", "AcceptedCanceled", 4),
        (V16, "LogStatusNotification", "GetLog", "PermissionDenied", 4),
        (V201, "PublishFirmwareStatusNotification", "PublishFirmware", "InvalidChecksum", 2),
        (V201, "PublishFirmwareStatusNotification", "PublishFirmware", "PublishFailed", 4),
    ],
)
def test_a_job_that_fails_fails_its_command(sent, told, version, action, command, status, severity):
    sent(command, 5)
    decided = told(version, action, status, requestId=5.0)
    (event,), (came,) = of(EventFact, decided), of(CommandFact, decided)
    assert event.severity == severity
    assert (came.command_id, came.state, came.outcome["state"]) == (ID, State.FAILED, status)


@pytest.mark.parametrize(
    ("action", "command", "last"),
    [
        ("FirmwareStatusNotification", "UpdateFirmware", "Installed"),
        ("DiagnosticsStatusNotification", "GetDiagnostics", "Uploaded"),
    ],
)
def test_plain_16_has_no_numbers_and_means_the_latest_command(sent, told, action, command, last):
    sent(command, command_id=OTHER)
    sent(command)
    decided = told(V16, action, last)
    (record,), (came,) = of(RecordFact, decided), of(CommandFact, decided)
    assert (record.key, record.command_id) == ("", ID)
    assert (came.command_id, came.state) == (ID, State.COMPLETED)


def test_in_16_what_begins_after_the_last_command_was_done_is_not_its_doing(sent, told):
    sent("UpdateFirmware")
    told(V16, "FirmwareStatusNotification", "Downloading", "Installed")
    decided = told(V16, "FirmwareStatusNotification", "Downloading", start=60)
    assert of(CommandFact, decided) == []
    (record,) = of(RecordFact, decided)
    assert (record.state, record.command_id, len(record.content["history"])) == ("Downloading", None, 1)


def test_in_16_a_new_command_begins_a_new_history(sent, told):
    sent("GetDiagnostics")
    told(V16, "DiagnosticsStatusNotification", "Uploading")
    sent("GetDiagnostics", command_id=OTHER)
    (record,) = of(RecordFact, told(V16, "DiagnosticsStatusNotification", "Uploading"))
    assert (record.command_id, len(record.content["history"])) == (OTHER, 1)


def test_what_failed_may_still_be_done_in_the_end(sent, told):
    sent("UpdateFirmware", 5)
    decided = told(V201, "FirmwareStatusNotification", "DownloadFailed", "Downloading", "Installed", requestId=5)
    assert [one.state for one in of(CommandFact, decided)] == [State.FAILED, None, State.COMPLETED]
    assert of(RecordFact, decided)[-1].state == "Installed"


def test_a_late_step_takes_nothing_back(sent, told):
    sent("UpdateFirmware", 5)
    decided = told(V201, "FirmwareStatusNotification", "Installed", "Installing", "DownloadFailed", requestId=5)
    assert [one.state for one in of(RecordFact, decided)] == ["Installed"] * 3
    assert [one.state for one in of(CommandFact, decided)] == [State.COMPLETED, None, None]
    assert of(CommandFact, decided)[-1].outcome == {"state": "Installed", "steps": 3}


@pytest.mark.parametrize(
    ("version", "action"),
    [
        (V16, "FirmwareStatusNotification"),
        (V16, "DiagnosticsStatusNotification"),
        (V16, "LogStatusNotification"),
        (V201, "FirmwareStatusNotification"),
        (V21, "LogStatusNotification"),
        (V21, "PublishFirmwareStatusNotification"),
    ],
)
def test_idle_is_an_event_and_changes_nothing(sent, told, version, action):
    sent("UpdateFirmware")
    (decided,) = told(version, action, "Idle")
    assert [type(fact) for fact in decided.facts] == [EventFact]


def test_an_unknown_number_is_kept_without_a_command(sent, told):
    sent("UpdateFirmware", 5)
    decided = told(V201, "FirmwareStatusNotification", "Installed", requestId=99)
    assert of(CommandFact, decided) == []
    assert [(one.key, one.command_id) for one in of(RecordFact, decided)] == [("99", None)]


def test_a_number_beyond_every_id_is_kept_and_means_no_command(sent, told):
    sent("GetLog", 5)
    decided = told(V201, "LogStatusNotification", "Uploaded", requestId=2**62)
    assert of(CommandFact, decided) == []
    assert of(RecordFact, decided)[0].key == str(2**62)


def test_what_the_command_said_of_the_file_stays_known(base, sent, told):
    sent("UpdateFirmware", 5)
    asked = {"requestId": 5, "location": "https://example.org/fw"}
    base.known.records["CP-1", "Firmware"] = {"5": Record(asked, state="Accepted", command_id=ID)}
    more = {"requestId": 5, "statusInfo": {"reasonCode": "NotFound"}}
    told(V21, "FirmwareStatusNotification", "DownloadFailed", **more)
    decided = told(V21, "FirmwareStatusNotification", "Downloading", requestId=5)
    content = of(RecordFact, decided)[-1].content
    assert (content["location"], content["status"], "statusInfo" in content) == (
        asked["location"],
        "Downloading",
        False,
    )
    assert content["history"][0]["statusInfo"] == {"reasonCode": "NotFound"}


def test_where_firmware_was_published_is_told_with_the_outcome(sent, told):
    sent("PublishFirmware", 5)
    places = ["http://192.0.2.1/fw"]
    decided = told(V201, "PublishFirmwareStatusNotification", "Published", requestId=5, location=places)
    assert of(CommandFact, decided)[0].outcome["location"] == places


def test_a_history_keeps_its_latest_steps(sent, told):
    decided = told(V201, "LogStatusNotification", *["Uploading"] * 60, requestId=5)
    assert len(of(RecordFact, decided)[-1].content["history"]) == 50
