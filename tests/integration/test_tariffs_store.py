"""Which tariff is in force for whom, and what keeps a tariff from being deleted."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from tariff_making import component, tariff

from voltring_core.domain.tariffs import serialise
from voltring_core.errors import Conflict, NotFound, Unprocessable
from voltring_core.store import tariffs
from voltring_core.store.database import open_pool
from voltring_core.store.tariffs import Recipient
from voltring_core.testing import eventually

AT = datetime(2026, 5, 1, 12, tzinfo=UTC)
GROUP, CHARGER, SITE, ALL = Recipient(token_group="Fleet"), Recipient("CP"), Recipient(site_id="north"), Recipient()
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


@pytest.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    """A pool, and a charger at a site in Berlin."""
    pool = await open_pool(postgres_dsn, size=4, name="tariffs")
    await pool.execute("INSERT INTO sites (id, name, time_zone) VALUES ('north', 'North', 'Europe/Berlin')")
    await pool.execute("INSERT INTO chargers (id, site_id, time_zone) VALUES ('CP', 'north', 'America/New_York')")
    yield pool
    await pool.close()


async def kept(pool: asyncpg.Pool, name: str, *to: Recipient, **validity: str) -> Any:
    """The id of a tariff that is assigned to these."""
    made = await tariffs.create(pool, tariff(component("energy", "0.49"), name=name, **validity), "test")
    for one in to:
        await tariffs.assign(pool, made["id"], one, "test")
    return made["id"]


async def found(pool: asyncpg.Pool, charger_id: str = "CP", group: str | None = None, at: datetime = AT) -> str | None:
    one = await tariffs.in_force(pool, charger_id, group, at)
    return None if one is None else f"{one.tariff.name} by {one.by}"


@pytest.mark.parametrize(
    ("assigned", "group", "expected"),
    [
        ([GROUP, CHARGER, SITE, ALL], "FLEET", "token_group"),
        ([CHARGER, SITE, ALL], "FLEET", "charger"),
        ([SITE, ALL], "FLEET", "site"),
        ([ALL], "FLEET", "everybody"),
        ([GROUP, CHARGER, SITE, ALL], "OTHERS", "charger"),
        ([GROUP, CHARGER, SITE, ALL], None, "charger"),
        ([GROUP], None, None),
        ([Recipient(site_id="south"), ALL], None, "everybody"),
        ([], "FLEET", None),
    ],
)
async def test_a_group_comes_before_a_charger_before_its_site_before_everybody(
    pool: asyncpg.Pool, assigned: list[Recipient], group: str | None, expected: str | None
) -> None:
    await pool.execute("INSERT INTO sites (id, name) VALUES ('south', 'South')")
    # What is less near is valid since later, and does not win for it.
    for days, one in enumerate(assigned):
        await kept(pool, "T", one, valid_from=(AT - timedelta(days=100 - days)).isoformat())
    assert await found(pool, group=group) == (expected and f"T by {expected}")


async def test_of_several_in_one_place_the_latest_that_is_valid_holds(pool: asyncpg.Pool) -> None:
    await kept(pool, "old", CHARGER, valid_from="2025-01-01T00:00:00Z")
    await kept(pool, "new", CHARGER, valid_from="2026-05-01T12:00:00Z")
    await kept(pool, "next", CHARGER, valid_from="2026-06-01T00:00:00Z")
    ended = {"valid_from": "2026-05-01T12:00:01Z", "valid_until": "2026-05-02T00:00:00Z"}
    await kept(pool, "offer", CHARGER, **ended)
    assert await found(pool, at=AT - timedelta(microseconds=1)) == "old by charger"
    assert await found(pool) == "new by charger"
    assert await found(pool, at=datetime(2026, 5, 1, 23, 59, tzinfo=UTC)) == "offer by charger"
    assert await found(pool, at=datetime(2026, 5, 2, tzinfo=UTC)) == "new by charger"
    assert await found(pool, at=datetime(2026, 6, 1, tzinfo=UTC)) == "next by charger"


async def test_a_tariff_that_is_no_longer_valid_leaves_its_place_to_a_wider_one(pool: asyncpg.Pool) -> None:
    await kept(pool, "offer", GROUP, valid_from="2026-01-01T00:00:00Z", valid_until="2026-05-01T12:00:00Z")
    await kept(pool, "usual", ALL)
    assert await found(pool, group="fleet", at=AT - timedelta(seconds=1)) == "offer by token_group"
    assert await found(pool, group="fleet") == "usual by everybody"


async def test_the_zone_is_the_sites_then_the_chargers_then_utc(pool: asyncpg.Pool) -> None:
    await kept(pool, "T", ALL)

    async def zones(charger_id: str) -> tuple[str, str]:
        one = await tariffs.in_force(pool, charger_id, None, AT)
        assert one is not None
        return one.time_zone, await tariffs.zone_of(pool, charger_id)

    assert await zones("CP") == ("Europe/Berlin",) * 2
    await pool.execute("UPDATE chargers SET site_id = NULL")
    assert await zones("CP") == ("America/New_York",) * 2
    await pool.execute("UPDATE chargers SET time_zone = NULL")
    assert await zones("CP") == ("UTC",) * 2
    with pytest.raises(NotFound):
        await tariffs.zone_of(pool, "GONE")


async def test_a_charger_that_was_deleted_goes_by_what_is_for_everybody(pool: asyncpg.Pool) -> None:
    await kept(pool, "T", CHARGER, ALL)
    assert await found(pool, "GONE") == "T by everybody"


async def test_the_words_that_are_found_are_those_that_were_kept(pool: asyncpg.Pool) -> None:
    words = tariff(
        component("energy", "0.10", step_wh=100), component("idle_time", "1", grace_minutes=5), text="Hallo ✓"
    )
    made = await tariffs.create(pool, words, "test")
    await tariffs.assign(pool, made["id"], ALL, "test")
    one = await tariffs.in_force(pool, "CP", None, AT)
    assert one is not None
    assert (one.id, one.tariff, one.content) == (made["id"], words, serialise(words))


async def test_a_tariff_goes_only_when_nothing_rests_on_it(pool: asyncpg.Pool) -> None:
    tariff_id = await kept(pool, "T", ALL)
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(Conflict, match="assigned"):
            await tariffs.retire(connection, tariff_id)
    (row,) = await tariffs.assignments(pool, 10, tariff_id, Recipient())
    await tariffs.unassign(pool, row["id"])
    async with pool.acquire() as connection, connection.transaction():
        await tariffs.retire(connection, tariff_id)
        with pytest.raises(NotFound):
            await tariffs.retire(connection, tariff_id)


async def test_a_tariff_that_is_being_assigned_is_not_deleted(pool: asyncpg.Pool) -> None:
    tariff_id = await kept(pool, "T")

    async def retire() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await tariffs.retire(connection, tariff_id)

    async def waits() -> bool:
        return bool(await pool.fetchval(WAITING))

    async with pool.acquire() as connection, connection.transaction():
        await tariffs.assign(connection, tariff_id, ALL, "test")
        retiring = asyncio.create_task(retire())
        await eventually(waits)
    with pytest.raises(Conflict):
        await retiring
    assert await found(pool) == "T by everybody"


async def test_what_is_not_there_can_not_be_assigned(pool: asyncpg.Pool) -> None:
    tariff_id = await kept(pool, "T", CHARGER)
    for to, refusal in (
        (Recipient("GONE"), Unprocessable),
        (Recipient(site_id="x"), Unprocessable),
        (CHARGER, Conflict),
    ):
        with pytest.raises(refusal):
            await tariffs.assign(pool, tariff_id, to, "test")
    async with pool.acquire() as connection, connection.transaction():
        await pool.execute("DELETE FROM tariff_assignments")
        await tariffs.retire(connection, tariff_id)
    with pytest.raises(NotFound):
        await tariffs.assign(pool, tariff_id, ALL, "test")


async def test_the_group_of_a_token_is_found_whatever_its_case(pool: asyncpg.Pool) -> None:
    await pool.execute("INSERT INTO id_tokens (id_token, group_id_token) VALUES ('CARD', 'Fleet'), ('LONE', NULL)")
    assert [await tariffs.group_of(pool, token) for token in ("card", "lone", "unknown")] == ["Fleet", None, None]
