"""Groups of id tokens have one spelling, and a quote says when it was asked about a token that nobody registered."""

from typing import Any

import pytest

from voltring_core.store.migrate import available

FLAT = {
    "name": "Flat",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "components": [{"kind": "energy", "price": "0.49"}],
}
SESSION = {"start": "2026-05-01T10:00:00Z", "energy_kwh": "10", "charging_minutes": 60}


async def tariff(api: Any, **other: Any) -> str:
    return str((await api.client.post("/v1/tariffs", json=FLAT | other)).json()["id"])


async def assign(api: Any, tariff_id: str, **to: str) -> Any:
    return await api.client.post("/v1/tariff-assignments", json={"tariff_id": tariff_id, **to})


async def test_a_group_in_another_case_is_the_same_group(api: Any) -> None:
    flat = await tariff(api)
    assert (await assign(api, flat, token_group="GRP")).status_code == 201
    again = await assign(api, flat, token_group="grp")
    assert (again.status_code, again.json()["detail"]) == (409, "The tariff is assigned so already.")
    listed = (await api.client.get("/v1/tariff-assignments", params={"token_group": "gRp"})).json()["items"]
    assert [item["token_group"] for item in listed] == ["GRP"]
    other = await assign(api, await tariff(api, name="other"), token_group="grp")
    assert other.json()["token_group"] == "GRP"


@pytest.mark.parametrize("way", ["create", "put"])
async def test_a_group_keeps_the_spelling_that_came_first(api: Any, way: str) -> None:
    await api.client.put("/v1/id-tokens/A", json={"group_id_token": "Fleet"})
    if way == "put":
        made = await api.client.put("/v1/id-tokens/B", json={"group_id_token": "FLEET"})
    else:
        made = await api.client.post("/v1/id-tokens", json={"id_token": "B", "group_id_token": "FLEET"})
    assert (made.status_code, made.json()["group_id_token"]) == (201, "Fleet")
    assert (await assign(api, await tariff(api), token_group="fleet")).json()["token_group"] == "Fleet"
    await api.client.put("/v1/id-tokens/B", json={"group_id_token": "Others"})
    await api.client.delete("/v1/id-tokens/A")
    lone = await api.client.put("/v1/id-tokens/B", json={"group_id_token": "OTHERS"})
    assert lone.json()["group_id_token"] == "OTHERS"  # nobody else is in it
    kept = await api.client.put("/v1/id-tokens/C", json={"group_id_token": "FLEET"})
    assert kept.json()["group_id_token"] == "Fleet"  # as the tariff is assigned


async def test_what_is_in_two_spellings_already_becomes_one_when_the_database_is_brought_up(
    api: Any, postgres_dsn: str
) -> None:
    database, flat = api.database, await tariff(api)
    await database.execute("DROP INDEX tariff_assignments_once")
    await database.execute("DROP INDEX transaction_accounts_void")
    await database.execute("ALTER TABLE transaction_accounts DROP COLUMN at_site")
    await database.execute(
        "ALTER TABLE tariff_assignments ADD CONSTRAINT"
        " tariff_assignments_tariff_id_charger_id_site_id_token_group_key"
        " UNIQUE NULLS NOT DISTINCT (tariff_id, charger_id, site_id, token_group)"
    )
    await database.execute(
        "INSERT INTO id_tokens (id_token, group_id_token, created_at)"
        " VALUES ('A', 'GRP', now() - interval '1 day'), ('B', 'grp', now()), ('C', 'else', now())"
    )
    await database.execute(
        "INSERT INTO tariff_assignments (id, tariff_id, token_group, created_at, created_by)"
        " SELECT gen_random_uuid(), $1, name, now() - age, 't' FROM (VALUES ('grp', interval '2 h'),"
        " ('GRP', interval '1 h'), ('else', interval '1 h')) AS v (name, age)",
        flat,
    )
    await database.execute("DELETE FROM schema_migrations WHERE number >= 6")
    await database.execute(next(one.sql for one in available() if one.number == 6))
    groups = await database.fetch("SELECT group_id_token AS name FROM id_tokens ORDER BY id_token")
    assert [row["name"] for row in groups] == ["GRP", "GRP", "else"]
    assigned = await database.fetch("SELECT token_group AS name FROM tariff_assignments ORDER BY 1")
    assert sorted(row["name"] for row in assigned) == ["GRP", "else"]


async def quoted(api: Any, **more: str) -> dict[str, Any]:
    answer = await api.client.post("/v1/tariffs/quote", json={"charger_id": "CP", **SESSION, **more})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_quote_for_a_token_that_nobody_registered_says_so_and_what_applies(api: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP"})
    await api.client.put("/v1/id-tokens/CARD", json={"group_id_token": "Fleet"})
    await assign(api, await tariff(api, name="All"))
    await assign(api, await tariff(api, name="Ours"), token_group="Fleet")
    known, slip, nobody = await quoted(api, id_token="card"), await quoted(api, id_token="CARB"), await quoted(api)
    assert (known["tariff"]["name"], known["id_token_is_registered"]) == ("Ours", True)
    assert (slip["tariff"]["name"], slip["id_token_is_registered"]) == ("All", False)
    assert "The id token 'CARB' is not registered" in slip["why"]
    assert [word for word in ("charger", "site", "everybody") if word not in slip["why"]] == []
    assert (nobody["id_token_is_registered"], "registered" in nobody["why"]) == (None, False)


async def test_without_any_tariff_the_token_that_nobody_registered_is_named_too(api: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP"})
    asked = {"charger_id": "CP", "id_token": "CARB", **SESSION}
    refused = await api.client.post("/v1/tariffs/quote", json=asked)
    assert (refused.status_code, "'CARB' is not registered" in refused.json()["detail"]) == (404, True)
