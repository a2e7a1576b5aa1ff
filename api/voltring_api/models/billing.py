"""Money: charge detail records, what a session costs, what waits for a person. Amounts are strings in decimals."""

from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from voltring_api.models.base import Input, Instant, Output
from voltring_core.domain.billing import Billing, CdrKind, Ruling
from voltring_core.domain.billing_display import FINAL, RUNNING, VENDOR, Mode

Money = Annotated[str, Field(examples=["4.31"])]
Said = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=50)]


class ChargeRecord(Output):
    """A charge detail record: issued once, never changed. The amounts of a credit are positive; it takes them back."""

    id: UUID
    number: int = Field(description="What people call it by; numbers rise, and one may be missing.")
    transaction_id: UUID
    revision: int = Field(description="Its place among the records of its session, from 1.")
    kind: CdrKind
    corrects: UUID | None = Field(description="Of a credit: the charge that it takes back.")
    charger_id: str
    id_token: str | None
    currency: str = Field(examples=["EUR"])
    energy_wh: str = Field(examples=["12340"])
    net: Money
    tax: Money
    total: Money
    issued_at: Instant


class ChargeRecordWithContent(ChargeRecord):
    """The whole record: session, charger, site, times, energy and how it was measured, tariff, lines, totals."""

    content: dict[str, Any]


class BillReason(Output):
    """Why a session is not billed as it is."""

    reason: str = Field(examples=["energy_mismatch"])
    says: str


class Cost(Output):
    """What a session costs, so far or in the end, and where its billing stands."""

    transaction_id: UUID
    billing: Billing
    waits_for: list[BillReason] = Field(description="Why it is held, provisional or void.")
    ruling: Ruling | None = Field(description="What a person decided; a release is carried out within seconds.")
    ruled_by: str | None
    ruled_at: Instant | None
    note: str | None
    tariff_id: UUID | None = Field(description="The tariff in force at its start, frozen; null: none, or not yet.")
    currency: str | None
    net: Money | None
    tax: Money | None
    total: Money | None = Field(description="What it comes to; null where nothing prices it.")
    energy_wh: str | None
    until: Instant | None = Field(description="Up to when it was counted.")
    at: Instant | None = Field(description="When this was worked out.")
    lines: list[dict[str, Any]]
    taxes: list[dict[str, Any]]
    record_id: UUID | None = Field(description="The charge that stands.")
    billed: Money | None = Field(description="All charges less all credits; null as long as there are none.")


class Held(Output):
    """A session whose bill waits for a person."""

    transaction_id: UUID
    charger_id: str
    id_token: str | None
    started_at: Instant | None
    ended_at: Instant | None
    billing: Billing
    waits_for: list[BillReason]
    ruling: Ruling | None
    currency: str | None
    total: Money | None
    energy_wh: str | None


class HeldState(StrEnum):
    """What of the inbox is shown."""

    HELD = "held"
    PROVISIONAL = "provisional"


class Judgement(Input):
    """What an operator decides of a session, and why."""

    note: Said = Field(
        description="Kept with your name and the time.", examples=["Both meters were read; the driver has agreed."]
    )


class CreditReason(Input):
    """Why a charge is taken back."""

    reason: Said = Field(description="Stands on the credit note.", examples=["Goodwill: the cable did not unlock."])


class CostDisplay(Input):
    """How a charger shows what a session costs.

    `CostUpdated` tells it by that message and in the answers to TransactionEvent (OCPP 2.x), `DataTransfer` by one of
    its vendor's (OCPP 1.6), `none` not at all.
    """

    mode: Mode
    vendor_id: Annotated[str, StringConstraints(min_length=1, max_length=255)] = VENDOR
    running_message_id: Word = RUNNING
    final_message_id: Word = FINAL


class CostDisplayOfCharger(Output):
    """The setting of a charger."""

    setting: Literal["own", "device model"] = Field(
        description="`device model`: a 2.x charger is asked if TariffCostCtrlr.Available[Cost] is true."
    )
    display: CostDisplay | None
