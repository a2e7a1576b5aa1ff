"""How many connections may be open, each of which holds a file, and who makes room when there are too many."""

import math
import resource

import pytest
from gate_street import LIMITS, Clock, Server, Street, request, retry_after, turns

from voltring_core.domain.admission import RETRY_LEAST_S, Limits
from voltring_node import gate as module
from voltring_node.gate import Gate


@pytest.fixture
def clock():
    return Clock()


def crowded(clock, most):
    return Street(Gate(Limits(rate=1000.0, burst=100, at_once=50, wait_s=5.0, waiting=50), clock, most), Server())


async def test_every_connection_counts_from_its_first_moment_to_its_last(clock):
    road = crowded(clock, 10)
    silent, begun, refused = road.come(ask=False), road.come(), road.come()
    await turns()
    assert (road.gate.status().open, road.gate.status().limit) == (3, 10)
    assert refused.protocol in road.server.begun
    road.gate.over(refused.protocol)
    assert road.gate.status().open == 3, "over is not closed"
    for transport, left in ((silent, 2), (begun, 1), (refused, 0)):
        transport.protocol.connection_lost(None)
        assert road.gate.status().open == left


async def test_beyond_the_limit_of_files_it_is_503_once_it_has_asked_until_another_is_closed(clock):
    road = crowded(clock, 3)
    first, *others = [road.come(charger=number) for number in range(3)]
    await turns()
    late = road.come(charger="late", ask=False)
    assert late.written == b"", "its answer would be lost before it has asked"
    late.protocol.data_received(request("late"))
    assert retry_after(late) >= RETRY_LEAST_S
    assert road.gate.status().refused == {"full": 1}
    late.protocol.connection_lost(None)
    first.protocol.connection_lost(None)
    road.come(charger="next")
    await turns()
    assert road.begun() == ["/ocpp/0", "/ocpp/1", "/ocpp/2", "/ocpp/next"]
    assert not any(one.closed for one in others)


async def test_far_beyond_the_limit_of_files_nobody_is_waited_for(clock):
    road = crowded(clock, 3)
    come = [road.come(ask=False) for _ in range(3 + module.LATE_MOST + 2)]
    assert [one.closed for one in come] == [False] * (3 + module.LATE_MOST) + [True] * 2
    assert retry_after(come[-1]) >= RETRY_LEAST_S


async def test_beyond_the_limit_of_files_the_oldest_who_says_nothing_makes_room(clock):
    road = crowded(clock, 3)
    silent = [road.come(ask=False) for _ in range(3)]
    clock.now += module.SILENT_GRACE_S + 0.1
    road.come(ask=False)
    assert [one.aborted for one in silent] == [True, False, False]


async def test_too_many_who_say_nothing_make_room_the_oldest_first_but_none_that_has_just_come(clock, monkeypatch):
    monkeypatch.setattr(module, "SILENT_MOST", 3)
    road = crowded(clock, 100)
    silent = [road.come(ask=False) for _ in range(5)]
    assert not any(one.aborted for one in silent), "a fleet comes at once"
    clock.now += module.SILENT_GRACE_S + 0.1
    young = [road.come(ask=False) for _ in range(2)]
    assert [one.aborted for one in silent + young] == [True, True] + [False] * 5


@pytest.mark.parametrize(
    ("soft", "most"), [(1024, 1024 - module.FILES_RESERVE), (100, 50), (resource.RLIM_INFINITY, math.inf)]
)
async def test_the_limit_is_what_the_process_may_open_without_what_it_needs_itself(monkeypatch, soft, most):
    monkeypatch.setattr(module.resource, "getrlimit", lambda which: (soft, resource.RLIM_INFINITY))
    assert Gate(LIMITS).status().limit == most
