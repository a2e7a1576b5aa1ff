"""Alarms, and the inbox of what nobody could assign: read, attached, dismissed."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
import websockets
from watchdog_scene import Scene, ago

from voltring_core.testing import Wire, eventually

ALARM = (
    "INSERT INTO alarms (id, rule, charger_id, subject, detail, raised_at, cleared_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7)"
)


@pytest.fixture
def scene(api: Any) -> Scene:
    return Scene(api.parts.pool, api.parts.redis)


async def raised(
    scene: Scene, rule: str, charger_id: str, subject: str, at: datetime, cleared: datetime | None = None
) -> UUID:
    identity = uuid4()
    await scene.pool.execute(ALARM, identity, rule, charger_id, subject, {"since": at.isoformat()}, at, cleared)
    return identity


async def test_alarms_are_listed_the_newest_first_by_state_rule_and_charger_and_page_by_page(
    api: Any, scene: Scene
) -> None:
    for name in ("A", "B"):
        await scene.charger(name)
    old = await raised(scene, "no_stop", "A", "1", ago(hours=2))
    over = await raised(scene, "no_stop", "B", "2", ago(hours=1), ago(minutes=1))
    new = await raised(scene, "charger_faulted", "B", "B:1:1", ago(minutes=5))

    async def ids(**asked: Any) -> list[str]:
        answer = await api.client.get("/v1/alarms", params=asked)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert await ids() == [str(new), str(over), str(old)]
    assert await ids(state="open") == [str(new), str(old)]
    assert await ids(state="cleared") == [str(over)]
    assert await ids(rule="no_stop") == [str(over), str(old)]
    assert await ids(charger_id="B", state="open") == [str(new)]
    first = (await api.client.get("/v1/alarms", params={"limit": 2})).json()
    assert await ids(limit=2, cursor=first["next_cursor"]) == [str(old)]
    assert (await api.client.get("/v1/alarms", params={"rule": "none"})).status_code == 422

    one = (await api.client.get(f"/v1/alarms/{new}")).json()
    assert (one["rule"], one["severity"], one["charger_id"], one["cleared_at"]) == ("charger_faulted", 3, "B", None)
    assert (await api.client.get(f"/v1/alarms/{uuid4()}")).status_code == 404


async def orphan(scene: Scene, charger_id: str = "CP", **more: Any) -> UUID:
    """A stop at 6,000 Wh, ten minutes ago, of a transaction that nobody knows, with its payload and a reading."""
    at = ago(minutes=10)
    known = {"state": "Orphan", "ocpp_id": "99", "flags": ("unknown_transaction",), "begun": at, "ended": at}
    values = {"started_at": None, "meter_start_wh": None, "energy_wh": None, "evse_id": None, "connector_id": None}
    stop = {"meter_stop_wh": 6000, "stop_reason": "Local"}
    identity = await scene.session(charger_id, **(known | values | stop | more))
    await scene.pool.execute("DELETE FROM transaction_events WHERE transaction_id = $1", identity)
    payload = {"transactionId": 99, "meterStop": 6000, "timestamp": at.isoformat(), "idTag": "TAG"}
    await scene.said(identity, "Ended", at, charger_id=charger_id, payload=payload)
    await scene.pool.execute(
        "INSERT INTO meter_values (received_at, charger_id, transaction_id, sampled_at, measurand, unit, raw)"
        " VALUES ($1, $2, $3, $1, 'Energy.Active.Import.Register', 'Wh', '6000')",
        at,
        charger_id,
        identity,
    )
    return identity


async def items(api: Any, **asked: Any) -> list[dict[str, Any]]:
    answer = await api.client.get("/v1/inbox", params=asked)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_an_orphan_is_shown_with_what_was_said_and_with_the_reasons_for_and_against_each_session(
    api: Any, scene: Scene
) -> None:
    await scene.charger()
    await scene.charger("OTHER")
    running = await scene.session()
    ended = await scene.session(
        begun=ago(hours=5), state="Ended", ended=ago(hours=4), ocpp_id="6", stop_reason="Local", id_token="ELSE"
    )
    await scene.session("OTHER")
    found = await orphan(scene)
    (item,) = await items(api)
    assert (item["id"], item["why"], item["charger_id"]) == (str(found), ["unknown_transaction"], "CP")
    assert item["said"][0]["payload"]["meterStop"] == 6000
    assert [one["transaction"]["id"] for one in item["candidates"]] == [str(running), str(ended)]
    fits = {one["about"]: one["fits"] for one in item["candidates"][0]["reasons"]}
    assert fits == {"token": True, "time": False, "end": True, "meter": True}  # it was read five seconds ago
    assert {one["about"]: one["fits"] for one in item["candidates"][1]["reasons"]} == {
        "token": False,
        "time": False,
        "end": False,
        "meter": True,
    }
    assert (await api.client.get(f"/v1/inbox/{found}")).json() == item
    assert (await api.client.get(f"/v1/inbox/{running}")).status_code == 404
    assert await items(api, charger_id="OTHER") == []


async def test_the_inbox_has_sessions_whose_start_was_lost_too_and_pages(api: Any, scene: Scene) -> None:
    await scene.charger()
    lost = await scene.session(state="Ended", ended=ago(minutes=1), flags=("start_lost",))
    await scene.session(state="Ended", ended=ago(minutes=1), flags=("offline",))
    found = await orphan(scene)
    assert [item["id"] for item in await items(api)] == [str(found), str(lost)]
    first = (await api.client.get("/v1/inbox", params={"limit": 1})).json()
    assert [one["id"] for one in await items(api, limit=1, cursor=first["next_cursor"])] == [str(lost)]


async def test_an_orphan_is_attached_once_and_its_messages_go_along(api: Any, scene: Scene) -> None:
    await scene.charger()
    session = await scene.session()
    found = await orphan(scene)
    version = await scene.pool.fetchval("SELECT xmin FROM transactions WHERE id = $1", session)
    wish = {"transaction_id": str(session), "note": "The driver called."}
    answer = await api.client.post(f"/v1/inbox/{found}/attach", json=wish)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"id": str(found), "resolution": "attached", "attached_to": str(session)}
    for table in ("transaction_events", "meter_values"):
        rows = await scene.pool.fetch(f"SELECT transaction_id FROM {table}")  # noqa: S608 - two tables
        assert {row["transaction_id"] for row in rows} == {session}
    row = await scene.pool.fetchrow("SELECT state, resolution FROM transactions WHERE id = $1", found)
    assert tuple(row) == ("Orphan", "attached")
    assert await scene.pool.fetchval("SELECT xmin FROM transactions WHERE id = $1", session) != version
    assert await items(api) == []
    noted = await scene.pool.fetchrow("SELECT * FROM audit_log WHERE action = 'inbox.attach'")
    assert (noted["subject"], noted["detail"]["note"]) == (f"transaction:{found}", "The driver called.")
    again = await api.client.post(f"/v1/inbox/{found}/attach", json=wish)
    assert (again.status_code, again.json()["detail"]) == (409, "This was attached already.")
    assert (await api.client.post(f"/v1/inbox/{found}/dismiss", json={"note": "x"})).status_code == 409


async def test_what_was_dismissed_stays_where_it_is_and_out_of_the_inbox(api: Any, scene: Scene) -> None:
    await scene.charger()
    found = await orphan(scene)
    answer = await api.client.post(f"/v1/inbox/{found}/dismiss", json={"note": "A test of the installer."})
    assert answer.json() == {"id": str(found), "resolution": "dismissed", "attached_to": None}
    assert await items(api) == []
    assert await scene.pool.fetchval("SELECT count(*) FROM transaction_events WHERE transaction_id = $1", found) == 1
    assert (await api.client.post(f"/v1/inbox/{found}/dismiss", json={"note": "x"})).status_code == 409


@pytest.mark.parametrize(
    ("target", "status"), [("other charger", 409), ("itself", 409), ("another orphan", 409), ("nothing", 404)]
)
async def test_what_can_not_be_meant_is_refused_and_nothing_moves(
    api: Any, scene: Scene, target: str, status: int
) -> None:
    await scene.charger()
    await scene.charger("OTHER")
    found = await orphan(scene)
    targets = {
        "other charger": await scene.session("OTHER"),
        "itself": found,
        "another orphan": await orphan(scene),
        "nothing": uuid4(),
    }
    wish = {"transaction_id": str(targets[target]), "note": "x"}
    assert (await api.client.post(f"/v1/inbox/{found}/attach", json=wish)).status_code == status
    row = await scene.pool.fetchrow("SELECT resolution, attached_to FROM transactions WHERE id = $1", found)
    assert tuple(row) == (None, None)
    assert await scene.pool.fetchval("SELECT count(*) FROM transaction_events WHERE transaction_id = $1", found) == 1


async def test_of_two_operators_at_once_one_is_told_that_it_was_resolved_already(api: Any, scene: Scene) -> None:
    await scene.charger()
    first, second = await scene.session(), await scene.session(ocpp_id="8")
    found = await orphan(scene)
    answers = await asyncio.gather(
        *(
            api.client.post(f"/v1/inbox/{found}/attach", json={"transaction_id": str(one), "note": "x"})
            for one in (first, second)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_who_attaches_waits_for_the_node_that_writes_a_session_of_the_charger(
    api: Any, scene: Scene, database: Any
) -> None:
    await scene.charger()
    session, found = await scene.session(), await orphan(scene)
    wish = {"transaction_id": str(session), "note": "x"}
    async with database.transaction():
        await database.fetch("SELECT FROM charger_connection WHERE charger_id = 'CP' FOR NO KEY UPDATE")
        attaching = asyncio.create_task(api.client.post(f"/v1/inbox/{found}/attach", json=wish))

        async def waits() -> bool:
            return bool(
                await scene.pool.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            )

        await eventually(waits)
        assert not attaching.done()
    assert (await attaching).status_code == 200


async def test_a_note_is_needed_and_a_viewer_may_only_read(api: Any, scene: Scene) -> None:
    await scene.charger()
    found = await orphan(scene)
    assert (await api.client.post(f"/v1/inbox/{found}/dismiss", json={"note": "  "})).status_code == 422
    assert (await api.client.post(f"/v1/inbox/{uuid4()}/dismiss", json={"note": "x"})).status_code == 404
    async with api.client_of(await api.key("viewer")) as viewer:
        assert (await viewer.get("/v1/inbox")).status_code == 200
        assert (await viewer.post(f"/v1/inbox/{found}/dismiss", json={"note": "x"})).status_code == 403


async def test_what_a_charger_said_to_a_node_is_in_the_inbox_word_for_word(
    api: Any, scene: Scene, start_node: Callable[..., Any]
) -> None:
    node = start_node()
    async with websockets.connect(f"{node.ocpp}/WIRED", subprotocols=["ocpp1.6"]) as socket:
        wire = Wire(socket)
        await wire.boot()
        stop = {"transactionId": 4711, "meterStop": 1234, "timestamp": ago(minutes=3).isoformat(), "idTag": "T"}
        assert (await wire.call("StopTransaction", stop))[0] == 3
    (item,) = await items(api, charger_id="WIRED")
    assert item["said"][0]["payload"] == stop
    assert Decimal(str(item["transaction"]["meter_stop_wh"])) == 1234
