"""What operators change with the dashboard: who may connect, who may charge, and what a viewer may not."""

import asyncio
import os
import re
import signal
import subprocess

import pytest
from playwright.async_api import Locator, Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_MS = 20_000
PHONE = {"width": 375, "height": 740}
PAGES = ("quarantine", "", "chargers/{charger}", "id-tokens", "transactions", "events", "inbox", "bills", "sites")
PAGES += ("tariffs", "tariffs/new", "?view=health", "?view=sites")


@pytest.fixture
def house(guarded_stack):
    """Where unknown chargers wait."""
    return guarded_stack


async def test_a_quarantined_charger_waits_in_the_list_is_admitted_and_is_accepted_at_its_next_boot(
    guarded_stack, signed_in, guest
):
    watched = await signed_in("quarantine")
    page: Page = watched.page
    await expect(page.get_by_text("Nobody waits")).to_be_visible()
    async with guest("GUEST"):
        row = page.get_by_role("row").filter(has_text="GUEST")
        await expect(row).to_contain_text("Pending")
        await expect(page.locator(".nav-count")).to_have_text("1")
        await row.get_by_role("link", name="GUEST").click()
        start = page.get_by_role("button", name="Start", exact=True)
        await expect(start).to_have_attribute("title", "The charger is quarantined: admit it first.")

        await page.get_by_role("button", name="Admit").click()
        secret = await _secret(page, "Admit")
        await expect(page.locator(".page-head")).to_contain_text("Available")
        await expect(page.get_by_role("button", name="Admit")).to_have_count(0)
        await expect(page.locator(".nav-count")).to_be_hidden()
        await expect(start).not_to_have_attribute("aria-disabled", "true")
    await expect(page.locator(".page-head")).to_contain_text("Offline")
    await _visit(page, guest("GUEST", secret))
    assert watched.complaints == []


async def test_a_charger_is_described_gets_a_new_secret_and_a_command_that_waits_for_it_is_cancelled(
    guarded_stack, signed_in, guest
):
    made = await guarded_stack.ask("POST", "/v1/chargers", {"id": "AWAY"})
    watched = await signed_in("chargers/AWAY")
    page: Page = watched.page
    await page.get_by_role("button", name="Describe").click()
    await page.get_by_label("Description").fill("Bay 7, <i>north</i>")
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_label("Identity")).to_contain_text("Bay 7, <i>north</i>")

    await page.get_by_role("button", name="New secret").click()
    secret = await _secret(page, "Make a new secret")
    assert secret != made["secret"]
    assert secret not in await page.content()

    await _visit(page, guest("AWAY", secret))
    await guarded_stack.ask("POST", "/v1/chargers/AWAY/remote-start", {"id_token": "CARD"})
    commands = page.get_by_label("Commands", exact=True)
    await commands.get_by_role("button", name="Cancel").click()
    await expect(commands).to_contain_text("Cancelled before it was sent.")
    async with guest("AWAY", secret) as one:
        await expect(page.locator(".page-head")).to_contain_text("Available")
        assert one.wanted is None
    assert watched.complaints == []


async def test_removing_a_charger_closes_its_socket_keeps_its_session_and_takes_it_from_every_page(
    guarded_stack, signed_in, guest
):
    made = await guarded_stack.ask("POST", "/v1/chargers", {"id": "LEAVER"})
    await guarded_stack.ask("POST", "/v1/id-tokens", {"id_token": "LEAVER-CARD"})
    fleet: Page = (await signed_in()).page
    other: Page = (await signed_in("chargers/LEAVER")).page
    page: Page = (await signed_in("chargers/LEAVER")).page
    async with guest("LEAVER", made["secret"]) as one:
        one.wanted = "LEAVER-CARD"
        await expect(page.get_by_role("heading", name="Running session")).to_be_visible()
        await expect(fleet.get_by_role("row").filter(has_text="LEAVER")).to_contain_text("Charging")
        await page.get_by_role("button", name="Remove").click()
        asked = page.get_by_role("dialog")
        await expect(asked).to_contain_text("A session is running")
        await asked.get_by_role("button", name="Remove").click()
        async with asyncio.timeout(SOON_MS / 1000):
            await one.socket.wait_closed()
        assert one.socket.close_code == 1008

    await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    for each in (page, fleet):
        await expect(each.get_by_text(re.compile(r"^\d+ shown$"))).to_be_visible()
        await expect(each.get_by_role("row").filter(has_text="LEAVER")).to_have_count(0)
    await expect(other.get_by_role("alert").filter(has_text="No charger has the id “LEAVER”")).to_be_visible()
    await expect(other.get_by_role("button", name="Start", exact=True)).to_be_hidden()
    await other.get_by_role("link", name="its sessions").click()
    await expect(other.get_by_role("row").filter(has_text="LEAVER-CARD")).to_be_visible()


async def test_an_id_token_is_blocked_keeps_what_else_is_known_of_it_and_is_accepted_again(guarded_stack, signed_in):
    card = {"id_token": "CARD-9", "type": "eMAID", "group_id_token": "G", "description": "Van", "status": "Accepted"}
    card |= {"expires_at": "2099-01-01T12:00:00Z", "concurrent": "allowed"}
    await guarded_stack.ask("POST", "/v1/id-tokens", card)
    watched = await signed_in("id-tokens")
    row = watched.page.get_by_role("row").filter(has_text="CARD-9")
    await row.get_by_role("button", name="Block").click()
    await expect(row).to_contain_text("Blocked")
    kept = await guarded_stack.ask("GET", "/v1/id-tokens/CARD-9")
    assert {name: kept[name] for name in card} == card | {"status": "Blocked"}
    await row.get_by_role("button", name="Accept again").click()
    await expect(row).to_contain_text("Accepted")
    assert watched.complaints == []


async def test_a_viewer_finds_every_button_that_changes_something_disabled_with_the_reason(
    guarded_stack, signed_in, guest
):
    made = await guarded_stack.ask("POST", "/v1/api-keys", {"name": "onlooker", "role": "viewer"})
    secret = (await guarded_stack.ask("POST", "/v1/chargers", {"id": "SEEN"}))["secret"]
    watched = await signed_in(key=made["key"])
    page: Page = watched.page
    add = page.get_by_role("button", name="Add charger")
    await _refused(add, "operator")
    await add.click(force=True)
    await expect(page.get_by_role("log")).to_contain_text("This needs the role operator")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.goto(f"{guarded_stack.api}/#/chargers/SEEN")
    await _visit(page, guest("SEEN", secret))
    await guarded_stack.ask("POST", "/v1/chargers/SEEN/remote-start", {"id_token": "CARD"})
    for name in ("Start", "Stop", "Unlock", "Reset", "Describe", "New secret", "Cancel"):
        await _refused(page.get_by_role("button", name=name, exact=True), "operator")
    await _refused(page.get_by_role("button", name="Remove"), "admin")
    assert watched.complaints == []


async def test_every_page_fits_a_phone(guarded_stack, signed_in, guest):
    long = "A-CHARGER-WITH-QUITE-A-LONG-IDENTITY-0001"
    async with guest(long):
        watched = await signed_in("quarantine", viewport=PHONE, is_mobile=True, has_touch=True)
        page: Page = watched.page
        await expect(page.get_by_role("row").filter(has_text=long)).to_contain_text("Pending")
        await expect(page.locator(".menu-count")).to_have_text("1")
        await expect(page.locator(".menu-count")).to_be_visible()
        for address in PAGES:
            await page.goto(f"{guarded_stack.api}/#/{address.format(charger=long)}")
            await expect(page.locator("main h1")).to_be_visible()
            await expect(page.locator(".skeleton")).to_have_count(0)
            # A phone zooms out from a page that is too wide, and innerWidth grows with it.
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address
            await page.locator("#menu").click()
            assert await page.evaluate("(nav => nav.scrollWidth <= nav.clientWidth)(document.getElementById('nav'))")
            await page.locator("#menu").click()
    assert watched.complaints == []


async def test_the_live_sign_tells_that_the_api_is_gone_and_the_page_catches_up_when_it_is_back(
    guarded_stack, signed_in, guest
):
    page: Page = (await signed_in()).page
    sign = page.locator(".live")
    await expect(sign).to_have_text("Live")
    os.kill(_api_of(guarded_stack.pid), signal.SIGKILL)
    await expect(sign).to_have_text("Reconnecting…")
    async with guest("MEANWHILE"):
        await expect(sign).to_have_text("Live")
        await expect(page.get_by_role("row").filter(has_text="MEANWHILE")).to_contain_text("Quarantined")
    await guarded_stack.ask("POST", "/v1/chargers", {"id": "AFTERWARDS"})
    await expect(page.get_by_role("row").filter(has_text="AFTERWARDS")).to_be_visible()


async def _visit(page: Page, connection) -> None:
    async with connection:
        await expect(page.locator(".page-head")).to_contain_text("Available")
    await expect(page.locator(".page-head")).to_contain_text("Offline")


async def _secret(page: Page, button: str) -> str:
    await page.get_by_role("dialog").get_by_role("button", name=button).click()
    secret = await page.get_by_label("Secret", exact=True).text_content()
    assert secret
    await page.get_by_role("button", name="I have kept it").click()
    await expect(page.locator("dialog")).to_have_count(0)
    return secret


async def _refused(button: Locator, role: str) -> None:
    await expect(button).to_have_attribute("aria-disabled", "true")
    await expect(button).to_have_attribute("title", re.compile(f"needs the role {role}.*onlooker.*viewer"))


def _api_of(launcher: int) -> int:
    listed = subprocess.run(
        ["ps", "--ppid", str(launcher), "-o", "pid=,args="], capture_output=True, text=True, check=True
    ).stdout
    return next(int(line.split()[0]) for line in listed.splitlines() if line.endswith("voltring_core api"))
