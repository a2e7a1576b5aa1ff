"""Whether an id token may charge."""

from dataclasses import dataclass, replace
from datetime import datetime

from voltring_core.domain.messages import IdToken, TokenDecision, TokenStatus

NO_TOKEN_NEEDED = frozenset({"NoAuthorization", "DirectPayment"})
"""The 2.x token types that nobody can register: of a station that asks nobody, and of a payment at its terminal, made
for one session (C02, C18)."""
CERTIFICATE_GOOD, CERTIFICATE_EXPIRED, CONTRACT_CANCELLED = "Accepted", "CertificateExpired", "ContractCancelled"


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token as it is registered."""

    id_token: str
    status: TokenStatus
    group_id_token: str | None
    expires_at: datetime | None


def decide(token: IdToken, known: KnownToken | None, now: datetime) -> TokenDecision:
    """The decision on a token that a driver shows."""
    if token.type in NO_TOKEN_NEEDED:
        return TokenDecision(TokenStatus.ACCEPTED)
    if known is None:
        return TokenDecision(TokenStatus.UNKNOWN)
    status = known.status
    if status is TokenStatus.ACCEPTED and known.expires_at is not None and known.expires_at <= now:
        status = TokenStatus.EXPIRED
    return TokenDecision(status, known.group_id_token, known.expires_at)


def under_contract(decision: TokenDecision, certificate: str) -> tuple[TokenDecision, str]:
    """The decision on a contract's token and its certificateStatus, by what verification made of the certificate
    (C07, SE-17): a good one does not help a token that may not charge, and a bad one does not leave it a good one."""
    is_accepted = decision.status is TokenStatus.ACCEPTED
    if certificate == CERTIFICATE_GOOD:
        return decision, CERTIFICATE_GOOD if is_accepted else CONTRACT_CANCELLED
    if certificate == CONTRACT_CANCELLED and not is_accepted:
        return decision, certificate
    status = TokenStatus.EXPIRED if certificate == CERTIFICATE_EXPIRED else TokenStatus.INVALID
    return replace(decision, status=status), certificate
