"""The tokens that a session shows: whether they may charge, and whether they may stop it.

A refused token makes its session no less a session (TX-04): it is answered, flagged and kept.
"""

from voltring_core.domain.authorization import (
    CONCURRENT_TOKEN,
    STOPPED_BY_OTHER,
    TOKEN_REFUSED,
    decide,
    is_live,
    is_same,
    may_stop,
    once_only,
    stops,
)
from voltring_core.domain.messages import IdToken, TokenDecision, TokenStatus, TransactionReported
from voltring_core.domain.transactions import Transaction, TransactionState, flag
from voltring_node.facts import Message
from voltring_node.knowledge import Known


def decided(
    message: Message, said: TransactionReported, known: Known, before: Transaction | None, session: Transaction
) -> tuple[TokenDecision, Transaction]:
    """The decision on the token of a message about a session, and the session with what comes of it.

    `before` is the session as it was without the message. A token that was decided before is not found to charge
    elsewhere by what has begun since: the same start gets the same answer (TX-02).
    """
    assert said.token is not None
    decision = decide(said.token, known.token(said.token), message.received_at)
    if stops(said):
        return decision, _stopped(session, said.token, known)
    if not is_same(session.id_token, said.token.value):
        return decision, session
    if before is not None and is_same(before.id_token, said.token.value):
        return once_only(decision, charges_elsewhere=CONCURRENT_TOKEN in before.flags), session
    is_now = session.state is TransactionState.ACTIVE and is_live(said, message.received_at)
    decision = once_only(decision, charges_elsewhere=is_now and _charges_elsewhere(known, said.token, session))
    return decision, _stopped_before(_marked(session, decision), known)


def asked(message: Message, token: IdToken, known: Known) -> TokenDecision:
    """The decision on a token that is shown without a session: it may be shown to stop one of this charger, so only
    what runs at others is elsewhere."""
    decision = decide(token, known.token(token), message.received_at)
    elsewhere = any(charger != message.charger_id for _, charger, _ in known.charging_by(token))
    return once_only(decision, charges_elsewhere=elsewhere)


def _marked(session: Transaction, decision: TokenDecision) -> Transaction:
    if decision.status is TokenStatus.CONCURRENT:
        session = flag(session, CONCURRENT_TOKEN)
    return session if decision.status is TokenStatus.ACCEPTED else flag(session, TOKEN_REFUSED)


def _charges_elsewhere(known: Known, token: IdToken, session: Transaction) -> bool:
    """Whether another session of the token goes on; one on the same EVSE is over with this one (TX-05)."""
    return any(
        charger != session.charger_id or other is None or other.evse_id != session.evse_id
        for _, charger, other in known.charging_by(token)
    )


def _stopped_before(session: Transaction, known: Known) -> Transaction:
    """... by an end that came before it was known whose the session is."""
    return session if session.stop_id_token is None else _stopped(session, IdToken(session.stop_id_token), known)


def _stopped(session: Transaction, shown: IdToken, known: Known) -> Transaction:
    """Flagged when a stranger's token has stopped it; what was said of its end before stays."""
    if not is_same(session.stop_id_token, shown.value) or session.id_token is None:
        return session
    own = known.token(IdToken(session.id_token))
    return session if may_stop(session.id_token, own, shown, known.token(shown)) else flag(session, STOPPED_BY_OTHER)
