"""The API and the worker of the simulation: the product's own `Commands`, `Doorbells` and `Sweeper`."""

import asyncio
from uuid import UUID

from sim_postgres import SimPool
from sim_redis import SimRedis

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.leases import live_nodes
from voltring_core.domain.commands import command_class, lane
from voltring_core.errors import Conflict, TooMany
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import AWAY
from voltring_worker.sweeper import Sweeper

SWEEP_S = 5.0
PATIENCE = 12
"""Times that a client asks again, with the same Idempotency-Key."""
ACTIONS = (
    ("RemoteStartTransaction", lambda n: {"idTag": f"R{n}", "connectorId": 2}),
    ("UnlockConnector", lambda n: {"connectorId": 1}),
    ("Reset", lambda n: {"type": "Soft"}),
    ("ChangeConfiguration", lambda n: {"key": "HeartbeatInterval", "value": str(60 + n)}),
    ("GetConfiguration", lambda n: {}),
    ("RemoteStopTransaction", lambda n: {"transactionId": n}),
    ("DataTransfer", lambda n: {"vendorId": "sim", "data": str(n)}),
    ("TriggerMessage", lambda n: {"requestedMessage": "Heartbeat"}),
)


class Api:
    """Operators who order commands."""

    def __init__(self, world):
        self._world = world
        self._dice = world.dice_of("operators")
        self._place = world.place("api")
        self._commands = Commands(SimPool(world.postgres, world.tables))
        self._bells = Doorbells(SimRedis(world.redis, world.data))
        self._number = 0
        self._tasks = set()
        self.promised = {}
        """Commands that a client was told of, by id: their Idempotency-Key."""
        self.probes = set()

    def start(self):
        """Order commands all along, a few at a time."""
        count = round(self._world.orders * len(self._world.chargers))
        for _ in range(count):
            at = self._dice.uniform(2, self._world.seconds)
            self._world.loop.call_later(at, self._some, self._dice.choice((1, 1, 1, 2, 4)), context=self._place.context)

    def _some(self, count):
        charger = self._dice.choice(self._world.chargers)
        for _ in range(count):
            action, payload = self._dice.choice(ACTIONS)
            self._order(charger.id, action, payload)

    def _order(self, charger_id, action, payload, *, deadline_s=None, rings=None):
        self._number += 1
        number = self._number
        new = NewCommand(
            id=UUID(int=self._dice.getrandbits(128), version=4),
            charger_id=charger_id,
            action=action,
            payload=payload(number),
            command_class=command_class(action),
            lane=lane(action),
            deadline_s=deadline_s or self._dice.choice((8.0, 20.0, 45.0)),
            created_by="operator",
            idempotency_key=f"key {number}",
            reply_to="api-0" if self._dice.random() < 0.5 else None,
        )
        rings = self._dice.random() < 0.9 if rings is None else rings
        task = self._world.loop.create_task(self._ask(new, rings), name=f"order {number}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return new.id

    async def _ask(self, new, rings):
        for _ in range(PATIENCE):
            try:
                row, _ = await self._commands.queue(new)
                break
            except AWAY:
                await asyncio.sleep(1.0)
            except TooMany:
                return
        else:
            return
        self.promised[row["id"]] = new.idempotency_key
        if rings:  # else the API died in between
            await self._bells.ring(new.charger_id)
        if new.id not in self.probes and self._dice.random() < 0.08:
            await asyncio.sleep(self._dice.uniform(0, 5))
            try:
                await self._commands.cancel(row["id"])
            except (Conflict, *AWAY, *REDIS_AWAY):
                return

    def probe(self):
        """When all is well again every charger is asked something."""
        self._place.context.run(self._probe)

    def _probe(self):
        for charger in self._world.chargers:
            self.probes.add(self._order(charger.id, "GetConfiguration", lambda _: {}, deadline_s=30.0, rings=True))


class Worker:
    """The sweeper."""

    def __init__(self, world):
        self._world = world
        self._place = world.place("worker")
        self.is_down = False
        pool, redis = SimPool(world.postgres, world.tables), SimRedis(world.redis, world.data)
        self._sweeper = Sweeper(pool, Doorbells(redis), world.settings["call_timeout"], lambda: live_nodes(redis))
        self._task = None

    def start(self):
        """Sweep from now on."""
        self._task = self._place.context.run(
            lambda: self._world.loop.create_task(self._sweep(), name="sweeper", context=self._place.context)
        )

    async def _sweep(self):
        while True:
            await asyncio.sleep(SWEEP_S)
            if not self.is_down:
                try:
                    await self._sweeper.cycle()
                except AWAY:
                    continue
