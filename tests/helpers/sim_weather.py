"""What goes wrong on the way to a server, by the seed: refused, lost, slow, hanging, away, cut off for one node.

Every call has a name (`fence.fence`, `commands.take`, `redis.xadd.kick` ...). It may fail before it took effect, take
effect and lose its answer, be slow, or hang until its caller gives up.
"""

import contextlib
from dataclasses import dataclass, field
from fnmatch import fnmatch

from sim_loop import HERE

USUAL_S = (0.0002, 0.003)
SLOW_S = (0.05, 4.0)
HOWS = ("before", "after", "after", "late", "slow", "slow", "slow", "hang", "hang after")
"""`late`: its caller is told of a failure, and it takes effect after that."""


@dataclass
class Weather:
    """How likely a call goes wrong, in all of its ways together; and where it does so more often."""

    rough: float = 0.0
    pointed: dict = field(default_factory=dict)
    """Pattern of names -> (how, probability)."""

    def plan(self, name, dice):
        """None, or what happens to this call: `before`, `after`, `slow`, `hang`, `hang after`."""
        for pattern, (how, probability) in self.pointed.items():
            if fnmatch(name, pattern) and dice.random() < probability:
                return how
        if self.rough and dice.random() < self.rough:
            return dice.choice(HOWS)
        return None


class Server:
    """One server and the ways to it."""

    def __init__(self, place, loop, dice, story, weather, errors, patience_s):
        """`errors` are made anew for each failure; a call that hangs fails after `patience_s`."""
        self.place = place
        self.loop = loop
        self._dice = dice
        self._story = story
        self._weather = weather
        self._errors = errors
        self._patience_s = patience_s
        self._away = {}
        self.calls = 0

    def go_away(self, seconds, client=None):
        """Refuse everybody, or one client, for some seconds."""
        until = self.loop.time() + seconds
        self._away[client] = max(self._away.get(client, 0.0), until)

    def come_back(self):
        """Serve everybody again."""
        self._away.clear()

    def is_away(self, client):
        """Whether a client gets no answer now."""
        if not self._away:
            return False
        now = self.loop.time()
        return self._away.get(None, 0.0) > now or self._away.get(client, 0.0) > now

    def error(self):
        """One of the errors by which this server is known to be away."""
        return self._dice.choice(self._errors)()

    async def ask(self, name, work):
        """Have `work()` done at the server, at once and alone, and return what it returns."""
        self.calls += 1
        client = HERE.get()
        how = self._weather.plan(name, self._dice)
        if how is not None:
            self._story.tell(None, f"{name}: {how}")
        future = self.loop.create_future()
        go = self._dice.uniform(*(SLOW_S if how == "slow" else USUAL_S))
        self.loop.call_later(go, self._serve, name, client, how, work, future, context=self.place.context)
        return await future

    def _serve(self, name, client, how, work, future):
        result = error = None
        if self.is_away(client):
            # Mostly refused at once; sometimes nothing comes back at all.
            hangs = self._dice.random() < 0.1
            self._answer(future, None, self.error(), self._patience_s if hangs else 0.01)
            return
        if how == "late":
            self.loop.call_later(self._dice.uniform(*SLOW_S), _do, work, context=self.place.context)
        elif how not in ("before", "hang"):
            try:
                result = work()
            except Exception as raised:
                error = raised
        if how in ("before", "after", "late"):
            error = self.error()
        elif how in ("hang", "hang after"):
            error = TimeoutError("no answer")
        seconds = self._patience_s if how in ("hang", "hang after") else self._dice.uniform(*USUAL_S)
        self._answer(future, result, error, seconds)

    def _answer(self, future, result, error, seconds):
        self.loop.call_later(seconds, _settle, future, result, error, context=self.place.context)


def _do(work):
    """Nobody waits for it any more."""
    with contextlib.suppress(Exception):
        work()


def _settle(future, result, error):
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
