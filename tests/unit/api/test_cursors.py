"""Page cursors."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_api import cursors
from voltring_core.errors import Unprocessable

TEXT = st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=200)
TIMES = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))


@given(TEXT, st.integers(0, 2**63 - 1), TIMES)
def test_a_cursor_brings_back_the_key_it_was_made_of(name: str, number: int, at: datetime) -> None:
    cursor = cursors.encode("things", name, number, at.isoformat())
    assert cursor.isascii()
    assert "=" not in cursor
    found = cursors.decode(cursor, "things", cursors.text, cursors.number, cursors.instant)
    assert found == (name, number, at)


@given(st.text())
def test_anything_else_is_refused_and_never_a_fault(cursor: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        cursors.decode(cursor, "things", cursors.text)
    assert refused.value.errors[0]["field"] == "cursor"


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(), st.lists))
def test_a_forged_cursor_is_read_strictly(part: object) -> None:
    try:
        forged = cursors.encode("things", part)
    except (TypeError, ValueError):
        return
    for reader in (cursors.text, cursors.number, cursors.instant):
        try:
            cursors.decode(forged, "things", reader)
        except Unprocessable:
            continue
        assert isinstance(part, str | int)


def test_a_cursor_of_another_list_is_refused() -> None:
    with pytest.raises(Unprocessable):
        cursors.decode(cursors.encode("others", "a"), "things", cursors.text)


def test_no_cursor_is_no_key() -> None:
    assert cursors.decode(None, "things", cursors.text, cursors.number) == (None, None)


@pytest.mark.parametrize("part", [None, 5, "0,1", [1], [1, 2, 3], [-1, 0], [2**32, 0], [0, 2**16], ["1", 2]])
def test_a_place_that_no_row_can_have_is_refused(part: object) -> None:
    with pytest.raises(Unprocessable):
        cursors.decode(cursors.encode("list", part), "list", cursors.place)
