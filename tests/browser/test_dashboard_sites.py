"""Sites, as operators make and change them, and the chargers that are put there."""

import re
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

REFUSED = re.compile("Failed to load resource: the server responded with a status of 4")
LONG = "Parkhaus-Donaudampfschifffahrtsgesellschaftskapitänswohnungsparkplatz"


@pytest.fixture
def at(signed_in: Any) -> Any:
    """`at(address, key?, **context)`: a page at that address, in Berlin's time."""
    return partial(signed_in, timezone_id="Europe/Berlin")


async def test_a_site_is_added_edited_gets_a_charger_from_another_site_gives_it_up_and_goes(
    stack: Any, at: Any
) -> None:
    await stack.ask("PUT", "/v1/sites/other-site", {"name": "Other"})
    await stack.ask("POST", "/v1/chargers", {"id": "MOVED-1"})
    await stack.ask("PATCH", "/v1/chargers/MOVED-1", {"site_id": "other-site"})
    watched = await at("sites")
    page: Page = watched.page
    dialog = page.get_by_role("dialog")
    await page.get_by_role("button", name="Add site").click()
    await expect(dialog.get_by_label("Time zone")).to_have_value("Europe/Berlin")
    await dialog.get_by_label("Id").fill("quay")
    await dialog.get_by_label("Name").fill("Quay <i>7</i>")
    await dialog.get_by_label("Time zone").fill("Europe/Atlantis")
    await dialog.get_by_role("button", name="Add site").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("must be an IANA time zone")
    assert REFUSED.match(watched.complaints.pop())
    await dialog.get_by_label("Time zone").fill("Europe/Lisbon")
    await dialog.get_by_role("button", name="Add site").click()

    await expect(page.get_by_role("heading", name="Quay <i>7</i>", exact=True)).to_be_visible()
    # What the form does not show stays as it is.
    where = {"name": "Quay", "latitude": 53.5, "longitude": 9.9, "time_zone": "Europe/Lisbon"}
    await stack.ask("PUT", "/v1/sites/quay", where)
    await page.reload()
    await expect(page.get_by_label("Facts")).to_contain_text("53.5, 9.9")
    await page.get_by_role("button", name="Edit").click()
    await dialog.get_by_label("Place").fill("12 Quay Street")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Facts")).to_contain_text("12 Quay Street")
    kept = await stack.ask("GET", "/v1/sites/quay")
    assert {name: kept[name] for name in (*where, "place")} == where | {"place": "12 Quay Street"}

    chargers = page.get_by_label("Chargers", exact=True)
    await expect(chargers).to_contain_text("No charger stands here yet")
    await chargers.get_by_role("button", name="Put a charger here").click()
    await dialog.get_by_label("Charger id").fill("NO-SUCH")
    await dialog.get_by_role("button", name="Put it here").click()
    await expect(dialog.get_by_role("alert")).to_contain_text("There is no charger 'NO-SUCH'.")
    assert REFUSED.match(watched.complaints.pop())
    await dialog.get_by_label("Charger id").fill("moved")
    proposed = dialog.locator("datalist option[value='MOVED-1']")
    await expect(proposed).to_have_attribute("label", "at other-site")
    await dialog.get_by_label("Charger id").fill("MOVED-1")
    await dialog.get_by_role("button", name="Put it here").click()
    await expect(chargers.get_by_role("link", name="MOVED-1")).to_be_visible()
    assert (await stack.ask("GET", "/v1/chargers/MOVED-1"))["site_id"] == "quay"
    await chargers.get_by_role("link", name="MOVED-1").click()
    await page.get_by_label("Identity").get_by_role("link", name="quay").click()

    await chargers.get_by_role("button", name="Take out: MOVED-1").click()
    await dialog.get_by_role("button", name="Take out").click()
    await expect(chargers.get_by_role("link", name="MOVED-1")).to_have_count(0)
    assert (await stack.ask("GET", "/v1/chargers/MOVED-1"))["site_id"] is None
    await page.get_by_role("button", name="Delete").click()
    await dialog.get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(f"{stack.api}/#/sites")
    await expect(page.get_by_role("link", name="Other")).to_be_visible()
    await expect(page.get_by_role("link", name="Quay")).to_have_count(0)
    assert watched.complaints == []
    assert watched.outside == []


async def test_a_charger_that_comes_online_at_a_site_is_seen_there_and_the_sites_tariff_is_named(
    stack: Any, at: Any, connected: Any
) -> None:
    await stack.ask("PUT", "/v1/sites/live-site", {"name": "Live site"})
    await stack.ask("POST", "/v1/chargers", {"id": "AT-THE-SITE", "secret": "0123456789abcdef0123"})
    await stack.ask("PATCH", "/v1/chargers/AT-THE-SITE", {"site_id": "live-site"})
    prices = [{"kind": "energy", "price": "1"}]
    tariff = {"name": "Of the site", "currency": "EUR", "valid_from": "2026-01-01T00:00:00Z", "components": prices}
    made = await stack.ask("POST", "/v1/tariffs", tariff)
    await stack.ask("POST", "/v1/tariff-assignments", {"tariff_id": made["id"], "site_id": "live-site"})
    watched = await at("sites")
    page: Page = watched.page
    row = page.get_by_role("row").filter(has_text="Live site")
    await row.get_by_role("link", name="Live site").click()
    await expect(page.get_by_label("Tariffs of this site").get_by_role("link", name="Of the site")).to_be_visible()
    shown = page.get_by_role("row").filter(has_text="AT-THE-SITE")
    await expect(shown).to_contain_text("Offline")
    async with connected("AT-THE-SITE", "0123456789abcdef0123"):
        await expect(shown).to_contain_text("Available")
    await expect(shown).to_contain_text("Offline")
    assert watched.complaints == []


async def test_a_site_that_is_not_there_is_said_so_and_a_viewer_changes_nothing(stack: Any, at: Any) -> None:
    made = await stack.ask("POST", "/v1/api-keys", {"name": "site-viewer", "role": "viewer"})
    await stack.ask("PUT", "/v1/sites/seen-site", {"name": "Seen"})
    await stack.ask("POST", "/v1/chargers", {"id": "SEEN-AT-SITE"})
    await stack.ask("PATCH", "/v1/chargers/SEEN-AT-SITE", {"site_id": "seen-site"})
    watched = await at("sites/nowhere", key=made["key"])
    page: Page = watched.page
    await expect(page.get_by_role("alert").filter(has_text="No site has the id “nowhere”.")).to_be_visible()
    await expect(page.get_by_role("button", name="Edit")).to_be_hidden()
    await page.goto(f"{stack.api}/#/sites/seen-site")
    for name in ("Edit", "Delete", "Put a charger here", "Take out: SEEN-AT-SITE"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-disabled", "true")
    await page.goto(f"{stack.api}/#/sites")
    await expect(page.get_by_role("button", name="Add site")).to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_sites_with_long_names_fit_a_phone(stack: Any, at: Any, scheme: str) -> None:
    await stack.ask("PUT", "/v1/sites/long-site", {"name": LONG, "place": LONG})
    phone = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True, "color_scheme": scheme}
    watched = await at("sites", **phone)
    page: Page = watched.page
    for address, heading in (("sites", "Sites"), ("sites/long-site", LONG), ("?site=long-site", LONG)):
        await page.goto(f"{stack.api}/#/{address}")
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        await expect(page.locator(".skeleton")).to_have_count(0)
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, address
    assert watched.complaints == []
