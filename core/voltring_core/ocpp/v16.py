"""OCPP 1.6 payloads <-> the domain's words. Payloads have passed their schema, or are transaction messages that
were repaired and may still lack a field."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.domain import messages as said
from voltring_core.domain.messages import EventKind, IdToken, Sample, TokenDecision, TokenStatus
from voltring_core.domain.metering import canonical, read_number, read_register, split_unit
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
    return said.Booted(
        vendor=payload["chargePointVendor"],
        model=payload["chargePointModel"],
        serial_number=payload.get("chargePointSerialNumber") or payload.get("chargeBoxSerialNumber"),
        firmware_version=payload.get("firmwareVersion"),
        reason=None,
    )


def _status(payload: Payload) -> said.StatusReported:
    number = place(payload["connectorId"])
    if number is None:
        raise ValueError("there is no such connector")
    return said.StatusReported(
        evse_id=number,
        connector_id=1 if number else 0,
        status=payload["status"],
        error_code=payload.get("errorCode"),
        info=payload.get("info"),
        vendor_error_code=payload.get("vendorErrorCode"),
        at=read_time(payload.get("timestamp")),
    )


def _authorize(payload: Payload) -> said.AuthorizeAsked:
    return said.AuthorizeAsked(IdToken(token_text(payload["idTag"])))


def _start(payload: Payload) -> said.TransactionReported:
    return said.TransactionReported(
        kind=EventKind.STARTED,
        at=time_of(payload),
        evse_id=place(payload.get("connectorId")),
        connector_id=1,
        token=IdToken(token_text(payload.get("idTag", ""))),
        meter_wh=read_register(payload.get("meterStart")),
        reservation_id=reservation(payload.get("reservationId")),
    )


def _stop(payload: Payload) -> said.TransactionReported:
    tag = payload.get("idTag")
    return said.TransactionReported(
        kind=EventKind.ENDED,
        at=time_of(payload),
        transaction_id=_transaction_id(payload),
        token=None if tag is None else IdToken(token_text(tag)),
        meter_wh=read_register(payload.get("meterStop")),
        samples=samples(payload.get("transactionData", ()), _sample),
        reason=payload.get("reason"),
    )


def _meter_values(payload: Payload) -> said.Metered:
    return said.Metered(
        evse_id=place(payload.get("connectorId")) or 0,
        transaction_id=_transaction_id(payload),
        samples=samples(payload.get("meterValue", ()), _sample),
    )


def _transaction_id(payload: Payload) -> str | None:
    """The id that was given out at the start; None for what never was one (-1, 0, beyond int32)."""
    number = whole(payload.get("transactionId"))
    return str(number) if number is not None and number > 0 else None


def _sample(value: Payload, at: Any) -> Sample:
    raw = str(value.get("value", ""))
    measurand = value.get("measurand", MEASURAND)
    unit = value.get("unit")
    number = None if value.get("format") == "SignedData" else read_number(raw)
    if number is None:
        digits, written = split_unit(raw)
        number = None if value.get("format") == "SignedData" else read_number(digits)
        unit = unit or written
    number, unit = canonical(number, unit, measurand)
    return Sample(
        at,
        measurand,
        number,
        unit,
        raw,
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
        "StartTransaction": _start,
        "StatusNotification": _status,
        "StopTransaction": _stop,
    }
)
"""Action -> what it says; every other action is told in its own words."""


def write_token(decision: TokenDecision) -> Payload:
    """An idTagInfo; 1.6 says Invalid for a tag that nobody knows."""
    status = TokenStatus.INVALID if decision.status is TokenStatus.UNKNOWN else decision.status
    info: dict[str, Any] = {"status": status.value}
    if decision.expires_at is not None:
        info["expiryDate"] = write_time(decision.expires_at)
    if decision.group_id_token:
        info["parentIdTag"] = decision.group_id_token[:20]
    return info
