"""Sessions that a node remembers."""

import pytest

from voltring_node.remembering import Remembered


@pytest.fixture
def sessions(base, start16):
    for number in range(4):
        base.group(start16(connector=number + 1))
    return base.sessions()


def test_a_session_is_found_by_the_version_of_its_row_and_taken_out(sessions):
    remembered = Remembered()
    remembered.put(sessions[:1], 7)
    assert remembered.take(sessions[0].id, 7) is sessions[0]
    assert remembered.take(sessions[0].id, 7) is None


def test_a_session_that_was_written_since_is_forgotten(sessions):
    remembered = Remembered()
    remembered.put(sessions[:1], 7)
    assert remembered.take(sessions[0].id, 8) is None
    assert len(remembered) == 0


def test_the_oldest_make_room(sessions):
    remembered = Remembered(most=2)
    remembered.put(sessions[:2], 1)
    remembered.put(sessions[:1], 2)
    remembered.put(sessions[2:3], 3)
    assert len(remembered) == 2
    assert remembered.take(sessions[1].id, 1) is None
    assert remembered.take(sessions[0].id, 2) is sessions[0]
