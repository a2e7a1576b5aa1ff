"""A Redis in memory: the commands and scripts that nodes, API and worker use, and what a failover does to it.

The product's own `Ownership`, `Doorbells`, `leases` and `EventBus` run on it unchanged. The scripts of
`cluster/lua/` are done by the pure rules of `domain/ownership.py`: the same contract tests run on both
(tests/integration/test_contracts_redis.py).
"""

import copy
from hashlib import sha1
from importlib.resources import files

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError
from sim_scripts import SCRIPTS

ERRORS = (
    lambda: RedisConnectionError("the simulated Redis is away"),
    lambda: ConnectionResetError("reset by the simulated Redis"),
    lambda: RedisTimeoutError("the simulated Redis is silent"),
)
PATIENCE_S = 5.0


class Data:
    """What a Redis holds. Times are microseconds since 1970."""

    def __init__(self, now_us, on_route=lambda key, before, after: None):
        self.now_us = now_us
        self.on_route = on_route
        """Called with every change of an owner record."""
        self.routes, self.values, self.sets, self.streams = {}, {}, {}, {}
        self.waiting = {}
        self.scripts = set()
        """Digests of the scripts that it knows."""
        self.on_ring = None
        """Called with every doorbell before it is written; True when it is dealt with."""

    def snapshot(self):
        """What a replica has by now."""
        return copy.copy(self.routes), dict(self.values), copy.deepcopy(self.sets), copy.deepcopy(self.streams)

    def restore(self, snapshot):
        """A replica takes over that has not got the latest writes."""
        self.routes, self.values, self.sets, self.streams = copy.deepcopy(snapshot)
        self.scripts = set()
        self._drop_readers()

    def wipe(self):
        """It starts again empty."""
        self.restore(({}, {}, {}, {}))

    def _drop_readers(self):
        waiting, self.waiting = self.waiting, {}
        for futures in waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(RedisConnectionError("the simulated Redis starts again"))

    def route(self, key):
        """The owner record of a key, as the rules know it."""
        return self.routes.get(key)

    def put_route(self, key, route):
        """Write an owner record."""
        before = self.routes.get(key)
        if route != before:
            self.routes[key] = route
            self.on_route(key, before, route)

    def hget(self, key, field):
        return self.hgetall(key).get(field)

    def hmget(self, key, fields, *more):
        hashed = self.hgetall(key)
        return [hashed.get(field) for field in ([fields, *more] if isinstance(fields, str) else fields)]

    def hgetall(self, key):
        route = self.routes.get(key)
        if route is None:
            return {}
        found = {"node": route.node, "cid": route.connection_id, "ep": str(route.epoch), "st": route.state.value}
        return {name: value for name, value in found.items() if value is not None}

    def xadd(self, key, fields, maxlen=None, approximate=True):
        if key.startswith("s:") and self.on_ring is not None and self.on_ring(key, fields):
            return "0-1"
        return self.append(key, fields)

    def append(self, key, fields):
        """Write an entry of a stream."""
        entries = self.streams.setdefault(key, [])
        last = entries[-1][0] if entries else (0, 0)
        at = (max(self.now_us() // 1000, last[0]), 0)
        if at <= last:
            at = (last[0], last[1] + 1)
        entries.append((at, {name: str(value) for name, value in fields.items()}))
        for future in self.waiting.pop(key, ()):
            if not future.done():
                future.set_result(None)
        return f"{at[0]}-{at[1]}"

    def after(self, streams, count):
        """What stands in streams after the ids given; as XREAD answers."""
        found = []
        for key, since in streams.items():
            number = tuple(int(part) for part in since.split("-"))
            entries = [entry for entry in self.streams.get(key, ()) if entry[0] > number][:count]
            if entries:
                found.append([key, [(f"{at[0]}-{at[1]}", fields) for at, fields in entries]])
        return found

    def set(self, key, value, px=None, ex=None, nx=False, get=False):
        before = self.get(key)
        if nx and before is not None:
            return None
        seconds = px / 1000 if px else ex
        self.values[key] = (value, self.now_us() + seconds * 1e6 if seconds else float("inf"))
        return before if get else True

    def get(self, key):
        value, until = self.values.get(key, (None, 0.0))
        return value if until > self.now_us() else None

    def exists(self, *keys):
        return sum(self.get(key) is not None or key in self.streams for key in keys)

    def delete(self, *keys):
        for key in keys:
            for table in (self.values, self.sets, self.streams, self.routes):
                table.pop(key, None)
        return len(keys)

    def sadd(self, key, *members):
        self.sets.setdefault(key, {}).update(dict.fromkeys(members))
        return len(members)

    def srem(self, key, *members):
        for member in members:
            self.sets.get(key, {}).pop(member, None)
        return len(members)

    def smembers(self, key):
        return set(self.sets.get(key, ()))

    def expire(self, key, seconds):
        return True

    pexpire = expire

    def time(self):
        return divmod(self.now_us(), 1_000_000)

    def zrangebyscore(self, key, least, most):
        return []

    def publish(self, channel, message):
        return 0

    def xinfo_stream(self, key):
        entries = self.streams.get(key)
        if entries is None:
            raise ResponseError("no such key")
        at = entries[-1][0] if entries else (0, 0)
        return {"length": len(entries), "last-generated-id": f"{at[0]}-{at[1]}", "entries-added": len(entries)}

    def xlen(self, key):
        return len(self.streams.get(key, ()))

    def ping(self):
        return True

    def execute_command(self, command, script, count, *given):
        """EVALSHA and EVAL."""
        if command == "EVALSHA":
            if script not in self.scripts:
                raise NoScriptError
        else:
            self.scripts.add(sha1(script.encode(), usedforsecurity=False).hexdigest())
        keys, args = given[:count], [str(one) for one in given[count:]]
        return SCRIPTS[_script(script)](self, keys, args)


COMMANDS = frozenset(name for name in vars(Data) if not name.startswith("_")) - {
    "snapshot", "restore", "wipe", "route", "put_route", "after", "append",
}  # fmt: skip
LUA = {
    one.name.removesuffix(".lua"): one.read_text(encoding="utf-8")
    for one in files("voltring_core.cluster").joinpath("lua").iterdir()
    if one.name.endswith(".lua")
}
NAMES = {text: name for name, text in LUA.items()} | {
    sha1(text.encode(), usedforsecurity=False).hexdigest(): name for name, text in LUA.items()
}


def _script(text_or_digest):
    return NAMES[text_or_digest]


def _name(command, args):
    """The name of a call: its command, and what for."""
    if command == "xadd":
        return "doorbells." + args[1]["kind"] if "kind" in args[1] else f"redis.xadd.{str(args[0])[:2].rstrip(':')}"
    return _script(args[1]) if command == "execute_command" else f"redis.{command}"


class Pipeline:
    """Commands that go together; each one takes effect on its own."""

    def __init__(self, redis):
        self._redis = redis
        self.steps = []

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        self.steps = []

    def __getattr__(self, command):
        if command not in COMMANDS:
            raise AttributeError(f"the simulated Redis knows no {command}")

        def add(*args, **kwargs):
            self.steps.append((_name(command, args), command, args, kwargs))
            return self

        return add

    async def execute(self, raise_on_error=True):
        """All of them, in order; the answers in order."""
        steps, self.steps = self.steps, []
        answers = await self._redis.do(steps, single=False)
        for answer in answers if raise_on_error else ():
            if isinstance(answer, Exception):
                raise answer
        return answers


class SimRedis:
    """The client of one process."""

    def __init__(self, server, data):
        self._server = server
        self._data = data

    def pipeline(self, transaction=False):
        return Pipeline(self)

    async def aclose(self):
        return None

    def __getattr__(self, command):
        if command not in COMMANDS:
            raise AttributeError(f"the simulated Redis knows no {command}")

        async def do(*args, **kwargs):
            return await self.do([(_name(command, args), command, args, kwargs)], single=True)

        return do

    async def do(self, steps, *, single):
        """One way to the server and back."""
        if not steps:
            return []
        data = self._data

        def work():
            done = [_done(data, *step[1:]) for step in steps]
            if single and isinstance(done[0], Exception):
                raise done[0]
            return done[0] if single else done

        return await self._server.ask(steps[0][0], work)

    async def xread(self, streams, count=100, block=None):
        """As Redis: what is new, or wait for it at most `block` milliseconds."""
        found = await self._server.ask("redis.xread", lambda: self._data.after(streams, count))
        if found or not block:
            return found
        loop = self._server.loop
        future = loop.create_future()
        for key in streams:
            self._data.waiting.setdefault(key, []).append(future)
        timer = loop.call_later(block / 1000, _stop_waiting, future, context=self._server.place.context)
        try:
            await future
        finally:
            timer.cancel()
        return await self._server.ask("redis.xread", lambda: self._data.after(streams, count))


def _done(data, command, args, kwargs):
    """One of a pipeline's answers: an error of its own stops no other."""
    try:
        return getattr(data, command)(*args, **kwargs)
    except RedisError as error:
        return error


def _stop_waiting(future):
    if not future.done():
        future.set_result(None)
