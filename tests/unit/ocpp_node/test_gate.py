"""Who may begin a handshake: what waits, what is sent away, and that neither costs a handshake."""

import asyncio

import pytest
from gate_street import LIMITS, Clock, Server, Street, request, retry_after, turns

from voltring_core.domain.admission import OVERSTAYED, RETRY_LEAST_S, STALLED_S, Limits
from voltring_core.metrics import REFUSED
from voltring_core.testing import eventually
from voltring_node import gate as module
from voltring_node.gate import RECENT_S, REQUEST_PATIENCE_S, Gate


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def street(clock):
    """`street(limits)`: a gate and who comes to it."""

    def make(limits=LIMITS):
        return Street(Gate(limits, clock), Server())

    return make


def refusals(status, reason):
    return REFUSED.labels(status, reason)._value.get()


async def test_a_request_begins_its_handshake_and_not_a_byte_is_lost(street):
    road = street()
    transport = road.come(ask=False)
    for byte in request("CP-1"):
        transport.protocol.data_received(bytes([byte]))
    await turns()
    assert road.begun() == ["/ocpp/CP-1"]
    assert transport.protocol is road.server.begun[0]
    assert transport.reads


@pytest.mark.parametrize("rest", [b"", b"\r\n\r\n"])
async def test_a_request_that_is_too_long_is_refused_and_takes_no_place(street, rest):
    road = street()
    before = refusals(431, module.TOO_LONG)
    come = [road.come(ask=False) for _ in range(5)]
    for transport in come:
        transport.protocol.data_received(b"GET /ocpp/CP HTTP/1.1\r\nX: ")
        transport.protocol.data_received(b"x" * 9000 + rest)
    await turns()
    for transport in come:
        head, _, body = transport.written.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 431 Request Header Fields Too Large\r\n")
        assert b"Connection: close" in head
        assert f"Content-Length: {len(body)}".encode() in head
        assert transport.closed
    assert refusals(431, module.TOO_LONG) == before + 5
    status = road.gate.status()
    assert (road.server.begun, status.in_progress, status.waiting, status.refused) == ([], 0, 0, {})


async def test_a_request_of_the_longest_length_begins_with_what_came_after_it(street):
    road = street()
    head = b"GET /ocpp/CP HTTP/1.1\r\nX: "
    head += b"x" * (module.REQUEST_MOST // 2 - len(head)) + b"\r\nY: "
    head += b"y" * (module.REQUEST_MOST - len(head))
    transport = road.come(ask=False)
    transport.protocol.data_received(head + b"\r\n\r\n" + b"more" * 100)
    await turns()
    assert road.begun() == ["/ocpp/CP"]


@pytest.mark.parametrize("refuses", ["the door", "websockets"])
async def test_a_refusal_that_is_written_makes_room_though_its_charger_never_closes(street, refuses):
    road = street()
    for number in range(4):
        road.come(charger=number)
    await turns()
    for guest in list(road.server.begun):
        answer = guest.protocol.reject(401, "no") if refuses == "the door" else guest.protocol.accept(guest.request)
        guest.protocol.send_response(answer)
        guest.send_data()
    await turns()
    assert road.begun() == ["/ocpp/0", "/ocpp/1", "/ocpp/2", "/ocpp/3"]


async def test_what_is_no_request_makes_room_though_its_sender_never_closes(street):
    road = street()
    for _ in range(2):
        road.come(ask=False).protocol.data_received(b"HELO\r\n\r\n")
    road.come(charger="good")
    await turns()
    assert [guest.request and guest.request.path for guest in road.server.begun] == [None, None, "/ocpp/good"]
    assert road.gate.status().in_progress == 1


async def test_only_those_who_got_in_tell_the_pace(street, clock):
    road = street(Limits(rate=1000.0, burst=100, at_once=1, wait_s=5.0, waiting=10))
    for number in range(6):
        road.come(charger=number)
    for number in range(3):
        await turns()
        clock.now += 4
        road.gate.over(road.server.begun[number])
    await turns()
    assert road.gate.status().capacity_per_s == 1000
    assert road.gate.status().accepts_per_s == 0
    clock.now += 4
    road.gate.over(road.server.begun[3], accepted=True)
    assert road.gate.status().capacity_per_s < 250


async def test_who_stalls_gives_its_place_away_and_may_still_get_in(street, clock):
    road = street()
    come = [road.come(charger=number) for number in range(4)]
    await turns()
    clock.now += STALLED_S - 0.1
    road.gate._look_after()
    await turns()
    assert len(road.begun()) == 2
    clock.now += 0.2
    road.gate._look_after()
    await turns()
    assert road.begun()[2:] == ["/ocpp/2", "/ocpp/3"]
    assert road.gate.status().capacity_per_s == LIMITS.rate
    assert not any(one.closed or one.aborted for one in come)
    road.gate.over(road.server.begun[0], accepted=True)
    road.gate.over(road.server.begun[0], accepted=True)
    status = road.gate.status()
    assert (status.accepts_per_s, status.in_progress) == (1 / RECENT_S, 2)


async def test_the_third_waits_until_one_of_two_is_over_and_the_first_to_come_is_next(street):
    road = street()
    for number in range(5):
        road.come(charger=number)
    await turns()
    assert road.begun() == ["/ocpp/0", "/ocpp/1"]
    assert (road.gate.status().in_progress, road.gate.status().waiting) == (2, 3)
    road.gate.over(road.server.begun[0], accepted=True)
    road.gate.over(road.server.begun[0], accepted=True)
    await turns()
    assert road.begun() == ["/ocpp/0", "/ocpp/1", "/ocpp/2"], "over twice is over once"


async def test_a_lost_handshake_and_one_that_is_closed_make_room(street):
    road = street()
    first, *_ = [road.come(charger=number) for number in range(4)]
    await turns()
    first.protocol.connection_lost(None)
    await turns()
    assert road.begun() == ["/ocpp/0", "/ocpp/1", "/ocpp/2"]
    closing = asyncio.create_task(road.server.begun[1].close())
    await turns()
    assert road.begun()[-1] == "/ocpp/3"
    closing.cancel()


async def test_who_hangs_up_while_waiting_never_begins_and_leaves_a_place(street):
    road = street()
    come = [road.come(charger=number) for number in range(5)]
    come[2].protocol.connection_lost(None)
    road.come(charger=5)
    for guest in list(road.server.begun):
        road.gate.over(guest)
    await turns()
    road.gate.over(road.server.begun[0])
    road.gate.over(road.server.begun[1])
    await turns()
    assert road.begun() == ["/ocpp/0", "/ocpp/1", "/ocpp/3", "/ocpp/4"]


async def test_beyond_the_places_it_is_503_and_no_handshake_is_begun_for_it(street):
    road = street()
    come = [road.come(charger=number) for number in range(10)]
    await turns()
    assert [bool(one.written) for one in come] == [False] * 5 + [True] * 5
    assert all(retry_after(one) >= RETRY_LEAST_S for one in come[5:])
    assert len(road.server.begun) == 2
    assert road.gate.status().refused == {"full": 5}


async def test_a_handshake_without_a_token_begins_when_there_is_one(street, clock):
    road = street(Limits(rate=100.0, burst=1, at_once=10, wait_s=5.0, waiting=10))
    for number in range(3):
        road.come(charger=number)
    await turns()
    assert len(road.server.begun) == 1
    for expected in (2, 3):
        clock.now += 0.011

        async def are_begun(expected=expected):
            return len(road.server.begun) == expected

        await eventually(are_begun)


async def test_only_a_few_begin_in_one_turn_of_the_loop(street):
    road = street(Limits(rate=1000.0, burst=1000, at_once=1, wait_s=5.0, waiting=100))
    for number in range(41):
        road.come(charger=number)
    await turns()
    road.gate._limits = Limits(rate=1000.0, burst=1000, at_once=100, wait_s=5.0, waiting=100)
    road.gate.over(road.server.begun[0])
    seen = []
    while len(road.server.begun) < 41:
        await asyncio.sleep(0)
        seen.append(len(road.server.begun))
    assert max(after - before for before, after in zip([1, *seen], seen, strict=False)) <= module.SLICE


async def test_a_gate_that_refuses_sends_all_away_and_admits_again(street):
    road = street()
    waiting = [road.come(charger=number) for number in range(3)][2]
    await turns()
    road.gate.refuse("draining")
    late = road.come()
    assert road.gate.is_refusing
    assert retry_after(waiting) > 0
    assert retry_after(late) > 0
    assert road.gate.status().refused == {"draining": 2}
    assert len(road.server.begun) == 2, "what is in progress may end"
    for guest in list(road.server.begun):
        road.gate.over(guest, accepted=True)
    road.gate.admit()
    road.come(charger="again")
    await turns()
    assert not road.gate.is_refusing
    assert road.begun()[-1] == "/ocpp/again"


async def test_who_says_nothing_is_hung_up_on(street, clock):
    road = street()
    silent, patient = road.come(ask=False), road.come(ask=False)
    clock.now += REQUEST_PATIENCE_S + 0.1
    young = road.come(ask=False)
    patient.protocol.data_received(request())
    road.gate._look_after()
    assert (silent.aborted, patient.aborted, young.aborted) == (True, False, False)
    silent.protocol.connection_lost(None)


async def test_who_waited_far_too_long_is_asked_to_come_again(street, clock):
    road = street()
    come = [road.come(charger=number) for number in range(3)]
    await turns()
    clock.now += OVERSTAYED * LIMITS.wait_s + 0.1
    last = road.come(charger=3)
    road.gate._look_after()
    assert retry_after(come[2]) >= RETRY_LEAST_S
    assert (last.written, road.gate.status().waiting) == (b"", 1)


async def test_somebody_looks_after_those_who_wait_by_the_clock(street, clock, monkeypatch):
    monkeypatch.setattr(module, "TICK_S", 0.01)
    road = street()
    silent = road.come(ask=False)
    await asyncio.sleep(0)
    clock.now += REQUEST_PATIENCE_S + 0.1

    async def is_aborted():
        return silent.aborted

    await eventually(is_aborted)


async def test_the_time_of_the_request_is_the_last_sign_of_life_however_long_it_waited(street, clock):
    road = street()
    for number in range(3):
        road.come(charger=number)
    await turns()
    asked_at, clock.now = clock.now, clock.now + 3
    assert road.gate.status().longest_wait_s == 3
    road.gate.over(road.server.begun[0])
    await turns()
    last = road.server.begun[2]
    assert last.asked_at == asked_at


async def test_the_status_says_what_came_and_what_could_come(street, clock):
    road = street()
    road.come()
    await turns()
    road.gate.over(road.server.begun[0], accepted=True)
    status = road.gate.status()
    assert (status.accepts_per_s, status.capacity_per_s) == (1 / RECENT_S, LIMITS.rate)
    assert (status.in_progress, status.waiting, status.longest_wait_s) == (0, 0, 0)
    assert (status.refusing, status.refused) == (None, {})
    clock.now += RECENT_S + 0.1
    assert road.gate.status().accepts_per_s == 0
