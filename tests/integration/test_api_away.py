"""The API while PostgreSQL or Redis is away, and as a process."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from voltring_core.store.migrate import migrate
from voltring_core.testing import START_S, Room, eventually, free_port
from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

TOKEN = "an-admin-token-for-tests-0123456789"


async def _say_it_connected(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("UPDATE chargers SET ocpp_version = '1.6'")
    await connection.close()


class Running:
    """An API process on servers of its own."""

    def __init__(self, postgres: PostgresServer, valkey: ValkeyServer, log: Path) -> None:
        self.postgres = postgres
        self.valkey = valkey
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        settings = {"POSTGRES_DSN": postgres.dsn, "REDIS_URL": valkey.url, "API_PORT": str(port)}
        settings |= {"ADMIN_PORT": str(free_port())}
        self.room = Room("api", settings | {"BOOTSTRAP_TOKEN": TOKEN}, log)
        self.client = httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=15)


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    """An API that answers."""
    with start_postgres(tmp_path / "data", fsync=False) as postgres, start_valkey(tmp_path / "data") as valkey:
        await migrate(postgres.dsn)
        running = Running(postgres, valkey, tmp_path / "api.log")
        running.room.wait_ready(f"{running.room.admin}/readyz")
        async with running.client:
            yield running
        running.room.stop()
        running.postgres.stop()
        running.valkey.stop()


async def test_without_postgresql_it_says_503_and_works_again_when_it_is_back(running: Running, tmp_path: Path) -> None:
    assert (await running.client.post("/v1/chargers", json={"id": "CP"})).status_code == 201
    running.postgres.kill()
    for path in ("/v1/chargers", "/v1/fleet", "/v1/chargers/CP", "/v1/id-tokens"):
        away = await running.client.get(path)
        assert (away.status_code, away.headers["Content-Type"]) == (503, "application/problem+json"), away.text
        assert int(away.headers["Retry-After"]) > 0
    assert (await running.client.get(f"{running.room.admin}/readyz")).status_code == 404
    assert (await running.client.get(f"{running.room.admin}/healthz")).status_code == 200
    told = (await running.client.get(f"{running.room.admin}/status")).json()
    assert (told["room"], told["ready"], told["postgres"], told["stopping"]) == ("api", False, False, False)
    running.postgres = start_postgres(tmp_path / "data", fsync=False)

    async def back() -> bool:
        return (await running.client.get("/v1/chargers/CP")).status_code == 200

    assert await eventually(back)


async def test_without_redis_it_reads_and_queues(running: Running, tmp_path: Path) -> None:
    await running.client.post("/v1/chargers", json={"id": "CP"})
    await _say_it_connected(running.postgres.dsn)
    running.valkey.kill()
    assert (await running.client.get("/v1/chargers/CP")).status_code == 200
    assert (await running.client.get("/v1/fleet")).json()["nodes"] == []

    async def noticed() -> bool:
        assert (await running.client.get(f"{running.room.admin}/readyz")).status_code == 200
        return not (await running.client.get(f"{running.room.admin}/status")).json()["redis"]

    assert await eventually(noticed)
    sent = await running.client.post("/v1/chargers/CP/commands", json={"action": "ClearCache"})
    assert (sent.status_code, sent.json()["state"]) == (201, "QUEUED")
    running.valkey = start_valkey(tmp_path / "data")

    async def back() -> bool:
        return bool((await running.client.get(f"{running.room.admin}/status")).json()["redis"])

    assert await eventually(back)


async def test_sigterm_ends_it_within_five_seconds_though_clients_wait(running: Running) -> None:
    await running.client.post("/v1/chargers", json={"id": "CP"})
    async with running.client.stream("GET", "/v1/events") as response:
        assert response.status_code == 200
        began = time.monotonic()
        assert await asyncio.to_thread(running.room.stop) == 0
        assert time.monotonic() - began < 5
    assert TOKEN not in running.room.log.read_text()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"API_PORT": "none"}, "VOLTRING_API_PORT"),
        ({"BOOTSTRAP_TOKEN": "short"}, "VOLTRING_BOOTSTRAP_TOKEN"),
        ({"POSTGRES_DSN": ""}, "VOLTRING_POSTGRES_DSN"),
    ],
)
def test_a_wrong_setting_stops_the_start_with_one_sentence(
    postgres_dsn: str, redis_url: str, tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    given: dict[str, Any] = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url} | settings
    room = Room("api", given, tmp_path / "api.log")
    assert room.process.wait(START_S) == 2
    lines = room.log.read_text().splitlines()
    assert (len(lines), said in lines[0]) == (1, True), lines


@pytest.mark.parametrize("setting", ["API_PORT", "ADMIN_PORT"])
async def test_a_busy_port_is_named(
    running: Running, tmp_path: Path, postgres_dsn: str, redis_url: str, setting: str
) -> None:
    port = running.url.rpartition(":")[2]
    given = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url, "API_PORT": str(free_port())} | {setting: port}
    room = Room("api", given, tmp_path / "second.log")
    assert await asyncio.to_thread(room.process.wait, START_S) == 2
    assert f"VOLTRING_{setting} {port} on 127.0.0.1 can't be used" in room.log.read_text()
