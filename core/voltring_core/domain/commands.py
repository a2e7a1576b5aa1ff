"""A remote command: its states, its class, its place in the queue.

    QUEUED ──> SENT ──> ACCEPTED | REJECTED | CALLERROR     the charger's answer
       │         └────> UNKNOWN                             no answer; a late one still resolves it
       └──> EXPIRED | CANCELLED                             never written to a socket
    ACCEPTED ──> COMPLETED | FAILED                         by what the charger does next

SENT is committed before the frame is written. From SENT, a command of class R (safe to repeat) goes back to QUEUED
up to MAX_ATTEMPTS times; one of class N (start, unlock, reset ...) never does: it runs at most once.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal


class State(StrEnum):
    """Where a command stands."""

    QUEUED = "QUEUED"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    CALLERROR = "CALLERROR"
    UNKNOWN = "UNKNOWN"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


FINAL = frozenset(State) - {State.QUEUED, State.SENT}
"""States in which nobody waits any more (UNKNOWN and ACCEPTED may still change by what is learnt later)."""

CommandClass = Literal["R", "N"]
MAX_ATTEMPTS = 3

# What may be repeated: reads, and settings whose second delivery changes nothing.
_REPEATABLE = frozenset(
    """
    CancelReservation ChangeConfiguration ClearCache ClearChargingProfile ClearDisplayMessage ClearTariffs
    ClearVariableMonitoring CostUpdated ExtendedTriggerMessage GetBaseReport GetChargingProfiles
    GetCompositeSchedule GetConfiguration GetDERControl GetDisplayMessages GetInstalledCertificateIds
    GetLocalListVersion GetMonitoringReport GetPeriodicEventStream GetReport GetTariffs GetTransactionStatus
    GetVariables RemoteStopTransaction RequestStopTransaction SendLocalList SetChargingProfile SetDefaultTariff
    SetDisplayMessage SetMonitoringBase SetMonitoringLevel SetVariables TriggerMessage UpdateDynamicSchedule
    """.split()
)
_OVERTAKING = frozenset({"RemoteStopTransaction", "RequestStopTransaction", "UnlockConnector"})

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_DEADLINES = {
    "RemoteStartTransaction": MINUTE,
    "RequestStartTransaction": MINUTE,
    "UnlockConnector": MINUTE,
    "RemoteStopTransaction": 15 * MINUTE,
    "RequestStopTransaction": 15 * MINUTE,
    "Reset": 10 * MINUTE,
    "UpdateFirmware": 7 * DAY,
    "SignedUpdateFirmware": 7 * DAY,
    "ChangeConfiguration": DAY,
    "SetVariables": DAY,
    "SetChargingProfile": DAY,
    "ClearChargingProfile": DAY,
    "SendLocalList": DAY,
    "ChangeAvailability": DAY,
}
DEFAULT_DEADLINE = 5 * MINUTE
LONGEST_DEADLINE = 30 * DAY

_REFUSALS = frozenset(
    """
    Rejected Failed Faulted Occupied Unavailable NotSupported NotImplemented UnlockFailed UnknownConnector
    UnknownMessageId UnknownVendorId VersionMismatch InvalidCertificate RevokedCertificate NotFound NoProfile
    OngoingAuthorizedTransaction EmptyResultSet DownloadOngoing NoTransaction TooManyElements
    ConditionNotSupported TxNotFound NoCurrencyChange UnsupportedRequest DuplicateTariffId NoTariff
    Invalid LanguageNotSupported NoFirmware NoProfiles NotSupportedMessageFormat NotSupportedPriority
    NotSupportedState Unknown UnknownTransaction
    """.split()
)


def command_class(action: str) -> CommandClass:
    """R when the action may be repeated after it was sent, N (the default) when not."""
    return "R" if action in _REPEATABLE else "N"


def lane(action: str) -> int:
    """0 overtakes what is queued, 1 waits in order."""
    return 0 if action in _OVERTAKING else 1


def default_deadline_s(action: str) -> float:
    """Seconds after which the command is pointless if it could not be delivered."""
    return _DEADLINES.get(action, DEFAULT_DEADLINE)


def shown(state: State, deadline_at: datetime, now: datetime) -> State:
    """What a command is to those who look: nobody delivers it after its deadline, written down yet or not."""
    return State.EXPIRED if state is State.QUEUED and deadline_at <= now else state


def judge(payload: Mapping[str, Any]) -> State:
    """What a charger's CALLRESULT means: a refusal is REJECTED, everything else ACCEPTED."""
    return State.REJECTED if str(payload.get("status")) in _REFUSALS else State.ACCEPTED


def after_silence(kind: CommandClass, attempts: int) -> State:
    """What becomes of a SENT command whose answer did not come."""
    return State.QUEUED if kind == "R" and attempts < MAX_ATTEMPTS else State.UNKNOWN
