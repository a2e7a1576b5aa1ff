"""The clocks, ids and dice of the product while it is simulated: each module that has asked for them gets these.

Monotonic time is the loop's. Wall time may be wrong by what its place says, so that a node's clock can step.
"""

import contextlib
import random as real_random
import sys
import time as real_time
import uuid as real_uuid
from datetime import UTC, datetime, timedelta
from random import Random
from types import SimpleNamespace
from uuid import UUID

from sim_loop import HERE, START

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ROOMS = ("voltring_node", "voltring_worker", "voltring_core.cluster", "voltring_core.store", "voltring_core.runtime")


class Clock:
    """What stands in for the module `time`."""

    def __init__(self, loop):
        self._loop = loop

    def monotonic(self):
        return self._loop.time()

    perf_counter = monotonic

    def time(self):
        return NOON.timestamp() + self._loop.time() - START + _offset()

    def time_ns(self):
        return int(self.time() * 1_000_000) * 1000

    def now(self):
        """Wall time here, as a datetime."""
        return self.true_now() + timedelta(seconds=_offset())

    def true_now(self):
        """Wall time by a clock that is right, as the servers have it."""
        return NOON + timedelta(seconds=self._loop.time() - START)

    def true_us(self):
        """The same, in microseconds since 1970."""
        return round((NOON.timestamp() + self._loop.time() - START) * 1e6)


def _offset():
    place = HERE.get()
    return place.wall_offset if place is not None else 0.0


def _datetime(clock):
    class Meta(type):
        def __instancecheck__(cls, value):
            return isinstance(value, datetime)

    class SimulatedDatetime(datetime, metaclass=Meta):
        @classmethod
        def now(cls, tz=None):
            return clock.now() if tz is UTC else clock.now().astimezone(tz)

    return SimulatedDatetime


@contextlib.contextmanager
def simulated(loop, seed):
    """Give the product the loop's time and the seed's ids."""
    clock, dice = Clock(loop), Random(f"ids {seed}")
    instead = {
        "time": (real_time, clock),
        "datetime": (datetime, _datetime(clock)),
        "uuid4": (real_uuid.uuid4, lambda: UUID(int=dice.getrandbits(128), version=4)),
        "random": (real_random, SimpleNamespace(Random=lambda: Random(f"product {seed}"))),
        "monotonic": (real_time.monotonic, clock.monotonic),
    }
    undo = []
    for name, module in sorted(sys.modules.items()):
        if not name.startswith(ROOMS):
            continue
        for word, (real, double) in instead.items():
            if vars(module).get(word) is real:
                setattr(module, word, double)
                undo.append((module, word, real))
    try:
        yield clock
    finally:
        for module, word, real in undo:
            setattr(module, word, real)
