"""Sites, and the chargers that stand there."""

from typing import Any

import pytest

NORTH = {"id": "north", "name": "Depot North", "time_zone": "Europe/Berlin", "latitude": 52.5, "longitude": 13.4}


async def test_a_site_is_created_read_replaced_and_deleted(api: Any) -> None:
    made = await api.client.post("/v1/sites", json=NORTH)
    assert made.status_code == 201, made.text
    assert made.json() | {"created_at": 0} == NORTH | {"place": None, "created_at": 0}
    assert (await api.client.post("/v1/sites", json=NORTH)).status_code == 409
    replaced = await api.client.put("/v1/sites/north", json={"name": "North", "place": "Dock 1"})
    assert (replaced.status_code, replaced.json()["time_zone"], replaced.json()["latitude"]) == (200, "UTC", None)
    assert (await api.client.put("/v1/sites/south", json={"name": "South"})).status_code == 201
    assert (await api.client.get("/v1/sites/north")).json()["place"] == "Dock 1"
    assert (await api.client.delete("/v1/sites/north")).status_code == 204
    assert (await api.client.delete("/v1/sites/north")).status_code == 404
    assert (await api.client.get("/v1/sites/north")).status_code == 404


async def test_sites_are_listed_by_id_and_word(api: Any) -> None:
    for name in ("c", "a", "b"):
        await api.client.put(f"/v1/sites/{name}", json={"name": f"Site {name}"})
    first = (await api.client.get("/v1/sites", params={"limit": 2})).json()
    rest = (await api.client.get("/v1/sites", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == ["a", "b", "c"]
    assert rest["next_cursor"] is None
    found = (await api.client.get("/v1/sites", params={"q": "SITE B"})).json()["items"]
    assert [one["id"] for one in found] == ["b"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"time_zone": "Europe/Atlantis"}, "time_zone"),
        ({"time_zone": "localtime"}, "time_zone"),
        ({"latitude": 91}, "latitude"),
        ({"longitude": -180.5}, "longitude"),
        ({"name": " "}, "name"),
        ({"id": "a/b"}, "id"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_with_a_site_is_named(api: Any, wrong: dict[str, Any], field: str) -> None:
    refused = await api.client.post("/v1/sites", json=NORTH | wrong)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert [one["field"] for one in refused.json()["errors"]] == [field]


async def test_a_site_id_in_the_path_obeys_the_same_rules(api: Any) -> None:
    refused = await api.client.put("/v1/sites/%20x", json={"name": "x"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "id")


async def test_a_charger_is_put_at_a_site_and_outlives_it(api: Any) -> None:
    await api.client.post("/v1/sites", json=NORTH)
    await api.client.post("/v1/chargers", json={"id": "CP"})
    change = {"site_id": "north", "time_zone": "Europe/London"}
    changed = await api.client.patch("/v1/chargers/CP", json=change)
    assert changed.status_code == 200, changed.text
    assert {name: changed.json()[name] for name in change} == change
    await api.client.patch("/v1/chargers/CP", json={"description": "at the gate"})
    assert (await api.client.get("/v1/chargers/CP")).json()["site_id"] == "north"
    assert (await api.client.delete("/v1/sites/north")).status_code == 204
    left = (await api.client.get("/v1/chargers/CP")).json()
    assert (left["site_id"], left["time_zone"]) == (None, "Europe/London")
    cleared = await api.client.patch("/v1/chargers/CP", json={"time_zone": None})
    assert cleared.json()["time_zone"] is None


@pytest.mark.parametrize(
    ("change", "field"), [({"site_id": "nowhere"}, "site_id"), ({"time_zone": "Mars/Olympus"}, "time_zone")]
)
async def test_a_charger_can_not_be_put_where_nothing_is(api: Any, change: dict[str, Any], field: str) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP"})
    refused = await api.client.patch("/v1/chargers/CP", json=change)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)


async def test_an_operator_changes_sites_and_an_admin_deletes_them_and_both_are_kept(api: Any) -> None:
    async with api.client_of(await api.key("viewer")) as viewer:
        assert (await viewer.get("/v1/sites")).status_code == 200
        assert (await viewer.post("/v1/sites", json=NORTH)).status_code == 403
    async with api.client_of(await api.key("operator")) as operator:
        assert (await operator.post("/v1/sites", json=NORTH)).status_code == 201
        assert (await operator.put("/v1/sites/north", json={"name": "N"})).status_code == 200
        assert (await operator.delete("/v1/sites/north")).status_code == 403
    assert (await api.client.delete("/v1/sites/north")).status_code == 204
    kept = await api.database.fetch("SELECT action, subject FROM audit_log WHERE action LIKE 'site.%' ORDER BY id")
    assert [tuple(row) for row in kept] == [
        ("site.create", "site:north"),
        ("site.put", "site:north"),
        ("site.delete", "site:north"),
    ]
