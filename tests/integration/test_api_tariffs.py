"""Tariffs, whom they are for, and what a session would cost."""

from typing import Any
from uuid import uuid4

import pytest

FLAT = {
    "name": "Flat",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "prices_include_tax": True,
    "taxes": [{"name": "VAT", "percent": "19"}],
    "components": [{"kind": "energy", "price": "0.49"}],
}
SESSION = {"start": "2026-05-01T10:00:00Z", "energy_kwh": "10", "charging_minutes": 60}
FAR_APART = [{"at": f"2026-0{month}-01T00:00:00Z", "energy_wh": 0} for month in (1, 3)]


async def create(api: Any, **other: Any) -> str:
    made = await api.client.post("/v1/tariffs", json=FLAT | other)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def assign(api: Any, tariff_id: str, **to: str) -> str:
    made = await api.client.post("/v1/tariff-assignments", json={"tariff_id": tariff_id, **to})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def quote(api: Any, **asked: Any) -> dict[str, Any]:
    answer = await api.client.post("/v1/tariffs/quote", json=asked)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_tariff_is_created_read_and_listed_newest_first(api: Any) -> None:
    first, second, third = [await create(api, name=name) for name in ("one", "two", "three")]
    read = await api.client.get(f"/v1/tariffs/{first}")
    assert read.status_code == 200
    kept = {name: read.json()[name] for name in FLAT}
    assert kept["components"][0].pop("conditions") is not None
    assert kept["components"] == [
        {"kind": "energy", "price": "0.49", "step_wh": None, "step_seconds": None, "grace_minutes": None}
    ]
    assert {**kept, "components": FLAT["components"]} == FLAT | {"name": "one"}
    page = (await api.client.get("/v1/tariffs", params={"limit": 2})).json()
    rest = (await api.client.get("/v1/tariffs", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == [third, second, first]
    assert (await api.client.get(f"/v1/tariffs/{uuid4()}")).status_code == 404


async def test_a_tariff_can_not_be_changed(api: Any) -> None:
    place = f"/v1/tariffs/{await create(api)}"
    for method in ("PUT", "PATCH"):
        assert (await api.client.request(method, place, json=FLAT)).status_code == 405


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"currency": "EURO"}, "currency"),
        ({"valid_from": "2026-01-01T00:00:00"}, "valid_from"),
        ({"valid_until": "2025-01-01T00:00:00Z"}, "valid_until"),
        ({"components": [{"kind": "energy", "price": "-1"}]}, "components.0.price"),
        ({"components": [{"kind": "energy", "price": "1", "step_seconds": 60}]}, "components.0.step_seconds"),
        ({"taxes": [{"name": "VAT", "percent": 101}]}, "taxes.0.percent"),
        ({"min_cost": "1.005"}, "min_cost"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_is_wrong_with_a_tariff_is_named(api: Any, wrong: dict[str, Any], field: str) -> None:
    refused = await api.client.post("/v1/tariffs", json=FLAT | wrong)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert [one["field"] for one in refused.json()["errors"]] == [field]


async def test_a_tariff_is_deleted_only_while_nothing_rests_on_it(api: Any) -> None:
    tariff_id = await create(api)
    assignment_id = await assign(api, tariff_id)
    refused = await api.client.delete(f"/v1/tariffs/{tariff_id}")
    assert (refused.status_code, "assigned" in refused.json()["detail"]) == (409, True)
    assert (await api.client.delete(f"/v1/tariff-assignments/{assignment_id}")).status_code == 204
    session = await api.database.fetchval(
        "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, start_received_at)"
        " VALUES (gen_random_uuid(), 'CP', '1.6', '1', 'Ended', now()) RETURNING id"
    )
    await api.database.execute(
        "INSERT INTO transaction_accounts (transaction_id, checked_at, of_version, tariff_id)"
        " VALUES ($1, now(), 1, $2)",
        session,
        tariff_id,
    )
    refused = await api.client.delete(f"/v1/tariffs/{tariff_id}")
    assert (refused.status_code, "priced" in refused.json()["detail"]) == (409, True)
    await api.database.execute("DELETE FROM transaction_accounts")
    assert (await api.client.delete(f"/v1/tariffs/{tariff_id}")).status_code == 204
    assert (await api.client.delete(f"/v1/tariffs/{tariff_id}")).status_code == 404


async def test_assignments_are_listed_by_whom_they_are_for(api: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP"})
    await api.client.put("/v1/sites/north", json={"name": "North"})
    one, two = await create(api), await create(api)
    made = [
        await assign(api, one, charger_id="CP"),
        await assign(api, one, site_id="north"),
        await assign(api, two, token_group="FLEET"),
        await assign(api, two),
    ]

    async def listed(**asked: str) -> list[str]:
        answer = await api.client.get("/v1/tariff-assignments", params=asked)
        return [item["id"] for item in answer.json()["items"]]

    assert await listed() == made[::-1]
    assert await listed(tariff_id=one) == [made[1], made[0]]
    assert await listed(charger_id="CP") == [made[0]]
    assert await listed(site_id="north") == [made[1]]
    assert await listed(token_group="fleet") == [made[2]]
    page = (await api.client.get("/v1/tariff-assignments", params={"limit": 3})).json()
    assert await listed(cursor=page["next_cursor"]) == [made[0]]
    read = (await api.client.get(f"/v1/tariff-assignments/{made[0]}")).json()
    assert (read["tariff_id"], read["charger_id"], read["site_id"], read["token_group"]) == (one, "CP", None, None)
    assert (await api.client.get(f"/v1/tariff-assignments/{uuid4()}")).status_code == 404
    assert (await api.client.delete(f"/v1/tariff-assignments/{uuid4()}")).status_code == 404
    assert (await api.client.delete("/v1/sites/north")).status_code == 409


async def test_an_assignment_to_nobody_or_to_two_is_refused(api: Any) -> None:
    tariff_id = await create(api)

    async def refused(**asked: str) -> tuple[int, str]:
        answer = await api.client.post("/v1/tariff-assignments", json={"tariff_id": tariff_id, **asked})
        return answer.status_code, (answer.json().get("errors") or [{"field": "-"}])[0]["field"]

    assert await refused(charger_id="NOBODY") == (422, "charger_id")
    assert await refused(site_id="nowhere") == (422, "site_id")
    assert await refused(charger_id="A", token_group="B") == (422, "body")
    assert await refused(tariff_id=str(uuid4())) == (404, "-")
    await assign(api, tariff_id)
    assert await refused() == (409, "-")


async def test_a_quote_by_words_shows_lines_taxes_and_sentences(api: Any) -> None:
    told = await quote(api, tariff=FLAT, **SESSION)
    # 10 kWh x 0.49 = 4.90; the VAT in it is 4.90 x 19 / 119 = 0.7823..., 0.78; 4.90 - 0.78 = 4.12.
    price = told["price"]
    assert {name: price[name] for name in ("currency", "net", "tax", "total", "time_zone")} == {
        "currency": "EUR",
        "net": "4.12",
        "tax": "0.78",
        "total": "4.90",
        "time_zone": "UTC",
    }
    assert price["lines"] == [
        {
            "what": "energy",
            "component": 0,
            "unit": "kWh",
            "quantity": "10.000000",
            "used": "10.000000",
            "unit_price": "0.49",
            "amount": "4.90",
            "begins": "2026-05-01T10:00:00Z",
            "ends": "2026-05-01T11:00:00Z",
            "periods": [{"begins": "2026-05-01T10:00:00Z", "ends": "2026-05-01T11:00:00Z", "quantity": "10.000000"}],
        }
    ]
    assert told["explanation"] == [
        "Energy, 2026-05-01 10:00:00 UTC to 2026-05-01 11:00:00 UTC: 10 kWh x 0.49 EUR = 4.90 EUR.",
        "VAT 19 % in it: 0.78 EUR.",
        "Total: 4.90 EUR.",
    ]
    assert (told["found_by"], told["tariff_id"], told["energy_wh"]) == ("words", None, "10000")
    early = await quote(api, tariff=FLAT, **SESSION | {"start": "2025-05-01T10:00:00Z"})
    assert early["why"].endswith("It is not valid at the start of the session.")


async def test_a_quote_at_a_charger_goes_by_the_clock_of_its_site(api: Any) -> None:
    night = {"start_time_of_day": "00:00", "end_time_of_day": "06:00"}
    components = [{"kind": "energy", "price": "0.10", "conditions": night}, {"kind": "energy", "price": "1"}]
    await api.client.put("/v1/sites/berlin", json={"name": "Berlin", "time_zone": "Europe/Berlin"})
    await api.client.post("/v1/chargers", json={"id": "CP"})
    await api.client.patch("/v1/chargers/CP", json={"time_zone": "America/New_York"})
    await assign(api, await create(api, components=components))
    late = {"start": "2026-05-01T22:00:00Z", "energy_kwh": "10", "charging_minutes": 60}
    # 18:00 in New York; 00:00 in Berlin.
    assert (await quote(api, charger_id="CP", **late))["price"]["total"] == "10.00"
    await api.client.patch("/v1/chargers/CP", json={"site_id": "berlin"})
    told = await quote(api, charger_id="CP", **late)
    assert (told["price"]["total"], told["price"]["time_zone"], told["found_by"]) == (
        "1.00",
        "Europe/Berlin",
        "everybody",
    )
    assert (await quote(api, charger_id="CP", time_zone="UTC", **late))["price"]["total"] == "10.00"


async def test_a_quote_for_a_token_goes_by_its_group(api: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP"})
    await api.client.put("/v1/id-tokens/CARD", json={"group_id_token": "Fleet"})
    await assign(api, await create(api, name="for all"))
    await assign(api, await create(api, name="for the fleet"), token_group="FLEET")
    assert (await quote(api, charger_id="CP", id_token="card", **SESSION))["found_by"] == "token_group"
    assert (await quote(api, charger_id="CP", id_token="other", **SESSION))["tariff"]["name"] == "for all"


async def test_a_quote_of_readings_prices_what_lies_between_them(api: Any) -> None:
    readings = [
        {"at": "2026-05-01T10:00:00Z", "energy_wh": 500},
        {"at": "2026-05-01T10:30:00Z", "energy_wh": "5500.5"},
        {"at": "2026-05-01T11:00:00Z", "energy_wh": "5500.5", "idle": True},
    ]
    components = [{"kind": "energy", "price": "1"}, {"kind": "idle_time", "price": "0.10", "grace_minutes": 10}]
    told = await quote(api, tariff_id=await create(api, components=components), readings=readings)
    # 5.0005 kWh x 1 = 5.00 (5.0005 rounded), 30 - 10 idle minutes x 0.10 = 2.00.
    assert [line["amount"] for line in told["price"]["lines"]] == ["5.00", "2.00"]
    back = [readings[1], readings[0]]
    refused = await api.client.post("/v1/tariffs/quote", json={"tariff": FLAT, "readings": back})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "readings.1.at")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({**SESSION}, "body"),
        ({"tariff": FLAT, "charger_id": "CP", **SESSION}, "body"),
        ({"tariff": FLAT, "id_token": "CARD", **SESSION}, "body"),
        ({"tariff": FLAT}, "body"),
        ({"tariff": FLAT, **SESSION, "energy_kwh": -1}, "energy_kwh"),
        ({"tariff": FLAT, **SESSION, "idle_minutes": 44_641}, "idle_minutes"),
        ({"tariff": FLAT, **SESSION, "readings": FAR_APART}, "body"),
        ({"tariff": FLAT, "readings": FAR_APART}, "body"),
        ({"tariff": FLAT, "time_zone": "Nowhere", **SESSION}, "time_zone"),
        ({"tariff": FLAT | {"currency": "XXX"}, **SESSION}, "tariff.currency"),
        ({"tariff": FLAT, "readings": [{"at": "2026-05-01T10:00:00Z", "energy_wh": 1}]}, "readings"),
    ],
)
async def test_a_quote_that_can_not_be_made_says_why(api: Any, asked: dict[str, Any], field: str) -> None:
    refused = await api.client.post("/v1/tariffs/quote", json=asked)
    assert refused.status_code == 422, refused.text
    assert [one["field"] for one in refused.json()["errors"]] == [field]


async def test_a_quote_without_a_tariff_or_a_charger_is_404(api: Any) -> None:
    unknown = await api.client.post("/v1/tariffs/quote", json={"charger_id": "NOBODY", **SESSION})
    assert (unknown.status_code, unknown.json()["detail"]) == (404, "There is no charger 'NOBODY'.")
    await api.client.post("/v1/chargers", json={"id": "CP"})
    free = await api.client.post("/v1/tariffs/quote", json={"charger_id": "CP", **SESSION})
    assert (free.status_code, "no tariff is in force" in free.json()["detail"].lower()) == (404, True)


async def test_who_may_do_what_and_what_is_kept_of_it(api: Any) -> None:
    async with api.client_of(await api.key("viewer")) as viewer:
        assert (await viewer.get("/v1/tariffs")).status_code == 200
        assert (await viewer.post("/v1/tariffs", json=FLAT)).status_code == 403
    async with api.client_of(await api.key("operator")) as operator:
        made = (await operator.post("/v1/tariffs", json=FLAT)).json()
        assigned = (await operator.post("/v1/tariff-assignments", json={"tariff_id": made["id"]})).json()
        assert (await operator.delete(f"/v1/tariff-assignments/{assigned['id']}")).status_code == 403
        assert (await operator.delete(f"/v1/tariffs/{made['id']}")).status_code == 403
        assert made["created_by"] == assigned["created_by"] == (await operator.get("/v1/me")).json()["name"]
    await api.client.delete(f"/v1/tariff-assignments/{assigned['id']}")
    await api.client.delete(f"/v1/tariffs/{made['id']}")
    kept = await api.database.fetch("SELECT action, subject FROM audit_log WHERE action LIKE 'tariff.%' ORDER BY id")
    assert [row["action"] for row in kept] == ["tariff.create", "tariff.assign", "tariff.unassign", "tariff.delete"]
    assert {row["subject"] for row in kept} == {f"tariff:{made['id']}"}
