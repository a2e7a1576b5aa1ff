"""The simulation's loop: time jumps, places keep their order, stand still and die."""

import asyncio

import pytest
from sim_loop import START, Place, Stuck, VirtualLoop


@pytest.fixture
def loop():
    made = VirtualLoop(0)
    yield made
    made.close()


def test_an_hour_of_sleep_costs_no_time(loop):
    loop.run_until_complete(asyncio.sleep(3600))
    assert loop.time() == START + 3600


def test_callbacks_of_one_place_keep_their_order_and_those_of_two_are_mixed(loop):
    places, ran = [Place("a"), Place("b")], []
    for number in range(20):
        for place in places:
            loop.call_soon(ran.append, (place.name, number), context=place.context)
    loop.run_until_complete(asyncio.sleep(1))
    for name in "ab":
        assert [number for place, number in ran if place == name] == list(range(20))
    assert [place for place, _ in ran] != ["a", "b"] * 20


def test_a_place_that_stands_still_does_late_and_in_order_what_was_due(loop):
    place, other, ran = Place("still"), Place("other"), []
    loop.stall(place, 10)
    for at in (3, 1, 2):
        loop.call_later(at, lambda at=at: ran.append((at, loop.time() - START)), context=place.context)
        loop.call_later(at, lambda at=at: ran.append((-at, loop.time() - START)), context=other.context)
    loop.run_until_complete(asyncio.sleep(20))
    assert ran == [(-1, 1), (-2, 2), (-3, 3), (1, 10), (2, 10), (3, 10)]


def test_the_dead_do_nothing(loop):
    place, ran = Place("dead"), []
    loop.call_later(5, ran.append, "too late", context=place.context)
    loop.call_later(1, ran.append, "in time", context=place.context)
    loop.call_later(2, place.die)
    loop.run_until_complete(asyncio.sleep(10))
    assert ran == ["in time"]


def test_who_waits_for_what_never_comes_is_told(loop):
    with pytest.raises(Stuck):
        loop.run_until_complete(loop.create_future())
