"""Sessions are reconciled with their evidence within one cycle, whatever comes late, and whatever dies in between."""

import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from told_sessions import Teller

from voltring_core.store.database import open_pool
from voltring_worker import checking, following
from voltring_worker.reconciler import Reconciler

AT_ONCE = timedelta()


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, size=4, name="test")
    yield pool
    await pool.close()


@pytest_asyncio.fixture
async def teller(pool: asyncpg.Pool) -> AsyncIterator[Teller]:
    """A node that hears what chargers tell."""
    made, stop = Teller(pool), asyncio.Event()
    running = asyncio.create_task(made.recorder.run(stop))
    yield made
    stop.set()
    await running


@pytest.fixture
def reconciler(pool: asyncpg.Pool) -> Reconciler:
    """A worker's, which waits for no 30 seconds."""
    return Reconciler(pool, AT_ONCE)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How each check was done: whole, or onwards."""
    found: list[str] = []
    work, account = checking.work, following.account

    def whole(*given: Any) -> Any:
        found.append("whole")
        return work(*given)

    def onwards(*given: Any, **more: Any) -> Any:
        found.append("onwards")
        return account(*given, **more)

    monkeypatch.setattr(checking, "work", whole)
    monkeypatch.setattr(following, "account", onwards)
    return found


async def charge(teller: Teller, until: int = 5, power: int = 6000) -> int:
    """A session with a reading each minute, 100 Wh more in each."""
    number = await teller.start()
    for minute in range(1, until + 1):
        await teller.read(number, minute, 1000 + 100 * minute, power)
    return number


async def test_a_finished_session_has_its_account_after_one_cycle(teller: Teller, reconciler: Reconciler) -> None:
    await teller.stop(await charge(teller), 6, 1600)
    await reconciler.cycle()
    found = await teller.account()
    assert (found["energy_wh"], found["energy_method"], found["flags"]) == (600, "registers", [])
    assert found["by_method"] == {"registers": 600, "readings": 400, "power": 400}
    assert (round(found["clock_skew_s"], 3), found["missing_seq_nos"]) == (-1, [])
    assert found["of_version"] == (await teller.session())["version"]


async def test_a_mismatch_is_seen_within_one_cycle_and_said(teller: Teller, reconciler: Reconciler) -> None:
    await teller.stop(await charge(teller, until=30), 31, 4100)
    await reconciler.cycle()
    assert (await teller.account())["flags"] == []
    number = await teller.start("CPX")
    for minute in range(31):
        await teller.read(number, minute, None, 11_000, charger="CPX")
    await teller.stop(number, 30, 1200, charger="CPX")
    assert "1 energy_mismatch" in await reconciler.cycle()
    found = await teller.account("CPX")
    assert (found["flags"], found["difference_wh"]) == (["energy_mismatch"], 5300)


async def test_a_running_session_that_contradicts_itself_is_flagged_while_it_runs(
    teller: Teller, reconciler: Reconciler
) -> None:
    number = await charge(teller, until=3)
    await reconciler.cycle()
    for minute in range(4, 30):
        await teller.read(number, minute, 1000 + 100 * minute, 22_000)
    await reconciler.cycle()
    assert "energy_mismatch" in (await teller.account())["flags"]


async def test_running_sessions_are_gone_on_from_reading_to_reading(
    teller: Teller, reconciler: Reconciler, ways: list[str]
) -> None:
    number = await charge(teller)
    await reconciler.cycle()
    await teller.read(number, 6, 1600, 6000)
    await teller.read(number, 7, 1700, 6000)
    await reconciler.cycle()
    found = await teller.account()
    assert (found["energy_wh"], found["by_method"]) == (700, {"readings": 700, "power": 600})
    await reconciler.cycle()
    assert ways == ["whole", "onwards"]
    await teller.stop(number, 8, 1800)
    await reconciler.cycle()
    assert (await teller.account())["energy_method"] == "registers"
    assert ways == ["whole", "onwards", "whole"]


async def test_a_2x_session_is_gone_on_from_until_a_number_is_missing(
    teller: Teller, reconciler: Reconciler, ways: list[str]
) -> None:
    await teller.tell(0, 0, 1000, "Started")
    await teller.tell(1, 1, 1100)
    await reconciler.cycle()
    await teller.tell(2, 2, 1200)
    await reconciler.cycle()
    await teller.tell(4, 4, 1400)
    await reconciler.cycle()
    assert ways == ["whole", "onwards", "whole"]
    assert (await teller.account("CP2"))["missing_seq_nos"] == [[3, 3]]
    await teller.tell(3, 3, 1300)
    await reconciler.cycle()
    assert (await teller.account("CP2"))["missing_seq_nos"] == []


async def test_a_gap_is_flagged_at_the_end_and_no_longer_when_it_closes(teller: Teller, reconciler: Reconciler) -> None:
    for number, kind in ((0, "Started"), (1, "Updated"), (3, "Ended")):
        await teller.tell(number, number, 1000 + 100 * number, kind)
    await reconciler.cycle()
    found = await teller.account("CP2")
    assert (found["flags"], found["missing_seq_nos"]) == (["incomplete"], [[2, 2]])
    await teller.tell(2, 2, 1200)
    await reconciler.cycle()
    found = await teller.account("CP2")
    assert (found["flags"], found["missing_seq_nos"]) == ([], [])


async def test_a_reading_that_comes_after_the_end_is_counted(teller: Teller, reconciler: Reconciler) -> None:
    number = await charge(teller)
    await teller.stop(number, 60, 9000)
    await reconciler.cycle()
    before = await teller.account()
    await teller.read(number, 30, 5000, 7000)
    await reconciler.cycle()
    after = await teller.account()
    assert (before["by_method"]["readings"], after["by_method"]["readings"]) == (400, 3900)
    assert after["energy_wh"] == 8000


async def test_the_row_of_a_finished_session_that_is_not_what_its_evidence_says_is_put_right(
    teller: Teller, reconciler: Reconciler
) -> None:
    await teller.stop(await charge(teller), 6, 1600)
    wrong = "UPDATE transactions SET energy_wh = 99999, id_token = NULL, flags = '{clock}'"
    await teller.pool.execute(wrong)
    assert await reconciler.cycle() == "1 sessions checked: 1 rows corrected"
    row = await teller.session()
    assert (row["energy_wh"], row["id_token"], row["flags"]) == (600, "CP", [])
    assert row["start_key"] is not None
    assert (await teller.account())["of_version"] == row["version"]
    assert await reconciler.cycle() == ""
    assert await teller.pool.fetchval("SELECT count(*) FROM transactions_changed") == 0


async def test_a_cycle_that_dies_leaves_nothing_and_the_next_worker_does_it_all(
    teller: Teller, reconciler: Reconciler, pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = await charge(teller)
    number = await teller.start("CPX")
    await teller.stop(number, 6, 1600, charger="CPX")

    class Killed(BaseException):
        pass

    async def die(*given: Any) -> Any:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Reconciler, "_running", die)
        with pytest.raises(Killed):
            await reconciler.cycle()
    assert await teller.account("CPX") is None
    await Reconciler(pool, AT_ONCE).cycle()
    assert [(await teller.account(one))["energy_wh"] for one in ("CP", "CPX")] == [500, 600]
    await teller.read(running, 6, 1600)
    await Reconciler(pool, AT_ONCE).cycle()  # it remembers nothing
    assert (await teller.account())["energy_wh"] == 600


async def test_a_session_that_can_not_be_checked_is_flagged_and_holds_up_nobody(
    teller: Teller, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for charger in ("CPA", "CPB", "CPC"):
        await teller.stop(await teller.start(charger), 6, 1600, charger=charger)
    cursed, work = await teller.id_of("CPB"), checking.work

    def stumble(stored: Any, *others: Any) -> Any:
        if stored.id == cursed:
            raise ZeroDivisionError
        return work(stored, *others)

    monkeypatch.setattr(checking, "work", stumble)
    with caplog.at_level(logging.ERROR):
        assert "1 could not be checked" in await reconciler.cycle()
    assert str(cursed) in caplog.text
    flags = [(await teller.account(one))["flags"] for one in ("CPA", "CPB", "CPC")]
    assert flags == [[], ["not_checked"], []]
    monkeypatch.setattr(checking, "work", work)
    await reconciler.cycle()
    assert (await teller.account("CPB"))["flags"] == ["not_checked"]  # its time has not come
    await teller.pool.execute("UPDATE transactions_changed SET due_at = now()")
    await reconciler.cycle()
    assert (await teller.account("CPB"))["flags"] == []


async def test_an_account_that_somebody_has_touched_is_checked_again(
    teller: Teller, reconciler: Reconciler, ways: list[str]
) -> None:
    await teller.stop(await charge(teller), 6, 1600)
    await reconciler.cycle()
    await teller.pool.execute("UPDATE transaction_accounts SET of_version = 0")
    await reconciler.cycle()
    await reconciler.cycle()
    assert ways == ["whole", "whole"]


async def test_a_running_session_that_falls_silent_is_flagged_though_nothing_comes(
    teller: Teller, reconciler: Reconciler
) -> None:
    await charge(teller)  # two hours ago
    await reconciler.cycle()
    assert (await teller.account())["flags"] == ["readings_stopped"]


async def test_more_than_the_device_model_says_the_evse_gives_is_implausible(
    teller: Teller, reconciler: Reconciler
) -> None:
    for charger, kilowatts in (("CPA", "11"), ("CPB", "22.5")):
        await teller.stop(await teller.start(charger), 60, 16_000, charger=charger)
        await teller.pool.execute(
            "INSERT INTO variables (charger_id, component, evse_id, variable, characteristics, source, at)"
            " VALUES ($1, 'EVSE', 1, 'Power', $2, 'NotifyReport', now())",
            charger,
            {"unit": "kW", "maxLimit": float(kilowatts)},
        )
    await reconciler.cycle()
    flags = [(await teller.account(one))["flags"] for one in ("CPA", "CPB")]
    assert flags == [["implausible_energy"], []]


async def test_what_was_found_stays_when_the_readings_are_not_kept_any_more(
    pool: asyncpg.Pool, teller: Teller, reconciler: Reconciler
) -> None:
    await charge(teller)
    await teller.pool.execute(
        "UPDATE transactions SET state = 'Ended', ended_at = now(), end_received_at = now(), flags = '{superseded}'"
    )
    await reconciler.cycle()
    await teller.pool.execute("TRUNCATE meter_values")
    await teller.pool.execute("UPDATE transactions SET start_received_at = now() - interval '40 days'")
    await Reconciler(pool, AT_ONCE, retention_days=30).cycle()
    found = await teller.account()
    assert (found["energy_wh"], found["energy_method"]) == (500, "readings")
    assert found["flags"] == ["evidence_gone"]
    assert await teller.pool.fetchval("SELECT count(*) FROM transactions_changed") == 0


async def test_only_one_of_several_workers_checks(teller: Teller, pool: asyncpg.Pool, reconciler: Reconciler) -> None:
    await teller.stop(await charge(teller), 6, 1600)
    async with pool.acquire() as other, other.transaction():
        assert await other.fetchval(checking.SQL["now"])
        await other.execute("SELECT pg_advisory_xact_lock(hashtext('voltring'), hashtext('reconciler'))")
        await reconciler.cycle()
        assert await teller.account() is None
    await reconciler.cycle()
    assert (await teller.account())["energy_wh"] == 600
