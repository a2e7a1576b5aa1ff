"""The fleet in numbers: each number against a fleet that is made by hand, the whole of it and by site."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from voltring_api import counting
from voltring_core.cluster.leases import NodeLease, renew

NODE = NodeLease("node-0~1", "node-0", 2, False, "http://127.0.0.1:1", "0")
DEAD = "node-9~dead"
NOW = datetime.now(UTC)


class Hand:
    """Makes what the rooms would have made."""

    def __init__(self, database: asyncpg.Connection) -> None:
        self.database = database

    async def put(self, table: str, **row: Any) -> None:
        names, values = ", ".join(row), ", ".join(f"${number}" for number in range(1, len(row) + 1))
        statement = f"INSERT INTO {table} ({names}) VALUES ({values})"  # noqa: S608 - names are this file's own
        await self.database.execute(statement, *row.values())

    async def site(self, site_id: str, name: str = "", place: str | None = None) -> None:
        await self.put("sites", id=site_id, name=name or site_id, place=place)

    async def charger(self, charger_id: str, site: str | None = None, **told: Any) -> None:
        await self.put("chargers", id=charger_id, site_id=site, **told)

    async def online(self, charger_id: str, version: str = "1.6", node_uid: str = NODE.uid) -> None:
        await self.put(
            "charger_connection",
            charger_id=charger_id,
            epoch=1,
            connection_id=uuid4(),
            node_uid=node_uid,
            ocpp_version=version,
        )

    async def connector(self, charger_id: str, evse: int, status: str, code: str | None = "NoError") -> None:
        await self.put(
            "connectors",
            charger_id=charger_id,
            evse_id=evse,
            connector_id=min(evse, 1),
            status=status,
            error_code=code,
            status_at=NOW,
        )

    async def session(
        self, charger_id: str, state: str = "Active", began: timedelta = timedelta(), **more: Any
    ) -> UUID:
        identity = uuid4()
        given = {"start_received_at": NOW - began, "started_at": NOW - began} | more
        told = {"charger_id": charger_id, "ocpp_version": "1.6", "ocpp_transaction_id": "7", "state": state}
        await self.put("transactions", id=identity, **told, **given)
        return identity

    async def account(self, session: UUID, *flags: str, ago: timedelta = timedelta(), billing: str = "open") -> None:
        row = {"transaction_id": session, "checked_at": NOW, "over_at": NOW - ago, "of_version": 1}
        await self.put("transaction_accounts", **row, flags=list(flags), billing=billing)

    async def command(self, charger_id: str, ms: float, state: str = "ACCEPTED", **more: Any) -> None:
        """One that was answered `ago` ago, `ms` after it was sent."""
        finished = NOW - more.get("ago", timedelta(minutes=1))
        row = {
            "id": uuid4(),
            "charger_id": charger_id,
            "action": "Reset",
            "state": state,
            "response": more.get("response", "{}"),
        }
        times = {"sent_at": finished - timedelta(milliseconds=ms), "finished_at": finished, "deadline_at": finished}
        await self.put("commands", **row, **times, payload="{}", request_hash=b"", created_by="t", **{"class": "N"})

    async def alarm(self, rule: str, charger_id: str, subject: str, cleared: bool = False) -> None:
        row = {"id": uuid4(), "rule": rule, "charger_id": charger_id, "subject": subject}
        await self.put("alarms", **row, cleared_at=NOW if cleared else None)


@pytest.fixture
async def hand(api: Any) -> Hand:
    """Makes things; one node lives."""
    await renew(api.parts.redis, NODE, 60)
    return Hand(api.database)


async def read(api: Any, path: str = "fleet", **params: Any) -> dict[str, Any]:
    found = await api.client.get(f"/v1/{path}", params=params)
    assert found.status_code == 200, found.text
    return dict(found.json())


async def test_an_empty_fleet_is_all_zeros_and_nothing_is_late(api: Any, hand: Hand) -> None:
    fleet = await read(api)
    assert (fleet["total"], fleet["online_percent"], fleet["site"], fleet["late"]) == (0, None, None, [])
    assert fleet["answers"] == {"commands": 0, "p50_ms": None, "p95_ms": None, "slowest": []}
    assert fleet["flagged"] == {"sessions": 0, "by_flag": {}, "newest": []}
    assert (fleet["faults_by_code"], fleet["faults_by_vendor"], fleet["firmware"]) == ([], [], [])
    assert (fleet["alarms"], fleet["unresolved"], fleet["bills_waiting"]) == ({}, 0, {})
    assert fleet["commands"] == {"open": 0, "unknown": 0}
    assert fleet["servers"] == {"postgres": True, "redis": True}
    assert (await read(api, "fleet/sites"))["items"] == []


async def test_commands_that_are_not_over_are_counted_and_those_of_which_nobody_knows(api: Any, hand: Hand) -> None:
    await hand.site("depot")
    await hand.charger("A", "depot")
    await hand.charger("B")
    for charger, state in (("A", "QUEUED"), ("A", "UNKNOWN"), ("A", "ACCEPTED"), ("B", "SENT"), ("B", "UNKNOWN")):
        await hand.command(charger, 10, state, response=None)
    assert (await read(api))["commands"] == {"open": 2, "unknown": 2}
    assert (await read(api, site="depot"))["commands"] == {"open": 1, "unknown": 1}


async def test_the_share_online_and_the_sessions_in_progress_are_counted(api: Any, hand: Hand) -> None:
    for charger in ("A", "B", "C"):
        await hand.charger(charger)
    await hand.online("A")
    await hand.online("B", "2.1")
    await hand.online("C", node_uid=DEAD)
    await hand.session("A", power_w=7000)
    await hand.session("C", power_w=9000)
    fleet = await read(api)
    assert (fleet["online"], fleet["online_percent"]) == (2, 66.7)
    assert (fleet["active_transactions"], fleet["charging"], fleet["power_w"]) == (2, 1, 7000)


async def test_faults_are_counted_by_code_and_by_vendor(api: Any, hand: Hand) -> None:
    for charger, vendor in (("A", "Acme"), ("B", "Acme"), ("C", "Bolt"), ("D", None)):
        await hand.charger(charger, vendor=vendor)
    await hand.connector("A", 1, "Faulted", "GroundFailure")
    await hand.connector("A", 2, "Faulted", "GroundFailure")
    await hand.connector("B", 1, "Faulted", "HighTemperature")
    await hand.connector("C", 0, "Faulted", "GroundFailure")
    await hand.connector("D", 1, "Faulted", None)
    await hand.connector("C", 1, "Available", "WeakSignal")
    fleet = await read(api)
    assert fleet["faulted_connectors"] == 5
    assert [tuple(it.values()) for it in fleet["faults_by_code"]] == [
        ("GroundFailure", 3, 2),
        ("HighTemperature", 1, 1),
        (None, 1, 1),
    ]
    assert [tuple(it.values()) for it in fleet["faults_by_vendor"]] == [("Acme", 3, 2), ("Bolt", 1, 1), (None, 1, 1)]


async def test_a_fault_without_a_code_counts_with_those_that_say_no_error(api: Any, hand: Hand) -> None:
    await hand.charger("A")
    await hand.connector("A", 1, "Faulted", "NoError")
    await hand.connector("A", 2, "Faulted", None)
    assert (await read(api))["faults_by_code"] == [{"code": None, "connectors": 2, "chargers": 1}]


async def test_answers_of_the_last_hour_have_a_median_and_the_slowest_charger_comes_first(api: Any, hand: Hand) -> None:
    for charger in ("QUICK", "SLOW"):
        await hand.charger(charger)
    for ms in range(10, 190, 10):
        await hand.command("QUICK", ms)
    await hand.command("SLOW", 4000, "REJECTED")
    await hand.command("SLOW", 2000, "CALLERROR")
    await hand.command("SLOW", 90_000, ago=timedelta(hours=2))
    await hand.command("SLOW", 60_000, "UNKNOWN", response=None)
    await hand.command("SLOW", 50_000, "COMPLETED", response=None)
    answers = (await read(api))["answers"]
    assert (answers["commands"], answers["p50_ms"], answers["p95_ms"]) == (20, 100, 2000)
    assert answers["slowest"] == [
        {"charger_id": "SLOW", "commands": 2, "p50_ms": 2000, "p95_ms": 4000},
        {"charger_id": "QUICK", "commands": 18, "p50_ms": 90, "p95_ms": 180},
    ]


async def test_flagged_sessions_of_the_last_days_are_counted_by_flag_and_named(api: Any, hand: Hand) -> None:
    await hand.charger("A")
    await hand.account(await hand.session("A", "Ended"))
    both = await hand.session("A", "Ended", timedelta(hours=1))
    await hand.account(both, "clock", "offline", billing="held")
    one = await hand.session("A")
    await hand.account(one, "clock", ago=timedelta(days=1))
    await hand.account(await hand.session("A", "Ended"), "clock", ago=timedelta(days=8))
    flagged = (await read(api))["flagged"]
    assert (flagged["sessions"], flagged["by_flag"]) == (2, {"clock": 2, "offline": 1})
    first, second = flagged["newest"]
    assert (first["id"], first["flags"], first["billing"]) == (str(both), ["clock", "offline"], "held")
    assert (second["id"], second["charger_id"], second["state"]) == (str(one), "A", "Active")
    assert first["started_at"].endswith("Z")


async def test_open_alarms_unresolved_sessions_and_waiting_bills_are_counted(api: Any, hand: Hand) -> None:
    await hand.charger("A")
    await hand.alarm("no_readings", "A", "s1")
    await hand.alarm("no_readings", "A", "s2")
    await hand.alarm("no_readings", "A", "s3", cleared=True)
    await hand.alarm("offline", "A", "s1")
    await hand.session("A", "Orphan")
    await hand.session("A", "Orphan", resolution="dismissed")
    await hand.session("A", flags=["start_lost"])
    for billing in ("held", "held", "provisional", "final", "open", "void"):
        await hand.account(await hand.session("A", "Ended"), billing=billing)
    fleet = await read(api)
    assert fleet["alarms"] == {"no_readings": 2, "offline": 1}
    assert fleet["unresolved"] == 2
    assert fleet["bills_waiting"] == {"held": 2, "provisional": 1}


async def test_firmware_is_counted_the_most_common_first_without_quarantined_chargers(api: Any, hand: Hand) -> None:
    await hand.charger("A", vendor="Acme", model="One", firmware_version="1.0")
    await hand.charger("B", vendor="Acme", model="One", firmware_version="1.1")
    await hand.charger("C", vendor="Acme", model="One", firmware_version="1.1")
    await hand.charger("D")
    await hand.charger("Q", vendor="Acme", model="One", firmware_version="1.0", status="quarantined")
    assert [tuple(it.values()) for it in (await read(api))["firmware"]] == [
        ("Acme", "One", "1.1", 2),
        ("Acme", "One", "1.0", 1),
        (None, None, None, 1),
    ]


async def test_the_fleet_of_a_site_is_that_of_its_chargers_alone(api: Any, hand: Hand) -> None:
    await two_sites(hand)
    depot = await read(api, site="depot")
    assert depot["site"] == {"id": "depot", "name": "Depot North", "place": "Yard 4", "time_zone": "UTC"}
    assert (depot["total"], depot["online"], depot["online_percent"]) == (2, 1, 50)
    assert (depot["charging"], depot["active_transactions"], depot["power_w"]) == (1, 1, 7000)
    assert (depot["by_node"], depot["by_version"]) == ({"node-0": 1}, {"1.6": 1})
    assert (depot["by_status"], depot["faulted_connectors"]) == ({"Charging": 1, "Faulted": 1}, 1)
    assert [fault["charger_id"] for fault in depot["faults"]] == ["D2"]
    assert depot["faults_by_vendor"] == [{"vendor": "Acme", "connectors": 1, "chargers": 1}]
    assert depot["energy_today_wh"] == 1500
    assert (depot["answers"]["commands"], depot["answers"]["p50_ms"]) == (1, 40)
    assert depot["flagged"]["by_flag"] == {"clock": 1}
    assert (depot["alarms"], depot["unresolved"], depot["bills_waiting"]) == ({"offline": 1}, 1, {"held": 1})
    assert [it["chargers"] for it in depot["firmware"]] == [2]
    whole = await read(api)
    assert (whole["total"], whole["energy_today_wh"], whole["answers"]["commands"]) == (4, 4500, 3)
    assert (whole["flagged"]["sessions"], whole["alarms"], whole["unresolved"]) == (3, {"offline": 3}, 3)


async def test_a_site_that_is_not_there_is_404(api: Any, hand: Hand) -> None:
    refused = await api.client.get("/v1/fleet", params={"site": "nowhere"})
    assert (refused.status_code, refused.json()["detail"]) == (404, "There is no site 'nowhere'.")


async def test_sites_stand_side_by_side_and_what_belongs_to_none_comes_last(api: Any, hand: Hand) -> None:
    await two_sites(hand)
    await hand.site("empty", "Not built yet", "Moon")
    items = (await read(api, "fleet/sites"))["items"]
    assert [item["id"] for item in items] == ["depot", "empty", "street", None]
    assert items[0] == {
        "id": "depot",
        "name": "Depot North",
        "place": "Yard 4",
        "time_zone": "UTC",
        "total": 2,
        "online": 1,
        "charging": 1,
        "active_transactions": 1,
        "power_w": 7000,
        "faults": 1,
        "alarms": 1,
    }
    assert [(item["total"], item["online"], item["faults"], item["alarms"]) for item in items[1:]] == [
        (0, 0, 0, 0),
        (1, 1, 1, 1),
        (1, 1, 1, 1),
    ]
    assert (items[3]["name"], items[3]["charging"]) == (None, 1)


async def test_sites_are_found_by_name_and_place_and_come_in_pages(api: Any, hand: Hand) -> None:
    await two_sites(hand)
    found = (await read(api, "fleet/sites", q="YARD"))["items"]
    assert [item["id"] for item in found] == ["depot"]
    assert [item["id"] for item in (await read(api, "fleet/sites", q="str"))["items"]] == ["street"]
    first = await read(api, "fleet/sites", limit=1)
    second = await read(api, "fleet/sites", limit=1, cursor=first["next_cursor"])
    third = await read(api, "fleet/sites", limit=1, cursor=second["next_cursor"])
    assert [part["items"][0]["id"] for part in (first, second, third)] == ["depot", "street", None]
    assert third["next_cursor"] is None


async def test_however_many_ask_at_once_it_is_counted_once(api: Any, hand: Hand, monkeypatch: Any) -> None:
    await two_sites(hand)
    asked: list[str] = []
    real = api.parts.pool.fetchrow

    async def noted(statement: str, *values: Any, **more: Any) -> Any:
        asked.extend(name for name, text in counting.SQL.items() if statement[:60] == text[:60])
        return await real(statement, *values, **more)

    monkeypatch.setattr(counting, "BELIEVED_S", 600.0)
    monkeypatch.setattr(api.parts.pool, "fetchrow", noted)
    answers = await asyncio.gather(*(read(api) for _ in range(20)))
    assert {answer["total"] for answer in answers} == {4}
    assert sorted(asked) == sorted(["count", *counting.SLOW_PARTS])


async def test_what_takes_too_long_is_late_and_the_rest_is_counted(api: Any, hand: Hand, monkeypatch: Any) -> None:
    await two_sites(hand)
    monkeypatch.setattr(counting, "SLOW_BUDGET_S", 0.2)
    monkeypatch.setattr(counting, "BELIEVED_S", 0.0)
    async with api.parts.pool.acquire() as other, other.transaction():
        await other.execute("LOCK TABLE transaction_accounts IN ACCESS EXCLUSIVE MODE")
        fleet = await read(api)
    assert set(fleet["late"]) == {"energy", "flagged", "waiting"}
    assert (fleet["flagged"], fleet["alarms"], fleet["total"], fleet["energy_today_wh"]) == (None, None, 4, None)
    assert fleet["firmware"]


async def test_the_chargers_of_a_site_are_listed_by_it(api: Any, hand: Hand) -> None:
    await two_sites(hand)
    listed = await read(api, "chargers", site="depot")
    assert [item["id"] for item in listed["items"]] == ["D1", "D2"]
    assert (await read(api, "chargers", site="nowhere"))["items"] == []


async def two_sites(hand: Hand) -> None:
    """D1, D2 at depot, S1 at street, N1 nowhere; at each place something of everything."""
    await hand.site("depot", "Depot North", "Yard 4")
    await hand.site("street", "High Street")
    for charger, site in (("D1", "depot"), ("D2", "depot"), ("S1", "street"), ("N1", None)):
        await hand.charger(charger, site, vendor="Acme", model="One", firmware_version="1.0")
    for charger in ("D1", "S1", "N1"):
        await hand.online(charger)
        await hand.connector(charger, 1, "Charging")
        running = await hand.session(charger, power_w=7000, energy_wh=1500)
        await hand.account(running, "clock")
        await hand.command(charger, 40)
        await hand.alarm("offline", charger, charger)
        await hand.session(charger, "Orphan")
        await hand.account(await hand.session(charger, "Ended", energy_wh=0), billing="held")
    for charger in ("D2", "S1", "N1"):
        await hand.connector(charger, 2, "Faulted", "GroundFailure")
