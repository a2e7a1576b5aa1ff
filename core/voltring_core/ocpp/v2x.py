"""OCPP 2.0.1 and 2.1 payloads <-> the domain's words. What is said here is the same in both; 2.1 adds actions.

Payloads have passed their schema, or are transaction messages that were repaired and may still lack a field.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.domain import messages as said
from voltring_core.domain.messages import EventKind, IdToken, Sample, TokenDecision
from voltring_core.domain.metering import canonical, read_number
from voltring_core.domain.times import read_time
from voltring_core.ocpp.wire import (
    MEASURAND,
    Payload,
    data_transfer,
    place,
    reservation,
    samples,
    time_of,
    token_text,
    whole,
    write_time,
)


def _boot(payload: Payload) -> said.Booted:
    station = payload["chargingStation"]
    return said.Booted(
        vendor=station["vendorName"],
        model=station["model"],
        serial_number=station.get("serialNumber"),
        firmware_version=station.get("firmwareVersion"),
        reason=payload.get("reason"),
    )


def _status(payload: Payload) -> said.StatusReported:
    evse, connector = place(payload["evseId"]), place(payload["connectorId"])
    if evse is None or connector is None:
        raise ValueError("there is no such connector")
    return said.StatusReported(
        evse_id=evse,
        connector_id=connector,
        status=payload["connectorStatus"],
        error_code=None,
        info=None,
        vendor_error_code=None,
        at=read_time(payload.get("timestamp")),
    )


def _token(given: Any) -> IdToken | None:
    if not isinstance(given, Mapping):
        return None
    return IdToken(token_text(given.get("idToken", "")), str(given.get("type", "")))


def _authorize(payload: Payload) -> said.AuthorizeAsked:
    return said.AuthorizeAsked(_token(payload["idToken"]) or IdToken(""))


def _transaction_event(payload: Payload) -> said.TransactionReported:
    about = payload.get("transactionInfo") or {}
    evse = payload.get("evse") or {}
    return said.TransactionReported(
        kind=EventKind(payload.get("eventType", EventKind.UPDATED)),
        at=time_of(payload),
        transaction_id=about.get("transactionId") or None,
        seq_no=whole(payload.get("seqNo")) or 0,
        offline=payload.get("offline", False),
        trigger=payload.get("triggerReason"),
        charging_state=about.get("chargingState"),
        evse_id=place(evse.get("id")),
        connector_id=place(evse.get("connectorId")),
        token=_token(payload.get("idToken")),
        samples=samples(payload.get("meterValue", ()), _sample),
        reason=about.get("stoppedReason"),
        reservation_id=reservation(payload.get("reservationId")),
        remote_start_id=whole(about.get("remoteStartId")),
    )


def _meter_values(payload: Payload) -> said.Metered:
    return said.Metered(place(payload.get("evseId")) or 0, None, samples(payload.get("meterValue", ()), _sample))


def _sample(value: Payload, at: Any) -> Sample:
    given = value.get("value")
    unit = value.get("unitOfMeasure") or {}
    measurand = value.get("measurand", MEASURAND)
    number = read_number(given)
    if number is not None and (multiplier := whole(unit.get("multiplier"))):
        number = number.scaleb(multiplier) if abs(multiplier) < 19 else None
    number, name = canonical(number, unit.get("unit"), measurand)
    return Sample(
        at,
        measurand,
        number,
        name,
        str(given),
        value.get("phase"),
        value.get("location"),
        value.get("context"),
    )


READ: Mapping[str, Callable[[Payload], said.Said]] = MappingProxyType(
    {
        "Authorize": _authorize,
        "BootNotification": _boot,
        "DataTransfer": data_transfer,
        "Heartbeat": lambda payload: said.Beat(),
        "MeterValues": _meter_values,
        "StatusNotification": _status,
        "TransactionEvent": _transaction_event,
    }
)
"""Action -> what it says; every other action is told in its own words."""


def write_token(decision: TokenDecision) -> Payload:
    """An idTokenInfo."""
    info: dict[str, Any] = {"status": decision.status.value}
    if decision.expires_at is not None:
        info["cacheExpiryDateTime"] = write_time(decision.expires_at)
    if decision.group_id_token:
        info["groupIdToken"] = {"idToken": decision.group_id_token[:36], "type": "Central"}
    return info
