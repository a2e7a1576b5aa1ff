"""The table of contents of answers: action -> its meaning, whichever versions have it."""

from collections.abc import Mapping
from types import MappingProxyType

from voltring_core.domain.kinds import RecordKind as Kind
from voltring_node.handlers.answers import (
    availability,
    certificates,
    der,
    display,
    files,
    local_list,
    monitoring,
    network,
    profiles,
    reservations,
    schedules,
    settings,
    streams,
    tariffs,
    transactions,
)
from voltring_node.handlers.answers.answer import Meaning

_AVAILABILITY = frozenset({Kind.AVAILABILITY})
_CERTIFICATES = frozenset({Kind.CERTIFICATE})
_CONTROLS = frozenset({Kind.DER_CONTROL})
_FIRMWARE = frozenset({Kind.FIRMWARE})
_MONITORS = frozenset({Kind.MONITOR})
_PROFILES = frozenset({Kind.CHARGING_PROFILE})
_PUBLICATIONS = frozenset({Kind.FIRMWARE_PUBLICATION})
_RESERVATIONS = frozenset({Kind.RESERVATION})
_STREAMS = frozenset({Kind.EVENT_STREAM})
_TARIFFS = frozenset({Kind.TARIFF})

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "AdjustPeriodicEventStream": Meaning(streams.adjusted, _STREAMS),
        "CancelReservation": Meaning(reservations.cancelled, _RESERVATIONS),
        "CertificateSigned": Meaning(certificates.signed),
        "ChangeAvailability": Meaning(availability.changed, _AVAILABILITY),
        "ChangeConfiguration": Meaning(settings.configuration_changed, variables=settings.keys),
        "ClearChargingProfile": Meaning(profiles.cleared, _PROFILES),
        "ClearDERControl": Meaning(der.cleared, _CONTROLS),
        "ClearDisplayMessage": Meaning(display.message_cleared),
        "ClearTariffs": Meaning(tariffs.cleared, _TARIFFS),
        "ClearVariableMonitoring": Meaning(monitoring.monitors_cleared),
        "DeleteCertificate": Meaning(certificates.deleted, _CERTIFICATES),
        "GetChargingProfiles": Meaning(profiles.nothing_reported),
        "GetCompositeSchedule": Meaning(schedules.composite),
        "GetConfiguration": Meaning(settings.configuration_read, variables=settings.keys),
        "GetDERControl": Meaning(der.nothing_reported, _CONTROLS),
        "GetDiagnostics": Meaning(files.diagnostics, frozenset({Kind.DIAGNOSTICS})),
        "GetDisplayMessages": Meaning(display.nothing_reported),
        "GetInstalledCertificateIds": Meaning(certificates.listed, _CERTIFICATES),
        "GetLocalListVersion": Meaning(local_list.version_read, frozenset({Kind.LOCAL_LIST})),
        "GetLog": Meaning(files.log, frozenset({Kind.LOG})),
        "GetMonitoringReport": Meaning(monitoring.nothing_reported),
        "GetPeriodicEventStream": Meaning(streams.listed, _STREAMS),
        "GetTariffs": Meaning(tariffs.listed, _TARIFFS),
        "GetTransactionStatus": Meaning(transactions.status),
        "GetVariables": Meaning(settings.variables_read, variables=settings.names),
        "InstallCertificate": Meaning(certificates.installed),
        "PublishFirmware": Meaning(files.published, _PUBLICATIONS),
        "RemoteStartTransaction": Meaning(profiles.started, _PROFILES),
        "RequestStartTransaction": Meaning(profiles.started, _PROFILES),
        "ReserveNow": Meaning(reservations.made, _RESERVATIONS),
        "SendLocalList": Meaning(local_list.sent),
        "SetChargingProfile": Meaning(profiles.profile_set, _PROFILES),
        "SetDERControl": Meaning(der.control_set, _CONTROLS),
        "SetDefaultTariff": Meaning(tariffs.default_set, _TARIFFS),
        "SetDisplayMessage": Meaning(display.message_set),
        "SetMonitoringBase": Meaning(monitoring.base_set, _MONITORS),
        "SetMonitoringLevel": Meaning(monitoring.level_set),
        "SetNetworkProfile": Meaning(network.profile_set),
        "SetVariableMonitoring": Meaning(monitoring.monitors_set),
        "SetVariables": Meaning(settings.variables_set, variables=settings.names),
        "SignedUpdateFirmware": Meaning(files.firmware, _FIRMWARE),
        "UnpublishFirmware": Meaning(files.unpublished, _PUBLICATIONS),
        "UpdateDynamicSchedule": Meaning(profiles.updated, _PROFILES),
        "UpdateFirmware": Meaning(files.firmware, _FIRMWARE),
        "UsePriorityCharging": Meaning(schedules.priority),
    }
)

NOTHING_TO_KEEP: Mapping[str, str] = MappingProxyType(
    {
        "AFRRSignal": "a signal of the moment: the command's row has it",
        "ChangeTransactionTariff": "holds for one transaction: its costs are told by TransactionEvent",
        "ClearCache": "what a charger caches is not known here",
        "CostUpdated": "the answer is empty",
        "CustomerInformation": "told by NotifyCustomerInformation",
        "DataTransfer": "a vendor's own: the command's row has the answer",
        "ExtendedTriggerMessage": "what is triggered comes as its own message",
        "GetBaseReport": "told by NotifyReport; an empty report says nothing of what is there",
        "GetReport": "told by NotifyReport; an empty report says nothing of what is there",
        "NotifyAllowedEnergyTransfer": "holds for one transaction: the command's row has it",
        "NotifyWebPaymentStarted": "the answer is empty",
        "RemoteStopTransaction": "told by StopTransaction",
        "RequestBatterySwap": "told by BatterySwap",
        "RequestStopTransaction": "told by TransactionEvent",
        "Reset": "told by BootNotification",
        "TriggerMessage": "what is triggered comes as its own message",
        "UnlockConnector": "a lock has no state in OCPP: the command's row has the answer",
    }
)
"""Action -> why its answer changes nothing that is kept."""
