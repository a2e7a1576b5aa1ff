"""The table of contents, second part: what chargers tell beside their sessions, in their own words.

One handler for an action, whichever versions have it; the payload has passed its schema. Each handler returns facts:
what happened (EventFact), what holds now (RecordFact, VariablesFact), a part of a report (ReportFact), what came of a
command (CommandFact), values of a stream (StreamFact).
"""

from collections.abc import Mapping
from types import MappingProxyType

from voltring_node.handlers import (
    certificates,
    events,
    files,
    payment,
    plug_and_charge,
    reporting,
    reservations,
    smart_charging,
    streams,
    swapping,
)
from voltring_node.handlers.route import Route

_FILE = Route(files.status, files.want)
TOLD: Mapping[str, Route] = MappingProxyType(
    {
        "BatterySwap": Route(swapping.swap, swapping.want),
        "ClearedChargingLimit": Route(smart_charging.limit_cleared, smart_charging.want_limits),
        "ClosePeriodicEventStream": Route(streams.closed, streams.want),
        # Any other DataTransfer is read in the domain's words (`routes.py`).
        "DataTransfer": Route(plug_and_charge.transfer, plug_and_charge.want),
        "DiagnosticsStatusNotification": _FILE,
        "FirmwareStatusNotification": _FILE,
        "Get15118EVCertificate": Route(certificates.contract),
        "GetCertificateChainStatus": Route(certificates.chain_status),
        "GetCertificateStatus": Route(certificates.status),
        "LogStatusNotification": _FILE,
        "NotifyChargingLimit": Route(smart_charging.limit),
        "NotifyCustomerInformation": Route(reporting.customer_information, reporting.want),
        "NotifyDERAlarm": Route(events.der_alarm),
        "NotifyDERStartStop": Route(events.der_start_stop, events.want_der_controls),
        "NotifyDisplayMessages": Route(reporting.display_messages, reporting.want),
        "NotifyEVChargingNeeds": Route(smart_charging.needs),
        "NotifyEVChargingSchedule": Route(smart_charging.schedule),
        "NotifyEvent": Route(events.device, events.want_events),
        "NotifyMonitoringReport": Route(reporting.monitors, reporting.want),
        "NotifyPeriodicEventStream": Route(streams.values, streams.want),
        "NotifyPriorityCharging": Route(smart_charging.priority),
        "NotifyReport": Route(reporting.device_model, reporting.want),
        "NotifySettlement": Route(payment.settlement),
        "OpenPeriodicEventStream": Route(streams.opened),
        "PublishFirmwareStatusNotification": _FILE,
        "PullDynamicScheduleUpdate": Route(smart_charging.pull),
        "ReportChargingProfiles": Route(reporting.charging_profiles, reporting.want),
        "ReportDERControl": Route(reporting.der_controls, reporting.want),
        "ReservationStatusUpdate": Route(reservations.updated, reservations.want),
        "SecurityEventNotification": Route(events.security),
        "SignCertificate": Route(certificates.sign),
        "SignedFirmwareStatusNotification": _FILE,
        "VatNumberValidation": Route(payment.vat_number),
    }
)
