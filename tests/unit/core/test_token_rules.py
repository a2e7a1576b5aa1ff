"""What becomes of sessions because of their tokens: concurrency, stops by others, deauthorisation."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.authorization import (
    CONCURRENT_TOKEN,
    DEAUTHORISED,
    REFUSED_GRACE,
    TOKEN_REFUSED,
    Charging,
    KnownToken,
    is_live,
    is_to_be_stopped,
    may_stop,
    once_only,
    stops,
    under_contract,
)
from voltring_core.domain.messages import EventKind, IdToken, TokenDecision, TokenStatus, TransactionReported

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
GOOD = KnownToken("CARD", TokenStatus.ACCEPTED, None, None)
BLOCKED = replace(GOOD, status=TokenStatus.BLOCKED)
EXPIRED = replace(GOOD, expires_at=NOW)
LIVE = Charging((), NOW - 60 * MINUTE, NOW - 60 * MINUTE)
REFUSED = replace(LIVE, flags=(TOKEN_REFUSED,))
TWICE = replace(LIVE, flags=(TOKEN_REFUSED, CONCURRENT_TOKEN))


@pytest.mark.parametrize("status", TokenStatus)
def test_a_token_that_charges_elsewhere_is_concurrent_only_where_it_would_be_accepted(status):
    decision = TokenDecision(status, "FLEET", NOW)
    assert once_only(decision, charges_elsewhere=False) == decision
    told = TokenStatus.CONCURRENT if status is TokenStatus.ACCEPTED else status
    assert once_only(decision, charges_elsewhere=True) == replace(decision, status=told)


def test_a_good_contract_certificate_stays_good_when_its_token_charges_elsewhere():
    decision = TokenDecision(TokenStatus.CONCURRENT)
    assert under_contract(decision, "Accepted") == (decision, "Accepted")


@pytest.mark.parametrize(
    ("session", "token", "is_stopped"),
    [
        (LIVE, GOOD, False),
        (LIVE, BLOCKED, True),
        (LIVE, EXPIRED, True),
        (LIVE, replace(GOOD, status=TokenStatus.INVALID), True),
        (LIVE, replace(GOOD, expires_at=NOW + MINUTE), False),
        (LIVE, None, False),  # deleted, or never registered: the charger's own settings decide
        (replace(LIVE, flags=(DEAUTHORISED,)), BLOCKED, False),
        # What was queued is over or was long under way; what an operator does to its token since counts all the same.
        (replace(LIVE, flags=("offline",)), BLOCKED, True),
        (REFUSED, BLOCKED, True),
        (REFUSED, None, False),
        (REFUSED, GOOD, False),  # registered or unblocked since
        (replace(REFUSED, start_received_at=NOW - REFUSED_GRACE + timedelta(seconds=1)), BLOCKED, False),
        (replace(REFUSED, flags=(TOKEN_REFUSED, "offline")), BLOCKED, False),
        (replace(REFUSED, started_at=NOW - 90 * MINUTE), BLOCKED, False),
        (replace(REFUSED, started_at=None), BLOCKED, True),
        (TWICE, GOOD, True),
        (replace(TWICE, flags=(*TWICE.flags, "offline")), GOOD, False),
    ],
)
def test_a_running_session_is_asked_to_stop_when_its_token_may_not_charge(session, token, is_stopped):
    assert is_to_be_stopped(session, token, NOW) is is_stopped


@pytest.mark.parametrize(
    ("session_group", "shown_group", "shown", "may"),
    [
        ("FLEET", "FLEET", "OTHER", True),
        ("FLEET", "fleet", "OTHER", True),
        ("FLEET", "ELSE", "OTHER", False),
        (None, None, "OTHER", False),
        ("FLEET", None, "OTHER", False),
        (None, None, "card", True),
    ],
)
def test_a_session_may_be_stopped_by_its_own_token_and_by_its_group(session_group, shown_group, shown, may):
    own = replace(GOOD, group_id_token=session_group)
    other = KnownToken("OTHER", TokenStatus.ACCEPTED, shown_group, None)
    assert may_stop("CARD", own, IdToken(shown), other) is may


def test_a_stop_by_a_token_that_nobody_knows_is_a_strangers_and_one_of_nobodys_session_is_not():
    assert not may_stop("CARD", GOOD, IdToken("OTHER"), None)
    assert may_stop(None, None, IdToken("OTHER"), None)
    assert may_stop("CARD", GOOD, IdToken("", "NoAuthorization"), None)


def reported(kind=EventKind.STARTED, at=NOW, **more):
    return TransactionReported(kind, at, token=IdToken("CARD"), **more)


@pytest.mark.parametrize(
    ("said", "live"),
    [
        (reported(), True),
        (reported(at=NOW - 4 * MINUTE), True),
        (reported(at=NOW - 6 * MINUTE), False),
        (reported(offline=True), False),
        (reported(at=NOW + 6 * MINUTE), True),  # a clock that is wrong says nothing of being late
        (reported(at=datetime(1970, 1, 1, tzinfo=UTC)), True),
    ],
)
def test_what_is_told_long_after_it_happened_is_not_live(said, live):
    assert is_live(said, NOW) is live


@pytest.mark.parametrize(
    ("said", "is_stop"),
    [
        (reported(EventKind.ENDED), True),
        (reported(EventKind.UPDATED, trigger="StopAuthorized"), True),
        (reported(EventKind.UPDATED, trigger="Authorized"), False),
        (reported(), False),
        (TransactionReported(EventKind.ENDED, NOW), False),
    ],
)
def test_a_token_is_shown_to_stop_at_the_end_or_where_the_charger_says_so(said, is_stop):
    assert stops(said) is is_stop


FLAGS = st.sets(st.sampled_from(["offline", TOKEN_REFUSED, CONCURRENT_TOKEN, DEAUTHORISED]))
MINUTES = st.integers(0, 200)


@given(FLAGS, MINUTES, MINUTES, st.sampled_from([GOOD, BLOCKED, EXPIRED, None]))
def test_no_session_is_stopped_twice_nor_one_of_a_good_token_that_was_good_from_the_begin(flags, begun, heard, token):
    session = Charging(frozenset(flags), NOW - begun * MINUTE, NOW - heard * MINUTE)
    if is_to_be_stopped(session, token, NOW):
        assert token is not None
        assert DEAUTHORISED not in flags
        assert token is not GOOD or {TOKEN_REFUSED, CONCURRENT_TOKEN} <= flags
        assert TOKEN_REFUSED not in flags or "offline" not in flags
        assert not is_to_be_stopped(replace(session, flags={*flags, DEAUTHORISED}), token, NOW)
