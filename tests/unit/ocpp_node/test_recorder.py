"""The recorder with a double of the pool: one bad row alone suffers, nothing uncommitted is acknowledged.

What PostgreSQL itself does is the integration tier's; the double only fails where a test says so.
"""

import asyncio
import contextlib
import json

import asyncpg
import pytest

from voltring_core.metrics import FAULTS
from voltring_core.ocpp.versions import Version
from voltring_node import deciding
from voltring_node import recorder as module
from voltring_node.deciding import Asked
from voltring_node.recorder import POISON, Recorder
from voltring_node.sampling import total

V16 = Version.V16


class Pool:
    """A pool whose commits can be made to fail; keeps the rows of `ocpp_messages` that were committed."""

    def __init__(self):
        self.committed = []
        self.commits = 0
        self.refuses = ""
        self.fails_with = None

    @contextlib.asynccontextmanager
    async def acquire(self):
        if self.fails_with is not None:
            raise self.fails_with
        yield Connection(self)


class Connection:
    def __init__(self, pool):
        self._pool = pool
        self._rows = []

    @contextlib.asynccontextmanager
    async def transaction(self):
        yield
        self._pool.committed += self._rows
        self._pool.commits += 1

    async def fetch(self, statement, *values):
        if "nextval" in statement:
            return [{"id": number + 1} for number in range(values[0])]
        return []

    async def fetchval(self, statement, *values):
        return 1

    async def execute(self, statement, *columns):
        if self._pool.refuses and any(self._pool.refuses in str(column) for column in columns):
            raise asyncpg.DataError("never this value")

    async def copy_records_to_table(self, table, *, columns, records):
        if table == "ocpp_messages":
            self._rows += [dict(zip(columns, record, strict=True)) for record in records]


class Publisher:
    def __init__(self):
        self.told = []

    def committed(self, group):
        self.told += group


@pytest.fixture
def pool():
    return Pool()


@pytest.fixture
async def recorder(pool, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.005)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.02)
    made = Recorder(pool, Publisher(), window=0.001, most=50, patience=5.0)
    stop = asyncio.Event()
    task = asyncio.create_task(made.run(stop))
    yield made
    stop.set()
    async with asyncio.timeout(5):
        await task


def replies(decided):
    return [None if one is None else one.reply for one in decided]


async def record_all(recorder, *asked):
    async with asyncio.timeout(5):
        return await asyncio.gather(*(recorder.record(one) for one in asked))


async def test_messages_of_many_chargers_are_one_commit_and_each_gets_its_own_answer(recorder, pool, start16):
    asked = [start16(charger=f"CP-{number}", message_id=str(number)) for number in range(20)]
    decided = await record_all(recorder, *asked)
    assert [json.loads(reply)[:2] for reply in replies(decided)] == [[3, str(number)] for number in range(20)]
    assert pool.commits == 1
    assert len(pool.committed) == 20


async def test_a_row_that_postgresql_never_takes_is_set_apart_and_the_others_go_on(recorder, pool, start16, stop16):
    pool.refuses = "CURSED"
    asked = [start16(charger=f"CP-{number}") for number in range(7)]
    cursed = stop16(5, charger="CP-X", message_id="c", idTag="CURSED")
    decided = await record_all(recorder, *asked[:3], cursed, *asked[3:])
    answers = replies(decided)
    assert all(answer.startswith("[3,") for answer in answers)
    assert answers[3] == '[3,"c",{}]'
    kept = {row["charger_id"]: row for row in pool.committed}
    assert len(pool.committed) == 8
    assert kept["CP-X"]["flags"] == [POISON]
    assert kept["CP-X"]["natural_key"] is None
    assert "CURSED" in kept["CP-X"]["frame"]
    assert all(row["flags"] == [] for charger, row in kept.items() if charger != "CP-X")


async def test_a_start_that_cant_be_stored_is_not_acknowledged_with_an_id(recorder, pool, start16):
    pool.refuses = "CURSED"
    (decided,) = await record_all(recorder, start16(tag="CURSED"))
    assert json.loads(decided.reply)[:3] == [4, "m", "InternalError"]
    assert pool.committed[0]["flags"] == [POISON]


@pytest.mark.parametrize("fault", [OSError("refused"), asyncpg.CannotConnectNowError("starting up")])
async def test_while_postgresql_is_away_nothing_is_answered_and_then_everything_is(recorder, pool, start16, fault):
    pool.fails_with = fault
    waiting = [asyncio.create_task(recorder.record(start16(charger=f"CP-{number}"))) for number in range(3)]
    await asyncio.wait(waiting, timeout=0.05)
    assert not any(task.done() for task in waiting)
    pool.fails_with = None
    async with asyncio.timeout(5):
        decided = await asyncio.gather(*waiting)
    assert all(reply.startswith("[3,") for reply in replies(decided))
    assert len(pool.committed) == 3


async def test_a_message_that_waited_too_long_stays_unanswered(recorder, pool, start16):
    recorder._patience = 0.02
    pool.fails_with = OSError("refused")
    assert await record_all(recorder, start16()) == [None]
    pool.fails_with = None
    assert pool.committed == []
    assert recorder._publisher.told == []


@pytest.fixture
def faults():
    """How many faults were counted in this test."""
    before = total(FAULTS)
    return lambda: total(FAULTS) - before


async def test_an_outage_of_postgresql_is_no_fault_of_ours(recorder, pool, start16, faults):
    recorder._patience = 0.02
    pool.fails_with = OSError("refused")
    assert await record_all(recorder, start16()) == [None]
    assert faults() == 0


async def test_a_message_that_was_put_off_until_it_was_too_old_is_a_fault(recorder, pool, start16, faults):
    recorder._patience = 0.02
    pool.fails_with = asyncpg.DeadlockDetectedError("again")
    assert await record_all(recorder, start16()) == [None]
    assert faults() == 1


async def test_a_message_that_cant_be_decided_or_written_is_a_fault_and_the_others_are_none(
    recorder, pool, start16, faults, monkeypatch
):
    pool.refuses = "CURSED"
    real = deciding._outcome
    monkeypatch.setattr(deciding, "_outcome", lambda one, known: real(one, known if tag(one) != "BROKEN" else None))
    decided = await record_all(recorder, start16(tag="BROKEN"), start16(tag="CURSED"), start16(charger="CP-2"))
    assert decided[0].reply is None, "it belongs to a session: the charger keeps it"
    assert json.loads(decided[2].reply)[0] == 3
    assert faults() == 2


def tag(asked):
    """The token of a start."""
    return asked.message.payload["idTag"]


async def test_a_stop_of_the_node_gives_up_what_postgresql_does_not_take(pool, start16, monkeypatch):
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.005)
    pool.fails_with = OSError("refused")
    recorder = Recorder(pool, Publisher(), window=0, most=50, patience=60)
    stop = asyncio.Event()
    task = asyncio.create_task(recorder.run(stop))
    waiting = asyncio.create_task(recorder.record(start16()))
    await asyncio.sleep(0.01)
    stop.set()
    async with asyncio.timeout(3):
        await task
        assert await waiting is None


async def test_what_waits_when_the_node_stops_is_still_committed(pool, start16):
    recorder = Recorder(pool, Publisher(), window=0, most=2, patience=60)
    stop = asyncio.Event()
    waiting = [asyncio.create_task(recorder.record(start16(charger=f"CP-{number}"))) for number in range(5)]
    await asyncio.sleep(0)
    stop.set()
    async with asyncio.timeout(3):
        await recorder.run(stop)
        await asyncio.gather(*waiting)
    assert (len(pool.committed), pool.commits) == (5, 3)


async def test_a_frame_that_nobody_waits_for_is_kept(recorder, pool, start16):
    recorder.keep(Asked(start16().message, answered="[4,1]", only_kept=True))
    await record_all(recorder, start16(charger="CP-2"))
    assert next(row["reply"] for row in pool.committed) == "[4,1]"


async def test_a_caller_who_went_away_does_not_stop_the_commit(recorder, pool, start16):
    gone = asyncio.create_task(recorder.record(start16()))
    await asyncio.sleep(0)
    gone.cancel()
    await record_all(recorder, start16(charger="CP-2"))
    assert len(pool.committed) == 2


async def test_frames_that_nobody_waits_for_wait_for_company_and_an_awaited_one_takes_them_along(
    recorder, pool, start16, monkeypatch
):
    monkeypatch.setattr(module, "KEPT_S", 60)
    alone = start16(charger="CP-1")
    recorder.keep(alone)
    for _ in range(20):  # many windows
        await asyncio.sleep(0.001)
    assert pool.commits == 0
    await record_all(recorder, start16(charger="CP-2"))
    assert (pool.commits, len(pool.committed)) == (1, 2)
