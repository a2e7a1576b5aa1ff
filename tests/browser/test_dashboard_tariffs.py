"""Tariffs, as operators read, write, assign and try them out."""

import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

NIGHT = {"start_time_of_day": "22:00", "end_time_of_day": "06:00"}
RICH: dict[str, Any] = {
    "name": "Rich <b>",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "taxes": [{"name": "VAT", "percent": "19"}],
    "components": [
        {"kind": "fixed_fee", "price": "1.5"},
        {"kind": "energy", "price": "0.25", "conditions": NIGHT | {"days_of_week": ["Saturday", "Sunday"]}},
        {"kind": "energy", "price": "0.45", "conditions": {"max_energy_kwh": "10"}},
        {"kind": "energy", "price": "0.39", "step_wh": 1000},
        {"kind": "idle_time", "price": "0.08", "step_seconds": 900, "grace_minutes": 15},
    ],
    "max_cost": "12.00",
}
REFUSED = re.compile("Failed to load resource: the server responded with a status of 4")
PICTURES = os.environ.get("VOLTRING_PICTURES")


@pytest.fixture
def at(signed_in: Any) -> Any:
    """`at(address, key?, **context)`: a page at that address, in Berlin's time."""
    return partial(signed_in, timezone_id="Europe/Berlin")


async def test_a_tariff_is_made_by_the_form_assigned_quoted_and_replaced_by_a_new_version_wherever_it_holds(
    stack: Any, at: Any
) -> None:
    await stack.ask("PUT", "/v1/sites/yard-t", {"name": "Yard T", "time_zone": "Europe/Berlin"})
    await stack.ask("POST", "/v1/chargers", {"id": "TARIFFED-1"})
    await stack.ask("PATCH", "/v1/chargers/TARIFFED-1", {"site_id": "yard-t"})
    watched = await at("tariffs")
    page: Page = watched.page
    await page.get_by_role("button", name="New tariff").click()
    await _fill(page, {"Name": "Harbour", "Energy, per kWh": "0.5", "Idle time, per minute": "0.1"})
    await page.get_by_label("After idle minutes").fill("5")
    idle = page.get_by_role("group", name="Idle time")
    await idle.get_by_label("per started minute").check()
    await page.get_by_role("button", name="Add a tax").click()
    await page.get_by_label("Name of the tax").fill("VAT")
    await page.get_by_label("Percent").fill("19")
    reads = page.get_by_label("How it reads")
    await expect(reads).to_contain_text("0.50 EUR per kWh")
    await expect(reads).to_contain_text("after the first 5 idle minutes of the session: 0.10 EUR per minute")
    await expect(reads).to_contain_text("Prices include VAT 19 %.")
    # Before it is kept it can be tried out.
    tried = page.get_by_label("Try it out")
    await tried.get_by_label("Idle minutes after it").fill("8.5")
    await tried.get_by_role("button", name="Quote").click()
    await expect(tried.locator("[data-quoted=total]")).to_have_text("10.40 EUR")  # 20 x 0.50, 4 begun minutes x 0.10
    await page.get_by_role("button", name="Create the tariff").click()

    await expect(page.get_by_role("heading", name="Harbour", exact=True)).to_be_visible()
    await expect(page.get_by_label("Prices", exact=True)).to_contain_text("paid per started minute")
    holds = page.get_by_label("Where it holds")
    await expect(holds).to_contain_text("Nowhere")
    await _assign(page, "A site", "Site id", "yard-t")
    await expect(holds.get_by_role("link", name="yard-t")).to_be_visible()
    first = (await stack.ask("GET", "/v1/tariff-assignments?site_id=yard-t"))["items"][0]["tariff_id"]

    await page.get_by_role("button", name="New version").click()
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Harbour")
    await expect(page.get_by_label("After idle minutes")).to_have_value("5")
    await page.get_by_label("Energy, per kWh").fill("0.6")
    await expect(page.get_by_label("Assign it wherever “Harbour” is: site yard-t")).to_be_checked()
    await page.get_by_label("Valid from").fill("2026-02-01T00:00")
    await page.get_by_role("button", name="Create the new version").click()
    await expect(page.get_by_label("Prices", exact=True)).to_contain_text("0.60 EUR per kWh")
    await expect(page.get_by_label("Where it holds").get_by_role("link", name="yard-t")).to_be_visible()
    assigned = (await stack.ask("GET", "/v1/tariff-assignments?site_id=yard-t"))["items"]
    assert len(assigned) == 2
    made = next(one["tariff_id"] for one in assigned if one["tariff_id"] != first)
    kept = await stack.ask("GET", f"/v1/tariffs/{made}")
    assert kept["valid_from"] == "2026-01-31T23:00:00Z"
    assert kept["components"][1]["step_seconds"] == 60

    # A quote at the charger goes by the one that is in force at its start.
    await page.goto(f"{stack.api}/#/tariffs")
    asked = page.get_by_label("What would a session cost?")
    await asked.get_by_label("Charger").fill("TARIFFED-1")
    await asked.get_by_label("Start").fill("2026-03-01T12:00")
    await asked.get_by_role("button", name="Quote").click()
    await expect(asked.locator("[data-quoted=total]")).to_have_text("12.00 EUR")
    await expect(asked).to_contain_text("it is assigned to the charger's site")
    await expect(asked).to_contain_text("20.00 kWh × 0.60")
    await asked.get_by_text("Each line in words").click()
    await expect(asked).to_contain_text("2026-03-01 12:00:00 CET")
    rows = page.get_by_label("Tariffs", exact=True).locator("tr.item", has_text="Harbour")
    await expect(rows.first).to_contain_text("EUR 0.60/kWh · 0.10/idle min")
    await expect(rows.first.get_by_role("link", name="yard-t")).to_be_visible()
    await _picture(page, "tariffs")
    assert watched.complaints == []
    assert watched.outside == []


async def test_what_the_api_says_against_a_tariff_stands_at_the_field_that_it_means(stack: Any, at: Any) -> None:
    watched = await at("tariffs/new")
    page: Page = watched.page
    before = len((await stack.ask("GET", "/v1/tariffs?limit=500"))["items"])
    await _fill(page, {"Currency": "XYZ", "Energy, per kWh": "0,49", "Idle time, per minute": "1"})
    await page.get_by_label("After idle minutes").fill("a while")
    await page.get_by_role("button", name="Add a tax").click()
    await page.get_by_label("Percent").fill("200")
    await page.get_by_role("button", name="Create the tariff").click()
    await expect(page.get_by_role("alert").filter(has_text="Nothing was created")).to_be_visible()
    form = page.locator(".tariff-form")
    for label, said in {
        "Name": "1 char",
        "Currency": "ISO 4217, such as EUR",
        "Energy, per kWh": "must be a number",
        "After idle minutes": "",
    }.items():
        await expect(_field(form, label).locator(".wrong")).to_contain_text(said)
    await expect(page.locator(".tax-row .wrong")).to_have_count(2)  # no name, and too much
    assert len((await stack.ask("GET", "/v1/tariffs?limit=500"))["items"]) == before

    # As JSON: the path says which of the components.
    await page.get_by_role("button", name="As JSON").click()
    text = page.get_by_label("Components as JSON")
    await expect(text).to_have_value(re.compile('"price": "0,49"'))
    await text.fill('[{"kind": "energy", "price": "1", "conditions": {"min_minutes": 5, "max_minutes": 5}}]')
    await page.get_by_role("button", name="Create the tariff").click()
    await expect(form).to_contain_text(re.compile(r"components\.0\.conditions: .*must be more than min_minutes"))
    await text.fill("[{")
    await page.get_by_role("button", name="Create the tariff").click()
    await expect(form.locator(".wrong")).to_contain_text("This is not JSON.")
    await page.get_by_role("button", name="Basic").click()
    await expect(form).to_contain_text("they stay as JSON")
    await expect(text).to_be_visible()
    assert all(REFUSED.match(said) for said in watched.complaints)


async def test_a_tariff_of_conditions_is_said_in_words_and_a_new_version_of_it_keeps_them(stack: Any, at: Any) -> None:
    made = await stack.ask("POST", "/v1/tariffs", RICH)
    watched = await at(f"tariffs/{made['id']}")
    page: Page = watched.page
    await expect(page.get_by_role("heading", name="Rich <b>", exact=True)).to_be_visible()
    prices = page.get_by_label("Prices", exact=True)
    assert await prices.locator("dd[data-kind=energy] li").all_text_contents() == [
        "from 22:00 to 06:00, on Saturday, Sunday: 0.25 EUR per kWh",
        "for the first 10 kWh of the session: 0.45 EUR per kWh",
        "otherwise: 0.39 EUR per kWh, paid per started kWh",
    ]
    assert await prices.locator("dd[data-kind=idle_time] li").all_text_contents() == [
        "after the first 15 idle minutes of the session: 0.08 EUR per minute of standing plugged in without charging,"
        " paid per started 15 minutes",
        "otherwise: free",
    ]
    for said in ("1.50 EUR per session", "VAT 19 % comes on top of the prices.", "at most 12.00 EUR, without taxes."):
        await expect(prices).to_contain_text(said)
    await _picture(page, "tariff")
    quote = page.get_by_label("What would a session cost by it?")
    await quote.get_by_label("Time zone").fill("Mars/Olympus")
    await quote.get_by_role("button", name="Quote").click()
    await expect(_field(quote, "Time zone")).to_contain_text("must be an IANA time zone")
    assert REFUSED.match(watched.complaints.pop())

    await page.get_by_role("button", name="New version").click()
    await expect(page.get_by_label("Components as JSON")).to_have_value(re.compile('"max_energy_kwh": "10"'))
    await page.get_by_role("button", name="Create the new version").click()
    await expect(page).not_to_have_url(re.compile("tariffs/new"))
    await expect(prices.locator("dd[data-kind=energy] li")).to_have_count(3)
    again = (await stack.ask("GET", "/v1/tariffs?limit=1"))["items"][0]
    same = ("name", "components", "taxes", "max_cost", "min_cost", "prices_include_tax", "text")
    assert {name: again[name] for name in same} == {name: made[name] for name in same}
    assert again["id"] != made["id"]
    assert watched.complaints == []


async def test_assignments_of_every_kind_are_made_and_taken_back_and_a_tariff_in_use_stays(stack: Any, at: Any) -> None:
    made = await stack.ask("POST", "/v1/tariffs", RICH | {"name": "Everywhere"})
    await stack.ask("POST", "/v1/chargers", {"id": "TARIFFED-2"})
    watched = await at(f"tariffs/{made['id']}")
    page: Page = watched.page
    holds = page.get_by_label("Where it holds")
    await _assign(page, "A charger", "Charger id", "NO-SUCH", stays=True)
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("there is no such charger")
    assert REFUSED.match(watched.complaints.pop())
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await _assign(page, "A charger", "Charger id", "TARIFFED-2")
    await _assign(page, "A token group", "Token group", "FLEET")
    await _assign(page, "Everybody")
    await expect(holds.get_by_role("listitem")).to_have_count(3)
    await expect(holds).to_contain_text("Everybody")
    await expect(holds).to_contain_text("Token group FLEET")
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("delete its assignments first")
    assert REFUSED.match(watched.complaints.pop())
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    for whom in ("Unassign: Everybody", "Unassign: Token group FLEET", "Unassign: Charger TARIFFED-2"):
        await holds.get_by_role("button", name=whom).click()
        await page.get_by_role("dialog").get_by_role("button", name="Unassign").click()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(holds.get_by_role("button", name=whom)).to_have_count(0)
    assert (await stack.ask("GET", f"/v1/tariff-assignments?tariff_id={made['id']}"))["items"] == []
    await page.get_by_role("button", name="Delete", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page).to_have_url(f"{stack.api}/#/tariffs")
    await expect(page.locator("tr.item", has_text="Everywhere")).to_have_count(0)
    assert watched.complaints == []


async def test_roles_a_viewer_may_quote_and_an_operator_may_not_take_an_assignment_back(stack: Any, at: Any) -> None:
    made = await stack.ask("POST", "/v1/tariffs", RICH | {"name": "Guarded"})
    await stack.ask("POST", "/v1/tariff-assignments", {"tariff_id": made["id"], "token_group": "GUARDED"})
    viewer = await stack.ask("POST", "/v1/api-keys", {"name": "tariff-viewer", "role": "viewer"})
    page: Page = (await at(f"tariffs/{made['id']}", key=viewer["key"])).page
    for name in ("New version", "Delete", "Assign", "Unassign: Token group GUARDED"):
        await expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute("aria-disabled", "true")
    quote = page.get_by_label("What would a session cost by it?")
    await quote.get_by_role("button", name="Quote").click()
    await expect(quote.locator("[data-quoted=total]")).to_contain_text("EUR")
    operator = await stack.ask("POST", "/v1/api-keys", {"name": "tariff-operator", "role": "operator"})
    page = (await at(f"tariffs/{made['id']}", key=operator["key"])).page
    assign, unassign = (page.get_by_role("button", name=re.compile(name)) for name in ("^Assign$", "^Unassign"))
    await expect(unassign).to_have_attribute("aria-disabled", "true")
    await expect(assign).not_to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_tariffs_fit_a_phone_and_the_menu_leads_to_every_page(stack: Any, at: Any, scheme: str) -> None:
    long = "Nachttarif-Donaudampfschifffahrtsgesellschaftskapitänswohnungsladepunkt"
    made = await stack.ask("POST", "/v1/tariffs", RICH | {"name": long, "text": long})
    await stack.ask("POST", "/v1/tariff-assignments", {"tariff_id": made["id"], "token_group": long})
    phone = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True, "color_scheme": scheme}
    watched = await at("tariffs", **phone)
    page: Page = watched.page
    new = "tariffs/new"
    headings = {"tariffs": "Tariffs", f"tariffs/{made['id']}": long, f"{new}?from={made['id']}": "New version"}
    for address, heading in (headings | {new: "New tariff"}).items():
        await page.goto(f"{stack.api}/#/{address}")
        await expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Quote")).to_be_visible()
        await page.get_by_role("button", name="Quote").scroll_into_view_if_needed()
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390, address
        await _picture(page, f"phone-{scheme}-{address.split('?')[0].replace('/', '-')[:12]}")
    menu = page.get_by_role("button", name="Tariffs", exact=True)
    pages = page.get_by_role("navigation", name="Pages")
    await expect(pages).to_be_hidden()
    await menu.click()
    await expect(pages.get_by_role("link")).to_have_count(9)
    await page.keyboard.press("Escape")
    await expect(pages).to_be_hidden()
    await menu.click()
    await pages.get_by_role("link", name="Sites").click()
    await expect(page.get_by_role("heading", name="Sites", exact=True)).to_be_visible()
    await expect(pages).to_be_hidden()
    assert watched.complaints == []


async def test_every_entry_of_the_navigation_is_seen_on_a_desk(at: Any) -> None:
    page: Page = (await at("tariffs")).page
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    await expect(links).to_have_count(9)
    for place in range(9):
        await expect(links.nth(place)).to_be_in_viewport(ratio=1)
    assert await page.evaluate("(nav => nav.scrollWidth <= nav.clientWidth)(document.getElementById('nav'))")
    await expect(page.locator("#menu")).to_be_hidden()


BASIC = [
    {"kind": "energy", "price": "0.49"},
    {"kind": "idle_time", "price": "0.1", "step_seconds": 60, "grace_minutes": 5},
]


SAID: list[tuple[Any, Any]] = [
    ([], {}),
    (BASIC, {"energy": "0.49", "idle_time": "0.1", "idle_time_step": True, "idle_time_grace": "5"}),
    ([{"kind": "energy", "price": 1}], {"energy": "1"}),
    ([{"kind": "energy", "price": "1", "conditions": NIGHT}], None),
    ([{"kind": "energy", "price": "1"}, {"kind": "energy", "price": "2"}], None),
    ([{"kind": "energy", "price": "1", "step_wh": 100}], None),
    ([{"kind": "charging_time", "price": "1", "step_seconds": 900}], None),
    ([{"kind": "energy", "price": "1", "colour": "red"}], None),
    ([{"kind": "parking", "price": "1"}], None),
    ({"kind": "energy"}, None),
    ([7], None),
]


async def test_components_that_the_basic_fields_can_not_say_whole_are_left_as_json(at: Any) -> None:
    page: Page = (await at("tariffs")).page
    told = "async (given) => (await import('./js/tariffs/basic.js')).fieldsOf(given)"
    back = "async (given) => (await import('./js/tariffs/basic.js')).componentsOf(given).components"
    for components, fields in SAID:
        assert (components, await page.evaluate(told, components)) == (components, fields)
    assert await page.evaluate(back, SAID[1][1]) == BASIC


async def _fill(page: Page, values: dict[str, str]) -> None:
    for label, value in values.items():
        await page.locator(".tariff-form").get_by_label(label, exact=label == "Name").fill(value)


def _field(within: Locator, label: str) -> Locator:
    return within.locator("label.field").filter(has_text=re.compile(f"^{re.escape(label)}"))


async def _assign(page: Page, whom: str, label: str = "", value: str = "", stays: bool = False) -> None:
    await page.get_by_role("button", name="Assign", exact=True).click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("radio", name=whom).check()
    if label:
        await dialog.get_by_label(label, exact=True).fill(value)
    await dialog.get_by_role("button", name="Assign").click()
    if not stays:
        await expect(dialog).to_have_count(0)


async def _picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)
