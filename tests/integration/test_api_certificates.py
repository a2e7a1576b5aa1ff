"""A certificate lets in one charger: who would be a second one is refused, who was one before goes on."""

from typing import Any

import asyncpg
import pytest

from voltring_core.store.migrate import available

MIGRATION = "one_certificate_one_charger"


async def register(api: Any, charger_id: str, name: str | None = None, profile: int | None = 3) -> Any:
    body = {"id": charger_id, "security_profile": profile, "certificate_name": name}
    return await api.client.post("/v1/chargers", json=body)


async def change(api: Any, charger_id: str, **what: Any) -> Any:
    return await api.client.patch(f"/v1/chargers/{charger_id}", json=what)


def is_refused(answer: Any) -> bool:
    assert answer.headers["content-type"] == "application/problem+json" or answer.status_code < 300, answer.text
    return answer.status_code == 409 and "a certificate lets in one charger only" in answer.json()["detail"]


async def test_a_second_charger_with_the_same_certificate_is_refused(api: Any) -> None:
    assert (await register(api, "CP-1", "SN-1")).status_code == 201
    assert is_refused(await register(api, "CP-2", "SN-1"))
    assert (await api.client.get("/v1/chargers/CP-2")).status_code == 404
    assert (await register(api, "CP-2", "SN-2")).status_code == 201
    assert is_refused(await change(api, "CP-2", certificate_name="SN-1"))
    assert (await api.client.get("/v1/chargers/CP-2")).json()["certificate_name"] == "SN-2"


async def test_an_id_is_a_name_as_well_where_the_charger_has_no_other(api: Any) -> None:
    assert (await register(api, "CP-1")).status_code == 201
    assert is_refused(await register(api, "CP-2", "CP-1"))
    assert (await register(api, "CP-2", "CP-3")).status_code == 201
    assert is_refused(await register(api, "CP-3"))


async def test_who_shows_no_certificate_may_have_any_name_until_it_is_to_show_one(api: Any) -> None:
    assert (await register(api, "CP-1", "SN-1")).status_code == 201
    for number, profile in enumerate((None, 2), 2):
        assert (await register(api, f"CP-{number}", "SN-1", profile)).status_code == 201
        assert is_refused(await change(api, f"CP-{number}", security_profile=3))
    assert (await change(api, "CP-1", security_profile=2)).status_code == 200
    assert (await change(api, "CP-2", security_profile=3)).status_code == 200


async def test_a_charger_may_be_given_its_own_name_again(api: Any) -> None:
    await register(api, "CP-1", "SN-1")
    assert (await change(api, "CP-1", security_profile=3, certificate_name="SN-1")).status_code == 200
    assert (await change(api, "CP-1", certificate_name="SN-2")).status_code == 200
    assert (await register(api, "CP-2", "SN-1")).status_code == 201


@pytest.fixture
async def before(database: asyncpg.Connection) -> asyncpg.Connection:
    """As it was before the migration."""
    await database.execute("DROP INDEX chargers_certificate_name")
    await database.execute("ALTER TABLE chargers DROP COLUMN certificate_is_shared")
    return database


async def test_those_who_share_one_since_before_the_migration_go_on_until_they_are_changed(
    before: asyncpg.Connection, api: Any
) -> None:
    rows = [("CP-1", "SN-1"), ("CP-2", "SN-1"), ("SN-1", None), ("CP-4", "SN-4")]
    put = "INSERT INTO chargers (id, security_profile, certificate_name) VALUES ($1, 3, $2)"
    await before.executemany(put, rows)
    (migration,) = [one for one in available() if one.name == MIGRATION]
    await before.execute(migration.sql)
    flags = dict(await before.fetch("SELECT id, certificate_is_shared FROM chargers"))
    assert flags == {"CP-1": False, "CP-2": True, "SN-1": True, "CP-4": False}

    assert (await change(api, "CP-2", description="as it was")).status_code == 200
    assert is_refused(await register(api, "CP-5", "SN-1"))
    assert is_refused(await change(api, "CP-2", security_profile=3))
    assert (await change(api, "CP-2", certificate_name="SN-2")).status_code == 200
    assert is_refused(await register(api, "CP-5", "SN-2"))
