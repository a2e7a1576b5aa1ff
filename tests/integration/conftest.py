"""Real servers for the integration tests: one PostgreSQL and one Valkey a run, clean for every test."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest
import pytest_asyncio
import redis
import redis.asyncio
from starlette.types import ASGIApp

from voltring_api.app import create_app
from voltring_api.parts import Parts, build
from voltring_core.cluster.connection import open_redis
from voltring_core.ending import end
from voltring_core.runtime import supervise
from voltring_core.store.database import open_pool
from voltring_core.store.migrate import migrate
from voltring_core.testing import Desk
from voltring_local.servers import PostgresServer, ValkeyServer, start_postgres, start_valkey

TEMPLATE = "migrated"
ADMIN_TOKEN = "an-admin-token-for-tests-0123456789"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """The run's PostgreSQL, with a migrated database that the tests' own are copied from."""
    with start_postgres(tmp_path_factory.mktemp("postgres"), fsync=False) as server:
        asyncio.run(_make_template(server.dsn))
        yield server


@pytest.fixture(scope="session")
def valkey_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The run's Valkey."""
    with start_valkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def postgres_dsn(postgres_server: PostgresServer) -> Iterator[str]:
    """A migrated database of the test's own."""
    name = f"test_{next(_numbers)}"
    asyncio.run(_execute(postgres_server.dsn, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}"))
    yield _with_database(postgres_server.dsn, name)
    asyncio.run(_execute(postgres_server.dsn, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest_asyncio.fixture
async def database(postgres_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the test's own to its database."""
    connection = await asyncpg.connect(postgres_dsn)
    yield connection
    await connection.close()


@pytest.fixture
def redis_url(valkey_server: ValkeyServer) -> str:
    """The run's Valkey, emptied."""
    with redis.Redis.from_url(valkey_server.url) as client:
        client.flushall()
    return valkey_server.url


async def _make_template(dsn: str) -> None:
    await _execute(dsn, f"CREATE DATABASE {TEMPLATE}")
    await migrate(_with_database(dsn, TEMPLATE))


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _with_database(dsn: str, name: str) -> str:
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()


@dataclass
class Api:
    """The API over real servers, without a socket; `client` has an admin's key."""

    app: ASGIApp
    parts: Parts
    client: httpx.AsyncClient
    database: asyncpg.Connection

    def client_of(self, token: str | None) -> httpx.AsyncClient:
        """A client with another key, or none."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers)

    async def key(self, role: str) -> str:
        """A fresh key of that role."""
        made = await self.client.post("/v1/api-keys", json={"name": f"{role}-{next(_numbers)}", "role": role})
        assert made.status_code == 201, made.text
        return str(made.json()["key"])


@pytest_asyncio.fixture
async def api(postgres_dsn: str, redis_url: str, database: asyncpg.Connection) -> AsyncIterator[Api]:
    """The API with its background readers."""
    pool = await open_pool(postgres_dsn, size=5, name="api-test")
    redis = open_redis(redis_url, name="api-test")
    stop = asyncio.Event()
    parts = build(pool, redis, "api-under-test", stop)
    await parts.keys.install_bootstrap(ADMIN_TOKEN)
    app = create_app(parts)
    readers = [
        asyncio.create_task(supervise("reader", work, stop))
        for work in (parts.results.run, parts.feed.run, parts.audience.follow)
    ]
    api = Api(app, parts, None, database)  # type: ignore[arg-type]
    async with api.client_of(ADMIN_TOKEN) as api.client:
        yield api
    stop.set()
    await end(readers)
    await pool.close()
    await redis.aclose()


@pytest_asyncio.fixture
async def desk(town: Any, identity: str) -> AsyncIterator[Desk]:
    """Orders commands for the charger `identity` of the shared node."""
    pool = await open_pool(town.dsn, size=2, name="desk")
    client = redis.asyncio.Redis.from_url(town.redis_url, decode_responses=True)
    await pool.execute("INSERT INTO chargers (id) VALUES ($1)", identity)
    yield Desk(pool, client, identity)
    await client.aclose()
    await pool.close()
