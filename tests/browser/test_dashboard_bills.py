"""Money, as operators see and decide it: bills that wait, and what was issued."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import websockets
from playwright.async_api import Browser, Page, expect

from voltring_core.testing import Wire, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_MS = 30_000
KNOWN = "BILLS-CARD-1"
HOSTILE = "<i>CARD</i>"
"""Not registered: bills of it wait."""
HELD, RECORDS = "**/v1/billing/held?*", "**/v1/cdrs?*"
PICTURES = os.environ.get("VOLTRING_PICTURES")


async def _session(wire: Wire, token: str, hours_ago: int = 1) -> None:
    """Of 10 kWh in 59 minutes, told late."""
    begun, meter = datetime.now(UTC) - timedelta(hours=hours_ago), 100_000 - 10_000 * hours_ago
    start = {"connectorId": 1, "idTag": token, "meterStart": meter, "timestamp": begun.isoformat()}
    number = (await wire.call("StartTransaction", start))[2]["transactionId"]
    ended = (begun + timedelta(minutes=59)).isoformat()
    await wire.call("StopTransaction", {"transactionId": number, "meterStop": meter + 10_000, "timestamp": ended})


async def _priced(stack: Any, charger_id: str) -> None:
    """Without a tariff a session costs nothing, and waits for nobody."""
    tariff = {
        "name": charger_id,
        "currency": "EUR",
        "valid_from": "2024-01-01T00:00:00Z",
        "components": [{"kind": "energy", "price": "0.50"}],
    }
    made = await stack.ask("POST", "/v1/tariffs", tariff)
    await stack.ask("POST", "/v1/tariff-assignments", {"tariff_id": made["id"], "charger_id": charger_id})


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def told(stack: Any) -> None:
    """At one charger with a tariff: one session that is billed, and two that wait."""
    await stack.ask("PUT", f"/v1/id-tokens/{KNOWN}", {})
    async with websockets.connect(f"{stack.ocpp}/BILLS-1", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        await _priced(stack, "BILLS-1")
        for hours_ago, token in ((3, KNOWN), (2, HOSTILE), (1, HOSTILE)):
            await _session(wire, token, hours_ago)

    async def all_judged() -> bool:
        waiting = (await stack.ask("GET", "/v1/billing/held?charger_id=BILLS-1"))["items"]
        issued = (await stack.ask("GET", "/v1/cdrs?charger_id=BILLS-1"))["items"]
        return (len(waiting), len(issued)) == (2, 1)

    assert await eventually(all_judged, 60)


@pytest_asyncio.fixture(loop_scope="module")
async def signed_in(browser: Browser, stack: Any) -> AsyncIterator[Any]:
    """`signed_in(token)`: a page of the dashboard for a key."""
    expect.set_options(timeout=SOON_MS)
    context = await browser.new_context(locale="en-GB", viewport={"width": 1360, "height": 900})

    async def open_page(token: str) -> Page:
        page = await context.new_page()
        page.set_default_timeout(SOON_MS)
        await page.goto(f"{stack.api}/#token={token}")
        await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
        return page

    yield open_page
    await context.close()


async def test_bills_that_wait_are_released_or_made_void_with_a_note_and_a_record_is_saved_as_an_invoice(
    stack: Any, told: None, signed_in: Any, watch: Any
) -> None:
    page: Page = await signed_in(stack.token)
    watched = watch(page, stack.api)
    await page.locator("[data-count='Bills on hold']").click()
    await expect(page.get_by_role("heading", name="Bills", exact=True)).to_be_visible()
    waiting, issued = page.get_by_label("On hold", exact=True), page.get_by_label("Charges and credits", exact=True)
    rows, records = (card.locator("tr.item", has_text="BILLS-1") for card in (waiting, issued))
    await expect(rows).to_have_count(2)
    await expect(rows.first).to_contain_text("The id token is not registered.")
    await expect(rows.first).to_contain_text(HOSTILE)
    await expect(rows.first).to_contain_text("10.00 kWh")
    await expect(rows.first).to_contain_text("5.00 EUR")
    await expect(records).to_have_count(1)
    await expect(records).to_contain_text(KNOWN)
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / "bills.png", full_page=True)

    # Somebody else was faster: the API's refusal is said in the dialog.
    dialog = page.get_by_role("dialog")
    newest, older = (await stack.ask("GET", "/v1/billing/held?charger_id=BILLS-1"))["items"]
    await rows.first.get_by_role("button", name="Void").click()
    await dialog.get_by_label("Note").fill("The driver has paid in cash.")
    await stack.ask("POST", f"/v1/transactions/{newest['transaction_id']}/void", {"note": "Paid in cash."})
    await dialog.get_by_role("button", name="Make void").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("The session is void, which stays so")
    assert watched.complaints.pop().startswith("Failed to load resource: the server responded with a status of 409")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(rows).to_have_count(1)

    await rows.first.get_by_role("button", name="Release").click()
    await expect(dialog).to_contain_text("It comes to 5.00 EUR for 10.00 kWh.")
    await dialog.get_by_label("Note").fill("The card is a guest's.")
    await dialog.get_by_role("button", name="Release").click()
    await expect(dialog).to_have_count(0)
    # It is billed, and both lists follow by themselves.
    await expect(rows).to_have_count(0)
    await expect(records).to_have_count(2)
    await expect(records.first).to_contain_text(HOSTILE)
    cost = await stack.ask("GET", f"/v1/transactions/{older['transaction_id']}/cost")
    assert (cost["billing"], cost["note"]) == ("final", "The card is a guest's.")

    async with page.expect_download() as saving:
        await records.first.get_by_role("button", name="Save invoice").click()
    saved = await saving.value
    number = await records.first.locator("td").first.text_content()
    assert saved.suggested_filename == f"invoice-{number}.html"
    text = (await saved.path()).read_text()
    assert f"Invoice {number}" in text
    assert "5.00 EUR" in text

    await waiting.get_by_role("button", name="Provisional").click()
    await expect(waiting).to_contain_text("No bill is provisional")
    assert page.url.endswith("#/bills?state=provisional")
    await records.first.get_by_role("link", name="BILLS-1").click()
    await expect(page).to_have_url(f"{stack.api}/#/transactions/{older['transaction_id']}")
    assert watched.complaints == []
    assert watched.outside == []


async def test_a_viewer_pages_through_the_bills_and_is_told_why_they_can_not_be_decided(
    stack: Any, signed_in: Any
) -> None:
    async with websockets.connect(f"{stack.ocpp}/BILLS-2", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        await _priced(stack, "BILLS-2")
        for hours_ago in (2, 1):
            await _session(wire, HOSTILE, hours_ago)
    made = await stack.ask("POST", "/v1/api-keys", {"name": "bookkeeper", "role": "viewer"})
    page: Page = await signed_in(made["key"])
    await page.route(HELD, lambda route: route.continue_(url=route.request.url.replace("limit=25", "limit=1")))
    await page.get_by_role("navigation").get_by_role("link", name="Bills").click()
    waiting = page.get_by_label("On hold", exact=True)
    row = waiting.locator("tr.item", has_text="BILLS-2")
    await waiting.get_by_role("button", name="Next").click()
    await expect(waiting).to_contain_text("Page 2")
    await expect(row).to_contain_text("The id token is not registered.")
    for name in ("Release", "Void"):
        button = row.get_by_role("button", name=name)
        await expect(button).to_have_attribute("aria-disabled", "true")
        await button.click(force=True)
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_list_of_bills_that_fails_says_so_and_is_asked_for_again(
    stack: Any, told: None, signed_in: Any
) -> None:
    page: Page = await signed_in(stack.token)
    await page.route(RECORDS, lambda route: route.fulfill(status=503, json={"detail": "no database"}))
    await page.get_by_role("navigation").get_by_role("link", name="Bills").click()
    issued = page.get_by_label("Charges and credits", exact=True)
    await expect(issued.get_by_role("alert")).to_contain_text("no database")
    await page.unroute(RECORDS)
    await issued.get_by_role("button", name="Try again").click()
    await expect(issued.locator("tr.item", has_text="BILLS-1").first).to_be_visible()
