"""How far each window of messages reaches."""

from datetime import timedelta

import pytest

from voltring_api.resources.looking_back import LONGEST, SHORTEST, after

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("length", "took_s", "following"),
    [
        (HOUR, 0.05, 4 * HOUR),
        (HOUR, 0.2, HOUR),
        (HOUR, 3.0, HOUR / 4),
        (20 * HOUR, 0.05, LONGEST),
        (SHORTEST, 3.0, SHORTEST),
    ],
)
def test_windows_grow_while_reading_is_quick_and_shrink_when_it_is_slow(
    length: timedelta, took_s: float, following: timedelta
) -> None:
    assert after(length, took_s) == following
