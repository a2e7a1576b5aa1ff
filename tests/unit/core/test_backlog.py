"""How many doorbells wait: by Redis' count and the reader's own, whatever happened to the stream."""

from voltring_core.cluster.backlog import Heard, Written, unread


def test_what_was_added_and_not_read_waits():
    heard = Heard()
    assert unread(heard, Written("5-1", added=3, length=3)) == 3
    heard.note("5-0", 2)
    assert unread(heard, Written("5-1", added=3, length=3)) == 1
    heard.note("5-1", 1)
    assert unread(heard, Written("5-1", added=3, length=3)) == 0


def test_what_is_read_while_redis_is_asked_does_not_wait():
    heard = Heard("9-0", 4)
    assert unread(heard, Written("8-2", added=3, length=3)) == 0
    assert unread(heard, Written("9-1", added=5, length=5)) == 1


def test_entries_that_were_cut_off_unread_do_not_wait():
    assert unread(Heard("1-0", 1), Written("9-0", added=50_000, length=10_000)) == 10_000


def test_ids_are_numbers_and_not_words():
    assert unread(Heard("9-9", 2), Written("10-0", added=3, length=3)) == 1
    assert unread(Heard("10-10", 3), Written("10-9", added=2, length=2)) == 0


def test_a_stream_that_was_made_anew_counts_from_nought():
    heard = Heard("5-0", 700)
    assert unread(heard, None) == 0
    assert unread(heard, Written("6-0", added=2, length=2)) == 2
    behind = Heard("5-0", 700)
    assert unread(behind, Written("6-0", added=2, length=2)) == 2, "nobody looked while there was none"
    behind.note("6-0", 2)
    assert unread(behind, Written("6-1", added=3, length=3)) == 1


def test_a_count_that_went_wrong_is_right_again_once_all_is_read():
    heard = Heard("5-0", 3)  # the stream was made anew, and has had more since
    assert unread(heard, Written("6-9", added=10, length=10)) == 7
    heard.note("6-9", 10)
    assert unread(heard, Written("6-9", added=10, length=10)) == 0
    assert unread(heard, Written("7-0", added=12, length=12)) == 2


def test_whoever_begins_anew_has_everything_before_him():
    heard = Heard("5-1", 3)
    heard.begin()
    assert unread(heard, Written("5-1", added=3, length=3)) == 3
