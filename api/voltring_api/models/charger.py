"""A charger as operators see it: who it is, whether it is here, and how each of its connectors does."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator

from voltring_api.models.base import Description, Input, Instant, Number, Output
from voltring_api.models.site import SiteId, TimeZone
from voltring_core.domain.chargers import check_identity
from voltring_core.ocpp.quirks import check_override, resolve

Identity = Annotated[str, AfterValidator(check_identity), Field(min_length=1, max_length=48, examples=["CP-0001"])]
OcppVersion = Literal["1.6", "2.0.1", "2.1"]


def _presentable(secret: str) -> str:
    # Never with the value in what is said.
    if not secret.isprintable() or secret != secret.strip():
        raise ValueError("must be printable, without spaces at its ends")
    return secret


GivenSecret = Annotated[str, Field(min_length=16, max_length=64), AfterValidator(_presentable)]
"""A secret that a charger has already."""
_ONE_IT_HAS = (
    "One that the charger has already: 16 to 64 printable characters. For OCPP 1.6 the 32 to 40 hex digits of its "
    "AuthorizationKey, in either case; the bytes that they stand for are accepted too. Left out or null: one is made."
)
SecurityProfile = Literal[2, 3]
_PROFILE = (
    "How it must connect: 2, over TLS and with its secret; 3, over TLS and with a client certificate, no secret. Both "
    "want a router that the nodes trust. Null: with its secret, over TLS or not."
)
CertificateName = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_presentable)]
_CERTIFICATE = (
    "The common name of its client certificate, as its serial number; null: its id. No two chargers of security "
    "profile 3 have the same."
)
Registered = Literal["none", "Accepted", "Pending", "Rejected"]
Wanted = Literal["Accepted", "Pending", "Rejected"]


class Summary(StrEnum):
    """The most telling state of a charger's connectors, the most telling first."""

    FAULTED = "Faulted"
    CHARGING = "Charging"
    SUSPENDED_EV = "SuspendedEV"
    SUSPENDED_EVSE = "SuspendedEVSE"
    FINISHING = "Finishing"
    PREPARING = "Preparing"
    OCCUPIED = "Occupied"
    RESERVED = "Reserved"
    AVAILABLE = "Available"
    UNAVAILABLE = "Unavailable"
    UNKNOWN = "Unknown"


_RESOLVED = ("vendor", "model", "firmware_version", "quirks")
_ORDER = tuple(Summary)
_RANKS = {summary.value: rank for rank, summary in enumerate(_ORDER)}
# OCPP 2.x says only "Occupied" of a connector; its transaction knows more.
_OF_OCCUPIED = {
    "Charging": "Charging",
    "SuspendedEV": "SuspendedEV",
    "SuspendedEVSE": "SuspendedEVSE",
    "EVConnected": "Preparing",
}


class Station(Output):
    """The state of the station as a whole (OCPP 1.6: connector 0)."""

    status: str
    error_code: str | None
    at: Instant


class Connector(Output):
    """The state of one connector."""

    connector_id: int
    status: str = Field(examples=["Available"])
    error_code: str | None = Field(examples=["NoError"])
    info: str | None
    vendor_error_code: str | None
    at: Instant


class RunningTransaction(Output):
    """The session that runs on an EVSE."""

    id: UUID
    state: Literal["Active"]
    charging_state: str | None
    started_at: Instant | None
    energy_wh: Number
    power_w: Number
    soc_percent: Number
    id_token: str | None


class Evse(Output):
    """An EVSE; connector N of an OCPP 1.6 charger is EVSE N with connector 1."""

    evse_id: int
    connectors: list[Connector]
    transaction: RunningTransaction | None


class Charger(Output):
    """A charger."""

    id: str = Field(examples=["CP-0001"])
    description: str
    status: Literal["registered", "quarantined"] = Field(
        description="Quarantined: it came unknown and waits for an operator to admit it."
    )
    online: bool = Field(
        description="Its socket is open, the node that holds it lives, and something was heard of late."
    )
    ocpp_version: OcppVersion | None = Field(description="Of its latest connection; null when it never came.")
    node: str | None = Field(description="The node that holds its socket.")
    registration: Registered = Field(description="What its latest BootNotification was answered with.")
    registration_wanted: Wanted = Field(
        description="What its next BootNotification is answered with; a quarantined charger is Pending all the same."
    )
    vendor: str | None
    model: str | None
    serial_number: str | None
    firmware_version: str | None
    connected_at: Instant | None
    disconnected_at: Instant | None
    last_seen_at: Instant | None
    booted_at: Instant | None
    has_secret: bool = Field(description="It must present a secret (HTTP Basic) when it connects.")
    security_profile: SecurityProfile | None = Field(description=_PROFILE)
    certificate_name: str | None = Field(description=_CERTIFICATE)
    quirks: dict[str, Any] = Field(
        description="What operators set of its deviations: rule and argument, false switches a rule off.",
        examples=[{"lenient_boot": True}],
    )
    quirks_in_effect: dict[str, Any] = Field(
        description="The rules that hold for it: those known of its vendor, model and firmware, and `quirks`."
    )
    ping_interval_s: Number = Field(description="Seconds of silence before a ping; null: as its node has it.")
    silence_limit_s: Number = Field(description="Seconds of silence until its socket is closed; null: as above.")
    call_timeout_s: Number = Field(description="Seconds that it has to answer a command; null: as above.")
    device_model_stale: bool = Field(
        description="Its firmware or OCPP version has changed since its variables were told: read them again."
    )
    site_id: str | None = Field(description="The site that it stands at.")
    time_zone: str | None = Field(
        description="IANA; of its times without a zone (null: UTC), and of its prices where it has no site."
    )
    created_at: Instant
    updated_at: Instant
    status_summary: Summary
    power_w: Number = Field(description="W, of all running transactions; null when nothing is known.")
    station: Station | None
    evses: list[Evse]


class ChargerWithSecret(Charger):
    """A charger and the secret that it is to present; shown this one time."""

    secret: str | None = Field(
        description="Null when the one it presented stays good, or when it was given: a given one is never repeated."
    )


class NewCharger(Input):
    """A charger to be registered."""

    id: Identity
    description: Description = ""
    secret: GivenSecret | None = Field(default=None, description=_ONE_IT_HAS)
    security_profile: SecurityProfile | None = Field(default=None, description=_PROFILE)
    certificate_name: CertificateName | None = Field(default=None, description=_CERTIFICATE)


class SecretChange(Input):
    """The secret that a charger is to present from now on."""

    secret: GivenSecret | None = Field(default=None, description=_ONE_IT_HAS)


def _known(quirks: dict[str, Any]) -> dict[str, Any]:
    if faults := check_override(quirks):
        raise ValueError("; ".join(faults))
    return quirks


Seconds = Annotated[float, Field(ge=1, le=86_400)]


class ChargerChange(Input):
    """What can be changed of a charger; what is left out stays. All but the description holds from its next
    connection on."""

    description: Description = ""
    quirks: Annotated[dict[str, Any], AfterValidator(_known)] = Field(
        default={}, description="Replaces the whole override; `GET /v1/quirks` lists the rules."
    )
    ping_interval_s: Seconds | None = Field(default=None, description="null: as its node has it.")
    silence_limit_s: Seconds | None = Field(
        default=None, description="null: as its node has it. At least two pings long, and 60 s without a ping interval."
    )
    call_timeout_s: Annotated[float, Field(ge=1, le=600)] | None = Field(
        default=None, description="null: as its node has it."
    )
    site_id: SiteId | None = Field(default=None, description="The site that it stands at; null: none.")
    time_zone: TimeZone | None = Field(
        default=None, description="IANA; of its times without a zone (null: UTC), and of its prices without a site."
    )

    security_profile: SecurityProfile | None = Field(default=None, description=_PROFILE)
    certificate_name: CertificateName | None = Field(default=None, description=_CERTIFICATE)

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError(f"name at least one of {', '.join(type(self).model_fields)}")
        return self


class Secret(Output):
    """A new secret, shown this one time; the old one is no longer good."""

    secret: str | None = Field(description="Null when it was given: a given one is never repeated.")


def charger_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a `Charger` from a row of `chargers.sql`."""
    connectors: list[dict[str, Any]] = row["connectors"] or []
    running: list[dict[str, Any]] = row["transactions"] or []
    station = next((it for it in connectors if it["evse_id"] == 0), None)
    evses = _evses([it for it in connectors if it["evse_id"] > 0], running)
    powers = [it["power_w"] for it in running if it["power_w"] is not None]
    return {
        **row,
        "quirks_in_effect": dict(resolve(*(row.get(name) for name in _RESOLVED)).rules),
        "station": station,
        "evses": evses,
        "power_w": sum(powers) if powers else None,
        "status_summary": summarize(station, evses),
    }


def _evses(connectors: Iterable[dict[str, Any]], running: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    evses: dict[int, dict[str, Any]] = {}

    def evse(number: int) -> dict[str, Any]:
        return evses.setdefault(number, {"evse_id": number, "connectors": [], "transaction": None})

    for connector in connectors:
        evse(connector["evse_id"])["connectors"].append(connector)
    for transaction in running:
        # A charger with one EVSE need not say which; the latest session of an EVSE is the one that runs.
        evse(transaction["evse_id"] or min(evses, default=1))["transaction"] = transaction
    return [evses[number] for number in sorted(evses)]


def summarize(station: Mapping[str, Any] | None, evses: Iterable[Mapping[str, Any]]) -> Summary:
    """The most telling state of all connectors; the station's own where it has none or is faulted."""
    found = [status for evse in evses for status in _statuses(evse)]
    if station is not None and (not found or station["status"] == Summary.FAULTED):
        found.append(station["status"])
    rank = min((_RANKS[status] for status in found if status in _RANKS), default=len(_ORDER) - 1)
    return _ORDER[rank]


def _statuses(evse: Mapping[str, Any]) -> list[str]:
    transaction = evse["transaction"]
    finer = _OF_OCCUPIED.get(str(transaction["charging_state"]), "Occupied") if transaction else "Occupied"
    told = [str(connector["status"]) for connector in evse["connectors"]]
    if transaction and not told:
        return [finer]
    return [finer if status == "Occupied" else status for status in told]
