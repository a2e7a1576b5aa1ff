"""A rich payload for each action by which a charger tells something, and what is kept of it."""

from datetime import UTC, datetime
from typing import Any

from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
NOW = datetime.now(UTC).replace(microsecond=0)
AT = NOW.isoformat().replace("+00:00", "Z")
OK = {"status": "Accepted"}
HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "aa", "issuerKeyHash": "bb", "serialNumber": "1f"}
WHERE = {"name": "Connector", "evse": {"id": 2, "connectorId": 1}}
SCHEDULE = {
    "id": 1,
    "duration": 3600,
    "chargingRateUnit": "A",
    "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 16, "numberPhases": 3}],
}
PROFILE = {
    "id": 11,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Relative",
    "chargingSchedule": [SCHEDULE],
}
NEEDS = {
    "requestedEnergyTransfer": "DC",
    "departureTime": AT,
    "dcChargingParameters": {"evMaxCurrent": 200, "evMaxVoltage": 800, "stateOfCharge": 40},
}
MONITOR = {
    "id": 9,
    "transaction": False,
    "value": 80,
    "type": "UpperThreshold",
    "severity": 3,
    "eventNotificationType": "CustomMonitor",
}
EVENTS = [
    {
        "eventId": 1,
        "timestamp": AT,
        "trigger": "Alerting",
        "actualValue": "85",
        "eventNotificationType": "CustomMonitor",
        "variableMonitoringId": 9,
        "component": WHERE,
        "variable": {"name": "Temperature"},
        "transactionId": "tx-1",
    },
    {
        "eventId": 2,
        "timestamp": AT,
        "trigger": "Delta",
        "actualValue": "Faulted",
        "eventNotificationType": "HardWiredNotification",
        "component": WHERE,
        "variable": {"name": "AvailabilityState"},
    },
]
CURVE = {
    "id": "der-1",
    "curveType": "VoltVar",
    "isDefault": False,
    "isSuperseded": False,
    "curve": {"priority": 0, "yUnit": "PctMaxVar", "curveData": [{"x": 1, "y": 2}]},
}
MESSAGE = {"id": 5, "priority": "InFront", "message": {"format": "UTF8", "language": "en", "content": "hello"}}
BATTERY = {"evseId": 1, "serialNumber": "B-1", "soC": 80, "soH": 95}
CARD = {"idToken": "CARD", "type": "ISO14443"}

RICH: dict[str, Any] = {
    "Authorize": {"idToken": {"idToken": "NLABC", "type": "eMAID"}, "certificate": "PEM"},
    "BatterySwap": {"batteryData": [BATTERY], "eventType": "BatteryIn", "idToken": CARD, "requestId": 1},
    "ClearedChargingLimit": {"chargingLimitSource": "SO", "evseId": 1},
    "ClosePeriodicEventStream": {"id": 4},
    "DataTransfer": {"vendorId": "acme", "messageId": "ping", "data": {"a": 1}},
    "FirmwareStatusNotification": {"status": "Downloading", "requestId": 31},
    "Get15118EVCertificate": {"iso15118SchemaVersion": "urn:x", "action": "Install", "exiRequest": "RVhJ"},
    "GetCertificateChainStatus": {
        "certificateStatusRequests": [
            {"certificateHashData": HASH, "source": "OCSP", "urls": ["https://x.example.org"]}
        ]
    },
    "GetCertificateStatus": {"ocspRequestData": HASH | {"responderURL": "https://ocsp.example.org"}},
    "LogStatusNotification": {"status": "UploadFailure", "requestId": 32},
    "NotifyChargingLimit": {
        "evseId": 1,
        "chargingLimit": {"chargingLimitSource": "EMS", "isGridCritical": True},
        "chargingSchedule": [SCHEDULE],
    },
    "NotifyCustomerInformation": {"requestId": 41, "seqNo": 0, "generatedAt": AT, "data": "nothing"},
    "NotifyDERAlarm": {"controlType": "HVMustTrip", "gridEventFault": "OverVoltage", "timestamp": AT},
    "NotifyDERStartStop": {"controlId": "der-2", "started": True, "timestamp": AT, "supersededIds": ["der-3"]},
    "NotifyDisplayMessages": {"requestId": 42, "messageInfo": [MESSAGE]},
    "NotifyEVChargingNeeds": {"evseId": 1, "chargingNeeds": NEEDS},
    "NotifyEVChargingSchedule": {"evseId": 1, "timeBase": AT, "chargingSchedule": SCHEDULE},
    "NotifyMonitoringReport": {
        "requestId": 43,
        "seqNo": 0,
        "generatedAt": AT,
        "monitor": [{"component": WHERE, "variable": {"name": "Temperature"}, "variableMonitoring": [MONITOR]}],
    },
    "NotifyEvent": {"generatedAt": AT, "seqNo": 0, "tbc": False, "eventData": EVENTS},
    "NotifyPriorityCharging": {"transactionId": "tx-1", "activated": True},
    "NotifyReport": {
        "requestId": 44,
        "seqNo": 0,
        "generatedAt": AT,
        "reportData": [
            {
                "component": {"name": "OCPPCommCtrlr"},
                "variable": {"name": "HeartbeatInterval"},
                "variableAttribute": [{"value": "300", "persistent": True}],
                "variableCharacteristics": {"unit": "s", "dataType": "integer", "supportsMonitoring": False},
            }
        ],
    },
    "NotifySettlement": {
        "transactionId": "tx-1",
        "pspRef": "psp-1",
        "status": "Settled",
        "settlementAmount": 12.5,
        "settlementTime": AT,
    },
    "OpenPeriodicEventStream": {"constantStreamData": {"id": 4, "params": {"interval": 60}, "variableMonitoringId": 9}},
    "PublishFirmwareStatusNotification": {"status": "Published", "requestId": 33, "location": ["http://192.0.2.1/fw"]},
    "PullDynamicScheduleUpdate": {"chargingProfileId": 11},
    "ReportChargingProfiles": {
        "requestId": 45,
        "chargingLimitSource": "CSO",
        "evseId": 1,
        "chargingProfile": [PROFILE],
    },
    "ReportDERControl": {"requestId": 46, "curve": [CURVE]},
    "ReservationStatusUpdate": {"reservationId": 8, "reservationUpdateStatus": "Expired"},
    "SecurityEventNotification": {"type": "TamperDetectionActivated", "timestamp": AT, "techInfo": "door"},
    "SignCertificate": {"csr": "PEM", "certificateType": "V2GCertificate"},
    "VatNumberValidation": {"vatNumber": "NL1", "evseId": 1},
}
RICH_16: dict[str, Any] = {
    "Authorize": {"idTag": "CARD"},
    "DataTransfer": {"vendorId": "acme", "messageId": "ping", "data": "{}"},
    "DiagnosticsStatusNotification": {"status": "Uploading"},
    "FirmwareStatusNotification": {"status": "Downloading"},
    "LogStatusNotification": {"status": "UploadFailure", "requestId": 32},
    "SecurityEventNotification": {"type": "TamperDetectionActivated", "timestamp": AT, "techInfo": "door"},
    "SignCertificate": {"csr": "PEM"},
    "SignedFirmwareStatusNotification": {"status": "InvalidSignature", "requestId": 31},
}
OF_SESSIONS = {
    "BootNotification",
    "Heartbeat",
    "MeterValues",
    "StartTransaction",
    "StatusNotification",
    "StopTransaction",
    "TransactionEvent",
}


def payloads(version: Version) -> dict[str, Any]:
    """A rich payload for each action; 2.0.1 has no `eventNotificationType` in a monitor."""
    if version is V16:
        return RICH_16
    found = {action: RICH[action] for action in RICH if action in FROM_CHARGER[version]}
    if version is V201:
        monitor = {name: value for name, value in MONITOR.items() if name != "eventNotificationType"}
        item = {"component": WHERE, "variable": {"name": "Temperature"}, "variableMonitoring": [monitor]}
        found["NotifyMonitoringReport"] = RICH["NotifyMonitoringReport"] | {"monitor": [item]}
    return found


EVENTS_16 = {
    ("DataTransfer", "acme", 8),
    ("DiagnosticsStatus", "Uploading", 8),
    ("FirmwareStatus", "Downloading", 8),
    ("FirmwareStatus", "InvalidSignature", 2),
    ("LogStatus", "UploadFailure", 4),
    ("SecurityEvent", "TamperDetectionActivated", 1),
    ("CertificateRequest", "ChargePointCertificate", 6),
}
EVENTS_201 = {
    ("CertificateRequest", "Get15118EVCertificate.Install", 6),
    ("CertificateRequest", "GetCertificateStatus", 6),
    ("CertificateRequest", "V2GCertificate", 6),
    ("ChargingLimit", "EMS", 5),
    ("ChargingLimit", "SO", 8),
    ("ChargingNeeds", "Rejected", 6),
    ("ChargingSchedule", "Accepted", 8),
    ("DataTransfer", "acme", 8),
    ("DeviceEvent", "Connector.AvailabilityState", None),
    ("DeviceEvent", "Connector.Temperature", 3),
    ("FirmwarePublicationStatus", "Published", 8),
    ("FirmwareStatus", "Downloading", 8),
    ("LogStatus", "UploadFailure", 4),
    ("ReservationStatus", "Expired", 8),
    ("SecurityEvent", "TamperDetectionActivated", 1),
}
EVENTS_21 = (EVENTS_201 - {("ChargingNeeds", "Rejected", 6)}) | {
    ("BatterySwap", "BatteryIn", 5),
    ("CertificateRequest", "GetCertificateChainStatus", 6),
    ("ChargingNeeds", "NoChargingProfile", 8),
    ("ChargingSchedule", "PullDynamicScheduleUpdate", 6),
    ("DERAlarm", "HVMustTrip", 3),
    ("DERStartStop", "der-2", 8),
    ("EventStream", "Closed", 8),
    ("EventStream", "Open", 8),
    ("PriorityCharging", "Activated", 8),
    ("Settlement", "Settled", 8),
    ("VatNumber", "Rejected", 6),
}
RECORDS_16 = {
    ("Diagnostics", "", None, "Uploading"),
    ("Firmware", "", None, "Downloading"),
    ("Firmware", "31", None, "InvalidSignature"),
    ("Log", "32", None, "UploadFailure"),
}
RECORDS_201 = {
    ("ChargingLimit", "1:EMS", 1, "Active"),
    ("ChargingNeeds", "1", 1, "Rejected"),
    ("ChargingProfile", "11", 1, "Reported"),
    ("ChargingSchedule", "1", 1, "Accepted"),
    ("DisplayMessage", "5", None, "Reported"),
    ("Firmware", "31", None, "Downloading"),
    ("FirmwarePublication", "33", None, "Published"),
    ("Log", "32", None, "UploadFailure"),
    ("Monitor", "9", 2, None),
    ("Reservation", "8", None, "Expired"),
}
RECORDS_21 = (RECORDS_201 - {("ChargingNeeds", "1", 1, "Rejected")}) | {
    ("ChargingNeeds", "1", 1, "NoChargingProfile"),
    ("DERControl", "der-1", None, "Reported"),
    ("DERControl", "der-2", None, "Started"),
    ("DERControl", "der-3", None, "Superseded"),
    ("EventStream", "4", None, "Closed"),
    ("PriorityCharging", "tx-1", None, "Activated"),
}
