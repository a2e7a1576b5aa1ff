"""Firmware and files on their way: FirmwareStatusNotification, SignedFirmwareStatusNotification (L01, L02),
DiagnosticsStatusNotification, LogStatusNotification (N01), PublishFirmwareStatusNotification (L03).

    UpdateFirmware ──Accepted──> Downloading ─> Downloaded ─> Installing ─> Installed           command COMPLETED
                                      └─> DownloadFailed, InvalidSignature, InstallationFailed  command FAILED

Steps may be missing, doubled or late: a late one never takes back what was done. Idle answers a trigger and changes
nothing. What failed may still be repeated by the charger and be done in the end. A step of a command that is UNKNOWN
says that the charger took it: ACCEPTED.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from voltring_core.domain.commands import State
from voltring_core.domain.kinds import RecordKind, StationEventKind
from voltring_core.domain.messages import Told
from voltring_core.ocpp.wire import whole, write_time
from voltring_node.facts import CommandFact, EventFact, Fact, Message, Outcome, RecordFact
from voltring_node.handlers.words import key_of, without
from voltring_node.knowledge import Known, Record, SentCommand, Wanted

IDLE = "Idle"
ALARM, ERROR, INFORMATIONAL = 2, 4, 8
MOST_STEPS = 50
"""Steps of a history that are kept: the latest."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one action tells of."""

    record: RecordKind
    event: StationEventKind
    commands: frozenset[str]
    """Those that ask for it."""
    done: frozenset[str]
    failed: frozenset[str]


_INSTALLED = frozenset({"Installed"})
_NOT_INSTALLED = frozenset({"DownloadFailed", "InstallationFailed", "InstallVerificationFailed", "InvalidSignature"})
_UPLOADED = frozenset({"Uploaded"})
_NOT_UPLOADED = frozenset(
    {"UploadFailed", "UploadFailure", "BadMessage", "NotSupportedOperation", "PermissionDenied", "AcceptedCanceled"}
)
_ALARMING = frozenset({"InvalidSignature", "InvalidChecksum"})
JOBS: Mapping[str, Job] = MappingProxyType(
    {
        "DiagnosticsStatusNotification": Job(
            RecordKind.DIAGNOSTICS,
            StationEventKind.DIAGNOSTICS_STATUS,
            frozenset({"GetDiagnostics"}),
            _UPLOADED,
            _NOT_UPLOADED,
        ),
        "FirmwareStatusNotification": Job(
            RecordKind.FIRMWARE,
            StationEventKind.FIRMWARE_STATUS,
            frozenset({"UpdateFirmware"}),
            _INSTALLED,
            _NOT_INSTALLED,
        ),
        "LogStatusNotification": Job(
            RecordKind.LOG, StationEventKind.LOG_STATUS, frozenset({"GetLog"}), _UPLOADED, _NOT_UPLOADED
        ),
        "PublishFirmwareStatusNotification": Job(
            RecordKind.FIRMWARE_PUBLICATION,
            StationEventKind.FIRMWARE_PUBLICATION_STATUS,
            frozenset({"PublishFirmware"}),
            frozenset({"Published"}),
            frozenset({"DownloadFailed", "InvalidChecksum", "PublishFailed"}),
        ),
        "SignedFirmwareStatusNotification": Job(
            RecordKind.FIRMWARE,
            StationEventKind.FIRMWARE_STATUS,
            frozenset({"SignedUpdateFirmware"}),
            _INSTALLED,
            _NOT_INSTALLED,
        ),
    }
)


def want(said: Told) -> Wanted:
    """The command that asked, and what is known of the job."""
    if said.payload["status"] == IDLE:
        return Wanted()
    job = JOBS[said.action]
    return Wanted(commands=job.commands, records=frozenset({job.record}))


def status(message: Message, said: Told, known: Known) -> Outcome:
    """One step of a job: an event, the record with its history, and what came of the command."""
    job, word = JOBS[said.action], said.payload["status"]
    severity = ALARM if word in _ALARMING else ERROR if word in job.failed else INFORMATIONAL
    command = None if word == IDLE else _asked_by(message, said, known, job)
    command_id = None if command is None else command.id
    event = EventFact(job.event, message.received_at, said.payload, word, severity, command_id=command_id)
    if word == IDLE:
        return Outcome({}, (event,))
    record = _record(message, said, known, job, command)
    facts: list[Fact] = [event, record]
    if command is not None:
        state = _state(job, word, command) if record.state == word else None
        facts.append(CommandFact(command.id, state, _outcome(record), command.action, command.reply_to))
    return Outcome({}, tuple(facts))


def _asked_by(message: Message, said: Told, known: Known, job: Job) -> SentCommand | None:
    """By the request id. Plain 1.6 has none: then it is the latest command, unless that was done already."""
    if "requestId" in said.payload:
        number = whole(said.payload["requestId"])
        return None if number is None else known.command(message.charger_id, job.commands, number)
    latest = known.command(message.charger_id, job.commands)
    return None if latest is None or latest.state is State.COMPLETED else latest


def _record(message: Message, said: Told, known: Known, job: Job, command: SentCommand | None) -> RecordFact:
    word = said.payload["status"]
    key = key_of(said.payload["requestId"]) if "requestId" in said.payload else ""
    before = known.held(message.charger_id, job.record).get(key)
    if before is not None and _is_another(before, key, job, command):
        before = None
    state = word if before is None or before.state not in job.done or word in job.done else before.state
    step = {"at": write_time(message.received_at), **without(said.payload, "requestId")}
    history = [*(before.content.get("history", ()) if before else ()), step][-MOST_STEPS:]
    known_before = without(before.content, "statusInfo") if before else {}
    content = {**known_before, **(said.payload if state == word else {}), "history": history}
    command_id = command.id if command else before.command_id if before else None
    return RecordFact(job.record, key, content, said.action, state=state, command_id=command_id)


def _is_another(before: Record, key: str, job: Job, command: SentCommand | None) -> bool:
    """Whether a job without a number is the next one: another command asked for it, or the last one is over."""
    if key:
        return False
    return before.state in job.done | job.failed if command is None else before.command_id != command.id


def _state(job: Job, word: str, command: SentCommand) -> State | None:
    """A job that nobody said yes to and that goes on was taken on."""
    if word in job.done or word in job.failed:
        return State.COMPLETED if word in job.done else State.FAILED
    return State.ACCEPTED if command.state is State.UNKNOWN else None


def _outcome(record: RecordFact) -> Mapping[str, Any]:
    told = {name: record.content[name] for name in ("statusInfo", "location") if name in record.content}
    return {"state": record.state, **told, "steps": len(record.content["history"])}
