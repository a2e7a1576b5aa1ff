"""The header Prefer."""

import pytest

from voltring_api.prefer import wait_seconds


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("wait=25", 25),
        ("wait=0", 0),
        ("WAIT = 5", 5),
        ('wait="7"', 7),
        ("respond-async, wait=10", 10),
        ("wait=10; foo=bar", 10),
        ("wait=61", 60),
        ("wait=999999999", 60),
        ("wait=-1", None),
        ("wait=1.5", None),
        ("waiting=5", None),
        ("return=minimal", None),
    ],
)
def test_wait_is_honoured_up_to_a_minute_and_a_wrong_one_ignored(header: str | None, seconds: int | None) -> None:
    assert wait_seconds(header) == seconds
