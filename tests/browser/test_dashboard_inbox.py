"""What waits for a person, as operators see and resolve it: alarms, and what belongs to no session."""

from datetime import UTC, datetime
from typing import Any

import pytest
import websockets
from playwright.async_api import Browser, expect

from voltring_core.testing import Wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_MS = 30_000


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_a_stop_of_an_unknown_session_is_attached_by_an_operator_and_a_fault_is_an_alarm(
    browser: Browser, stack: Any, watch: Any
) -> None:
    expect.set_options(timeout=SOON_MS)
    context = await browser.new_context(locale="en-GB", viewport={"width": 1360, "height": 900})
    page = await context.new_page()
    watched = watch(page, stack.api)
    await page.goto(f"{stack.api}/#token={stack.token}")
    await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
    await page.get_by_role("navigation").get_by_role("link", name="Inbox").click()
    unresolved, alarms = page.get_by_label("Unresolved", exact=True), page.get_by_label("Alarms", exact=True)
    await expect(unresolved).to_contain_text("Nothing is unresolved")

    async with websockets.connect(f"{stack.ocpp}/LOST", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        start = {"connectorId": 1, "idTag": "<i>TAG</i>", "meterStart": 1000, "timestamp": now()}
        said = (await wire.call("StartTransaction", start))[2]
        stop = {"transactionId": 987_654, "idTag": "<i>TAG</i>", "meterStop": 4000, "timestamp": now()}
        await wire.call("StopTransaction", stop)
        fault = {
            "connectorId": 2,
            "errorCode": "GroundFailure",
            "status": "Faulted",
            "timestamp": "2026-01-01T00:00:00Z",
        }
        await wire.call("StatusNotification", fault)

        # Both appear by themselves.
        await expect(unresolved).to_contain_text("It names transaction 987654")
        await expect(unresolved).to_contain_text("For: the same id token")
        await expect(alarms).to_contain_text("GroundFailure")
        await unresolved.get_by_text("What the charger sent").click()
        await expect(unresolved).to_contain_text("987654")
        await unresolved.get_by_role("button", name="Attach to this session").first.click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("Note").fill("The driver called.")
        await dialog.get_by_role("button", name="Attach").click()
        await expect(unresolved).to_contain_text("Nothing is unresolved")

        fault |= {"errorCode": "NoError", "status": "Available"}
        await wire.call("StatusNotification", fault)
        await expect(alarms).to_contain_text("No alarm is open")
        await alarms.get_by_role("button", name="Cleared").click()
        await expect(alarms).to_contain_text("GroundFailure")
        assert page.url.endswith("#/inbox?state=cleared")

    sessions = (await stack.ask("GET", "/v1/transactions?state=Orphan"))["items"]
    assert [one["ocpp_transaction_id"] for one in sessions] == ["987654"]
    assert said["transactionId"] > 0
    assert watched.complaints == []
    assert watched.outside == []
    await context.close()
