"""What a drain believes of what it saw, for how long, and how it stands after it gave up."""

import time
from types import SimpleNamespace

import pytest

from voltring_core.domain.draining import Cause, Order, Phase, over
from voltring_node.draining import Drainer
from voltring_node.parting import Parting
from voltring_node.sorting import LOOKED_S


class Pool:
    """A PostgreSQL at which nothing goes on."""

    async def fetch(self, *_):
        return []


class Gate:
    is_refusing = False

    def admit(self):
        return None


@pytest.fixture
def drainer():
    neighbours = SimpleNamespace(last=[], peers=())
    commander = SimpleNamespace(is_dispatching=lambda _: False)
    parting = Parting(None, {}, commander, quiesce_s=1.0)
    return Drainer(Pool(), parting, {}, commander, Gate(), neighbours, lambda: 0.0, lambda: None, limbo_s=1.0)


async def test_a_drain_believes_postgresql_for_three_seconds_after_its_last_answer(drainer):
    await drainer.begin(Order())
    assert not drainer._seen(time.monotonic(), Cause.ORDER).is_sorted
    assert not drainer.knows_ranks
    await drainer._sort()
    await drainer._look_back()
    now = time.monotonic()
    assert drainer.knows_ranks
    assert drainer._seen(now + LOOKED_S - 1, Cause.ORDER).is_sorted
    assert not drainer._seen(now + LOOKED_S, Cause.ORDER).is_sorted
    assert LOOKED_S == 3.0


async def test_after_a_drain_that_gave_up_the_node_serves_and_the_drain_says_aborted(drainer):
    await drainer.begin(Order())
    assert (drainer.phase, drainer.is_leaving) == (Phase.CORDONED, True)
    drainer._take(over(drainer.drain, Phase.ABORTED, "the deadline came"))
    assert (drainer.phase, drainer.drain_phase, drainer.is_leaving) == (Phase.SERVING, Phase.ABORTED, False)
    await drainer.undrain()
    assert drainer.drain_phase is Phase.SERVING
