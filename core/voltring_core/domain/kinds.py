"""The kinds of what chargers tell beside their sessions: what holds (records) and what happened (events); and what can
become of a frame.

A record's key, in the comment beside it, is unique for one charger; a new word on the same key replaces the old one.
"""

from enum import StrEnum


class RecordKind(StrEnum):
    """What holds at a charger."""

    AVAILABILITY = "Availability"  # EVSE and connector, `0:0` for the station: what was last asked for
    CERTIFICATE = "Certificate"  # type, hash algorithm, issuer key hash and serial number
    CHARGING_LIMIT = "ChargingLimit"  # EVSE and source
    CHARGING_NEEDS = "ChargingNeeds"  # EVSE
    CHARGING_PROFILE = "ChargingProfile"  # the profile's id
    CHARGING_SCHEDULE = "ChargingSchedule"  # EVSE: what the car plans
    COMPOSITE_SCHEDULE = "CompositeSchedule"  # EVSE
    DER_CONTROL = "DERControl"  # the control's id
    DIAGNOSTICS = "Diagnostics"  # empty: 1.6 has one upload at a time, without a number
    DISPLAY_MESSAGE = "DisplayMessage"  # the message's id
    EVENT_STREAM = "EventStream"  # the stream's id
    FIRMWARE = "Firmware"  # the request id, empty in plain 1.6
    FIRMWARE_PUBLICATION = "FirmwarePublication"  # the request id
    LOCAL_LIST = "LocalList"  # empty: one list a charger
    LOG = "Log"  # the request id
    MONITOR = "Monitor"  # the monitor's id
    MONITORING = "Monitoring"  # `base` or `level`
    NETWORK_PROFILE = "NetworkProfile"  # the slot
    PRIORITY_CHARGING = "PriorityCharging"  # the transaction's id
    RESERVATION = "Reservation"  # the reservation's id
    TARIFF = "Tariff"  # EVSE and the tariff's id


class StationEventKind(StrEnum):
    """What happened at a charger."""

    ALARM_CLEARED = "AlarmCleared"
    ALARM_RAISED = "AlarmRaised"
    BATTERY_SWAP = "BatterySwap"
    CERTIFICATE_REQUEST = "CertificateRequest"
    CHARGING_LIMIT = "ChargingLimit"
    CHARGING_NEEDS = "ChargingNeeds"
    CHARGING_SCHEDULE = "ChargingSchedule"
    COMMAND_POISONED = "CommandPoisoned"
    DATA_TRANSFER = "DataTransfer"
    DER_ALARM = "DERAlarm"
    DER_START_STOP = "DERStartStop"
    DEVICE_EVENT = "DeviceEvent"
    DIAGNOSTICS_STATUS = "DiagnosticsStatus"
    DUPLICATE_IDENTITY = "DuplicateIdentity"
    EVENT_STREAM = "EventStream"
    FIRMWARE_PUBLICATION_STATUS = "FirmwarePublicationStatus"
    FIRMWARE_STATUS = "FirmwareStatus"
    LOG_STATUS = "LogStatus"
    LOGON_REFUSED = "LogonRefused"
    PRIORITY_CHARGING = "PriorityCharging"
    RESERVATION_STATUS = "ReservationStatus"
    RESULT_REFUSED = "ResultRefused"
    SECRET_CHANGED = "SecretChanged"  # noqa: S105 - a kind of event
    SECURITY_EVENT = "SecurityEvent"
    SETTLEMENT = "Settlement"
    VAT_NUMBER = "VatNumber"


class Verdict(StrEnum):
    """What became of a frame."""

    OK = "ok"
    REPAIRED = "repaired"
    REPEAT = "repeat"
    REFUSED = "refused"
    MALFORMED = "malformed"
    STRAY = "stray"
    FAULT = "fault"
