"""A remote command: its states, its class, its place in the queue.

    QUEUED ──> SENT ──> ACCEPTED | REJECTED | CALLERROR     the charger's answer
       │         └────> UNKNOWN                             no answer, or none that says anything
       └──> EXPIRED | CANCELLED                             never written to a socket
    ACCEPTED ──> COMPLETED | FAILED                         by what the charger does next
    UNKNOWN ───> any of these five                          by a late answer, what the charger does, an operator

SENT is committed before the frame is written. From SENT, a command of class R (safe to repeat) goes back to QUEUED
up to MAX_ATTEMPTS times; one of class N (start, unlock, reset ...) never does: it runs at most once.
`TRANSITIONS` has every step there is; the statements of `store/commands.sql` are tested against it.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from voltring_core.domain.answers import is_refusal, says_something


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

_ANSWERED = frozenset({State.ACCEPTED, State.REJECTED, State.CALLERROR})
_DONE = frozenset({State.COMPLETED, State.FAILED})
TRANSITIONS: Mapping[State, frozenset[State]] = {
    # To SENT by its owner, and to EXPIRED or CANCELLED, if it never was SENT. Where it was (class R, which waits to be
    # repeated), what is learnt of its earlier frames ends it, and UNKNOWN stands for EXPIRED and CANCELLED.
    State.QUEUED: frozenset({State.SENT, State.EXPIRED, State.CANCELLED, State.UNKNOWN}) | _ANSWERED | _DONE,
    # Back to QUEUED when nothing was written, or to be repeated (class R). REJECTED also by its vendor's quirks,
    # FAILED also when no frame can be made of it.
    State.SENT: frozenset({State.QUEUED, State.UNKNOWN}) | _ANSWERED | _DONE,
    State.UNKNOWN: _ANSWERED | _DONE,
    State.ACCEPTED: _DONE,
    # A charger that gave up may still succeed, with the next try of a download or the next part of a report.
    State.FAILED: frozenset({State.COMPLETED}),
    State.COMPLETED: frozenset({State.FAILED}),
    **dict.fromkeys((State.REJECTED, State.CALLERROR, State.EXPIRED, State.CANCELLED), frozenset()),
}
"""Where a command may go from each state."""


class Reason(StrEnum):
    """Why a command is UNKNOWN, or is repeated: `reason` in its outcome."""

    NO_ANSWER = "no answer"
    SOCKET_LOST = "socket lost"
    SAID_NOTHING = "said nothing"
    OWNER_DIED = "owner died"
    """Who had sent it has not settled it: its node died, or lost the charger or PostgreSQL."""


CommandClass = Literal["R", "N"]
MAX_ATTEMPTS = 3
MAX_STUMBLES = 3
"""Times that a fault of ours may stop a command before its frame is written."""
MAX_QUEUED = 100
"""Commands of one lane that may wait for one charger."""

# What may be repeated: reads, and settings whose second delivery changes nothing.
_REPEATABLE = frozenset(
    """
    AdjustPeriodicEventStream CancelReservation ChangeAvailability ChangeConfiguration ClearCache
    ClearChargingProfile ClearDERControl ClearDisplayMessage ClearTariffs ClearVariableMonitoring CostUpdated
    ExtendedTriggerMessage GetBaseReport GetChargingProfiles GetCompositeSchedule GetConfiguration GetDERControl
    GetDisplayMessages GetInstalledCertificateIds GetLocalListVersion GetMonitoringReport GetPeriodicEventStream
    GetReport GetTariffs GetTransactionStatus GetVariables NotifyAllowedEnergyTransfer RemoteStopTransaction
    RequestStopTransaction SendLocalList SetChargingProfile SetDERControl SetDefaultTariff SetDisplayMessage
    SetMonitoringBase SetMonitoringLevel SetVariables TriggerMessage UpdateDynamicSchedule UsePriorityCharging
    """.split()
)
# All else runs at most once: what starts, frees or restarts something (TR-24), what brings or asks for a file,
# certificate or network, and what a vendor means by its own data.
# Only what frees people and cars overtakes. A profile that lowers a limit (TR-25) does not: whether it lowers depends
# on what the charger holds by then, and before an earlier one of its stack it would be undone by it. It replaces what
# waits of its own place instead (superseding.py).
_OVERTAKING = frozenset({"RemoteStopTransaction", "RequestStopTransaction", "UnlockConnector"})

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_DEADLINES = {
    "AFRRSignal": MINUTE / 2,
    "CostUpdated": MINUTE,
    "NotifyWebPaymentStarted": MINUTE,
    "RemoteStartTransaction": MINUTE,
    "RequestBatterySwap": MINUTE,
    "RequestStartTransaction": MINUTE,
    "UnlockConnector": MINUTE,
    "UpdateDynamicSchedule": MINUTE,
    "Reset": 10 * MINUTE,
    "ChangeTransactionTariff": 15 * MINUTE,
    "NotifyAllowedEnergyTransfer": 15 * MINUTE,
    "RemoteStopTransaction": 15 * MINUTE,
    "RequestStopTransaction": 15 * MINUTE,
    "UsePriorityCharging": 15 * MINUTE,
    "CancelReservation": HOUR,
    "GetDiagnostics": HOUR,
    "GetLog": HOUR,
    "PublishFirmware": 7 * DAY,
    "SignedUpdateFirmware": 7 * DAY,
    "UpdateFirmware": 7 * DAY,
} | dict.fromkeys(
    # What is to hold at the charger, whenever it is back.
    """
    AdjustPeriodicEventStream CertificateSigned ChangeAvailability ChangeConfiguration ClearCache ClearChargingProfile
    ClearDERControl ClearDisplayMessage ClearTariffs ClearVariableMonitoring CustomerInformation DeleteCertificate
    InstallCertificate SendLocalList SetChargingProfile SetDERControl SetDefaultTariff SetDisplayMessage
    SetMonitoringBase SetMonitoringLevel SetNetworkProfile SetVariableMonitoring SetVariables UnpublishFirmware
    """.split(),
    DAY,
)
DEFAULT_DEADLINE = 5 * MINUTE
LONGEST_DEADLINE = 30 * DAY

_ANSWER_TIMEOUTS = {
    "SendLocalList": 2 * MINUTE,
    "CertificateSigned": 2 * MINUTE,
    "InstallCertificate": 2 * MINUTE,
    "DeleteCertificate": MINUTE,
    "GetInstalledCertificateIds": MINUTE,
    "SetNetworkProfile": MINUTE,
    "UpdateFirmware": MINUTE,
    "SignedUpdateFirmware": MINUTE,
    "PublishFirmware": MINUTE,
    "UnpublishFirmware": MINUTE,
}
ANSWER_TIMEOUT = 30.0
SLOW_ACTIONS = frozenset(_ANSWER_TIMEOUTS)
LONGEST_ANSWER_TIMEOUT = max(_ANSWER_TIMEOUTS.values())

WHILE_PENDING_FORBIDDEN = frozenset(
    """
    CancelReservation RemoteStartTransaction RemoteStopTransaction RequestStartTransaction RequestStopTransaction
    ReserveNow
    """.split()
)
"""What a charger in Pending is never sent: it may be read and configured, not used (B02.FR.05)."""
_TRIGGERS = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})


def command_class(action: str, payload: Mapping[str, Any] | None = None) -> CommandClass:
    """R when this may be repeated after it was sent, N (the default) when not. The same in every version: an action
    that two versions share does the same in both."""
    given = payload or {}
    if action == "SendLocalList" and given.get("updateType") == "Differential":
        # Done twice it harms nobody, but the second is answered VersionMismatch: refused, it would seem.
        return "N"
    if action == "SetVariableMonitoring":
        # One with an id replaces the monitor of that id, one without makes a second monitor when it comes twice.
        monitors = given.get("setMonitoringData")
        named = isinstance(monitors, list) and monitors and all(isinstance(it, dict) and "id" in it for it in monitors)
        return "R" if named else "N"
    return "R" if action in _REPEATABLE else "N"


def lane(action: str) -> int:
    """0 overtakes what is queued, 1 waits in order."""
    return 0 if action in _OVERTAKING else 1


def default_deadline_s(action: str) -> float:
    """Seconds after which the command is pointless if it could not be delivered."""
    return _DEADLINES.get(action, DEFAULT_DEADLINE)


def shown(state: State, deadline_at: datetime, now: datetime, attempts: int = 0) -> State:
    """What a command is to those who look: nobody delivers it after its deadline, written down yet or not."""
    return over(attempts) if state is State.QUEUED and deadline_at <= now else state


def over(attempts: int, never_sent: State = State.EXPIRED) -> State:
    """What a QUEUED command ends as without being sent (again): one that was sent before may have run."""
    return State.UNKNOWN if attempts else never_sent


def answer_timeout_s(action: str) -> float:
    """Seconds that a charger has to answer (TR-24): lists, certificates and networks are written to flash."""
    return _ANSWER_TIMEOUTS.get(action, ANSWER_TIMEOUT)


def may_send(registration: str, action: str, payload: Mapping[str, Any] | None = None) -> bool:
    """Whether a charger in this registration may be sent this (section 4 of 1.6; B02.FR.05, B03.FR.03).

    Accepted: all. Pending: all but sessions and reservations. Rejected: nothing. Never booted (`none`): nothing but
    the trigger of its BootNotification.
    """
    if registration == "Accepted":
        return True
    if registration == "Pending":
        return action not in WHILE_PENDING_FORBIDDEN
    if registration == "Rejected":
        return False
    return action in _TRIGGERS and (payload or {}).get("requestedMessage") == "BootNotification"


def judge(payload: Mapping[str, Any], action: str = "") -> State:
    """What a charger's CALLRESULT means: a refusal of all that was asked is REJECTED, and what says nothing that the
    action has a word for is UNKNOWN: it may have been done."""
    if is_refusal(action, payload):
        return State.REJECTED
    return State.ACCEPTED if says_something(action, payload) else State.UNKNOWN


def after_silence(kind: CommandClass, attempts: int) -> State:
    """What becomes of a SENT command whose answer did not come."""
    return State.QUEUED if kind == "R" and attempts < MAX_ATTEMPTS else State.UNKNOWN
