"""What `voltring up` gives a fresh installation, over the REST API of a real room."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from voltring_core.testing import Room, free_port
from voltring_local import demo
from voltring_local.errors import StartFailed

TOKEN = "a-token-for-the-demo-0123456789"


@pytest.fixture
def room(postgres_dsn: str, redis_url: str, tmp_path: Path) -> Iterator[demo.Api]:
    """An API as a process."""
    port = free_port()
    settings = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url, "API_PORT": str(port), "BOOTSTRAP_TOKEN": TOKEN}
    settings |= {"ADMIN_PORT": str(free_port())}
    running = Room("api", settings, tmp_path / "api.log")
    running.wait_ready(f"{running.admin}/readyz")
    yield demo.Api("127.0.0.1", port, TOKEN)
    running.stop()


async def test_sites_and_a_tariff_for_everybody_are_made_once(room: demo.Api, database: asyncpg.Connection) -> None:
    for _ in range(2):
        await asyncio.to_thread(demo.put_prices, room)
    sites = await database.fetch("SELECT id, time_zone FROM sites ORDER BY id")
    assert [tuple(site) for site in sites] == [("demo-harbour", "Europe/Lisbon"), ("demo-yard", "Europe/Berlin")]
    assigned = await database.fetch(
        "SELECT t.name, t.currency, a.charger_id, a.site_id, a.token_group"
        " FROM tariffs t LEFT JOIN tariff_assignments a ON a.tariff_id = t.id"
    )
    assert [tuple(row) for row in assigned] == [("Demo day and night", "EUR", None, None, None)]


async def test_an_installation_that_has_a_site_or_a_tariff_is_left_alone(
    room: demo.Api, database: asyncpg.Connection
) -> None:
    await database.execute("INSERT INTO sites (id, name) VALUES ('mine', 'Mine')")
    await asyncio.to_thread(demo.put_prices, room)
    assert await database.fetchval("SELECT count(*) FROM tariffs") == 0
    await database.execute("INSERT INTO chargers (id) VALUES ('SIM-0001')")
    await asyncio.to_thread(demo.place_chargers, room, "SIM-")
    assert await database.fetchval("SELECT site_id FROM chargers") is None


async def test_simulated_chargers_are_placed_in_turns_and_moved_ones_stay(
    room: demo.Api, database: asyncpg.Connection
) -> None:
    await asyncio.to_thread(demo.put_prices, room)
    await database.execute("INSERT INTO sites (id, name) VALUES ('mine', 'Mine')")
    chargers = [("SIM-0001", None), ("SIM-0002", None), ("SIM-0003", "mine"), ("SIM-0004", None), ("MY-SIM-1", None)]
    await database.executemany("INSERT INTO chargers (id, site_id) VALUES ($1, $2)", chargers)
    await asyncio.to_thread(demo.place_chargers, room, "SIM-")
    placed: dict[str, Any] = dict(await database.fetch("SELECT id, site_id FROM chargers"))
    assert placed.pop("MY-SIM-1") is None
    assert placed.pop("SIM-0003") == "mine"
    assert set(placed.values()) == {"demo-yard", "demo-harbour"}


async def test_what_the_api_refuses_is_said_in_a_sentence(room: demo.Api) -> None:
    stranger = demo.Api(room.host, room.port, "no-such-token")
    with pytest.raises(StartFailed, match=r"answers GET /v1/sites\?limit=1 with 401"):
        await asyncio.to_thread(demo.put_prices, stranger)
