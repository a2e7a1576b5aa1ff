"""Who waits for a command: what they are told, and when they look for themselves."""

import asyncio
from uuid import uuid4

from voltring_core.cluster.doorbells import LONGEST_NEWS, Doorbells, Results, Waiting


async def test_news_are_handed_over_once():
    waiting = Waiting()
    waiting.tell('{"state": "ACCEPTED"}')
    assert await waiting.change(5) == {"state": "ACCEPTED"}
    assert await waiting.change(0) is None


async def test_a_ring_without_news_after_one_with_news_has_the_row_read():
    waiting = Waiting()
    waiting.tell('{"state": "SENT"}')
    waiting.tell(None)
    assert await waiting.change(5) is None


async def test_what_changes_while_the_row_is_read_is_heard_the_next_time():
    waiting = Waiting()
    waiting.tell(None)
    assert await waiting.change(5) is None
    waiting.tell('{"state": "REJECTED"}')  # while the row is read
    assert await waiting.change(5) == {"state": "REJECTED"}


async def test_nobody_is_told_of_anothers_command():
    results = Results(None, "api")
    mine, other = uuid4(), uuid4()
    with results.listening(mine) as one, results.listening(other) as two, results.listening(mine) as three:
        for waiting in results._waiting[mine]:
            waiting.tell("{}")
        assert (one.told.is_set(), two.told.is_set(), three.told.is_set()) == (True, False, True)
    assert not results._waiting


class Stream:
    def __init__(self):
        self.entries = []

    async def xadd(self, stream, entry, **_):
        self.entries.append(entry)


async def test_long_news_are_left_out_so_that_the_row_is_read():
    stream = Stream()
    bells = Doorbells(stream)
    await asyncio.gather(*(bells.answer("api", uuid4(), "x" * size) for size in (LONGEST_NEWS, LONGEST_NEWS + 1)))
    assert ["news" in entry for entry in stream.entries] == [True, False]
