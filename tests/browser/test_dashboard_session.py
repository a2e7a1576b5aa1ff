"""The page of one session: its facts, its plot, its timeline, what is saved of it, and how it follows a running one."""

import json
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import websockets
from playwright.async_api import Browser, Page, expect

from voltring_core.testing import Wire, eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_MS = 20_000
CARD = "STORY-CARD-7F"
LONG = "Parkhaus-Donaudampfschifffahrtsgesellschaftskapitänswohnungsparkplatz"
MINUTES, PAUSE = 50, range(22, 31)
PICTURES = os.environ.get("VOLTRING_PICTURES")
"""A folder for pictures of the page, where somebody wants to look at them."""


class Story(Wire):
    """A charger whose session was told late: its times are of the last hour."""

    def __init__(self, socket: object, ended: datetime) -> None:
        super().__init__(socket)
        self.begun = ended - timedelta(minutes=MINUTES)

    async def boot(self) -> object:
        """Of a vendor with a name, for whoever looks at the pictures."""
        about = {"chargePointVendor": "Example", "chargePointModel": "Wallpost 22"}
        return await self.call("BootNotification", about)

    def at(self, minutes: float) -> str:
        """A time of the session."""
        return (self.begun + timedelta(minutes=minutes)).isoformat(timespec="seconds").replace("+00:00", "Z")

    async def status(self, minutes: float, word: str) -> None:
        told = {"connectorId": 1, "errorCode": "NoError", "status": word, "timestamp": self.at(minutes)}
        await self.call("StatusNotification", told)

    async def reading(self, number: int, minutes: float, wh: float, watts: float) -> None:
        values = [
            {"value": f"{wh:.0f}", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
            {"value": f"{watts:.0f}", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": f"{40 + minutes * 0.8:.0f}", "measurand": "SoC", "unit": "Percent"},
        ]
        sample = {"timestamp": self.at(minutes), "sampledValue": values}
        await self.call("MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [sample]})

    async def lived(self) -> int:
        """From the plug to the unplugging; the number of the session."""
        await self.status(-2, "Available")
        await self.status(-1, "Preparing")
        await self.call("Authorize", {"idTag": CARD})
        given = {"connectorId": 1, "idTag": CARD, "meterStart": 81_250, "timestamp": self.at(0)}
        number = int((await self.call("StartTransaction", given))[2]["transactionId"])
        await self.status(0.1, "Charging")
        wh = 81_250.0
        for minute in range(1, MINUTES):
            watts = min(1800.0 * minute, 11_000.0) if minute < 38 else 11_000 - 780.0 * (minute - 38)
            wh += watts / 60
            if minute not in PAUSE:
                await self.reading(number, minute, wh, watts)
        await self.status(MINUTES - 0.5, "SuspendedEV")
        given = {"transactionId": number, "meterStop": int(wh), "timestamp": self.at(MINUTES), "idTag": CARD}
        await self.call("StopTransaction", {**given, "reason": "EVDisconnected"})
        await self.status(MINUTES + 0.1, "Available")
        return number


async def _told(stack, name: str) -> str:
    """A session that is over; its id."""
    async with websockets.connect(f"{stack.ocpp}/{name}", subprotocols=["ocpp1.6"]) as socket:
        story = Story(socket, datetime.now(UTC))
        await story.boot()
        number = await story.lived()
    found = await stack.ask("GET", f"/v1/transactions?charger_id={name}")
    return next(str(it["id"]) for it in found["items"] if it["ocpp_transaction_id"] == str(number))


async def _open(page: Page, stack, identity: str) -> None:
    page.set_default_timeout(SOON_MS)
    expect.set_options(timeout=SOON_MS)
    await page.goto(f"{stack.api}/#token={stack.token}")
    await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    await page.goto(f"{stack.api}/#/transactions/{identity}")


async def _picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


async def _priced(stack, name: str) -> None:
    """A charger at a site, with a tariff: a fee, and a price that changes twenty minutes after the start."""
    await stack.ask("PUT", f"/v1/id-tokens/{CARD}", {})
    place = {"name": "Harbour Garage", "place": "12 Quay Street", "time_zone": "Europe/Berlin"}
    site = f"harbour-{name.lower()}"
    await stack.ask("PUT", f"/v1/sites/{site}", place)
    async with websockets.connect(f"{stack.ocpp}/{name}", subprotocols=["ocpp1.6"]) as socket:
        await Wire(socket).boot()
    await stack.ask("PATCH", f"/v1/chargers/{name}", {"site_id": site})
    energy = [
        {"kind": "energy", "price": "0.39", "conditions": {"max_minutes": 20}},
        {"kind": "energy", "price": "0.49"},
    ]
    tariff = {
        "name": "Harbour",
        "currency": "EUR",
        "valid_from": "2024-01-01T00:00:00Z",
        "taxes": [{"name": "VAT", "percent": "19"}],
        "components": [{"kind": "fixed_fee", "price": "1.00"}, *energy],
    }
    made = await stack.ask("POST", "/v1/tariffs", tariff)
    await stack.ask("POST", "/v1/tariff-assignments", {"tariff_id": made["id"], "site_id": site})


async def _billed(stack, identity: str) -> None:
    async def is_billed() -> bool:
        told = await stack.ask("GET", f"/v1/transactions/{identity}/timeline?limit=1")
        return told["session"]["billing"] == "final"

    assert await eventually(is_billed, 60)


async def test_a_session_that_is_over_is_explained_from_its_plot_to_each_raw_frame(stack, dashboard):
    await _priced(stack, "HARBOUR-07")
    identity = await _told(stack, "HARBOUR-07")
    await _billed(stack, identity)
    page: Page = dashboard.page
    await _open(page, stack, identity)
    await expect(page.get_by_role("heading", name=re.compile("HARBOUR-07"))).to_be_visible()
    facts = page.get_by_label("Facts")
    await expect(facts).to_contain_text("the cable was unplugged at the car")
    await expect(facts).to_contain_text("Harbour Garage, 12 Quay Street")
    await expect(facts).to_contain_text("by the meter's readings at start and end")
    await expect(page.locator("[data-figure=Energy]")).to_contain_text("kWh")
    await expect(page.locator("[data-figure=Cost]")).to_contain_text("EUR")
    await expect(page.locator("[data-figure=Billing]")).to_contain_text("Billed")
    await expect(page.get_by_label("Cost", exact=True)).to_contain_text("VAT 19 %")
    await expect(page.get_by_label("Session").locator("canvas")).to_be_visible()
    await expect(page.get_by_label("Session")).to_contain_text("Shaded: no readings.")

    story = page.get_by_role("list", name="Timeline")
    await expect(story.locator("> li").first).to_contain_text("is getting ready")
    await expect(story).to_contain_text("From here on: Energy at 0.49 EUR per kWh.")
    await expect(story).to_contain_text(re.compile(r"Charge no. \d+ was issued"))
    started = story.get_by_role("button", name=re.compile("The session started"))
    await started.click()
    await expect(story).to_contain_text('"StartTransaction"')
    await expect(story).to_contain_text("Our reply")
    await _picture(page, "session-light")

    many = story.get_by_role("button", name=re.compile("readings, until"))
    await expect(many).to_have_count(2)
    await many.first.focus()
    await page.keyboard.press("Enter")
    await expect(story.get_by_role("button", name=re.compile("Reading: .* kWh on the meter"))).not_to_have_count(0)
    await page.keyboard.press("ArrowDown")
    await expect(story.locator("button:focus")).to_contain_text("Reading:")

    await page.get_by_role("group", name="Which entries").get_by_role("button", name=re.compile("Status")).click()
    await expect(story.locator("> li")).to_have_count(4)
    assert "kind=status" in page.url
    await page.reload()
    await expect(story.locator("> li")).to_have_count(4)
    await page.get_by_role("group", name="Which entries").get_by_role("button", name=re.compile("Messages")).click()
    await page.get_by_label("Also what else the charger did").check()
    boot = story.get_by_role("listitem").filter(has_text="BootNotification").first
    await expect(boot).to_contain_text("not of this session")
    assert dashboard.outside == []
    assert dashboard.complaints == []


async def test_the_plot_tells_its_values_under_the_pointer(stack, dashboard):
    page: Page = dashboard.page
    await _open(page, stack, await _told(stack, "STORY-3"))
    legend = page.get_by_label("Session").locator(".u-legend")
    await expect(legend).to_contain_text("kW")
    box = await page.locator(".plot .u-over").bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 50)
    await expect(legend).to_contain_text("11.00 kW")
    assert dashboard.complaints == []


async def test_times_have_24_hours_in_every_locale_and_their_zone_is_named_once(stack, browser: Browser):
    context = await browser.new_context(locale="en-US", timezone_id="America/New_York")
    page = await context.new_page()
    await _open(page, stack, await _told(stack, "STORY-6"))
    await expect(page.get_by_label("Session").locator(".u-legend")).to_contain_text(
        re.compile(r"Time\s*[0-2]\d:[0-5]\d:[0-5]\d\s*Power")
    )
    await expect(page.get_by_label("Facts")).to_contain_text("Times inAmerica/New_York (the site’s clock: UTC)")
    assert not re.search(r"\d\s*[AP]M\b", await page.locator("main").inner_text())
    await context.close()


async def test_a_session_is_saved_as_json_and_as_a_page_that_a_driver_may_read(stack, dashboard, browser: Browser):
    await _priced(stack, "STORY-2")
    identity = await _told(stack, "STORY-2")
    await _billed(stack, identity)
    page: Page = dashboard.page
    await _open(page, stack, identity)
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save as JSON").click()
    told = json.loads((await (await saved.value).path()).read_text())
    assert told["session"]["id"] == identity
    async with page.expect_download() as saved:
        await page.get_by_role("button", name="Save for the driver").click()
    file = await (await saved.value).path()
    assert (await saved.value).suggested_filename.endswith(".html")
    text = file.read_text()
    assert CARD not in text
    context = await browser.new_context(viewport={"width": 900, "height": 1200}, locale="en-GB")
    driver = await context.new_page()
    await driver.set_content(text)
    await expect(driver.get_by_role("heading", name=re.compile("Charging session at Harbour Garage"))).to_be_visible()
    await expect(driver.locator("svg polyline")).not_to_have_count(0)
    await expect(driver.get_by_role("row", name="Total")).to_contain_text("EUR")
    await expect(driver.locator("body")).to_contain_text("All times are in the time zone Europe/Berlin.")
    await _picture(driver, "driver-light")
    await driver.emulate_media(color_scheme="dark")
    await _picture(driver, "driver-dark")
    await driver.set_viewport_size({"width": 390, "height": 844})
    await driver.set_content(text.replace("Harbour Garage", LONG).replace("12 Quay Street", LONG))
    await expect(driver.get_by_role("heading", name=LONG)).to_be_visible()
    assert await driver.evaluate("document.documentElement.scrollWidth") <= 390
    await _picture(driver, "driver-phone")
    await driver.emulate_media(media="print", color_scheme="dark")
    assert await driver.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
    await context.close()


async def test_a_running_session_grows_on_the_page_until_its_end(stack, dashboard, connected):
    await _priced(stack, "STORY-RUNS")
    page: Page = dashboard.page
    async with connected("STORY-RUNS") as charger:

        async def is_here() -> bool:
            known = await stack.ask("GET", "/v1/chargers?limit=200")
            return any(it["id"] == "STORY-RUNS" and it["registration"] == "Accepted" for it in known["items"])

        assert await eventually(is_here, 20)
        charger.wanted = CARD

        async def running() -> list[str]:
            found = await stack.ask("GET", "/v1/transactions?charger_id=STORY-RUNS")
            return [it["id"] for it in found["items"]]

        (identity,) = await eventually(running, 20)
        await _open(page, stack, identity)
        state = page.locator(".page-head")
        await expect(state).to_contain_text("Active")
        story = page.get_by_role("list", name="Timeline")
        many = story.get_by_role("button", name=re.compile("readings, until")).first
        await expect(many).to_be_visible()
        await story.get_by_role("button", name=re.compile("The session started")).click()
        before = int(await story.locator("[data-readings]").first.get_attribute("data-readings") or 0)
        await page.wait_for_function(
            "before => Number(document.querySelector('.story [data-readings]')?.dataset.readings) > before", arg=before
        )
        await expect(story).to_contain_text('"StartTransaction"')
        cost = page.get_by_label("Cost", exact=True)
        await expect(cost).to_contain_text("up to ")
        charger.wanted = None
        await expect(state).to_contain_text("Ended")
        await expect(story).to_contain_text("The session ended")
        await expect(cost).not_to_contain_text("up to ")
    assert dashboard.complaints == []


async def test_a_page_that_can_not_be_read_says_so_and_tries_again(stack, dashboard):
    page: Page = dashboard.page
    identity = await _told(stack, "STORY-4")
    await page.route("**/timeline?*", lambda route: route.fulfill(status=503, json={"detail": "The database is away."}))
    await _open(page, stack, identity)
    story = page.get_by_role("list", name="Timeline")
    await expect(story.get_by_role("alert")).to_contain_text("The database is away.")
    await page.unroute("**/timeline?*")
    await story.get_by_role("button", name="Try again").click()
    await expect(story).to_contain_text("The session started")
    await page.goto(f"{stack.api}/#/transactions/00000000-0000-4000-8000-000000000000")
    await expect(page.locator("main")).to_contain_text("No transaction has this id.")
    await expect(page.get_by_role("button", name="Save as JSON")).to_be_hidden()


async def test_the_page_is_readable_in_the_dark_and_on_a_phone(stack, browser: Browser, watch):
    identity = await _told(stack, "STORY-5")
    context = await browser.new_context(viewport={"width": 390, "height": 844}, locale="en-GB", color_scheme="dark")
    page = await context.new_page()
    watched = watch(page, stack.api)
    await _open(page, stack, identity)
    await expect(page.get_by_role("list", name="Timeline")).to_contain_text("The session started")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    await _picture(page, "session-phone-dark")
    await page.set_viewport_size({"width": 1360, "height": 900})
    await _picture(page, "session-dark")
    assert watched.complaints == []
    await context.close()
