"""What an operator does with the dashboard, from the link to the end of a session."""

import re

import pytest
from playwright.async_api import Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

ID = "BROWSER-1"
TOKEN = "BROWSER-CARD"
SOON_MS = 20_000


@pytest.fixture(scope="module")
def stack(start_stack, tmp_path_factory):
    """One that has seen no charger yet."""
    with start_stack(tmp_path_factory.mktemp("first")) as running:
        yield running


async def test_an_operator_sees_a_charger_come_online_starts_a_session_watches_it_and_stops_it(
    stack, dashboard, connected
):
    page: Page = dashboard.page
    page.set_default_timeout(SOON_MS)
    expect.set_options(timeout=SOON_MS)

    await page.goto(f"{stack.api}/#token={stack.token}")
    await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    assert stack.token not in page.url
    await expect(page.get_by_text("No chargers yet")).to_be_visible()
    await expect(page.get_by_role("status").filter(has_text="Live")).to_be_visible()

    await _add_id_token(page)
    await page.get_by_role("link", name="Overview").click()
    async with connected(ID):
        row = page.get_by_role("row").filter(has_text=ID)
        await expect(row).to_contain_text("Available")
        await expect(page.locator("[data-count=Online] strong")).to_have_text("1")
        await row.get_by_role("link", name=ID).click()
        await expect(page.get_by_text("Test & <b>Sons</b>", exact=True)).to_be_visible()

        await _start(page)
        energy = page.locator("[data-figure=Energy]")
        await expect(page.get_by_role("heading", name="Running session")).to_be_visible()
        before = await _wh(energy)
        await page.wait_for_function(
            "before => Number(document.querySelector('[data-figure=Energy]').dataset.wh) > before + 50", arg=before
        )
        await expect(page.locator("[data-figure=Power]")).to_contain_text("11.0")
        await expect(page.locator("#session canvas")).to_be_visible()
        await expect(page.get_by_role("button", name=re.compile("from the charger MeterValues")).first).to_be_visible()

        await page.get_by_role("button", name="Stop", exact=True).click()
        await page.get_by_role("dialog").get_by_role("button", name="Stop session").click()
        await expect(page.get_by_role("log")).to_contain_text("Stop")
        await expect(page.get_by_role("heading", name="Last sessions")).to_be_visible()
        await expect(page.locator("#session").get_by_role("row").filter(has_text=TOKEN)).to_contain_text("Remote")
        await _open_message(page, "StopTransaction")
        await page.locator("#session").get_by_role("row").filter(has_text=TOKEN).get_by_role("link").click()

        await expect(page.get_by_role("heading", name=re.compile(ID))).to_be_visible()
        await expect(page.locator(".page-head")).to_contain_text("Ended")
        assert await _wh(page.locator("[data-figure=Energy]")) > before

    assert dashboard.outside == []
    assert dashboard.complaints == []


async def test_a_wrong_token_is_asked_for_again_in_one_sentence_and_nothing_is_shown(stack, dashboard):
    page: Page = dashboard.page
    await page.goto(f"{stack.api}/#token=not-a-token")
    asked = page.get_by_role("dialog", name="Sign in to Voltring")
    await expect(asked).to_contain_text("The token of the link is not valid.", timeout=SOON_MS)
    await asked.get_by_label("API token").fill("neither-is-this")
    await asked.get_by_role("button", name="Sign in").click()
    await expect(asked).to_contain_text("This token is not valid.")
    await expect(page.get_by_role("heading", name="Fleet")).to_have_count(0)
    await asked.get_by_label("API token").fill(stack.token)
    await asked.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    assert dashboard.outside == []


async def test_a_charger_that_is_added_shows_its_secret_once(stack, dashboard):
    page: Page = dashboard.page
    await page.goto(f"{stack.api}/#token={stack.token}")
    await page.get_by_role("button", name="Add charger").click()
    asked = page.get_by_role("dialog")
    await asked.get_by_label("Charger id").fill("BROWSER-ADDED")
    await asked.get_by_role("button", name="Add charger").click()
    secret = await page.get_by_label("Secret").text_content(timeout=SOON_MS)
    assert secret is not None
    assert len(secret) >= 16
    await page.get_by_role("button", name="I have kept it").click()
    await page.get_by_role("link", name="BROWSER-ADDED").click()
    await expect(page.get_by_role("heading", name="BROWSER-ADDED")).to_be_visible()
    await expect(page.locator("main")).to_contain_text("never connected")
    assert secret not in await page.content()
    assert dashboard.complaints == []


async def _add_id_token(page: Page) -> None:
    await page.get_by_role("link", name="ID tokens").click()
    await page.get_by_role("button", name="Add ID token").click()
    asked = page.get_by_role("dialog")
    await asked.get_by_label("ID token", exact=False).first.fill(TOKEN)
    await asked.get_by_role("button", name="Add ID token").click()
    await expect(page.get_by_role("row").filter(has_text=TOKEN)).to_contain_text("Accepted")


async def _start(page: Page) -> None:
    await page.get_by_role("button", name="Start", exact=True).click()
    asked = page.get_by_role("dialog")
    await asked.get_by_label("ID token").fill(TOKEN)
    await asked.get_by_label("EVSE").select_option("1")
    await asked.get_by_role("button", name="Start").click()
    await expect(asked).to_have_count(0)
    await expect(page.get_by_role("log")).to_contain_text(re.compile("accepted the start|session has started"))


async def _open_message(page: Page, action: str) -> None:
    line = page.get_by_role("button", name=re.compile(f"from the charger {action}")).first
    await line.click()
    opened = page.get_by_role("listitem").filter(has=line).locator(".log-body")
    await expect(opened).to_contain_text(f'"{action}"')
    await expect(opened).to_contain_text("Our reply")


async def _wh(figure) -> float:
    return float(await figure.get_attribute("data-wh") or 0)
