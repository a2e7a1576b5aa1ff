"""What a provider says to a message, and what is said where there is no provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.versions import Version
from voltring_node.facts import Message

NOT_ENABLED = "NotEnabled"
LONGEST_REASON, LONGEST_INFO = 20, 512


@dataclass(frozen=True, slots=True)
class Advice:
    """An answer in the words of OCPP. `reason` is a statusInfo's reasonCode (at most 20 characters), empty: none."""

    status: str
    reason: str = ""
    info: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    """The answer's other fields: `exiResponse`, `company`, `scheduleUpdate` ..."""

    def payload(self, version: Version) -> dict[str, Any]:
        """The CALLRESULT's payload; 1.6 has no statusInfo."""
        answer = {"status": self.status, **self.more}
        if self.reason and version.is_2x:
            answer["statusInfo"] = {"reasonCode": self.reason[:LONGEST_REASON]}
            if self.info:
                answer["statusInfo"]["additionalInfo"] = self.info[:LONGEST_INFO]
        return answer


DEFAULTS: Mapping[str, Advice] = MappingProxyType(
    {
        "Authorize": Advice("CertChainError"),
        "DataTransfer": Advice("Rejected"),
        "Get15118EVCertificate": Advice("Failed", NOT_ENABLED, "no contract provider", {"exiResponse": ""}),
        "GetCertificateChainStatus": Advice(""),
        "GetCertificateStatus": Advice("Failed", NOT_ENABLED, "no OCSP responder is asked here"),
        "NotifyEVChargingNeeds": Advice("Rejected", NOT_ENABLED, "no smart charging"),
        # Nobody here sets limits that it could break.
        "NotifyEVChargingSchedule": Advice("Accepted"),
        "NotifySettlement": Advice(""),
        "PullDynamicScheduleUpdate": Advice("Rejected", NOT_ENABLED, "no smart charging"),
        "SignCertificate": Advice("Rejected", NOT_ENABLED, "no certificate authority"),
        "VatNumberValidation": Advice("Rejected", NOT_ENABLED, "no VAT service"),
    }
)
"""Action -> what is said without a provider."""
_DEFAULTS_21 = {
    # Rejected would stop an ISO 15118-20 session; this lets it charge without a profile (K18).
    "NotifyEVChargingNeeds": Advice("NoChargingProfile", NOT_ENABLED, "no smart charging"),
}


def default(message: Message, reason: str = "", info: str = "") -> Advice:
    """What is said to this message where no provider answers it; `reason` and `info` in place of the usual ones."""
    action = message.action or ""
    found = DEFAULTS[action]
    if message.version is Version.V21:
        found = _DEFAULTS_21.get(action, found)
    if found.reason and reason:
        return Advice(found.status, reason, info, found.more)
    return found


def advised(message: Message) -> Advice:
    """What was said to this message, or the default."""
    return message.advice if isinstance(message.advice, Advice) else default(message)
