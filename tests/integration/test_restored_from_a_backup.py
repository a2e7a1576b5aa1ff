"""PostgreSQL comes back from a dump, Redis comes back empty: as docs/operations.md has it, with its own statements."""

import asyncio
import re
import shlex
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis
from websockets.asyncio.client import connect

from voltring_core.testing import Wire
from voltring_local.postgres import binary

DOCUMENT = Path(__file__).parents[2] / "docs" / "operations.md"


def commands(program: str) -> list[str]:
    """The lines of the document that run it."""
    return re.findall(rf"^ *({program} .*)$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)


async def run(words: str, dsn: str, folder: Path) -> None:
    """A line of the document, with this installation's PostgreSQL in the place of `$DSN`."""
    program, *rest = shlex.split(words.replace("$DSN", dsn))
    line = [str(binary(program)), *rest]
    done = await asyncio.to_thread(subprocess.run, line, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@asynccontextmanager
async def charger(node: Any, name: str) -> AsyncIterator[Wire]:
    async with connect(f"{node.ocpp}/{name}", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        assert (await wire.boot())[2]["status"] == "Accepted"
        yield wire


async def begin(wire: Wire) -> int:
    """The id of a new session."""
    payload = {"connectorId": 1, "idTag": "CARD", "meterStart": 0, "timestamp": datetime.now(UTC).isoformat()}
    answer = await wire.call("StartTransaction", payload)
    assert answer[2]["idTagInfo"]["status"] == "Accepted", answer
    return int(answer[2]["transactionId"])


async def stop(wire: Wire, session: int) -> None:
    payload = {"transactionId": session, "meterStop": 5000, "timestamp": datetime.now(UTC).isoformat()}
    assert (await wire.call("StopTransaction", payload))[0] == 3


async def states(dsn: str) -> dict[str, tuple[str, list[str]]]:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch("SELECT charger_id, state, flags FROM transactions")
    await connection.close()
    return {row["charger_id"]: (row["state"], row["flags"]) for row in rows}


@pytest.fixture
async def another(postgres_dsn: str) -> AsyncIterator[str]:
    """An empty database beside the test's own."""
    name = f"{urlsplit(postgres_dsn).path[1:]}_restored"
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute(f"CREATE DATABASE {name}")
    yield urlsplit(postgres_dsn)._replace(path=f"/{name}").geturl()
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


async def test_sessions_go_on_and_what_the_backup_does_not_know_is_told_apart(
    start_node: Callable[..., Any],
    database: asyncpg.Connection,
    postgres_dsn: str,
    redis_url: str,
    another: str,
    tmp_path: Path,
) -> None:
    await database.execute("INSERT INTO id_tokens (id_token, concurrent) VALUES ('CARD', 'allowed')")
    old = start_node("node-0")
    async with charger(old, "KNOWN") as known, charger(old, "LOST") as lost:
        first = await begin(known)
        (dump,) = commands("pg_dump")
        await run(dump, postgres_dsn, tmp_path)
        second = await begin(lost)
        assert second != first
        old.room.kill()

    (restore,), statements = commands("pg_restore"), commands("psql")
    await run(restore, another, tmp_path)
    for statement in statements:
        if "setval" in statement or "ANALYZE" in statement:
            (sql,) = re.findall(r'-c "(.*)"$', statement)
            connection = await asyncpg.connect(another)
            await connection.execute(sql)
            await connection.close()
    with redis.Redis.from_url(redis_url) as client:
        client.flushall()

    new = start_node("node-0", port=int(old.ocpp.rsplit(":")[-1].split("/")[0]), POSTGRES_DSN=another)
    async with charger(new, "KNOWN") as known, charger(new, "LOST") as lost, charger(new, "FRESH") as fresh:
        third = await begin(fresh)
        # LOST has the second id still; nobody else must get it.
        assert third not in (first, second)
        assert third > 1_000_000
        await stop(known, first)
        await stop(lost, second)
    found = await states(another)
    assert found["KNOWN"] == ("Ended", [])
    assert found["LOST"][0] == "Orphan"
    assert "unknown_transaction" in found["LOST"][1]
    assert found["FRESH"][0] == "Active"
