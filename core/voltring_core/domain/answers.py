"""What a charger's CALLRESULT means: every status of every action that the CSMS may ask for.

The same word means different things: `NotFound` of GetInstalledCertificateIds is an empty list, of DeleteCertificate
it says that nothing was deleted. What makes further messages of the charger impossible (EmptyResultSet, NoProfiles)
is a refusal: nothing will follow.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Statuses:
    """The statuses of one action (1.6, 2.0.1 and 2.1 together), by what they say of the request."""

    granted: frozenset[str]
    refused: frozenset[str]


def _of(granted: str, refused: str) -> Statuses:
    return Statuses(frozenset(granted.split()), frozenset(refused.split()))


_PLAIN = _of("Accepted", "Rejected")
_SCHEDULED = _of("Accepted Scheduled", "Rejected")
_REPORT = _of("Accepted", "Rejected NotSupported EmptyResultSet")
_TRIGGER = _of("Accepted", "Rejected NotImplemented")
_UNKNOWN = _of("Accepted", "Unknown")
_STORED = _of("Accepted", "Rejected Failed")
_DER = _of("Accepted", "Rejected NotSupported NotFound")
_FIRMWARE = _of("Accepted AcceptedCanceled", "Rejected InvalidCertificate RevokedCertificate")
_VARIABLE = "Rejected UnknownComponent UnknownVariable NotSupportedAttributeType"
_PLAIN_ACTIONS = """
    AFRRSignal AdjustPeriodicEventStream CancelReservation CertificateSigned ClearCache GetCompositeSchedule
    NotifyAllowedEnergyTransfer PublishFirmware RemoteStartTransaction RemoteStopTransaction RequestBatterySwap
    RequestStartTransaction RequestStopTransaction SetMonitoringLevel UpdateDynamicSchedule
    """.split()
WITHOUT_STATUS = frozenset(
    """
    CostUpdated GetConfiguration GetDiagnostics GetLocalListVersion GetPeriodicEventStream GetTransactionStatus
    NotifyWebPaymentStarted
    """.split()
)
"""Actions whose answers carry no status in any version; UpdateFirmware has none in 1.6."""

STATUSES: Mapping[str, Statuses] = MappingProxyType(
    dict.fromkeys(_PLAIN_ACTIONS, _PLAIN)
    | {
        "ChangeAvailability": _SCHEDULED,
        "ChangeConfiguration": _of("Accepted RebootRequired", "Rejected NotSupported"),
        "ChangeTransactionTariff": _of(
            "Accepted", "Rejected TooManyElements ConditionNotSupported TxNotFound NoCurrencyChange"
        ),
        "ClearChargingProfile": _UNKNOWN,
        "ClearDERControl": _DER,
        "ClearDisplayMessage": _of("Accepted", "Unknown Rejected"),
        "ClearTariffs": _of("Accepted", "Rejected NoTariff"),
        "ClearVariableMonitoring": _of("Accepted", "Rejected NotFound"),
        "CustomerInformation": _of("Accepted", "Rejected Invalid"),
        "DataTransfer": _of("Accepted", "Rejected UnknownMessageId UnknownVendorId"),
        "DeleteCertificate": _of("Accepted", "Failed NotFound"),
        "ExtendedTriggerMessage": _TRIGGER,
        "GetBaseReport": _REPORT,
        "GetChargingProfiles": _of("Accepted", "NoProfiles"),
        "GetDERControl": _DER,
        "GetDisplayMessages": _UNKNOWN,
        # The list itself is the answer, also when it is empty (SE-13).
        "GetInstalledCertificateIds": _of("Accepted NotFound", ""),
        "GetLog": _of("Accepted AcceptedCanceled", "Rejected"),
        "GetMonitoringReport": _REPORT,
        "GetReport": _REPORT,
        "GetTariffs": _of("Accepted NoTariff", "Rejected"),
        "GetVariables": _of("Accepted", _VARIABLE),
        "InstallCertificate": _STORED,
        "ReserveNow": _of("Accepted", "Faulted Occupied Rejected Unavailable"),
        "Reset": _SCHEDULED,
        "SendLocalList": _of("Accepted", "Failed NotSupported VersionMismatch"),
        "SetChargingProfile": _of("Accepted", "Rejected NotSupported"),
        "SetDERControl": _DER,
        "SetDefaultTariff": _of("Accepted", "Rejected TooManyElements ConditionNotSupported DuplicateTariffId"),
        "SetDisplayMessage": _of(
            "Accepted",
            "Rejected NotSupportedMessageFormat NotSupportedPriority NotSupportedState UnknownTransaction"
            " LanguageNotSupported",
        ),
        "SetMonitoringBase": _REPORT,
        "SetNetworkProfile": _STORED,
        "SetVariableMonitoring": _of(
            "Accepted", "Rejected UnknownComponent UnknownVariable UnsupportedMonitorType Duplicate"
        ),
        "SetVariables": _of("Accepted RebootRequired", _VARIABLE),
        "SignedUpdateFirmware": _FIRMWARE,
        "TriggerMessage": _TRIGGER,
        "UnlockConnector": _of("Unlocked", "UnlockFailed NotSupported OngoingAuthorizedTransaction UnknownConnector"),
        "UnpublishFirmware": _of("Unpublished", "DownloadOngoing NoFirmware"),
        "UpdateFirmware": _FIRMWARE,
        "UsePriorityCharging": _of("Accepted", "Rejected NoProfile"),
    }
)
ITEMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "ClearTariffs": ("clearTariffsResult", "status"),
        "ClearVariableMonitoring": ("clearMonitoringResult", "status"),
        "GetVariables": ("getVariableResult", "attributeStatus"),
        "SetVariableMonitoring": ("setMonitoringResult", "status"),
        "SetVariables": ("setVariableResult", "attributeStatus"),
    }
)
"""Where an answer has one status per item: the list, and the status in each entry."""
_EVERY_REFUSAL = frozenset(word for statuses in STATUSES.values() for word in statuses.refused)


def is_refusal(action: str, payload: Mapping[str, Any]) -> bool:
    """Whether the charger does nothing of what was asked.

    Of a list, when each item is refused. A status that its action does not have is read as any action's; an answer
    without a readable status is an answer.
    """
    if action == "GetDiagnostics":
        return not payload.get("fileName")  # nothing to send
    known = STATUSES.get(action, _of("", ""))
    told = list(_statuses(action, payload))
    return bool(told) and all(_is_refused(known, status) for status in told)


def says_something(action: str, payload: Mapping[str, Any]) -> bool:
    """Whether an answer says what became of the request, in words that its action has."""
    known = STATUSES.get(action)
    if known is None or action in WITHOUT_STATUS or (action == "UpdateFirmware" and "status" not in payload):
        return True
    return any(status in known.granted or _is_refused(known, status) for status in _statuses(action, payload))


def _is_refused(known: Statuses, status: str) -> bool:
    return status in known.refused or (status in _EVERY_REFUSAL and status not in known.granted)


def _statuses(action: str, payload: Mapping[str, Any]) -> Iterator[str]:
    if action not in ITEMS:
        yield str(payload.get("status"))
        return
    field, name = ITEMS[action]
    items = payload.get(field)
    for item in items if isinstance(items, list) else ():
        yield str(item.get(name)) if isinstance(item, Mapping) else ""
