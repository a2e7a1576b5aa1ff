"""Which reservation a session uses up, and where it is a stranger."""

from datetime import UTC, datetime, timedelta

import pytest

from voltring_core.domain.reservations import Comer, Reserved, is_for_other, used_by

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MINE = Reserved("1", 1, "CARD", None, LATER)
OURS = Reserved("2", 1, "OTHER", "FLEET", LATER)
ANYWHERE = Reserved("3", None, "CARD", None, LATER)
THEIRS = Reserved("4", 1, "OTHER", "ELSE", LATER)
OVER = Reserved("5", 1, "CARD", None, NOW)
ENDLESS = Reserved("6", 1, "card", None, None)
NEXT_DOOR = Reserved("7", 2, "CARD", None, LATER)
ME = Comer(1, "CARD", "FLEET", NOW)


@pytest.mark.parametrize(
    ("held", "used", "is_stranger"),
    [
        ([], None, False),
        ([MINE], "1", False),
        ([OURS], "2", False),
        ([OURS, MINE], "1", False),
        ([ANYWHERE], "3", False),
        ([ANYWHERE, MINE], "1", False),
        ([ANYWHERE, OURS], "2", False),
        ([THEIRS], None, True),
        ([THEIRS, MINE], "1", False),
        ([THEIRS, ANYWHERE], "3", True),
        ([OVER], None, False),
        ([ENDLESS], "6", False),
        ([NEXT_DOOR], None, False),
    ],
)
def test_a_session_uses_the_reservation_of_its_token_or_group_and_is_a_stranger_to_others(held, used, is_stranger):
    found = used_by(held, ME)
    assert (found and found.key) == used
    assert is_for_other(held, ME) is is_stranger


def test_two_tokens_without_a_group_are_not_of_one_group():
    assert used_by([Reserved("1", 1, "OTHER", None, LATER)], Comer(1, "CARD", None, NOW)) is None
