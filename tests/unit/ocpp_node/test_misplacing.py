"""What a node knows of who is misplaced, and when it knows nothing."""

from types import SimpleNamespace

import pytest

from voltring_core.domain.placement import home
from voltring_core.domain.window import Peer
from voltring_node.misplacing import Misplacing

IDS = [f"CP-{number}" for number in range(450)]


class Neighbours:
    peers = (Peer("street-node-1"), Peer("street-node-2", is_ready=False))

    def peers_within(self, seconds):
        return self.peers


@pytest.fixture
def world():
    clock = [100.0]
    made = SimpleNamespace(neighbours=Neighbours(), connections=dict.fromkeys(IDS), ready=True, clock=clock)

    def misplacing(name="street-node-0", slots=4):
        return Misplacing(
            name, slots, made.connections, made.neighbours, lambda: made.ready, clock=lambda: made.clock[0]
        )

    made.misplacing = misplacing
    return made


def belong_elsewhere(up):
    return {one for one in IDS if home(one, frozenset(up)) != 0}


async def test_misplaced_are_those_whom_the_router_would_send_to_another_ready_node(world):
    one = world.misplacing()
    assert one.count is None
    await one.cycle()
    assert one.ids == belong_elsewhere({0, 1})
    assert one.count == len(one.ids)
    del world.connections[next(iter(one.ids))]
    assert one.count == len(one.ids) - 1


async def test_since_when_the_same_nodes_are_ready_starts_anew_with_another_one(world):
    one = world.misplacing()
    await one.cycle()
    world.clock[0] = 107.0
    await one.cycle()
    assert one.same_since == 100.0
    world.neighbours.peers = (Peer("street-node-1"), Peer("street-node-2"))
    await one.cycle()
    assert (one.same_since, one.ids) == (107.0, belong_elsewhere({0, 1, 2}))


async def test_everybody_is_misplaced_at_a_node_that_takes_no_chargers(world):
    world.ready = False
    one = world.misplacing()
    await one.cycle()
    assert one.ids == set(IDS)


@pytest.mark.parametrize(("name", "slots"), [("street-node-0", None), ("node", 4)])
async def test_without_a_router_or_an_ordinal_nothing_is_known(world, name, slots):
    one = world.misplacing(name, slots)
    await one.cycle()
    assert (one.count, one.same_since, one.is_possible) == (None, None, False)


async def test_what_was_known_is_forgotten_while_redis_is_away_or_no_node_is_ready(world):
    one = world.misplacing()
    await one.cycle()
    known, world.neighbours.peers = world.neighbours.peers, None
    await one.cycle()
    assert (one.count, one.same_since) == (None, None)
    world.neighbours.peers = known
    await one.cycle()
    assert one.count is not None
    world.neighbours.peers, world.ready = (), False
    await one.cycle()
    assert one.count is None
