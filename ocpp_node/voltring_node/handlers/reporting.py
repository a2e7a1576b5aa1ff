"""Reports that come in parts: the device model, monitors, charging profiles, display messages, customer information,
DER controls (B07, B08, N02, K09, O03, N09, R04).

What a part tells is taken over at once; what a complete report of everything does not mention any more is forgotten
with its last part.
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid5

from voltring_core.domain import reports
from voltring_core.domain.commands import State
from voltring_core.domain.kinds import RecordKind
from voltring_core.domain.messages import Told
from voltring_core.domain.reports import Report, ReportState
from voltring_core.ocpp.variables import read_report
from voltring_core.ocpp.wire import whole
from voltring_node.facts import (
    CommandFact,
    Fact,
    GoneFact,
    Message,
    Outcome,
    RecordFact,
    ReportFact,
    VariablesFact,
    VariablesGoneFact,
)
from voltring_node.handlers.words import key_of, place_of, safe
from voltring_node.knowledge import Known, SentCommand, Wanted

NAMESPACE = UUID("0b0e5b3c-54b6-5b0e-8c6d-1f7a1d8f9a10")
ASKED_BY = {
    "NotifyReport": frozenset({"GetBaseReport", "GetReport"}),
    "NotifyMonitoringReport": frozenset({"GetMonitoringReport"}),
    "NotifyCustomerInformation": frozenset({"CustomerInformation"}),
    "NotifyDisplayMessages": frozenset({"GetDisplayMessages"}),
    "ReportChargingProfiles": frozenset({"GetChargingProfiles"}),
    "ReportDERControl": frozenset({"GetDERControl"}),
}
"""The commands that each report answers."""
MONITOR, PROFILE = RecordKind.MONITOR, RecordKind.CHARGING_PROFILE
DISPLAY_MESSAGE, DER_CONTROL = RecordKind.DISPLAY_MESSAGE, RecordKind.DER_CONTROL


def want(said: Told) -> Wanted:
    """The report that the part belongs to, and the command that it answers."""
    return Wanted(report=(said.action, _request_id(said)), commands=ASKED_BY[said.action])


def device_model(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyReport."""
    told = VariablesFact(read_report(safe(message, said).get("reportData", ())), said.action)
    return _part(message, said, known, (told,), lambda report: VariablesGoneFact(report.started_at))


def monitors(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyMonitoringReport."""
    facts = tuple(
        RecordFact(
            MONITOR,
            key_of(monitor["id"]),
            {"component": item["component"], "variable": item["variable"], **monitor},
            said.action,
            evse_id=place_of(item["component"])[0],
        )
        for item in said.payload.get("monitor", ())
        for monitor in item["variableMonitoring"]
    )
    return _part(message, said, known, facts, lambda report: GoneFact(MONITOR, before=report.started_at))


def charging_profiles(message: Message, said: Told, known: Known) -> Outcome:
    """ReportChargingProfiles; it has no numbers, only `tbc`."""
    evse, source = whole(said.payload["evseId"]), said.payload["chargingLimitSource"]
    facts = tuple(
        RecordFact(PROFILE, key_of(one["id"]), {**one, "chargingLimitSource": source}, said.action, evse, "Reported")
        for one in said.payload["chargingProfile"]
    )
    return _part(message, said, known, facts, lambda report: GoneFact(PROFILE, before=report.started_at))


def display_messages(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyDisplayMessages."""
    facts = tuple(
        RecordFact(DISPLAY_MESSAGE, key_of(one["id"]), one, said.action, state="Reported")
        for one in said.payload.get("messageInfo", ())
    )
    return _part(message, said, known, facts, lambda report: GoneFact(DISPLAY_MESSAGE, before=report.started_at))


def customer_information(message: Message, said: Told, known: Known) -> Outcome:
    """NotifyCustomerInformation: its text is the report."""
    return _part(message, said, known)


def der_controls(message: Message, said: Told, known: Known) -> Outcome:
    """ReportDERControl; it has no numbers, only `tbc`."""
    kinds = (
        "curve",
        "enterService",
        "fixedPFAbsorb",
        "fixedPFInject",
        "fixedVar",
        "freqDroop",
        "gradient",
        "limitMaxDischarge",
    )
    facts = tuple(
        RecordFact(DER_CONTROL, one["id"], {"type": kind, **one}, said.action, state="Reported")
        for kind in kinds
        for one in said.payload.get(kind, ())
    )
    return _part(message, said, known, facts, lambda report: GoneFact(DER_CONTROL, before=report.started_at))


def _part(
    message: Message,
    said: Told,
    known: Known,
    told: tuple[Fact, ...] = (),
    forget: Callable[[Report], Fact] | None = None,
) -> Outcome:
    """One part: what it tells, the report with it, and what follows when it is complete."""
    request_id = _request_id(said)
    command = known.command(message.charger_id, ASKED_BY[said.action], request_id)
    before = _joined(known.report(message.charger_id, said.action, request_id), command) or reports.open_report(
        _identity(message, said),
        message.charger_id,
        said.action,
        request_id,
        None if command is None else command.id,
        message.received_at,
    )
    seq_no = whole(said.payload.get("seqNo"))
    if seq_no is None:
        seq_no = len(before.seqs)  # some reports count no parts
    report = reports.add(before, seq_no, message.received_at, is_last=not said.payload.get("tbc", False))
    facts: list[Fact] = [*told, ReportFact(report, seq_no, safe(message, said))]
    if command is None:
        return Outcome({}, tuple(facts))
    # What comes after its command has ended is but a part of what was told before.
    is_late = command.state in (State.COMPLETED, State.FAILED)
    is_complete = report.state is ReportState.COMPLETE
    if is_complete and forget is not None and not is_late and _asks_for_everything(command):
        facts.append(forget(report))
    if before.seqs or not is_late:
        facts.append(CommandFact(command.id, State.COMPLETED if is_complete else None, report.outcome))
    return Outcome({}, tuple(facts))


def _joined(report: Report | None, command: SentCommand | None) -> Report | None:
    """The report that a part belongs to: a number may come again with another command, or from nobody's command."""
    if report is None:
        return None
    is_same = report.state is ReportState.RECEIVING if command is None else report.command_id == command.id
    return report if is_same else None


def _request_id(said: Told) -> int:
    """0 stands for a number that nobody here can have given."""
    return whole(said.payload["requestId"]) or 0


def _identity(message: Message, said: Told) -> UUID:
    words = f"{message.charger_id}\0{said.action}\0{_request_id(said)}\0{message.received_at.isoformat()}"
    return uuid5(NAMESPACE, words)


def _asks_for_everything(command: SentCommand | None) -> bool:
    """Whether what a report does not mention is not there: it was asked for without any narrowing."""
    if command is None:
        return False
    asked: Mapping[str, Any] = command.payload
    if command.action == "GetBaseReport":
        return asked.get("reportBase") == "FullInventory"
    narrowing = {
        "GetMonitoringReport": ("componentVariable", "monitoringCriteria"),
        "GetDisplayMessages": ("id", "priority", "state"),
        "GetDERControl": ("isDefault", "controlType", "controlId"),
    }
    if command.action == "GetChargingProfiles":
        return "evseId" not in asked and not asked.get("chargingProfile")
    return command.action in narrowing and not any(asked.get(name) for name in narrowing[command.action])
