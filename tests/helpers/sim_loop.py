"""An event loop of virtual time: it jumps to the next timer when nothing is ready, so that a minute costs nothing.

Every callback belongs to a `Place` (a node, a server, the street with its chargers), by the context that it runs in.
A place can stand still for a while, as a stopped process does, or be dead for good, as a killed one is. Callbacks of
one place run in their order, as asyncio promises; those of different places, which are different processes, are mixed
by the seed.
"""

import asyncio
import heapq
from collections import deque
from contextvars import ContextVar, copy_context
from random import Random
from weakref import WeakSet

START = 1000.0
MOST_TURNS = 400_000
"""Turns of the loop without a step in time: something spins."""


class Place:
    """A process of its own: what runs in its context."""

    def __init__(self, name):
        self.name = name
        self.is_dead = False
        self.is_stalled = False
        self.wall_offset = 0.0
        """Seconds that its wall clock is wrong by."""
        self.held = deque()
        self.tasks = WeakSet()
        self.remains = []
        """Tasks of the dead: nobody ends them, and the garbage collector must not."""
        self.context = copy_context()
        self.context.run(HERE.set, self)

    def die(self):
        """kill -9."""
        self.is_dead = True
        self.remains = list(self.tasks)

    def __repr__(self):
        return self.name


HERE = ContextVar("HERE", default=None)


class Stuck(Exception):
    """Nothing will ever happen any more, or everything happens at once."""


class _NoSelector:
    """There is nothing to select from; asyncio wants to close something."""

    def close(self):
        return None


def _task(loop, work, **more):
    task = asyncio.Task(work, loop=loop, **more)
    context = more.get("context")
    place = HERE.get() if context is None else context.get(HERE)
    if place is not None:
        place.tasks.add(task)
    return task


class VirtualLoop(asyncio.BaseEventLoop):
    """A loop whose time is what its timers say."""

    def __init__(self, seed):
        super().__init__()
        self._now = START
        self._random = Random(f"order {seed}")
        self._selector = _NoSelector()
        self._turns = 0
        self.faults = []
        """What tasks and callbacks left behind: nobody has looked at these exceptions."""
        self.set_exception_handler(lambda _, context: self.faults.append((HERE.get(), context)))
        self.set_task_factory(_task)

    def time(self):
        return self._now

    def _process_events(self, event_list):
        return None

    def _write_to_self(self):
        return None

    def add_signal_handler(self, number, callback, *args):
        """Nobody signals."""

    def stall(self, place, seconds):
        """Let nothing of a place run for some seconds; what became ready meanwhile runs then, in its order."""
        place.is_stalled = True
        self.call_later(seconds, self._wake, place, context=copy_context())

    def _wake(self, place):
        place.is_stalled = False
        if not place.is_dead:
            self.give_back(place)

    def give_back(self, place):
        """Have run what was held back, before all else."""
        while place.held:
            self._ready.appendleft(place.held.pop())

    def _run_once(self):
        self._take_due()
        if not self._ready:
            if self._stopping:
                return
            self._jump()
            self._take_due()
        self._turns += 1
        if self._turns > MOST_TURNS:
            raise Stuck(f"{MOST_TURNS} turns without a step in time")
        batch = list(self._ready)
        self._ready.clear()
        for handle in self._mixed(batch) if len(batch) > 1 else batch:
            self._run(handle)

    def _run(self, handle):
        if handle._cancelled:
            return
        place = handle._context.get(HERE)
        if place is not None and (place.is_dead or place.is_stalled):
            place.held.append(handle)
            return
        handle._run()

    def _take_due(self):
        timers, now = self._scheduled, self._now
        while timers and (timers[0]._cancelled or timers[0]._when <= now):
            timer = heapq.heappop(timers)
            timer._scheduled = False
            if timer._cancelled:
                self._timer_cancelled_count -= 1
            else:
                self._ready.append(timer)

    def _jump(self):
        if not self._scheduled:
            raise Stuck("nothing is ready and no timer runs")
        self._now = max(self._now, self._scheduled[0]._when)
        self._turns = 0

    def _mixed(self, batch):
        """The batch with the places mixed, and each place's own order kept."""
        places = [handle._context.get(HERE) for handle in batch]
        if all(place is places[0] for place in places):
            return batch
        order = list(range(len(batch)))
        self._random.shuffle(order)
        queues = {}
        for place, handle in zip(places, batch, strict=True):
            queues.setdefault(id(place), deque()).append(handle)
        return [queues[id(places[number])].popleft() for number in order]
