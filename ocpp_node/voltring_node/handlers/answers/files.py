"""Firmware and logs: what was asked of the charger, before its own messages tell how far it came (L01..L04, N01).

A request that cancels an earlier one (`AcceptedCanceled`) ends the earlier one's record and command.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from voltring_core.domain.commands import State
from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.wire import whole
from voltring_node.facts import CommandFact, Fact
from voltring_node.handlers.answers.answer import CommandAnswer, restated
from voltring_node.handlers.answers.shapes import mapping, word
from voltring_node.knowledge import Known

FIRMWARE, LOG, DIAGNOSTICS = RecordKind.FIRMWARE, RecordKind.LOG, RecordKind.DIAGNOSTICS
PUBLICATION = RecordKind.FIRMWARE_PUBLICATION
CANCELED = "AcceptedCanceled"
_TAKEN = frozenset({"Accepted", CANCELED})
_OVER = frozenset(
    """
    AcceptedCanceled BadMessage DownloadFailed Idle InstallVerificationFailed InstallationFailed Installed
    InvalidSignature NotSupportedOperation NothingToSend PermissionDenied UploadFailed UploadFailure Uploaded
    """.split()
)
"""The last words of a job."""


def firmware(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """UpdateFirmware, SignedUpdateFirmware; in plain 1.6 every answer is a yes, and there is no number."""
    number = whole(said.asked.get("requestId"))
    is_plain = number is None
    if not is_plain and said.status not in _TAKEN:
        return ()
    firmware = {**said.asked, **mapping(said.asked.get("firmware"))}
    wanted = ("requestId", "location", "retrieveDate", "retrieveDateTime", "installDateTime")
    content = {name: firmware[name] for name in wanted if name in firmware}
    return tuple(_job(said, known, FIRMWARE, "" if is_plain else str(number), content))


def log(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetLog: the file's name is in the answer."""
    number = whole(said.asked.get("requestId"))
    if said.status not in _TAKEN or number is None:
        return ()
    location = mapping(said.asked.get("log")).get("remoteLocation")
    content = {"requestId": number, "logType": said.asked.get("logType"), "remoteLocation": location}
    if name := word(said.answer.get("filename")):
        content["filename"] = name
    return tuple(_job(said, known, LOG, str(number), content))


def diagnostics(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetDiagnostics: without a name there is nothing to send."""
    content = {"location": said.asked.get("location")}
    if name := word(said.answer.get("fileName")):
        return tuple(_job(said, known, DIAGNOSTICS, "", {**content, "fileName": name}))
    return (said.record(DIAGNOSTICS, "", content, state="NothingToSend"),)


def published(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """PublishFirmware."""
    number = whole(said.asked.get("requestId"))
    if said.status not in _TAKEN or number is None:
        return ()
    content = {name: said.asked[name] for name in ("requestId", "location", "checksum") if name in said.asked}
    return tuple(_job(said, known, PUBLICATION, str(number), content))


def unpublished(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """UnpublishFirmware, by checksum; `NoFirmware` says that there is none such."""
    checksum = word(said.asked.get("checksum"))
    if said.status not in {"Unpublished", "NoFirmware"} or not checksum:
        return ()
    held = said.held(known, PUBLICATION).items()
    return tuple(
        restated(one, key, PUBLICATION, said, "Unpublished")
        for key, one in held
        if word(one.content.get("checksum")).casefold() == checksum.casefold()
    )


def _job(said: CommandAnswer, known: Known, kind: RecordKind, key: str, content: Mapping[str, Any]) -> Iterator[Fact]:
    if said.status == CANCELED:
        yield from _cancelled(said, known, kind, key)
    held = said.held(known, kind).get(key)
    if held is not None and held.command_id == said.command_id:
        # A message of the charger about this job was faster than its answer: what it told is newer.
        told = {name: value for name, value in held.content.items() if value is not None}
        yield said.record(kind, key, {**content, **told}, held.evse_id, held.state or "Accepted")
    else:
        yield said.record(kind, key, content)


def _cancelled(said: CommandAnswer, known: Known, kind: RecordKind, key: str) -> Iterator[Fact]:
    """The jobs that ran until now."""
    for other, one in said.held(known, kind).items():
        if other == key or one.state in _OVER:
            continue
        yield restated(one, other, kind, said, CANCELED)
        if one.command_id is not None and one.command_id != said.command_id:
            outcome = {"state": CANCELED, "cancelled_by": str(said.command_id)}
            yield CommandFact(one.command_id, State.FAILED, outcome)
