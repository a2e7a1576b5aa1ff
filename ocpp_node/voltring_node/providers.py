"""Who is asked where an answer is not ours to give: certificate authorities, contract pools, OCSP, smart charging, tax
offices, payment services, vendors' extensions.

`consult` asks before a message is decided; what comes back is put in `Message.advice`, so that the handlers stay pure.
Each provider has a default that says no in plain words; an installation replaces it in `Providers`. A provider may be
asked twice for one message (a charger repeats what it got no answer to): it must do a thing once, by what the message
names (a CSR's key, a pspRef).
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from voltring_node.advice import Advice, default
from voltring_node.facts import Message
from voltring_node.handlers.plug_and_charge import unpacked

logger = logging.getLogger("voltring.providers")
LIMIT_S = 4.5
"""A charger that waits for an EV's certificate has five seconds itself (TR-23)."""
BUSY, BROKEN = "it took too long", "the provider failed"


class CertificateAuthority(Protocol):
    """Signs the certificates of charging stations and SECCs (A02, A03; SE-11)."""

    async def sign(self, message: Message) -> Advice:
        """SignCertificate: Accepted or Rejected at once. The chain follows as a CertificateSigned command; the CSR's
        signature, key and subject are the authority's to check, and one key gets one certificate."""
        ...


class ContractProvider(Protocol):
    """A contract certificate pool of ISO 15118 (M01, M02; SE-18)."""

    async def certificate(self, message: Message) -> Advice:
        """Get15118EVCertificate: Accepted with `exiResponse` (2.1: and `remainingContracts`), or Failed."""
        ...

    async def verify(self, message: Message) -> Advice:
        """Authorize with a contract certificate or its hash data: the `certificateStatus` as status (SE-17)."""
        ...


class RevocationService(Protocol):
    """OCSP responders and revocation lists (M06; SE-18). Only addresses that the installation allows may be asked."""

    async def status(self, message: Message) -> Advice:
        """GetCertificateStatus: Accepted with `ocspResult`, or Failed."""
        ...

    async def chain_status(self, message: Message) -> Advice:
        """GetCertificateChainStatus (2.1): `certificateStatus`, one for each certificate that was named."""
        ...


class ChargingPlanner(Protocol):
    """Plans with what cars need and what the grid allows (K15-K18, K28; SC-15)."""

    async def needs(self, message: Message) -> Advice:
        """NotifyEVChargingNeeds: Accepted, Processing (a profile follows within 60 s), Rejected, NoChargingProfile."""
        ...

    async def schedule(self, message: Message) -> Advice:
        """NotifyEVChargingSchedule: Accepted within the limits, else Rejected."""
        ...

    async def update(self, message: Message) -> Advice:
        """PullDynamicScheduleUpdate (2.1): Accepted with `scheduleUpdate`, or Rejected."""
        ...


class TaxOffice(Protocol):
    """Knows VAT numbers (C23)."""

    async def validate(self, message: Message) -> Advice:
        """VatNumberValidation: Accepted with `company`, or Rejected."""
        ...


class PaymentService(Protocol):
    """Settles ad-hoc payments (C20-C22)."""

    async def settle(self, message: Message) -> Advice:
        """NotifySettlement: `receiptUrl` and `receiptId` where the CSMS gives receipts; once for each `pspRef`."""
        ...


class VendorExtension(Protocol):
    """One vendor's own messages (P02)."""

    async def transfer(self, message: Message) -> Advice:
        """DataTransfer: Accepted, Rejected or UnknownMessageId, with `data` where there is some."""
        ...


class Nobody:
    """Every provider that is not there: the clear refusal of `advice.DEFAULTS`."""

    async def _refuse(self, message: Message) -> Advice:
        return default(message)

    sign = certificate = verify = status = chain_status = needs = schedule = update = validate = settle = _refuse


class NoCertificateAuthority(Nobody):
    """Signs nothing."""


class NoContractProvider(Nobody):
    """Has no contracts and can't verify any."""


class NoRevocationService(Nobody):
    """Asks no responder."""


class NoChargingPlanner(Nobody):
    """Plans nothing; what a car plans itself is accepted."""


class NoTaxOffice(Nobody):
    """Knows no VAT number."""


class NoPaymentService(Nobody):
    """Gives no receipts."""


@dataclass(frozen=True, slots=True)
class Providers:
    """Who is asked; `vendors` by vendorId."""

    authority: CertificateAuthority = field(default_factory=NoCertificateAuthority)
    contracts: ContractProvider = field(default_factory=NoContractProvider)
    revocation: RevocationService = field(default_factory=NoRevocationService)
    planner: ChargingPlanner = field(default_factory=NoChargingPlanner)
    tax: TaxOffice = field(default_factory=NoTaxOffice)
    payments: PaymentService = field(default_factory=NoPaymentService)
    vendors: Mapping[str, VendorExtension] = field(default_factory=dict)


Ask = Callable[[Message], Awaitable[Advice]]


def _authorize(providers: Providers, message: Message) -> Ask | None:
    is_contract = "certificate" in message.payload or "iso15118CertificateHashData" in message.payload
    return providers.contracts.verify if message.version.is_2x and is_contract else None


def _data_transfer(providers: Providers, message: Message) -> Ask | None:
    vendor = providers.vendors.get(message.payload["vendorId"])
    return None if vendor is None else vendor.transfer


_ASKS: Mapping[str, Callable[[Providers, Message], Ask | None]] = MappingProxyType(
    {
        "Authorize": _authorize,
        "DataTransfer": _data_transfer,
        "Get15118EVCertificate": lambda providers, _: providers.contracts.certificate,
        "GetCertificateChainStatus": lambda providers, _: providers.revocation.chain_status,
        "GetCertificateStatus": lambda providers, _: providers.revocation.status,
        "NotifyEVChargingNeeds": lambda providers, _: providers.planner.needs,
        "NotifyEVChargingSchedule": lambda providers, _: providers.planner.schedule,
        "NotifySettlement": lambda providers, _: providers.payments.settle,
        "PullDynamicScheduleUpdate": lambda providers, _: providers.planner.update,
        "SignCertificate": lambda providers, _: providers.authority.sign,
        "VatNumberValidation": lambda providers, _: providers.tax.validate,
    }
)
CONSULTED = frozenset(_ASKS)
"""Actions for which somebody may have to be asked; DataTransfer is also what 1.6 brings Plug and Charge in."""


async def consult(providers: Providers, message: Message, limit_s: float = LIMIT_S) -> Advice | None:
    """What the provider of this message says, None where nobody is to be asked. Never raises: a provider that fails
    or takes longer than `limit_s` counts as a refusal."""
    message = unpacked(message) or message
    find = _ASKS.get(message.action or "")
    ask = None if find is None else find(providers, message)
    if ask is None:
        return None
    try:
        async with asyncio.timeout(limit_s):
            return await ask(message)
    except TimeoutError:
        logger.warning(
            "%s: nobody answered to %s within %s s",
            message.charger_id,
            message.action,
            limit_s,
            extra={"charger": message.charger_id},
        )
        return default(message, "InternalError", BUSY)
    except Exception:
        logger.exception(
            "%s: the provider for %s failed", message.charger_id, message.action, extra={"charger": message.charger_id}
        )
        return default(message, "InternalError", BROKEN)
