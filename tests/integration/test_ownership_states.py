"""The scripts on a real Valkey and the fence on a real PostgreSQL do what the pure rules say, whatever comes in
whatever order: claims, late releases, wipes, forgotten scripts, reclaims, late writes."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import asyncpg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from redis.asyncio import Redis

from voltring_core.cluster.ownership import Ownership, Socket
from voltring_core.domain import ownership as rules
from voltring_core.domain.ownership import Fenced, Route, RouteState
from voltring_core.domain.takeovers import Takeovers, counted
from voltring_core.store.database import open_pool
from voltring_core.store.fence import Fence, Post, Reclaim
from voltring_core.store.queries import load

T = TypeVar("T")
NUMBERS = count(1)
CONNECTIONS = [str(UUID(int=number)) for number in range(1, 4)]
SETTINGS = settings(deadline=None, derandomize=True, database=None, max_examples=40, stateful_step_count=25)
PUT_STATUS = load("voltring_node", "recording.sql")["put_statuses"]
FAR = 2**51
"""Microseconds in the future: there the time decides nothing any more."""


class Loop:
    """One event loop for all examples of a machine."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()

    def __call__(self, work: Awaitable[T]) -> T:
        async def do() -> T:
            return await work

        return self._runner.run(do())

    def close(self) -> None:
        self._runner.close()


class Routes(RuleBasedStateMachine):
    """Three sockets on two nodes and one record."""

    run: ClassVar[Loop]
    redis: ClassVar[Redis]

    @initialize()
    def begin(self) -> None:
        self.charger = f"CP-{next(NUMBERS)}"
        self.key = f"o:{{{self.charger}}}"
        self.model: Route | None = None
        self.epochs = [0, 0, 0]

    def socket(self, who: int, epoch: int) -> Socket:
        return Socket(self.charger, CONNECTIONS[who], epoch)

    def node(self, who: int) -> str:
        return "a" if who < 2 else "b"

    def ownership(self, who: int) -> Ownership:
        return Ownership(self.redis, self.node(who))

    def now_us(self) -> int:
        seconds, microseconds = self.run(self.redis.time())
        return int(seconds) * 1_000_000 + int(microseconds)

    @rule(who=st.integers(0, 2), least=st.sampled_from([0, 1, FAR]), more=st.integers(0, 2))
    def claim(self, who: int, least: int, more: int) -> None:
        least = (self.model.epoch if self.model and least == 1 else least) + more
        earliest = self.now_us()
        (made,) = self.run(self.ownership(who).claim([self.socket(who, least)]))
        times = {earliest, self.now_us(), min(max(made.epoch, earliest), self.now_us())}
        expected = {rules.claim(self.model, self.node(who), CONNECTIONS[who], least, now) for now in times}
        after = next((one for one in expected if one.epoch == made.epoch), None)
        assert after is not None, (made, expected)
        assert made.previous_node == rules.to_kick(self.model, self.model if after == self.model else after)  # type: ignore[arg-type]
        self.model, self.epochs[who] = after, made.epoch

    @rule(who=st.integers(0, 2), whose=st.integers(0, 2), to=st.sampled_from([RouteState.LIVE, RouteState.DRAINING]))
    def move(self, who: int, whose: int, to: RouteState) -> None:
        after = rules.moved(self.model, CONNECTIONS[who], self.epochs[whose], to)
        done = self.run(self.ownership(who).move([self.socket(who, self.epochs[whose])], to))
        self.follow(done, after)

    @rule(who=st.integers(0, 2), whose=st.integers(0, 2))
    def release(self, who: int, whose: int) -> None:
        after = rules.released(self.model, CONNECTIONS[who], self.epochs[whose])
        done = self.run(self.ownership(who).release([self.socket(who, self.epochs[whose])]))
        self.follow(done, after)

    @rule(who=st.integers(0, 2), whose=st.integers(0, 2), more=st.integers(0, 1))
    def reassert(self, who: int, whose: int, more: int) -> None:
        epoch = self.epochs[whose] + more
        after = rules.reasserted(self.model, self.node(who), CONNECTIONS[who], epoch)
        done = self.run(self.ownership(who).reassert([self.socket(who, epoch)]))
        self.follow(done, after)
        if after is not None:
            self.epochs[who] = epoch

    def follow(self, done: list[bool], after: Route | None) -> None:
        assert done == [after is not None]
        self.model = after or self.model

    @rule()
    def redis_loses_the_record(self) -> None:
        self.run(self.redis.delete(self.key))
        self.model = None

    @rule()
    def redis_forgets_the_scripts(self) -> None:
        self.run(self.redis.script_flush())

    @invariant()
    def the_record_is_the_models(self) -> None:
        (found,) = self.run(self.ownership(0).look([self.socket(0, 0)]))
        assert found == self.model
        if self.model is not None:
            kept = 30 if self.model.state is RouteState.OFFLINE else 1
            assert (kept - 1) * 86_400 < self.run(self.redis.ttl(self.key)) <= kept * 86_400


def test_the_scripts_do_what_the_rules_say(valkey_server: Any) -> None:
    Routes.run = Loop()
    Routes.redis = Redis.from_url(valkey_server.url, decode_responses=True)
    try:
        run_state_machine_as_test(Routes, settings=SETTINGS)  # type: ignore[no-untyped-call]
    finally:
        Routes.run(Routes.redis.aclose())
        Routes.run.close()


class Fences(RuleBasedStateMachine):
    """Three sockets and one row."""

    run: ClassVar[Loop]
    pool: ClassVar[asyncpg.Pool]

    @initialize()
    def begin(self) -> None:
        self.charger = f"CP-{next(NUMBERS)}"
        self.run(self.pool.execute("INSERT INTO chargers (id) VALUES ($1)", self.charger))
        self.fence = Fence(self.pool)
        self.model: Fenced | None = None
        self.takeovers = Takeovers()
        self.statuses = 0

    @property
    def epoch(self) -> int:
        return self.model.epoch if self.model else 0

    def post(self, who: int, epoch: int, took_over: int = 0) -> Post:
        return Post(self.charger, epoch, CONNECTIONS[who], "1.6", "", took_over=took_over)

    @rule(who=st.integers(0, 2), more=st.integers(-2, 3), took_over=st.integers(0, 2))
    def take(self, who: int, more: int, took_over: int) -> None:
        epoch = max(self.epoch + more, 1)
        own = self.run(self.fence.take("a", [self.post(who, epoch, took_over)]))
        assert (self.charger in own) is rules.passes(self.model, epoch)
        if self.charger in own:
            swaps = max(took_over, int(self.model is not None and self.model.is_open))
            row = self.row()
            if self.model is None and not took_over:
                self.takeovers = Takeovers(0, row["swaps_since"], None)
            self.takeovers = counted(self.takeovers, swaps, row["connected_at"])
            assert own[self.charger] == (self.takeovers.count if swaps else 0)
            self.model = Fenced(CONNECTIONS[who], epoch, True)

    @rule(who=st.integers(0, 2), more=st.integers(-1, 3), seen=st.integers(-1, 1))
    def reclaim(self, who: int, more: int, seen: int) -> None:
        if self.model is None:
            return
        epoch, over = self.epoch + more, self.epoch + seen
        first = self.model.since if self.model.connection_id == CONNECTIONS[who] else epoch
        own = self.run(self.fence.reclaim("a", [Reclaim(self.post(who, epoch), over, first)]))
        assert (self.charger in own) is rules.passes(self.model, epoch, over)
        if self.charger in own:
            self.model = Fenced(CONNECTIONS[who], epoch, True, first)

    @rule(more=st.integers(-2, 1))
    def disconnect(self, more: int) -> None:
        self.run(self.fence.disconnect([(self.charger, self.epoch + more)]))
        self.set_open(more, to=False)

    @rule(more=st.integers(-1, 1))
    def reopen(self, more: int) -> None:
        self.run(self.fence.reopen([(self.charger, self.epoch + more)]))
        self.set_open(more, to=True)

    def set_open(self, more: int, *, to: bool) -> None:
        if more == 0 and self.model is not None:
            self.model = Fenced(self.model.connection_id, self.epoch, to, self.model.first_epoch)

    @rule(more=st.integers(-1, 1))
    def seen(self, more: int) -> None:
        lost = self.run(self.fence.seen([(self.charger, self.epoch + more, datetime.now(UTC))]))
        assert lost == (set() if more == 0 and self.model else {self.charger})

    @rule(more=st.integers(-4, 1))
    def write_a_status(self, more: int) -> None:
        epoch, name = self.epoch + more, f"S{next(NUMBERS)}"
        values = [self.charger, epoch, 1, 1, name, None, None, None, datetime.now(UTC)]
        self.run(self.pool.execute(PUT_STATUS, *([value] for value in values)))
        written = self.run(self.pool.fetchval("SELECT status FROM connectors WHERE charger_id = $1", self.charger))
        may = self.model is not None and self.model.since <= epoch <= self.epoch
        assert (written == name) is may

    @rule(seconds=st.sampled_from([20, 45, 70]))
    def time_passes(self, seconds: int) -> None:
        self.run(
            self.pool.execute(
                "UPDATE charger_connection SET swaps_since = swaps_since - $2::int * interval '1 second',"
                " swapped_at = swapped_at - $2::int * interval '1 second' WHERE charger_id = $1",
                self.charger,
                seconds,
            )
        )
        ago = timedelta(seconds=seconds)
        since, last = self.takeovers.since, self.takeovers.last
        self.takeovers = Takeovers(self.takeovers.count, since and since - ago, last and last - ago)

    def row(self) -> Any:
        return self.run(self.pool.fetchrow("SELECT * FROM charger_connection WHERE charger_id = $1", self.charger))

    @invariant()
    def the_row_is_the_models(self) -> None:
        owners = self.run(self.fence.owners([self.charger]))
        assert owners.get(self.charger) == self.model
        if self.model is not None:
            row = self.row()
            assert (row["swaps"], row["swaps_since"], row["swapped_at"]) == (
                self.takeovers.count,
                self.takeovers.since,
                self.takeovers.last,
            )


def test_the_fence_does_what_the_rules_say(postgres_dsn: str) -> None:
    Fences.run = Loop()
    Fences.pool = Fences.run(open_pool(postgres_dsn, size=1, name="states"))
    try:
        run_state_machine_as_test(Fences, settings=SETTINGS)  # type: ignore[no-untyped-call]
    finally:
        Fences.run(Fences.pool.close())
        Fences.run.close()


@pytest.fixture
def both(postgres_dsn: str) -> Callable[[], Awaitable[asyncpg.Pool]]:
    return lambda: open_pool(postgres_dsn, size=4, name="both")


async def test_of_two_claims_at_once_with_one_epoch_one_passes_the_fence(
    both: Callable[[], Awaitable[asyncpg.Pool]],
) -> None:
    pool = await both()
    await pool.execute("INSERT INTO chargers (id) VALUES ('CP')")
    for epoch in range(1, 20):
        posts = [Post("CP", epoch, one, "1.6", "") for one in CONNECTIONS]
        own = await asyncio.gather(*(Fence(pool).take("a", [post]) for post in posts))
        assert sum("CP" in one for one in own) == 1
    await pool.close()
