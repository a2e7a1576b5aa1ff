"""Whether an id token may charge, and what becomes of a session whose token may not.

What is decided here was decided by what was registered then. No message says it, so whoever works a session out again
from its messages takes over the flags of `DECIDED` as they are.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from voltring_core.domain.messages import EventKind, IdToken, TokenDecision, TokenStatus, TransactionReported
from voltring_core.domain.times import LATE_AFTER, is_late

NO_TOKEN_NEEDED = frozenset({"NoAuthorization", "DirectPayment"})
"""The 2.x token types that nobody can register: of a station that asks nobody, and of a payment at its terminal, made
for one session (C02, C18)."""
CERTIFICATE_GOOD, CERTIFICATE_EXPIRED, CONTRACT_CANCELLED = "Accepted", "CertificateExpired", "ContractCancelled"
STOP_AUTHORIZED = "StopAuthorized"
"""The 2.x trigger of an event whose token was shown to stop."""

TOKEN_REFUSED = "token_refused"  # noqa: S105 - a flag
CONCURRENT_TOKEN = "concurrent_token"  # noqa: S105 - a flag
CONCURRENT = "concurrent"
STOPPED_BY_OTHER = "stopped_by_other"
DEAUTHORISED = "deauthorised"
RESERVED_FOR_OTHER = "reserved_for_other"
DECIDED = frozenset({TOKEN_REFUSED, CONCURRENT_TOKEN, CONCURRENT, STOPPED_BY_OTHER, DEAUTHORISED, RESERVED_FOR_OTHER})
"""Flags that come of a decision, not of a message."""
REFUSED_GRACE = timedelta(minutes=1)
"""How long a session whose token was refused may go on: chargers that end it themselves have done so by then, and what
runs on a queued start has been told of."""


class Concurrency(StrEnum):
    """Whether a token may charge at two places at once."""

    ALLOWED = "allowed"
    REFUSED = "refused"
    REFUSED_IN_GROUP = "refused_in_group"
    """Nor may two tokens of its group."""


@dataclass(frozen=True, slots=True)
class KnownToken:
    """A token as it is registered."""

    id_token: str
    status: TokenStatus
    group_id_token: str | None
    expires_at: datetime | None
    concurrent: Concurrency = Concurrency.ALLOWED


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


def once_only(decision: TokenDecision, *, charges_elsewhere: bool) -> TokenDecision:
    """The decision on a token that may charge at one place only: ConcurrentTx where it does already.

    What speaks against the token itself stays the answer.
    """
    if decision.status is not TokenStatus.ACCEPTED or not charges_elsewhere:
        return decision
    return replace(decision, status=TokenStatus.CONCURRENT)


def is_live(said: TransactionReported, received_at: datetime) -> bool:
    """Whether a message tells what happens now, so that something may follow from it; what was queued is for the
    books only (TX-22)."""
    return not said.offline and not is_late(said.at, received_at)


def is_same(one: str | None, other: str | None) -> bool:
    """Whether two tokens are the same one; compared without case, as OCPP has it."""
    return one is not None and other is not None and one.lower() == other.lower()


def stops(said: TransactionReported) -> bool:
    """Whether the token of a message was shown to stop its session."""
    return said.token is not None and (said.kind is EventKind.ENDED or said.trigger == STOP_AUTHORIZED)


def may_stop(session_token: str | None, session: KnownToken | None, shown: IdToken, known: KnownToken | None) -> bool:
    """Whether a token may stop the session of another: it is the same, or of its group (C09, E07).

    Nobody's session may be stopped by anybody: the charger has asked whom it asks.
    """
    if session_token is None or shown.type in NO_TOKEN_NEEDED or is_same(session_token, shown.value):
        return True
    if session is None or known is None:
        return False
    return is_same(session.group_id_token, known.group_id_token)


@dataclass(frozen=True, slots=True)
class Charging:
    """A running session whose token may not charge, as far as its row tells."""

    flags: Collection[str]
    started_at: datetime | None
    start_received_at: datetime


def is_to_be_stopped(session: Charging, known: KnownToken | None, now: datetime) -> bool:
    """Whether a running session is asked to stop because of its token (TX-25).

    A token that was good and is not any more: at once. One that was refused when the session began, which goes on all
    the same: after a grace, and only if it began under our eyes. A token that nobody registered is left to the
    charger's own settings (StopTransactionOnInvalidId, StopTxOnInvalidId), and so is one that was deleted.
    """
    if known is None or DEAUTHORISED in session.flags:
        return False
    is_good = decide(IdToken(known.id_token), known, now).status is TokenStatus.ACCEPTED
    if TOKEN_REFUSED not in session.flags:
        return not is_good
    if is_good and CONCURRENT_TOKEN not in session.flags:
        return False
    return not _began_unseen(session) and now - session.start_received_at >= REFUSED_GRACE


def _began_unseen(session: Charging) -> bool:
    at = session.started_at
    return "offline" in session.flags or (at is not None and at < session.start_received_at - LATE_AFTER)


def under_contract(decision: TokenDecision, certificate: str) -> tuple[TokenDecision, str]:
    """The decision on a contract's token and its certificateStatus, by what verification made of the certificate
    (C07, SE-17): a good one does not help a token that may not charge, and a bad one does not leave it a good one."""
    is_accepted = decision.status in (TokenStatus.ACCEPTED, TokenStatus.CONCURRENT)
    if certificate == CERTIFICATE_GOOD:
        return decision, CERTIFICATE_GOOD if is_accepted else CONTRACT_CANCELLED
    if certificate == CONTRACT_CANCELLED and not is_accepted:
        return decision, certificate
    status = TokenStatus.EXPIRED if certificate == CERTIFICATE_EXPIRED else TokenStatus.INVALID
    return replace(decision, status=status), certificate
