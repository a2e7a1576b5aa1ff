"""Whether a token may charge, and how each version is told."""

from datetime import UTC, datetime, timedelta

import pytest

from voltring_core.domain.authorization import KnownToken, decide
from voltring_core.domain.messages import IdToken, TokenDecision, TokenStatus
from voltring_core.ocpp import v2x, v16
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
CARD = IdToken("CARD")


def known(status=TokenStatus.ACCEPTED, expires_at=None, group=None):
    return KnownToken("CARD", status, group, expires_at)


@pytest.mark.parametrize(
    ("token", "registered", "status"),
    [
        (CARD, None, TokenStatus.UNKNOWN),
        (CARD, known(), TokenStatus.ACCEPTED),
        (CARD, known(expires_at=NOW + HOUR), TokenStatus.ACCEPTED),
        (CARD, known(expires_at=NOW), TokenStatus.EXPIRED),
        (CARD, known(expires_at=NOW - HOUR), TokenStatus.EXPIRED),
        (CARD, known(TokenStatus.BLOCKED, NOW - HOUR), TokenStatus.BLOCKED),
        (CARD, known(TokenStatus.INVALID), TokenStatus.INVALID),
        (IdToken("", "NoAuthorization"), None, TokenStatus.ACCEPTED),
        (IdToken("", "Central"), None, TokenStatus.UNKNOWN),
    ],
)
def test_a_token_is_decided_by_what_is_registered(token, registered, status):
    assert decide(token, registered, NOW).status is status


def test_group_and_expiry_go_with_the_decision():
    decision = decide(CARD, known(expires_at=NOW + HOUR, group="FLEET"), NOW)
    assert decision == TokenDecision(TokenStatus.ACCEPTED, "FLEET", NOW + HOUR)


@pytest.mark.parametrize("status", TokenStatus)
@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("group", [None, "", "FLEET", "g" * 60])
def test_every_decision_is_a_valid_answer_in_every_version(version, status, group):
    decision = TokenDecision(status, group, NOW)
    answer = {"idTokenInfo": v2x.write_token(decision)} if version.is_2x else {"idTagInfo": v16.write_token(decision)}
    assert is_valid(version, "Authorize", answer, "response")


def test_16_says_invalid_of_a_token_that_nobody_knows():
    assert v16.write_token(TokenDecision(TokenStatus.UNKNOWN)) == {"status": "Invalid"}
    assert v2x.write_token(TokenDecision(TokenStatus.UNKNOWN)) == {"status": "Unknown"}
