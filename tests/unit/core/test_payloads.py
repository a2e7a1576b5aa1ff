"""Payloads of each version in the domain's words, and what operators want in a charger's words."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from voltring_core.domain.chargers import RegistrationAnswer
from voltring_core.domain.messages import Beat, Booted, EventKind, IdToken, Registration
from voltring_core.ocpp import intents, v2x, v16
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import whole, write_boot, write_time

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AT = "2026-01-01T12:00:00Z"


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, 1),
        (1.0, 1),
        (-1, -1),
        (1.5, None),
        (True, None),
        ("1", None),
        (None, None),
        (2**31, None),
        (1e300, None),
        (2**31 - 1, 2**31 - 1),
    ],
)
def test_an_id_is_a_whole_number_that_can_be_kept(value, number):
    found = whole(value)
    assert found == number
    assert found is None or type(found) is int


def test_a_16_connector_is_an_evse_with_one_connector():
    said = v16.READ["StatusNotification"]({"connectorId": 2, "errorCode": "NoError", "status": "Available"})
    assert (said.evse_id, said.connector_id, said.at) == (2, 1, None)
    station = v16.READ["StatusNotification"]({"connectorId": 0, "errorCode": "NoError", "status": "Available"})
    assert (station.evse_id, station.connector_id) == (0, 0)


def test_a_16_start_is_read():
    said = v16.READ["StartTransaction"](
        {"connectorId": 1.0, "idTag": "A", "meterStart": 5, "timestamp": AT, "reservationId": 0}
    )
    assert (said.kind, said.at, said.evse_id, said.token, said.meter_wh) == (
        EventKind.STARTED,
        NOON,
        1,
        IdToken("A"),
        5,
    )
    assert (said.transaction_id, said.seq_no, said.reservation_id) == (None, None, None)


@pytest.mark.parametrize(
    ("given", "read"), [(7, "7"), (7.0, "7"), (0, None), (-1, None), (2**63 - 1, None), (None, None)]
)
def test_a_16_transaction_id_that_was_never_given_out_is_none(given, read):
    stop = {"transactionId": given, "meterStop": 5, "timestamp": AT}
    assert v16.READ["StopTransaction"](stop).transaction_id == read
    assert v16.READ["MeterValues"]({"connectorId": 1, "transactionId": given}).transaction_id == read


def test_16_readings_are_canonical_and_keep_their_original():
    group = {
        "timestamp": AT,
        "sampledValue": [
            {"value": "1.5", "unit": "kWh"},
            {"value": "2 kWh"},
            {"value": "11", "measurand": "Power.Active.Import"},
            {"value": "AA==", "format": "SignedData"},
            {"value": "broken"},
        ],
    }
    samples = v16.READ["MeterValues"]({"connectorId": 1, "meterValue": [group]}).samples
    assert [(one.value, one.unit, one.raw) for one in samples] == [
        (Decimal(1500), "Wh", "1.5"),
        (Decimal(2000), "Wh", "2 kWh"),
        (Decimal(11), "W", "11"),
        (None, "Wh", "AA=="),
        (None, "Wh", "broken"),
    ]


@pytest.mark.parametrize(
    ("unit", "value", "canonical"),
    [
        (None, 5, 5),
        ({"unit": "kWh"}, 5, 5000),
        ({"unit": "Wh", "multiplier": 3}, 5, 5000),
        ({"unit": "Wh", "multiplier": -1}, 5, Decimal("0.5")),
        ({"unit": "Wh", "multiplier": 1.0}, 5, 50),
        ({"unit": "Wh", "multiplier": 400}, 5, None),
    ],
)
def test_a_2x_multiplier_is_applied(unit, value, canonical):
    sample = {"value": value} | ({"unitOfMeasure": unit} if unit else {})
    said = v2x.READ["MeterValues"]({"evseId": 1, "meterValue": [{"timestamp": AT, "sampledValue": [sample]}]})
    assert said.samples[0].value == canonical


def test_a_2x_event_is_read():
    said = v2x.READ["TransactionEvent"](
        {
            "eventType": "Ended",
            "timestamp": AT,
            "triggerReason": "EVDeparted",
            "seqNo": 4,
            "offline": True,
            "transactionInfo": {"transactionId": "t", "stoppedReason": "EVDisconnected", "remoteStartId": 9},
            "evse": {"id": 1, "connectorId": 2},
            "idToken": {"idToken": "A", "type": "Central"},
        }
    )
    assert (said.kind, said.transaction_id, said.seq_no, said.offline) == (EventKind.ENDED, "t", 4, True)
    assert (said.reason, said.remote_start_id, said.evse_id, said.connector_id) == ("EVDisconnected", 9, 1, 2)
    assert said.token == IdToken("A", "Central")


def test_a_boot_is_read_in_both_generations():
    old = v16.READ["BootNotification"](
        {"chargePointVendor": "V", "chargePointModel": "M", "chargeBoxSerialNumber": "S"}
    )
    new = v2x.READ["BootNotification"](
        {"reason": "PowerUp", "chargingStation": {"vendorName": "V", "model": "M", "serialNumber": "S"}}
    )
    assert old == Booted("V", "M", "S", None, None)
    assert new == Booted("V", "M", "S", None, "PowerUp")
    assert v16.READ["Heartbeat"]({}) == v2x.READ["Heartbeat"]({}) == Beat()


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("status", [Registration.ACCEPTED, Registration.PENDING, Registration.REJECTED])
def test_a_registration_answer_keeps_its_schema(version, status):
    answer = dict(write_boot(RegistrationAnswer(status, NOON, 300)))
    assert answer == {"status": status.value, "currentTime": "2026-01-01T12:00:00.000Z", "interval": 300}
    assert is_valid(version, "BootNotification", answer, "response")


def test_a_time_is_written_in_utc_with_a_z():
    assert write_time(datetime.fromisoformat("2026-01-01T13:00:00.123456+01:00")) == "2026-01-01T12:00:00.123Z"


@pytest.mark.parametrize("version", Version)
def test_every_intent_is_a_valid_call_of_its_version(version):
    wanted = [
        intents.remote_start(version, id_token="A", remote_start_id=7),
        intents.remote_start(version, id_token="A", id_token_type="Central", evse_id=2, remote_start_id=7),
        intents.remote_stop(version, ocpp_transaction_id="12"),
        intents.reset(version, kind="soft"),
        intents.reset(version, kind="hard", evse_id=1),
        intents.unlock(version, evse_id=2),
    ]
    assert [one.action for one in wanted if not is_valid(version, one.action, one.payload)] == []


def test_a_16_stop_needs_a_number():
    with pytest.raises(ValueError, match="invalid literal"):
        intents.remote_stop(Version.V16, ocpp_transaction_id="abc")
