"""Which sessions of one token began at the same moment at two chargers."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.concurrent import MOMENT, Shown, accepted_at_once

AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
ROWS = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 300), st.sampled_from("xy")), max_size=8)


def shown(number: int, charger: str, after_s: float = 0, key: str = "token a") -> Shown:
    return Shown(UUID(int=number), charger, key, AT + timedelta(seconds=after_s))


@pytest.mark.parametrize(
    ("sessions", "found"),
    [
        ([], set()),
        ([shown(1, "A")], set()),
        ([shown(1, "A"), shown(2, "B", 0.004)], {1, 2}),
        ([shown(2, "B", 0.004), shown(1, "A")], {1, 2}),
        ([shown(1, "A"), shown(2, "B", MOMENT.total_seconds())], {1, 2}),
        ([shown(1, "A"), shown(2, "B", MOMENT.total_seconds() + 1)], set()),
        ([shown(1, "A"), shown(2, "A", 1)], set()),
        ([shown(1, "A"), shown(2, "B", 1, "token b")], set()),
        ([shown(1, "A"), shown(2, "B", 1), shown(3, "C", 300)], {1, 2}),
        ([shown(1, "A"), shown(2, "A", 1), shown(3, "B", 2)], {1, 2, 3}),
        ([shown(1, "A"), shown(2, "A", 50), shown(3, "B", 70)], {2, 3}),
    ],
)
def test_only_what_began_within_a_moment_at_another_charger_is_found(sessions: list[Shown], found: set[int]) -> None:
    assert {one.int for one in accepted_at_once(sessions)} == found


@given(ROWS, st.randoms())
def test_each_has_another_one_that_is_as_near_and_the_order_does_not_matter(rows, random) -> None:
    sessions = [shown(number, charger, at, key) for number, (charger, at, key) in enumerate(rows)]
    found = accepted_at_once(sessions)
    for one in sessions:
        near = any(
            other.key == one.key and other.charger_id != one.charger_id and abs(other.at - one.at) <= MOMENT
            for other in sessions
        )
        assert (one.session in found) == near
    random.shuffle(sessions)
    assert accepted_at_once(sessions) == found
