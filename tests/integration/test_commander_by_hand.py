"""The node's dispatch on a real PostgreSQL, with a socket and servers that fail at a chosen moment."""

import json
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from redis.asyncio import Redis
from websockets.protocol import State as SocketState

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.watching import Looks
from voltring_core.domain.chargers import Admission, Charger, Intervals
from voltring_core.domain.commands import command_class, lane
from voltring_core.domain.messages import Registration
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.store.queue import Queue
from voltring_core.testing import eventually
from voltring_node.commanding import Commander
from voltring_node.connection import Connection
from voltring_node.settling import Settler
from voltring_node.terms import Terms


class Socket:
    """Shows what is written."""

    state = SocketState.OPEN
    remote_address = None

    def __init__(self) -> None:
        self.written: list[Any] = []
        self.on_write: Callable[[], None] = lambda: None

    async def say(self, text: str) -> bool:
        self.on_write()
        self.written.append(json.loads(text))
        return True


class Faulty:
    """A server's side of which single methods fail as often as is asked for, before or after they have worked."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.failures: dict[str, list[Exception]] = {}
        self.losses: dict[str, list[Exception]] = {}
        self.then: dict[str, Callable[[], None]] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)

        async def called(*values: Any, **named: Any) -> Any:
            if self.failures.get(name):
                raise self.failures[name].pop()
            found = await method(*values, **named)
            self.then.pop(name, lambda: None)()
            if self.losses.get(name):
                raise self.losses[name].pop()
            return found

        return called


class Bench:
    """One charger of OCPP 1.6 at a commander."""

    def __init__(self, pool: asyncpg.Pool, redis: Redis) -> None:
        self.pool = pool
        self.queue, self.settler = Faulty(Queue(pool)), Faulty(Settler(pool))
        audience = SimpleNamespace(looks=Looks())
        publisher: Any = SimpleNamespace(put=lambda event: None, audience=audience)
        self.commander = Commander(self.queue, self.settler, Doorbells(redis), publisher)  # type: ignore[arg-type]
        self.socket = Socket()
        charger = Charger("CP", Admission.REGISTERED, None, registration=Registration.ACCEPTED, call_timeout_s=None)
        self.recorder: Any = SimpleNamespace(keep=lambda asked: None, is_behind=False)
        self.connection = Connection(
            self.socket,  # type: ignore[arg-type]
            charger,
            Version.V16,
            str(uuid4()),
            self.recorder,
            Terms(Intervals(), 3),
            self.commander.answered,
            self.commander.strayed,
            self.commander.ready,
            lambda _: None,
        )
        self.connection.epoch = 1
        self.connection._is_ready = True

    async def order(self, action: str, payload: Any = None) -> Any:
        """Queue a command."""
        kind = command_class(action)
        new = NewCommand(uuid4(), "CP", action, payload or {}, kind, lane(action), 60, "test")
        await Commands(self.pool).queue(new)
        return new.id

    def ring(self) -> None:
        """Let it be dispatched."""
        self.commander.ring(self.connection)

    async def frame(self, number: int = 0) -> Any:
        """What was written, once it was."""

        async def look() -> Any:
            return len(self.socket.written) > number and self.socket.written[number]

        return await eventually(look)

    def answers(self, frame: Any, payload: Any = None) -> None:
        """The charger answers."""
        self.connection._receive(json.dumps([3, frame[1], payload or {"status": "Accepted"}]))

    async def becomes(self, command: Any, state: str) -> Any:
        """The row, once it is in that state and its dispatch is over."""

        async def look() -> Any:
            row = await self.pool.fetchrow("SELECT * FROM commands WHERE id = $1", command)
            return row["state"] == state and row

        return await eventually(look)

    async def is_still(self) -> None:
        """Return once nothing is dispatched."""

        async def look() -> bool:
            return not self.commander.is_dispatching(self.connection)

        await eventually(look)


@pytest.fixture
async def bench(postgres_dsn: str, redis: Redis) -> AsyncIterator[Bench]:
    pool = await open_pool(postgres_dsn, size=3, name="bench")
    await pool.execute("INSERT INTO chargers (id) VALUES ('CP')")
    await pool.execute(
        "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version)"
        " VALUES ('CP', 1, gen_random_uuid(), 'node-0', '1.6')"
    )
    yield Bench(pool, redis)
    await pool.close()


@pytest.mark.parametrize(
    ("action", "answer"), [("UnlockConnector", {"status": "Unlocked"}), ("GetConfiguration", {"unknownKey": ["A"]})]
)
async def test_a_take_whose_result_is_lost_after_its_commit_is_given_back_and_sent_once(
    bench: Bench, action: str, answer: Any
) -> None:
    command = await bench.order(action)
    bench.queue.losses["take"] = [ConnectionError("after the commit")]
    bench.queue.failures["give_back_lost"] = [ConnectionError("still away")]
    bench.ring()
    frame = await bench.frame()
    row = await bench.becomes(command, "SENT")
    assert (row["attempts"], row["message_id"], row["earlier_message_ids"]) == (1, frame[1], None)
    bench.answers(frame, answer)
    await bench.becomes(command, "ACCEPTED")
    await bench.is_still()
    assert len(bench.socket.written) == 1


async def test_a_take_that_never_came_to_its_commit_is_tried_again(bench: Bench) -> None:
    command = await bench.order("ClearCache")
    bench.queue.failures["take"] = [ConnectionError("before the commit")] * 2
    bench.ring()
    bench.answers(await bench.frame())
    assert (await bench.becomes(command, "ACCEPTED"))["attempts"] == 1


async def test_a_socket_that_closes_between_sent_and_the_frame_leaves_the_command_queued(bench: Bench) -> None:
    command = await bench.order("UnlockConnector", {"connectorId": 1})
    bench.queue.then["take"] = lambda: setattr(bench.socket, "state", SocketState.CLOSED)
    bench.ring()
    await bench.is_still()
    row = await bench.becomes(command, "QUEUED")
    assert (row["attempts"], row["sent_at"], bench.socket.written) == (0, None, [])


async def test_what_fails_before_its_frame_three_times_is_poison_and_the_next_one_goes(bench: Bench) -> None:
    poison, behind = await bench.order("Reset", {"type": "Soft"}), await bench.order("ClearCache")
    tried = []

    def keep(asked: Any) -> None:
        tried.append(asked.message.action)
        if asked.message.action == "Reset":
            raise RuntimeError("a fault of ours: secret words")

    bench.recorder.keep = keep
    bench.ring()
    frame = await bench.frame()
    assert frame[2] == "ClearCache"
    assert tried == ["Reset", "Reset", "Reset", "ClearCache"]
    bench.answers(frame)
    await bench.becomes(behind, "ACCEPTED")
    row = await bench.becomes(poison, "FAILED")
    assert (row["outcome"], row["stumbles"], row["attempts"]) == ({"poison": "RuntimeError"}, 3, 0)
    events = await bench.pool.fetch("SELECT kind, command_id FROM station_events")
    assert [tuple(event) for event in events] == [("CommandPoisoned", poison)]


async def test_a_fault_while_the_frame_is_written_counts_as_written(bench: Bench) -> None:
    command = await bench.order("UnlockConnector", {"connectorId": 1})

    def fail() -> None:
        raise RuntimeError("in the middle of the frame")

    bench.socket.on_write = fail
    bench.ring()
    row = await bench.becomes(command, "UNKNOWN")
    assert (row["outcome"], row["attempts"]) == ({"reason": "no answer"}, 1)


async def test_an_answer_waits_for_postgresql_as_long_as_it_takes_and_the_charger_gets_nothing_more_meanwhile(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voltring_node.outcomes.LONGEST_PAUSE", 0.01)
    first, second = await bench.order("ClearCache"), await bench.order("ClearCache")
    bench.settler.failures["settle"] = [ConnectionError("away")] * 12
    bench.ring()
    bench.answers(await bench.frame())
    await eventually(lambda: _is_less(bench.settler.failures["settle"], 9))
    assert len(bench.socket.written) == 1
    bench.answers(await bench.frame(1))
    for command in (first, second):
        await bench.becomes(command, "ACCEPTED")


async def _is_less(left: list[Any], than: int) -> bool:
    return len(left) < than


async def test_the_end_of_a_socket_does_not_wait_for_postgresql_and_the_outcome_is_written_after_it(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("voltring_node.commanding.GONE_S", 0.05)
    command = await bench.order("UnlockConnector", {"connectorId": 1})
    bench.queue.failures["give_up"] = [ConnectionError("away")] * 3
    bench.ring()
    await bench.frame()
    bench.socket.state = SocketState.CLOSED
    await bench.commander.gone(bench.connection)
    assert (await bench.becomes(command, "SENT"))["outcome"] is None
    assert (await bench.becomes(command, "UNKNOWN"))["outcome"] == {"reason": "socket lost"}


async def test_a_charger_that_is_leaving_gets_no_further_command_and_the_one_outstanding_ends(bench: Bench) -> None:
    first, second = await bench.order("ClearCache"), await bench.order("ClearCache")
    bench.ring()
    frame = await bench.frame()
    assert bench.connection.is_busy
    bench.connection.is_leaving = True
    bench.ring()
    bench.answers(frame)
    await bench.becomes(first, "ACCEPTED")
    await bench.is_still()
    assert not bench.connection.is_busy
    assert (await bench.becomes(second, "QUEUED"))["attempts"] == 0
    assert len(bench.socket.written) == 1


async def test_an_answer_in_the_moment_of_its_time_out_is_not_lost(bench: Bench) -> None:
    command = await bench.order("UnlockConnector", {"connectorId": 1})
    bench.ring()
    frame = await bench.frame()
    line = bench.commander._lines[bench.connection]
    assert line.answer is not None
    line.answer.cancel()  # as the time-out does, before the dispatch has its turn
    bench.answers(frame, {"status": "Unlocked"})
    assert (await bench.becomes(command, "ACCEPTED"))["response"] == {"status": "Unlocked"}
