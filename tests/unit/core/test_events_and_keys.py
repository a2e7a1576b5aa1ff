"""The live feed's event ids, and keys of one charger in one slot of a Redis cluster."""

import asyncio

import pytest

from voltring_core.cluster import keys
from voltring_core.cluster.events import QUEUE, Feed, Lagged, _number, _order


def test_the_events_of_one_entry_have_ids_in_order():
    numbered = _number("5-1", {"e": '[{"type":"a"},{"type":"b"}]'})
    assert numbered == [("5-1.0", {"type": "a"}), ("5-1.1", {"type": "b"})]


def test_event_ids_are_compared_by_number_not_by_letter():
    ids = ["garbage", "5-1.0", "5-1.9", "5-1.10", "5-2.0", "10-0.0"]
    assert sorted(ids, key=_order) == ids
    assert _order("garbage") == _order("") == _order("a-b.c")


async def test_a_listener_gets_what_comes_after_it_subscribed():
    feed = Feed(redis=None)
    stream = feed.subscribe()
    first = anext(stream)
    waiting = asyncio.ensure_future(first)
    await asyncio.sleep(0)
    feed._hand_on([("1-0.0", {"type": "a"})])
    assert await waiting == ("1-0.0", {"type": "a"})
    await stream.aclose()
    feed._hand_on([("2-0.0", {"type": "b"})])


async def test_a_listener_that_falls_behind_is_told_so_and_the_others_go_on():
    feed = Feed(redis=None)
    slow, quick = feed.subscribe(), feed.subscribe()
    waiting = [asyncio.ensure_future(anext(one)) for one in (slow, quick)]
    await asyncio.sleep(0)
    feed._hand_on([("1-0.0", {})])
    assert [await one for one in waiting] == [("1-0.0", {})] * 2
    for number in range(QUEUE + 1):
        feed._hand_on([(f"2-{number}.0", {})])
        assert await anext(quick) == (f"2-{number}.0", {})
    with pytest.raises(Lagged):
        await anext(slow)
    await quick.aclose()


def test_the_key_of_a_charger_carries_a_hash_tag():
    assert keys.owner("CP-1") == "o:{CP-1}"
    assert len({keys.node("u"), keys.doorbells("u"), keys.results("u")}) == 3
