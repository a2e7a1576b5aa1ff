"""What nobody knows the end of, as operators see and resolve it."""

import pytest
import websockets
from playwright.async_api import Browser, expect

from voltring_core.testing import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_MS = 20_000


async def test_a_command_that_nobody_answered_is_found_under_unresolved_and_resolved_with_a_note(
    browser: Browser, stack, watch
):
    async with websockets.connect(f"{stack.ocpp}/MUTE", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        order = {"action": "UnlockConnector", "payload": {"connectorId": 1}}
        command = await stack.ask("POST", "/v1/chargers/MUTE/commands", order)
        assert (await wire.receive())[2] == "UnlockConnector"
    expect.set_options(timeout=SOON_MS)
    context = await browser.new_context(locale="en-GB", viewport={"width": 1360, "height": 900})
    page = await context.new_page()
    watched = watch(page, stack.api)
    await page.goto(f"{stack.api}/#token={stack.token}")
    await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    await page.goto(f"{stack.api}/#/chargers/MUTE")
    commands = page.get_by_label("Commands", exact=True)
    await commands.get_by_role("button", name="Unresolved").click()
    await expect(commands).to_contain_text("The connection was lost before the answer.")
    await commands.get_by_role("button", name="Resolve", exact=True).click()
    await page.get_by_label("It was not done").check()
    await page.get_by_label("Note").fill("The plug is still locked.")
    await page.get_by_role("dialog").get_by_role("button", name="Resolve").click()
    await expect(commands).to_contain_text("Nothing is unresolved.")
    resolved = await stack.ask("GET", f"/v1/commands/{command['id']}")
    assert resolved["state"] == "FAILED"
    assert resolved["outcome"]["resolution"]["note"] == "The plug is still locked."
    assert watched.complaints == []
    await context.close()
