"""Conformance cases: one node, one API and one event loop for all of them, a charger of its own for each."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio

from voltring_api.app import create_app
from voltring_api.parts import build
from voltring_core.cluster.connection import open_redis
from voltring_core.ending import end
from voltring_core.runtime import supervise
from voltring_core.store.database import open_pool

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # the cases' own module lies beside them

from conformance_stage import TOKENS, Case  # noqa: E402

ADMIN_TOKEN = "conformance-admin-token-0123456789"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All cases run in the loop in which the API lives."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def operator(town: Any) -> AsyncIterator[httpx.AsyncClient]:
    """An operator's client of an API beside the shared node; all tokens of the cases are registered."""
    pool = await open_pool(town.dsn, size=4, name="conformance")
    redis = open_redis(town.redis_url, name="conformance")
    stop = asyncio.Event()
    parts = build(pool, redis, "conformance", stop)
    await parts.keys.install_bootstrap(ADMIN_TOKEN)
    readers = [asyncio.create_task(supervise("reader", work, stop)) for work in (parts.results.run, parts.feed.run)]
    transport = httpx.ASGITransport(app=create_app(parts))
    headers = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client:
        for name, values in TOKENS.items():
            # One card at the chargers of many cases, of which some charge on.
            made = await client.put(f"/v1/id-tokens/{quote(name)}", json={"concurrent": "allowed"} | values)
            assert made.status_code in (200, 201), made.text
        yield client
    stop.set()
    await end(readers)
    await pool.close()
    await redis.aclose()


async def _booted(town: Any, operator: httpx.AsyncClient, identity: str, version: str) -> AsyncIterator[Case]:
    case = Case(town.ocpp, operator, identity, version)
    await case.connect()
    assert (await case.boot())["status"] == "Accepted"
    yield case
    await case.hears_nothing(0.005)  # whatever the case, the CSMS has said no more than it heard
    await case.close()


@pytest_asyncio.fixture(loop_scope="session")
async def v16(town: Any, operator: httpx.AsyncClient, identity: str) -> AsyncIterator[Case]:
    """An OCPP 1.6 charge point that has booted."""
    async for case in _booted(town, operator, identity, "1.6"):
        yield case


@pytest_asyncio.fixture(loop_scope="session", params=["2.0.1", "2.1"])
async def v2x(
    request: pytest.FixtureRequest, town: Any, operator: httpx.AsyncClient, identity: str
) -> AsyncIterator[Case]:
    """A charging station that has booted; every case of OCPP 2.0.1 holds for 2.1 as well."""
    async for case in _booted(town, operator, identity, request.param):
        yield case


@pytest_asyncio.fixture(loop_scope="session")
async def v21(town: Any, operator: httpx.AsyncClient, identity: str) -> AsyncIterator[Case]:
    """An OCPP 2.1 charging station that has booted."""
    async for case in _booted(town, operator, identity, "2.1"):
        yield case


@pytest.fixture(params=["2.0.1", "2.1"])
def newcomer(request: pytest.FixtureRequest, unborn: Any) -> Any:
    """A charging station of 2.x that is registered nowhere and has not connected."""
    return unborn(request.param)


@pytest.fixture
def unborn(town: Any, operator: httpx.AsyncClient, identity: str) -> Any:
    """`unborn("2.0.1")`: a charger that is registered nowhere and has not connected."""

    def make(version: str) -> Case:
        return Case(town.ocpp, operator, identity, version)

    return make
