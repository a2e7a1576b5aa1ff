"""Charge detail records, invoices and what waits for a person, by the API."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from bill_scene import CHARGER, TARIFF, account, billed, book, found_town, keep, records, session

from voltring_api.seller import Seller
from voltring_core.domain.transactions import TransactionState


@pytest_asyncio.fixture
async def pool(api: Any) -> AsyncIterator[asyncpg.Pool]:
    await found_town(api.parts.pool)
    return api.parts.pool


NOTE = {"note": "The driver agrees."}


async def test_records_are_listed_by_what_they_are_about_in_pages(api: Any, pool: asyncpg.Pool) -> None:
    ones = [await keep(pool, session(ocpp_transaction_id=str(number))) for number in range(3)]
    for one in ones:
        await billed(pool, one, account())
    await billed(pool, ones[0], account(12000))
    got = await api.client.get("/v1/cdrs", params={"limit": 3})
    first = got.json()
    assert [row["kind"] for row in first["items"]] == ["charge", "credit", "charge"]
    assert first["items"][0]["total"] == "7.41"
    more = (await api.client.get("/v1/cdrs", params={"limit": 3, "cursor": first["next_cursor"]})).json()
    assert more["next_cursor"] is None
    numbers = [row["number"] for row in (*first["items"], *more["items"])]
    assert len(numbers) == 5
    assert numbers == sorted(numbers, reverse=True)
    at = first["items"][0]["issued_at"]
    for params, count in [
        ({"transaction_id": str(ones[0].id)}, 3),
        ({"charger_id": CHARGER}, 5),
        ({"charger_id": "other"}, 0),
        ({"id_token": "tag-1"}, 5),
        ({"id_token": "tag"}, 0),
        ({"since": at}, 2),
        ({"until": at}, 3),
        ({"since": at, "charger_id": CHARGER, "id_token": "TAG-1"}, 2),
    ]:
        listed = await api.client.get("/v1/cdrs", params=params)
        assert (params, len(listed.json()["items"])) == (params, count)
    assert (await api.client.get("/v1/cdrs", params={"cursor": "x"})).status_code == 422


async def test_a_record_is_read_whole_and_as_an_invoice(api: Any, pool: asyncpg.Pool) -> None:
    one = await keep(pool, session(id_token=None, id_token_type="NoAuthorization"))
    await billed(pool, one, account())
    (row,) = await records(pool, one)
    whole = (await api.client.get(f"/v1/cdrs/{row['id']}")).json()
    assert whole["content"]["tariff"]["content"] == TARIFF
    assert (whole["net"], whole["tax"], whole["total"], whole["energy_wh"]) == ("5.25", "1.00", "6.25", "10000")
    got = await api.client.get(f"/v1/cdrs/{row['id']}/invoice")
    invoice = got.json()
    assert got.headers["content-type"] == "application/json"
    assert invoice["payable"] == "6.25"
    assert [(one["quantity"], one["unit_price"], one["amount"]) for one in invoice["lines"]] == [
        ("1", "0.35", "0.35"),
        ("10.000000", "0.49", "4.90"),
    ]
    for path in (f"/v1/cdrs/{uuid4()}", f"/v1/cdrs/{uuid4()}/invoice"):
        assert (await api.client.get(path)).status_code == 404


async def test_an_invoice_names_the_seller_of_the_settings_and_nobody_without_them(
    api: Any, pool: asyncpg.Pool
) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    (row,) = await records(pool, one)
    path, page = f"/v1/cdrs/{row['id']}/invoice", {"Accept": "text/html"}
    assert "seller" not in (await api.client.get(path)).json()
    assert "<address>" not in (await api.client.get(path, headers=page)).text
    seller = Seller("Harbour <b> & Sons", ("12 Quay Street", "20457 Hamburg"), "DE123456789")
    api.app.state.parts = replace(api.parts, seller=seller)
    told = {"name": seller.name, "address": list(seller.address), "vat_id": seller.vat_id}
    assert (await api.client.get(path)).json()["seller"] == told
    shown = (await api.client.get(path, headers=page)).text
    assert (
        "<address><strong>Harbour &lt;b&gt; &amp; Sons</strong><br>12 Quay Street<br>20457 Hamburg<br>"
        "VAT id DE123456789</address>"
    ) in shown.replace("\n", "")


async def test_a_browser_gets_a_page_without_scripts_on_which_everything_is_escaped(
    api: Any, pool: asyncpg.Pool
) -> None:
    await pool.execute("UPDATE chargers SET site_id = 'yard'")
    await pool.execute("INSERT INTO id_tokens (id_token) VALUES ('<script>alert(1)</script>')")
    one = await keep(pool, session(id_token="<script>alert(1)</script>"))
    await billed(pool, one, account())
    (row,) = await records(pool, one)
    accept = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    got = await api.client.get(f"/v1/cdrs/{row['id']}/invoice", headers=accept)
    assert got.headers["content-type"].startswith("text/html")
    policy = got.headers["content-security-policy"]
    assert "style-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy
    page = got.text
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "The &lt;Yard&gt;, Berlin" in page
    for figure in (
        "10 kWh",
        "0.49",
        "4.90",
        "VAT 19 %",
        "1.00",
        "6.25 EUR",
        "2026-03-01 09:00:00 +01:00 Europe/Berlin",
    ):
        assert figure in page


async def test_the_cost_of_a_session_is_read_while_it_runs_and_when_it_is_billed(api: Any, pool: asyncpg.Pool) -> None:
    one = await keep(pool, session(state=TransactionState.ACTIVE, ended_at=None, stop_reason=None))
    path = f"/v1/transactions/{one.id}/cost"
    before = (await api.client.get(path)).json()
    assert (before["billing"], before["total"], before["lines"]) == ("open", None, [])
    await billed(pool, one, account(1000))
    running = (await api.client.get(path)).json()
    assert (running["billing"], running["total"], running["billed"]) == ("open", "1.00", None)
    assert [line["what"] for line in running["lines"]] == ["fixed_fee", "energy"]
    await pool.execute("UPDATE transactions SET state = 'Ended'")
    await billed(pool, session(id=one.id), account())
    final = (await api.client.get(path)).json()
    assert (final["billing"], final["total"], final["billed"]) == ("final", "6.25", "6.25")
    assert final["record_id"] == str((await records(pool, one))[0]["id"])
    assert (await api.client.get(f"/v1/transactions/{uuid4()}/cost")).status_code == 404


async def test_a_held_bill_is_found_released_and_then_issued(api: Any, pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    doubted = account(flags=("energy_mismatch",))
    await billed(pool, one, doubted)
    for params, count in [({}, 1), ({"state": "provisional"}, 0), ({"reason": "energy_mismatch"}, 1)]:
        items = (await api.client.get("/v1/billing/held", params=params)).json()["items"]
        assert len(items) == count
    (held,) = (await api.client.get("/v1/billing/held")).json()["items"]
    assert (held["transaction_id"], held["total"], held["billing"]) == (str(one.id), "6.25", "held")
    assert held["waits_for"][0]["says"].endswith("2 %.")
    operator = api.client_of(await api.key("operator"))
    got = await operator.post(f"/v1/transactions/{one.id}/release", json=NOTE)
    assert (got.status_code, got.json()["ruling"]) == (202, "released")
    assert (await book(pool, one))["of_version"] == 0
    again = await operator.post(f"/v1/transactions/{one.id}/release", json=NOTE)
    assert (again.status_code, "already" in again.json()["detail"]) == (409, True)
    await billed(pool, one, doubted)
    (row,) = await records(pool, one)
    assert row["content"]["released"]["in_spite_of"] == ["energy_mismatch"]
    assert row["content"]["released"]["note"] == NOTE["note"]
    assert (await operator.post(f"/v1/transactions/{one.id}/release", json=NOTE)).status_code == 409
    said = await pool.fetch("SELECT actor, action, subject, detail FROM audit_log WHERE action LIKE 'transaction.%'")
    assert [(row["action"], row["subject"]) for row in said] == [("transaction.release", f"transaction:{one.id}")]
    assert said[0]["detail"] == {**NOTE, "in_spite_of": ["energy_mismatch"]}


@pytest.mark.parametrize(
    ("more", "detail"),
    [
        ({"state": TransactionState.ACTIVE, "stop_reason": None}, "not over"),
        ({}, "billed"),
        ({"started_at": None, "state": TransactionState.ORPHAN}, "not over"),
    ],
)
async def test_there_is_nothing_to_release_where_nobody_waits(
    api: Any, pool: asyncpg.Pool, more: dict[str, Any], detail: str
) -> None:
    one = await keep(pool, session(**more))
    await billed(pool, one, account())
    got = await api.client.post(f"/v1/transactions/{one.id}/release", json=NOTE)
    assert got.status_code == 409
    assert detail in got.json()["detail"]


async def test_an_estimate_is_never_released_and_a_phantom_never_either(api: Any, pool: asyncpg.Pool) -> None:
    estimate, phantom = await keep(pool, session()), await keep(pool, session(ocpp_transaction_id="8"))
    await billed(pool, estimate, account(method="power"))
    await billed(pool, phantom, account(0, flags=("phantom",)))
    for one in (estimate, phantom):
        assert (await api.client.post(f"/v1/transactions/{one.id}/release", json=NOTE)).status_code == 409
    assert (await api.client.post(f"/v1/transactions/{uuid4()}/release", json=NOTE)).status_code == 404
    assert (await api.client.post(f"/v1/transactions/{estimate.id}/release", json={"note": "  "})).status_code == 422


async def test_a_void_session_is_never_billed_and_stays_void(api: Any, pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account(flags=("clock",)))
    got = await api.client.post(f"/v1/transactions/{one.id}/void", json=NOTE)
    assert (got.status_code, got.json()["billing"], got.json()["note"]) == (200, "void", NOTE["note"])
    await billed(pool, one, account())
    assert await records(pool, one) == []
    assert (await book(pool, one))["billing"] == "void"
    for path in ("void", "release"):
        assert (await api.client.post(f"/v1/transactions/{one.id}/{path}", json=NOTE)).status_code == 409


async def test_a_charge_of_a_session_that_is_held_later_is_taken_back_when_that_is_made_void(
    api: Any, pool: asyncpg.Pool
) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    doubted = account(12000, flags=("energy_mismatch",))
    await billed(pool, one, doubted)
    assert [row["kind"] for row in await records(pool, one)] == ["charge"]
    assert (await api.client.post(f"/v1/transactions/{one.id}/void", json=NOTE)).status_code == 200
    for _ in range(2):
        await billed(pool, one, doubted)
    assert [row["kind"] for row in await records(pool, one)] == ["charge", "credit"]


async def test_what_is_billed_is_not_voided_but_credited_by_an_admin(api: Any, pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    (charge,) = await records(pool, one)
    refused = await api.client.post(f"/v1/transactions/{one.id}/void", json=NOTE)
    assert (refused.status_code, "/credit" in refused.json()["detail"]) == (409, True)
    operator = api.client_of(await api.key("operator"))
    path, why = f"/v1/cdrs/{charge['id']}/credit", {"reason": "Goodwill."}
    assert (await operator.post(path, json=why)).status_code == 403
    got = await api.client.post(path, json=why)
    assert (got.status_code, got.json()["kind"], got.json()["corrects"]) == (201, "credit", str(charge["id"]))
    assert (await api.client.post(path, json=why)).status_code == 409
    assert (await api.client.post(f"/v1/cdrs/{got.json()['id']}/credit", json=why)).status_code == 409
    invoice = (await api.client.get(f"/v1/cdrs/{got.json()['id']}/invoice")).json()
    assert (invoice["payable"], invoice["reason"]) == ("-6.25", "Goodwill.")
    page = await api.client.get(f"/v1/cdrs/{got.json()['id']}/invoice", headers={"Accept": "text/html"})
    assert f"Takes back invoice {charge['number']} as a whole." in page.text
    # Whatever is heard of the session from now on, nobody pays for it.
    await billed(pool, one, account(12000))
    assert [row["kind"] for row in await records(pool, one)] == ["charge", "credit"]
    cost = (await api.client.get(f"/v1/transactions/{one.id}/cost")).json()
    assert (cost["billing"], cost["billed"], cost["record_id"]) == ("void", "0.00", None)


async def test_a_charge_outlives_its_session_and_can_still_be_credited(api: Any, pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    (charge,) = await records(pool, one)
    await pool.execute("DELETE FROM transactions")
    got = await api.client.post(f"/v1/cdrs/{charge['id']}/credit", json={"reason": "Late."})
    assert got.status_code == 201
    assert (await api.client.post(f"/v1/cdrs/{charge['id']}/credit", json={"reason": "Late."})).status_code == 409


async def test_how_a_charger_shows_costs_is_a_setting_of_its_own(api: Any, pool: asyncpg.Pool) -> None:
    path = f"/v1/chargers/{CHARGER}/cost-display"
    assert (await api.client.get(path)).json() == {"setting": "device model", "display": None}
    put = await api.client.put(path, json={"mode": "DataTransfer"})
    assert put.json()["display"]["vendor_id"] == "org.openchargealliance.costmsg"
    assert (await api.client.get(path)).json() == put.json()
    assert (await api.client.put(path, json={"mode": "smoke"})).status_code == 422
    assert (await api.client.delete(path)).status_code == 204
    assert (await api.client.get(path)).json()["setting"] == "device model"
    for method in ("get", "delete"):
        assert (await getattr(api.client, method)("/v1/chargers/nobody/cost-display")).status_code == 404
    assert (await api.client.put("/v1/chargers/nobody/cost-display", json={"mode": "none"})).status_code == 404
