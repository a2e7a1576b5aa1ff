"""What the worker does to reports whose last parts did not come, and to old ones."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from voltring_core.store.database import open_pool
from voltring_core.testing import Room, eventually, free_port
from voltring_worker.reports import Reports

REPORT = (
    "INSERT INTO reports"
    " (id, charger_id, action, request_id, command_id, state, seqs, last_seq, started_at, updated_at)"
    " VALUES ($1, 'CP', 'NotifyReport', 7, $2, $3, $4, $5, $6, $6)"
)
COMMAND = (
    "INSERT INTO commands (id, charger_id, action, payload, class, lane, request_hash, created_by, deadline_at, state)"
    " VALUES ($1, 'CP', 'GetBaseReport', '{}', 'R', 1, '', 'test', now(), $2)"
)


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, size=3, name="test")
    await pool.execute("INSERT INTO chargers (id) VALUES ('CP')")
    yield pool
    await pool.close()


async def received(
    pool: Any,
    seqs: list[int],
    last: int | None,
    *,
    silent_s: float,
    state: str = "Receiving",
    command: str | None = None,
) -> tuple[UUID, UUID | None]:
    """A report that was silent for so long, and the command that it answers, in its state."""
    report, command_id = uuid4(), uuid4() if command else None
    if command:
        await pool.execute(COMMAND, command_id, command)
    at = datetime.now(UTC) - timedelta(seconds=silent_s)
    await pool.execute(REPORT, report, command_id, state, seqs, last, at)
    return report, command_id


async def states(pool: Any, table: str) -> dict[UUID, str]:
    rows = await pool.fetch(f"SELECT id, state FROM {table}")  # noqa: S608 - the tests' own words
    return {row["id"]: row["state"] for row in rows}


async def test_a_report_that_is_silent_is_given_up_and_its_command_names_what_is_missing(pool: Any) -> None:
    gap, asked = await received(pool, [0, 3], 4, silent_s=130, command="ACCEPTED")
    endless, asked_too = await received(pool, [0, 1], None, silent_s=130, command="UNKNOWN")
    unasked, _ = await received(pool, [0], None, silent_s=130)
    fresh, waiting = await received(pool, [0], None, silent_s=60, command="ACCEPTED")
    worker = Reports(pool, retention_days=30)
    assert await worker.cycle() == "3 reports given up: their last parts did not come"
    assert await states(pool, "reports") == dict.fromkeys((gap, endless, unasked), "Incomplete") | {fresh: "Receiving"}
    assert await states(pool, "commands") == {asked: "FAILED", asked_too: "FAILED", waiting: "ACCEPTED"}
    rows = await pool.fetch("SELECT id, outcome, completed_at, finished_at FROM commands WHERE state = 'FAILED'")
    outcomes = {row["id"]: row["outcome"] for row in rows}
    assert outcomes[asked] == {
        "report_id": str(gap),
        "state": "Incomplete",
        "parts": 2,
        "has_end": True,
        "missing": [1, 2, 4],
    }
    assert (outcomes[asked_too]["has_end"], outcomes[asked_too]["missing"]) == (False, [])
    assert all(row["completed_at"] and row["finished_at"] for row in rows)
    assert await worker.cycle() == ""


async def test_a_part_that_comes_late_takes_nothing_from_a_command_that_is_complete(pool: Any) -> None:
    report, command = await received(pool, [1], None, silent_s=130, command="COMPLETED")
    assert await Reports(pool, retention_days=30).cycle() != ""
    assert (await states(pool, "reports"))[report] == "Incomplete"
    assert (await states(pool, "commands"))[command] == "COMPLETED"


async def test_while_one_worker_looks_another_leaves_it_alone(pool: Any) -> None:
    await received(pool, [0], None, silent_s=130)
    async with pool.acquire() as other, other.transaction():
        await other.fetchval("SELECT pg_advisory_xact_lock(hashtext('voltring'), hashtext('reports'))")
        assert await Reports(pool, retention_days=30).cycle() == ""
    assert await Reports(pool, retention_days=30).cycle() != ""


async def test_old_reports_go_with_their_parts(pool: Any) -> None:
    day = 86400.0
    old, _ = await received(pool, [0], 0, silent_s=31 * day, state="Complete")
    kept, _ = await received(pool, [0], 0, silent_s=29 * day, state="Complete")
    await pool.executemany(
        "INSERT INTO report_parts (report_id, seq_no, received_at, content) VALUES ($1, 0, now(), '{}')",
        [(old,), (kept,)],
    )
    worker = Reports(pool, retention_days=30)
    assert await worker.prune() == "1 old reports dropped"
    assert await states(pool, "reports") == {kept: "Complete"}
    assert [row["report_id"] for row in await pool.fetch("SELECT report_id FROM report_parts")] == [kept]
    assert await worker.prune() == ""


async def test_a_running_worker_gives_up_what_is_silent_and_drops_what_is_old(
    pool: Any, postgres_dsn: str, redis_url: str, tmp_path: Path
) -> None:
    silent, command = await received(pool, [0], None, silent_s=130, command="ACCEPTED")
    await received(pool, [0], 0, silent_s=31 * 86400.0, state="Complete")
    settings = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url, "ADMIN_PORT": str(free_port())}
    room = Room("worker", settings | {"RETENTION_DAYS": "30"}, tmp_path / "worker.log")

    async def is_done() -> bool:
        return await states(pool, "reports") == {silent: "Incomplete"}

    try:
        assert await eventually(is_done, 20)
        assert await states(pool, "commands") == {command: "FAILED"}
    finally:
        assert room.stop() == 0
