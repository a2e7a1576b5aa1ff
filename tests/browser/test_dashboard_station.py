"""What operators see of everything a charger tells: its messages as they come, its device model, events, settings."""

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import websockets
from playwright.async_api import Locator, Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_MS = 20_000
PHONE = {"width": 375, "height": 740}
KEYS = [
    {"key": "HeartbeatInterval", "readonly": False, "value": "300"},
    {"key": "MeterValueSampleInterval", "readonly": False, "value": "60"},
    {"key": "NumberOfConnectors", "readonly": True, "value": "2"},
    {"key": "AuthorizationKey", "readonly": False, "value": "swordfish-swordfish"},
]


class Talker:
    """A charger that says what the test has it say, and knows its configuration and nothing else."""

    def __init__(self, socket: websockets.ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count()
        self._waiting: dict[str, asyncio.Future[Any]] = {}

    async def say(self, action: str, payload: dict[str, Any]) -> Any:
        """Send a CALL and give the frame that answers it."""
        identity = f"{action}-{next(self._numbers)}"
        self._waiting[identity] = asyncio.get_running_loop().create_future()
        await self._socket.send(json.dumps([2, identity, action, payload]))
        async with asyncio.timeout(SOON_MS / 1000):
            return await self._waiting[identity]

    async def listen(self) -> None:
        """Hand on answers, and answer CALLs."""
        async for text in self._socket:
            kind, identity, *rest = json.loads(text)
            if kind == 2 and rest[0] == "GetConfiguration":
                await self._socket.send(json.dumps([3, identity, {"configurationKey": KEYS}]))
            elif kind == 2:
                await self._socket.send(json.dumps([4, identity, "NotSupported", "It can't.", {}]))
            else:
                self._waiting[identity].set_result([kind, identity, *rest])


@contextlib.asynccontextmanager
async def talker(stack: Any, charger_id: str) -> AsyncIterator[Talker]:
    """A charger that has booted."""
    async with websockets.connect(f"{stack.ocpp}/{charger_id}", subprotocols=["ocpp1.6"]) as socket:
        one = Talker(socket)
        listening = asyncio.create_task(one.listen(), name="talker listens")
        try:
            await one.say("BootNotification", {"chargePointVendor": "Test", "chargePointModel": "Talker"})
            yield one
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


def lines(page: Page) -> Locator:
    """The lines of the message log."""
    return page.get_by_label("Messages", exact=True).locator(".log-head")


async def test_the_message_log_follows_live_and_shows_only_what_passes_its_filters(stack, signed_in):
    async with talker(stack, "TALKER-1") as charger:
        watched = await signed_in("chargers/TALKER-1")
        page: Page = watched.page
        await expect(lines(page)).to_have_count(1)
        await _is_watched(page, charger)

        await page.get_by_label("Which messages").select_option("Errors only")
        await expect(page.get_by_text("No message passes these filters.")).to_be_visible()
        await charger.say("Heartbeat", {})
        await charger.say("Nonsense", {})
        await expect(lines(page)).to_have_count(1)
        await expect(lines(page).first).to_contain_text("Nonsense")
        await expect(lines(page).first).to_contain_text("NotImplemented")

        await page.get_by_label("Which messages").select_option("Everything")
        await page.get_by_role("button", name="To it").click()
        await expect(page.get_by_text("No message passes these filters.")).to_be_visible()
        await stack.ask("POST", "/v1/chargers/TALKER-1/commands", {"action": "ClearCache"})
        await expect(lines(page)).to_have_count(1)
        await expect(lines(page).first).to_contain_text("ClearCache")

        await page.get_by_role("button", name="Both ways").click()
        await page.get_by_label("Search in messages").fill("it can't")
        await expect(lines(page)).to_have_count(1)
        await expect(lines(page).first).to_contain_text("Error")
        await page.get_by_label("Filter messages by action").fill("Reset")
        await page.get_by_label("Filter messages by action").press("Enter")
        await expect(page.get_by_text("No message passes these filters.")).to_be_visible()
    assert watched.complaints == []
    assert watched.outside == []


async def test_a_command_stands_beside_the_chargers_answer_that_came_after_it_was_shown(stack, signed_in):
    async with talker(stack, "TALKER-2") as charger:
        watched = await signed_in("chargers/TALKER-2")
        page: Page = watched.page
        await _is_watched(page, charger)
        await stack.ask("POST", "/v1/chargers/TALKER-2/commands", {"action": "ClearCache"})
        line = page.get_by_role("button", name=re.compile("to the charger ClearCache"))
        await expect(line).to_contain_text("NotSupported")
        await line.click()
        opened = page.get_by_role("listitem").filter(has=line).locator(".log-body")
        await expect(opened).to_contain_text("The charger's answer")
        await expect(opened).to_contain_text("It can't.")
        await expect(opened).to_contain_text("Answered within")
    assert watched.complaints == []


FRAME = {"direction": "in", "action": "Boot", "verdict": "refused", "error_code": "X", "frame": "ABC", "reply": "def"}


async def test_what_comes_live_passes_the_same_filters_as_what_is_read(signed_in):
    everything = {"direction": "", "action": "", "shown": "all", "q": ""}
    passing = [{}, {"direction": "in"}, {"action": "Boot"}, {"shown": "errors"}, {"shown": "refused"}, {"q": "bC D"}]
    passing += [{"direction": "in", "action": "Boot", "shown": "errors", "q": "DEF"}]
    failing = [{"direction": "out"}, {"action": "boot"}, {"shown": "repaired"}, {"q": "nothing"}]
    failing += [{"direction": "in", "shown": "stray"}]
    page: Page = (await signed_in()).page
    passed = await page.evaluate(
        """async ([views, message]) => {
          const { passes } = await import("/js/charger/message-filter.js");
          return views.map((view) => passes(view, message));
        }""",
        [[everything | view for view in passing + failing], FRAME],
    )
    assert passed == [True] * len(passing) + [False] * len(failing)


async def test_a_paused_log_holds_back_what_comes_and_shows_it_on_demand(stack, signed_in):
    async with talker(stack, "TALKER-3") as charger:
        page: Page = (await signed_in("chargers/TALKER-3")).page
        await _is_watched(page, charger)
        await page.get_by_role("button", name="Pause").click()
        await charger.say("DataTransfer", {"vendorId": "later"})
        held = page.get_by_role("button", name="newer message")
        await expect(held).to_be_visible()
        await expect(lines(page).filter(has_text="later")).to_have_count(0)
        await held.click()
        await expect(lines(page).first).to_contain_text("later")


async def test_the_device_model_is_read_from_the_charger_and_searched_and_shows_no_secret(stack, signed_in):
    async with talker(stack, "TALKER-4"):
        watched = await signed_in("chargers/TALKER-4")
        page: Page = watched.page
        await page.get_by_role("tab", name="Device model").click()
        model = page.get_by_role("region", name="Device model")
        await expect(model).to_contain_text("Nothing is known yet")
        await model.get_by_role("button", name="Read from the charger").click()
        await expect(model).to_contain_text("4 variables")
        await expect(model).to_contain_text("Configuration keys")
        assert "swordfish" not in await page.content()

        await model.get_by_label("Search variables").fill("interval 60")
        await expect(model).to_contain_text("1 of 4 variables")
        await expect(model.locator(".variable")).to_have_text(re.compile("MeterValueSampleInterval.*60"))
        await model.get_by_label("Search variables").fill("nothing of it")
        await expect(model).to_contain_text("No variable fits “nothing of it”")
    assert watched.complaints == []


async def test_an_event_appears_at_its_charger_and_on_the_page_of_all_severe_ones(stack, signed_in):
    async with talker(stack, "TALKER-5") as charger:
        mine = await signed_in("chargers/TALKER-5?tab=events")
        fleet = await signed_in("events")
        await expect(mine.page.get_by_role("tab", name="Events")).to_have_attribute("aria-selected", "true")
        await expect(mine.page.get_by_role("region", name="Events")).to_contain_text("No event")
        security = {"type": "TamperDetectionActivated", "timestamp": "2026-01-01T00:00:00Z", "techInfo": "<b>lid</b>"}
        await charger.say("SecurityEventNotification", security)
        for watched in (mine, fleet):
            event = watched.page.get_by_role("button", name=re.compile("TamperDetectionActivated")).first
            await expect(event).to_be_visible()
            await event.click()
            await expect(watched.page.locator(".log-body").first).to_contain_text("<b>lid</b>")
            assert watched.complaints == []
        await fleet.page.get_by_role("link", name="TALKER-5").click()
        await expect(fleet.page.get_by_role("heading", name="TALKER-5")).to_be_visible()


async def test_registration_and_settings_are_changed_and_a_wrong_rule_is_told_in_a_sentence(stack, signed_in):
    async with talker(stack, "TALKER-6"):
        watched = await signed_in("chargers/TALKER-6")
        page: Page = watched.page
        await page.get_by_role("button", name="Registration").click()
        await page.get_by_role("dialog").get_by_label("Pending").check()
        await page.get_by_role("dialog").get_by_role("button", name="Save").click()
        await expect(page.get_by_role("log")).to_contain_text("When the charger boots next")
        await expect(page.get_by_label("Identity")).to_contain_text("Pending at its next boot")

        await page.get_by_role("button", name="Settings").click()
        asked = page.get_by_role("dialog")
        await asked.get_by_label("Ping after silence").fill("20")
        await asked.get_by_label("Quirks (JSON)").fill('{"lenient_bot": true}')
        await asked.get_by_role("button", name="Save").click()
        await expect(asked.get_by_role("alert")).to_contain_text("lenient_boot")
        await asked.get_by_label("Quirks (JSON)").fill('{"lenient_boot": true}')
        await asked.get_by_role("button", name="Save").click()
        await expect(page.get_by_label("Identity")).to_contain_text("lenient_boot")
        kept = await stack.ask("GET", "/v1/chargers/TALKER-6")
        assert (kept["ping_interval_s"], kept["silence_limit_s"], kept["quirks"]) == (20, None, {"lenient_boot": True})
        await page.get_by_role("button", name="Settings").click()
        await expect(asked.get_by_label("Quirks (JSON)")).to_have_value(re.compile('"lenient_boot": true'))
        await expect(asked.get_by_label("Ping after silence")).to_have_value("20")
        await asked.get_by_text("The rules", exact=True).click()
        await expect(asked).to_contain_text("accepted_without_boot")
    assert [said for said in watched.complaints if "422" not in said] == []


async def test_tabs_are_moved_between_with_the_keyboard_and_fit_a_phone(stack, signed_in):
    async with talker(stack, "TALKER-7"):
        watched = await signed_in("chargers/TALKER-7", viewport=PHONE, is_mobile=True, has_touch=True)
        page: Page = watched.page
        await page.get_by_role("tab", name="Overview").focus()
        for name in ("Device model", "Events", "What holds", "Reports", "Overview"):
            await page.keyboard.press("ArrowRight")
            await expect(page.get_by_role("tab", name=name)).to_be_focused()
            await expect(page.get_by_role("tabpanel", name=name)).to_be_visible()
            assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], name
    assert watched.complaints == []


async def _is_watched(page: Page, charger: Talker) -> None:
    """Wait until the charger's messages come live: its node looks once a second for whom it publishes them.

    A paused log reads nothing again, so what it holds back came live.
    """
    await page.get_by_role("button", name="Pause").click()
    held = page.locator(".held")
    async with asyncio.timeout(SOON_MS / 1000):
        while not await held.is_visible():
            await charger.say("Heartbeat", {})
            await page.wait_for_timeout(200)
    await held.click()
    await expect(held).to_be_hidden()
