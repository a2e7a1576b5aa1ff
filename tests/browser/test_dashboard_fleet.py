"""The overview: the fleet in numbers, its health, and its sites side by side."""

import json
import re
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

pytestmark = pytest.mark.asyncio(loop_scope="module")

SOON_MS = 20_000
SESSION = "0198f6c8-0000-7000-8000-000000000001"
NOTHING: dict[str, Any] = {
    "site": None,
    "total": 0,
    "online": 0,
    "online_percent": None,
    "charging": 0,
    "power_w": 0,
    "by_node": {},
    "by_version": {},
    "by_status": {},
    "faults": [],
    "faulted_connectors": 0,
    "faults_by_code": [],
    "faults_by_vendor": [],
    "quarantined": 0,
    "active_transactions": 0,
    "nodes": [],
    "energy_today_wh": 0,
    "answers": {"commands": 0, "p50_ms": None, "p95_ms": None, "slowest": []},
    "firmware": [],
    "flagged": {"sessions": 0, "by_flag": {}, "newest": []},
    "alarms": {},
    "unresolved": 0,
    "bills_waiting": {},
    "late": [],
    "commands": {"open": 0, "unknown": 0},
    "messages_per_s": 0.0,
    "servers": {"postgres": True, "redis": True},
}
NODES = [
    {"name": "node-0", "uid": "0", "connections": 20, "draining": True, "messages_per_s": 200.0, "loop_lag_ms": 300.0}
    | {"ack_p50_ms": 2.5, "ack_p99_ms": 1400.0},
    {"name": "node-1", "uid": "1", "connections": 18, "draining": False, "messages_per_s": 50.4, "loop_lag_ms": 3.0}
    | {"ack_p50_ms": 1.5, "ack_p99_ms": 20.0},
]
MUCH = NOTHING | {
    "total": 40,
    "online": 38,
    "online_percent": 95.0,
    "charging": 6,
    "active_transactions": 7,
    "faulted_connectors": 5,
    "faults_by_code": [
        {"code": "GroundFailure", "connectors": 4, "chargers": 3},
        {"code": None, "connectors": 1, "chargers": 1},
    ],
    "faults_by_vendor": [{"vendor": "Acme <b>", "connectors": 5, "chargers": 4}],
    "answers": {
        "commands": 50,
        "p50_ms": 120,
        "p95_ms": 2400,
        "slowest": [{"charger_id": "SLOW-1", "commands": 3, "p50_ms": 900, "p95_ms": 9100}],
    },
    "firmware": [
        {"vendor": "Acme", "model": "One", "firmware_version": "1.4", "chargers": 30},
        {"vendor": None, "model": None, "firmware_version": None, "chargers": 10},
    ],
    "flagged": {
        "sessions": 12,
        "by_flag": {"clock": 9, "offline": 4},
        "newest": [
            {
                "id": SESSION,
                "charger_id": "ODD-1",
                "state": "Ended",
                "started_at": "2026-11-21T08:00:00Z",
                "flags": ["clock", "offline"],
                "billing": "held",
            }
        ],
    },
    "alarms": {"no_readings": 2, "no_stop": 1},
    "unresolved": 4,
    "bills_waiting": {"held": 2, "provisional": 1},
}

ALARM = {
    "id": SESSION,
    "rule": "no_readings",
    "severity": 4,
    "charger_id": "STILL-1",
    "transaction_id": SESSION,
    "evse_id": 1,
    "subject": SESSION,
    "detail": {},
    "raised_at": "2026-11-21T08:00:00Z",
    "cleared_at": None,
}


@pytest_asyncio.fixture(loop_scope="module")
async def overview(browser: Browser, stack, watch):
    """`overview(query?, fleet?, **context)`: the overview, of that fleet in place of the real one."""
    expect.set_options(timeout=SOON_MS)
    contexts = []

    async def come(query: str = "", fleet: dict[str, Any] | None = None, **how: Any):
        contexts.append(await browser.new_context(locale="en-GB", **{"viewport": {"width": 1360, "height": 900}} | how))
        page = await contexts[-1].new_page()
        page.set_default_timeout(SOON_MS)
        if fleet is not None:
            await page.route(re.compile(r"/v1/fleet(\?|$)"), lambda route: route.fulfill(json=fleet))
            alarms = {"items": [ALARM], "next_cursor": None}
            await page.route("**/v1/alarms?*", lambda route: route.fulfill(json=alarms))
        watched = watch(page, stack.api)
        await page.goto(f"{stack.api}/#token={stack.token}")
        await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
        await page.goto(f"{stack.api}/#/{query}")
        return watched

    yield come
    for context in contexts:
        await context.close()


async def test_the_tiles_say_how_the_fleet_does_and_what_waits_for_somebody(overview):
    page: Page = (await overview(fleet=MUCH)).page
    for tile, said in {
        "Online": ["38", "95 % of the fleet"],
        "Charging": ["6", "7 sessions in progress"],
        "Answer time": ["120", "95 % within 2.4 s"],
        "Faults": ["5", "on 4 chargers"],
        "Alarms": ["3", "of 2 rules"],
        "Flagged sessions": ["12"],
        "Unresolved": ["4"],
        "Bills on hold": ["3"],
    }.items():
        for part in said:
            await expect(page.locator(f"[data-count='{tile}']")).to_contain_text(part)


async def test_the_tiles_say_how_the_fleet_is_served_and_which_node_is_the_slowest(overview):
    served = MUCH | {
        "nodes": NODES,
        "by_node": {"node-0": 20, "node-1": 18},
        "messages_per_s": 250.4,
        "commands": {"open": 5, "unknown": 2},
        "servers": {"postgres": True, "redis": False},
    }
    watched = await overview(fleet=served)
    page: Page = watched.page
    for tile, tone, said in (
        ("Messages", None, ["250", "/s"]),
        ("Acknowledged", "fault", ["2.5", "99 % within 1.4 s at node-0"]),
        ("Commands open", "waiting", ["5", "beside 2 UNKNOWN"]),
        ("Nodes wake up late by", "waiting", ["300", "node-0"]),
        ("PostgreSQL", None, ["there"]),
        ("Redis", "fault", ["away", "commands wait"]),
    ):
        for part in said:
            await expect(page.locator(f"[data-count='{tile}']")).to_contain_text(part)
        shown = await page.locator(f"[data-count='{tile}']").get_attribute("data-tone")
        assert shown == tone, tile
    nodes = _card(page.get_by_label("Fleet in detail"), "Nodes")
    await expect(nodes).to_contain_text(re.compile("node-0.*draining.*200/s · lag 300 ms.*20"))
    await expect(nodes).to_contain_text(re.compile("node-1.*50/s · lag 3.0 ms.*18"))
    assert watched.complaints == []


async def test_while_the_fleet_can_not_be_read_nobody_says_that_the_servers_are_there(overview):
    watched = await overview(fleet=MUCH | {"servers": {"postgres": True, "redis": True}})
    page: Page = watched.page
    await expect(page.locator("[data-count='PostgreSQL'] strong")).to_have_text("there")
    problem = {"status": 503, "title": "Service Unavailable", "detail": "PostgreSQL does not answer."}
    await page.route(re.compile(r"/v1/fleet(\?|$)"), lambda route: route.fulfill(status=503, json=problem))
    await expect(page.locator("[data-count='PostgreSQL'] strong")).to_have_text("–", timeout=60_000)
    await expect(page.get_by_text("PostgreSQL does not answer.")).to_be_visible()
    await expect(page.locator("[data-count='Online'] strong")).to_have_text("38")


async def test_a_fleet_that_tells_nothing_of_its_nodes_shows_that_it_is_not_known(overview):
    silent = {name: value for name, value in NOTHING.items() if name not in {"commands", "messages_per_s", "servers"}}
    watched = await overview(fleet=silent)
    for tile in ("Messages", "Acknowledged", "Commands open", "Nodes wake up late by", "PostgreSQL", "Redis"):
        await expect(watched.page.locator(f"[data-count='{tile}'] strong")).to_contain_text("–")
    assert watched.complaints == []


async def test_health_shows_faults_alarms_answers_firmware_and_flagged_sessions_with_links(overview):
    watched = await overview(fleet=MUCH)
    page: Page = watched.page
    await page.locator("[data-count='Flagged sessions']").click()
    health = page.get_by_label("Health of the fleet")
    await expect(_card(health, "Faults by code")).to_contain_text(re.compile("GroundFailure.*4.*without a code.*1"))
    await expect(_card(health, "Faults by vendor")).to_contain_text(re.compile("Acme <b>.*5"))
    alarms = _card(health, "Open alarms")
    await expect(alarms).to_contain_text(re.compile("no readings 2.*no stop 1.*STILL-1 · no readings.*2 older alarms"))
    await expect(alarms.get_by_role("link", name="session")).to_have_attribute("href", f"#/transactions/{SESSION}")
    await expect(_card(health, "Slowest to answer")).to_contain_text(re.compile("SLOW-1.*9.1 s"))
    await expect(_card(health, "Firmware")).to_contain_text(re.compile("Acme One.*1.4.*30.*never booted.*10"))
    flagged = _card(health, "Flagged sessions")
    await expect(flagged).to_contain_text(re.compile("clock 9.*offline 4.*11 older sessions"))
    await expect(flagged.get_by_role("listitem")).to_contain_text("bill held")
    await expect(flagged.get_by_role("link", name="ODD-1")).to_have_attribute("href", f"#/transactions/{SESSION}")
    assert watched.complaints == []


async def test_health_of_an_empty_fleet_says_of_each_part_that_there_is_nothing(overview):
    watched = await overview("?view=health", fleet=NOTHING)
    health = watched.page.get_by_label("Health of the fleet")
    for said in (
        "No connector reports a fault.",
        "No charger reports a fault.",
        "No alarm is open.",
        "No command was answered within the last hour.",
        "No charger is registered yet.",
        "No session was found odd in the last seven days.",
    ):
        await expect(health).to_contain_text(said)
    await expect(watched.page.locator("[data-count='Answer time']")).to_contain_text("no command in the last hour")
    assert watched.complaints == []


async def test_what_took_too_long_to_count_is_named_and_shown_as_unknown(overview):
    late = MUCH | {"late": ["flagged", "answers"], "flagged": None, "answers": None, "energy_today_wh": None}
    watched = await overview("?view=health", fleet=late)
    health = watched.page.get_by_label("Health of the fleet")
    await expect(health).to_contain_text("Counting took too long for: flagged sessions, answer times.")
    await expect(_card(health, "Flagged sessions")).to_contain_text("It took too long to be counted")
    for tile in ("Flagged sessions", "Answer time", "Energy today"):
        await expect(watched.page.locator(f"[data-count='{tile}'] strong")).to_have_text("–")
    assert watched.complaints == []


async def test_sites_stand_in_a_table_are_filtered_and_lead_to_their_chargers(stack, overview):
    await _two_sites(stack)
    watched = await overview()
    page: Page = watched.page
    await page.get_by_role("tab", name="Sites").click()
    depot = page.get_by_role("row").filter(has_text="Depot North")
    await expect(depot).to_contain_text(re.compile("Yard 4.*0 of 2"))
    await expect(page.get_by_role("row").filter(has_text="High Street")).to_be_visible()
    await page.keyboard.press("/")
    await page.keyboard.type("yard")
    await expect(page.get_by_role("row").filter(has_text="High Street")).to_have_count(0)
    await page.get_by_label("Search sites").fill("no such place")
    await expect(page.get_by_text("No site fits")).to_be_visible()
    await page.get_by_label("Search sites").fill("depot")
    await depot.get_by_role("link", name="Depot North").click()

    await expect(page.get_by_role("heading", name="Depot North")).to_be_visible()
    await expect(page.locator("[data-count=Chargers] strong")).to_have_text("2")
    await expect(page.locator("[data-count=Faults] strong")).to_have_text("1")
    chargers = page.get_by_label("Chargers", exact=True)
    await expect(chargers.get_by_role("link", name="SITED-1")).to_be_visible()
    await expect(chargers.get_by_role("link", name="SITED-3")).to_have_count(0)
    await page.get_by_role("tab", name="Health").click()
    await expect(_card(page.get_by_label("Health of the fleet"), "Faults by code")).to_contain_text("GroundFailure")
    await page.reload()
    await expect(page.get_by_role("tab", name="Health")).to_have_attribute("aria-selected", "true")
    await expect(page.get_by_role("heading", name="Depot North")).to_be_visible()
    assert watched.complaints == []


async def test_a_site_that_is_not_there_is_said_so(overview):
    page: Page = (await overview("?site=nowhere")).page
    await expect(page.get_by_role("alert").first).to_contain_text("There is no site 'nowhere'.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_health_fits_a_phone_without_scrolling_sideways(overview, scheme):
    phone = {"viewport": {"width": 375, "height": 740}, "color_scheme": scheme}
    watched = await overview("?view=health", fleet=MUCH, **phone)
    await expect(watched.page.get_by_label("Health of the fleet")).to_contain_text("Acme One")
    assert await watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert watched.complaints == []


def _card(within, title: str):
    return within.locator(".card").filter(has=within.page.get_by_role("heading", name=title, exact=True))


async def _two_sites(stack) -> None:
    """SITED-1 and SITED-2, which is Faulted, at the depot; SITED-3 in the street."""
    database = await asyncpg.connect(stack.postgres)
    await database.execute(
        "INSERT INTO sites (id, name, place) VALUES ('depot', 'Depot North', 'Yard 4'), ('street', 'High Street', NULL)"
    )
    placed = json.dumps({"SITED-1": "depot", "SITED-2": "depot", "SITED-3": "street"})
    await database.execute("INSERT INTO chargers (id, site_id) SELECT key, value FROM json_each_text($1)", placed)
    await database.execute(
        "INSERT INTO connectors (charger_id, evse_id, connector_id, status, error_code, status_at)"
        " VALUES ('SITED-2', 1, 1, 'Faulted', 'GroundFailure', now())"
    )
    await database.close()
