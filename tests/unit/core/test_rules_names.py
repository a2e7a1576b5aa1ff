"""Rules that several messages share: what must not be empty, places deep inside, profiles inside other messages."""

from datetime import UTC, datetime

import pytest

from voltring_core.ocpp.rules.checking import faults
from voltring_core.ocpp.rules.facts import Station
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LATER = "2026-05-01T13:00:00Z"
V16, V201, V21 = Version
EMPTY = {"idToken": "", "type": "Central"}
TARIFF = {"tariffId": "T", "currency": "EUR"}
NETWORK = {
    "ocppVersion": "OCPP20",
    "ocppTransport": "JSON",
    "ocppCsmsUrl": "wss://csms.example",
    "messageTimeout": 30,
    "securityProfile": 2,
    "ocppInterface": "Any",
}
PLAIN = {"id": 1, "chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 6}]}
DYNAMIC = {
    "id": 1,
    "stackLevel": 0,
    "chargingProfilePurpose": "TxProfile",
    "chargingProfileKind": "Dynamic",
    "transactionId": "T",
    "chargingSchedule": [PLAIN, PLAIN],
}
RELATIVE = DYNAMIC | {"chargingProfileKind": "Relative", "stackLevel": -1, "chargingSchedule": [PLAIN]}
START = {
    "idToken": {"idToken": "T", "type": "Central"},
    "remoteStartId": 1,
    "chargingProfile": {name: value for name, value in RELATIVE.items() if name != "transactionId"},
}


@pytest.mark.parametrize(
    ("version", "action", "payload", "found"),
    [
        (V21, "ChangeTransactionTariff", {"transactionId": "", "tariff": TARIFF}, ["transactionId"]),
        (V21, "SetDefaultTariff", {"evseId": 0, "tariff": TARIFF | {"tariffId": ""}}, ["tariff.tariffId"]),
        (
            V21,
            "SetDERControl",
            {
                "isDefault": False,
                "controlId": "",
                "controlType": "Gradients",
                "gradient": dict.fromkeys(("priority", "gradient", "softGradient"), 1),
            },
            ["controlId"],
        ),
        (
            V21,
            "NotifyAllowedEnergyTransfer",
            {"transactionId": "", "allowedEnergyTransfer": ["DC"]},
            ["transactionId"],
        ),
        (
            V201,
            "CustomerInformation",
            {"requestId": 1, "report": True, "clear": False, "customerIdentifier": " "},
            ["customerIdentifier"],
        ),
        (
            V201,
            "CustomerInformation",
            {"requestId": 1, "report": True, "clear": False, "idToken": EMPTY},
            ["idToken.idToken"],
        ),
        (V201, "ReserveNow", {"id": 1, "expiryDateTime": LATER, "idToken": EMPTY}, ["idToken.idToken"]),
        (
            V16,
            "ReserveNow",
            {"connectorId": 1, "expiryDate": LATER, "idTag": "", "reservationId": 1},
            ["idTag"],
        ),
        (V21, "SetNetworkProfile", {"configurationSlot": -1, "connectionData": NETWORK}, ["configurationSlot"]),
        (
            V201,
            "ClearChargingProfile",
            {"chargingProfileCriteria": {"evseId": -1}},
            ["chargingProfileCriteria.evseId"],
        ),
        (
            V21,
            "SetChargingProfile",
            {"evseId": 1, "chargingProfile": DYNAMIC},
            [f"chargingProfile.chargingSchedule.{place}.chargingSchedulePeriod" for place in (0, 1)],
        ),
        (V201, "RequestStartTransaction", START, ["chargingProfile.stackLevel"]),
    ],
)
def test_what_is_empty_or_nowhere_is_told_by_its_field(version, action, payload, found):
    assert is_valid(version, action, payload), payload
    assert [fault.field for fault in faults(version, action, payload, Station(), NOON)] == found
