"""Chargers and an operator at work on a fleet, and the verdict on how it went."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
from fault_chargers import Charger
from fault_fleet import ANTI_ENTROPY_SECONDS, CALL_TIMEOUT, LEASE_SECONDS, Fleet
from fault_operator import Operator
from fault_verdict import Verdict, judge
from redis.asyncio import Redis

from voltring_core.testing import eventually

BACK_OFF = 2.0
SLOW_S = 30.0
"""Seconds that a machine needs which is five times slower than its servers' timeouts were chosen for, where others of
these tests' processes wait for the same core: the work itself is of some hundred milliseconds."""
OWNERS_WITHIN = LEASE_SECONDS + ANTI_ENTROPY_SECONDS + BACK_OFF + SLOW_S
"""Seconds for a route to heal once faults have stopped."""
COMMANDS_WITHIN = 3 * 2 * CALL_TIMEOUT + OWNERS_WITHIN
"""Seconds for every command to be over: what nobody answers is swept after twice its timeout, R three times."""
CONNECTED_WITHIN = 60.0
"""Seconds for chargers to be back that nothing but their own back-off (a second) and patience (four) keeps away."""


class Scene:
    """`async with Scene(fleet, chargers) as scene`: the chargers run until the end."""

    def __init__(self, fleet: Fleet, chargers: Sequence[Charger], *, dsn: str = "", redis_url: str = "") -> None:
        """`dsn`, `redis_url`: where the verdict looks, past what the fleet is cut off from."""
        self.fleet = fleet
        self.chargers = list(chargers)
        self.operator = Operator(fleet.api_url)
        self._dsn = dsn or fleet.dsn
        self._redis_url = redis_url or fleet.redis_url
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.database: asyncpg.Pool
        self.redis: Redis

    async def __aenter__(self) -> "Scene":
        self.database = await asyncpg.create_pool(self._dsn, min_size=0, max_size=3, timeout=SLOW_S)
        self.redis = Redis.from_url(self._redis_url, decode_responses=True)
        for charger in self.chargers:
            self.start(charger)
        return self

    async def __aexit__(self, *exc: Any) -> None:
        if exc[0] is not None:
            print(await described(self))
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for charger in self.chargers:
            await charger.end()
        await self.operator.client.aclose()
        await self.redis.aclose()
        self.database.terminate()

    def start(self, charger: Charger) -> None:
        """Let a charger run; it belongs to the verdict from now on."""
        if charger not in self.chargers:
            self.chargers.append(charger)
        self._tasks[charger.id] = asyncio.create_task(charger.run(), name=charger.id)

    async def stop(self, *chargers: Charger) -> None:
        """Switch chargers off; the verdict does not ask for their sockets until they run again."""
        for charger in chargers:
            task = self._tasks.pop(charger.id)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            charger.owner = None

    async def left(self, charger: Charger) -> None:
        """Switch a charger off, and wait until everybody knows."""
        await self.stop(charger)
        statement = "SELECT disconnected_at FROM charger_connection WHERE charger_id = $1"
        await eventually(lambda: self.database.fetchval(statement, charger.id))

    async def connected(self, seconds: float = CONNECTED_WITHIN, *, at: str | None = None) -> None:
        """Wait until every charger has an open socket (at that node) and was acknowledged something."""

        async def all_there() -> bool:
            broken = [task for task in self._tasks.values() if task.done()]
            assert not broken, broken[0].exception()
            running = [one for one in self.chargers if one.id in self._tasks]
            return all(one.owner is not None and at in (None, one.owner) for one in running)

        await eventually(all_there, seconds)

    async def more_facts(self, count: int = 1, seconds: float = CONNECTED_WITHIN) -> None:
        """Wait until every charger that charges was acknowledged so many facts more than now."""
        wanted = {
            one.id: len(one.acknowledged) + count for one in self.chargers if one.charges and one.id in self._tasks
        }

        async def enough() -> bool:
            return all(len(one.acknowledged) >= wanted.get(one.id, 0) for one in self.chargers)

        await eventually(enough, seconds)

    async def orders(self) -> None:
        """Commands of every class for every charger, all at once."""
        await self.orders_for(self.chargers)

    async def orders_for(self, chargers: Sequence[Charger]) -> None:
        """Commands of every class for these, all at once."""
        await asyncio.gather(*(self.operator.orders_of_every_class(one.id) for one in chargers))

    async def judged(self, commands_within: float = COMMANDS_WITHIN, owners_within: float = OWNERS_WITHIN) -> Verdict:
        """The verdict; it has no flaws, or this raises with all of them."""
        verdict = await judge(
            self.database,
            self.redis,
            self.chargers,
            self.operator,
            off={one.id for one in self.chargers if one.id not in self._tasks},
            commands_within=commands_within,
            owners_within=owners_within,
        )
        print(verdict)
        assert not verdict.flaws, "\n".join(verdict.flaws[:20])
        assert verdict.acknowledged > 0
        return verdict


async def described(scene: Scene) -> str:
    """Where everybody is, for who reads of a failure: what chargers think, what the fence and the routes say, which
    commands are open or went wrong, and who waits for whom in PostgreSQL."""
    lines = [
        f"{one.id}: at {one.owner}, to go to {[place.name for place in one.places]}, {len(one.acknowledged)} facts"
        f" acknowledged, {len(one.outbox)} waiting, {one.losses} losses, closes {dict(one.closes)}"
        for one in scene.chargers
    ]
    statements = {
        "fence": "SELECT charger_id, epoch, node_uid, connected_at, disconnected_at, swaps FROM charger_connection"
        " WHERE charger_id = ANY($1) ORDER BY 1",
        "command": "SELECT charger_id, action, state, attempts, epoch, sent_at, deadline_at, finished_at FROM commands"
        " WHERE state NOT IN ('ACCEPTED', 'COMPLETED') AND charger_id = ANY($1) ORDER BY seq LIMIT 30",
        "sessions": "SELECT application_name, pid, state, wait_event, xact_start, pg_blocking_pids(pid) AS behind,"
        " left(query, 100) AS query FROM pg_stat_activity WHERE xact_start < now() - interval '1 second'"
        " AND $1::text[] IS NOT NULL",
    }
    ids = [one.id for one in scene.chargers]
    try:
        async with asyncio.timeout(SLOW_S):
            for title, statement in statements.items():
                lines += [f"{title}: {dict(row)}" for row in await scene.database.fetch(statement, ids)]
            for one in scene.chargers:
                lines.append(f"route of {one.id}: {await scene.redis.hgetall(f'o:{{{one.id}}}')}")
    except Exception as error:  # whatever it is: the test's own failure is what counts
        lines.append(f"no more is known: {error!r}")
    return "\n".join(lines)
