"""Chargers as operators see them."""

import hashlib
from typing import Any
from urllib.parse import quote

import pytest

from voltring_core.cluster.leases import NodeLease, give_up, renew

IDS = ["CP 1", "a+b=c@d", "Ünï-充電", "CP.%2F", "100%", "ä?&#;", "a|b*_-", "'; DROP TABLE chargers; --", "{x}"]
NODE = NodeLease("node-0~1", "node-0", 1, False, "http://127.0.0.1:1", "0")


async def connect(api: Any, charger_id: str, version: str = "1.6", node_uid: str = NODE.uid) -> None:
    """What a node writes when a charger connects."""
    await api.database.execute(
        "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version)"
        " VALUES ($1, 1, gen_random_uuid(), $3, $2)",
        charger_id,
        version,
        node_uid,
    )
    await api.database.execute("UPDATE chargers SET ocpp_version = $2 WHERE id = $1", charger_id, version)


async def plug(api: Any, charger_id: str, evse: int, status: str, connector: int = 1) -> None:
    await api.database.execute(
        "INSERT INTO connectors (charger_id, evse_id, connector_id, status, error_code, status_at)"
        " VALUES ($1, $2, $4, $3, 'NoError', now())",
        charger_id,
        evse,
        status,
        connector,
    )


async def charge(api: Any, charger_id: str, evse: int | None = 1, power: float = 7000.5, **more: Any) -> None:
    await api.database.execute(
        "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, charging_state, evse_id,"
        " started_at, start_received_at, energy_wh, power_w, id_token)"
        " VALUES (gen_random_uuid(), $1, '2.0.1', 'tx', 'Active', $4, $2, now(), now(), 1234.5, $3, 'CARD')",
        charger_id,
        evse,
        power,
        more.get("charging_state"),
    )


async def create(api: Any, *ids: str) -> None:
    for charger_id in ids:
        assert (await api.client.post("/v1/chargers", json={"id": charger_id})).status_code == 201


@pytest.fixture
async def alive(api: Any) -> None:
    """One node lives."""
    await renew(api.parts.redis, NODE, 60)


async def test_a_new_charger_has_a_secret_that_is_shown_once(api: Any) -> None:
    made = await api.client.post("/v1/chargers", json={"id": "CP-1", "description": "Yard"})
    assert made.status_code == 201
    secret = made.json()["secret"]
    assert (len(secret), secret.isalnum()) == (40, True)
    stored = await api.database.fetchval("SELECT secret_hash FROM chargers")
    assert stored == hashlib.sha256(secret.encode()).digest()
    read = (await api.client.get("/v1/chargers/CP-1")).json()
    assert secret not in str(read)
    assert (read["has_secret"], read["online"], read["description"]) == (True, False, "Yard")
    assert read["created_at"].endswith("Z")


async def test_a_charger_is_registered_and_changed_by_how_it_must_connect(api: Any) -> None:
    made = await api.client.post("/v1/chargers", json={"id": "CP-1", "security_profile": 3, "certificate_name": "SN-1"})
    assert (made.json()["security_profile"], made.json()["certificate_name"]) == (3, "SN-1")
    assert made.json()["has_secret"], "it is asked for again once it shows no certificate any more"
    await create(api, "CP-2")
    read = (await api.client.get("/v1/chargers/CP-2")).json()
    assert (read["security_profile"], read["certificate_name"]) == (None, None)
    for change in ({"security_profile": 2}, {"certificate_name": "SN-2"}, {"security_profile": None}):
        changed = await api.client.patch("/v1/chargers/CP-2", json=change)
        assert changed.status_code == 200, changed.text
        read |= change
        assert {name: changed.json()[name] for name in ("security_profile", "certificate_name")} == {
            name: read[name] for name in ("security_profile", "certificate_name")
        }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("security_profile", one) for one in (0, 1, 4, "3", True)),
        *(("certificate_name", one) for one in ("", " SN", "S\nN", "x" * 65, 5)),
    ],
)
async def test_a_way_to_connect_that_makes_no_sense_is_refused_by_its_field(api: Any, field: str, value: Any) -> None:
    await create(api, "CP-1")
    new = api.client.post("/v1/chargers", json={"id": "CP-2", field: value})
    for refused in (await new, await api.client.patch("/v1/chargers/CP-1", json={field: value})):
        assert refused.status_code == 422, refused.text
        assert [error["field"] for error in refused.json()["errors"]] == [field]


async def test_a_new_secret_replaces_the_old_one(api: Any) -> None:
    await create(api, "CP-1")
    secret = (await api.client.post("/v1/chargers/CP-1/secret")).json()["secret"]
    stored = await api.database.fetchval("SELECT secret_hash FROM chargers")
    assert stored == hashlib.sha256(secret.encode()).digest()


@pytest.mark.parametrize("charger_id", IDS)
async def test_any_legal_id_lives_in_a_path_percent_encoded(api: Any, charger_id: str) -> None:
    await create(api, charger_id)
    place = f"/v1/chargers/{quote(charger_id, safe='')}"
    assert (await api.client.get(place)).json()["id"] == charger_id
    assert (await api.client.patch(place, json={"description": charger_id})).json()["description"] == charger_id
    assert (await api.client.get(f"{place}/messages")).json() == {"items": [], "next_cursor": None}
    found = await api.client.get("/v1/chargers", params={"q": charger_id})
    assert [item["id"] for item in found.json()["items"]] == [charger_id]
    assert (await api.client.delete(place)).status_code == 204
    assert (await api.client.get(place)).status_code == 404


@pytest.mark.parametrize("charger_id", ["", "a/b", "a:b", " a", "a ", "x" * 49, "a\nb", "a\tb", None, 5, ["a"]])
async def test_an_id_that_no_charger_may_have_is_refused_by_name(api: Any, charger_id: Any) -> None:
    refused = await api.client.post("/v1/chargers", json={"id": charger_id})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "id"


async def test_the_same_id_in_other_case_is_a_conflict(api: Any) -> None:
    await create(api, "Garage")
    refused = await api.client.post("/v1/chargers", json={"id": "GARAGE"})
    assert (refused.status_code, refused.json()["title"]) == (409, "Conflict")


async def test_an_unknown_field_is_named(api: Any) -> None:
    refused = await api.client.post("/v1/chargers", json={"id": "A", "decription": "typo"})
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["decription"]


async def test_a_charger_is_online_while_its_socket_is_open_and_its_node_lives(api: Any, alive: None) -> None:
    await create(api, "HERE", "GONE", "ORPHANED", "NEVER")
    await connect(api, "HERE")
    await connect(api, "GONE", "2.0.1")
    await connect(api, "ORPHANED", node_uid="node-9~dead")
    await api.database.execute("UPDATE charger_connection SET disconnected_at = now() WHERE charger_id = 'GONE'")
    items = (await api.client.get("/v1/chargers", params={"online": "true"})).json()["items"]
    assert [(item["id"], item["node"], item["ocpp_version"]) for item in items] == [("HERE", "node-0", "1.6")]
    items = (await api.client.get("/v1/chargers", params={"online": "false"})).json()["items"]
    assert [(item["id"], item["node"]) for item in items] == [("GONE", None), ("NEVER", None), ("ORPHANED", None)]


async def test_a_dead_nodes_chargers_go_offline_within_two_seconds(api: Any, alive: None) -> None:
    await create(api, "CP")
    await connect(api, "CP")
    assert (await api.client.get("/v1/chargers/CP")).json()["online"] is True
    await give_up(api.parts.redis, NODE.uid)
    api.parts.presence._until = 0.0  # a second later
    assert (await api.client.get("/v1/chargers/CP")).json()["online"] is False


async def test_a_charger_shows_its_connectors_and_running_sessions(api: Any, alive: None) -> None:
    await create(api, "CP")
    await connect(api, "CP", "2.0.1")
    await plug(api, "CP", 0, "Available", 0)
    await plug(api, "CP", 1, "Occupied")
    await plug(api, "CP", 2, "Available")
    await charge(api, "CP", 1, charging_state="Charging")
    charger = (await api.client.get("/v1/chargers/CP")).json()
    assert (charger["status_summary"], charger["power_w"], charger["station"]["status"]) == (
        "Charging",
        7000.5,
        "Available",
    )
    first, second = charger["evses"]
    assert (first["evse_id"], first["connectors"][0]["status"]) == (1, "Occupied")
    assert (first["transaction"]["energy_wh"], first["transaction"]["state"]) == (1234.5, "Active")
    assert first["transaction"]["started_at"].endswith("Z")
    assert first["connectors"][0]["at"].endswith("Z")
    assert (second["evse_id"], second["transaction"]) == (2, None)
    assert set(second["connectors"][0]) == {"connector_id", "status", "error_code", "info", "vendor_error_code", "at"}


async def test_chargers_are_found_by_what_they_do_and_are_called(api: Any) -> None:
    await create(api, "BUSY", "BROKEN", "IDLE")
    await charge(api, "BUSY")
    await plug(api, "BROKEN", 1, "Faulted")
    await api.database.execute("UPDATE chargers SET vendor = 'Acme', description = '50%_\\' WHERE id = 'IDLE'")

    async def ids(**params: str) -> list[str]:
        found = await api.client.get("/v1/chargers", params=params)
        return [item["id"] for item in found.json()["items"]]

    assert await ids(state="charging") == ["BUSY"]
    assert await ids(state="faulted") == ["BROKEN"]
    assert await ids(q="acme") == ["IDLE"]
    assert await ids(q="%_\\") == ["IDLE"]
    assert await ids(q="b") == ["BROKEN", "BUSY"]
    assert await ids(q="b", state="charging") == ["BUSY"]
    assert await ids(q="") == ["BROKEN", "BUSY", "IDLE"]


async def test_pages_neither_repeat_nor_skip_while_chargers_are_added(api: Any) -> None:
    await create(api, *(f"CP-{number:02}" for number in range(0, 20, 2)))
    seen: list[str] = []
    cursor = None
    for extra in ("CP-01", "CP-99", "CP-03", "CP-05"):
        page = (
            await api.client.get("/v1/chargers", params={"limit": 3} | ({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        await create(api, extra)
    assert seen == sorted(set(seen))
    assert {f"CP-{number:02}" for number in range(0, 20, 2)} <= set(seen)


@pytest.mark.parametrize(
    "cursor", ["x", "!!", "W10", "WyJ0cmFuc2FjdGlvbnMiLCJhIl0", "é", "a" * 1025, "WyJjaGFyZ2VycyIsIlx1MDAwMCJd"]
)
async def test_a_wrong_cursor_is_422(api: Any, cursor: str) -> None:
    refused = await api.client.get("/v1/chargers", params={"cursor": cursor})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "cursor")


async def test_a_quarantined_charger_is_admitted_with_the_secret_it_presented(api: Any) -> None:
    await api.database.execute("INSERT INTO chargers (id, status, secret_hash) VALUES ('Q', 'quarantined', '\\x01')")
    await api.database.execute("INSERT INTO chargers (id, status) VALUES ('BARE', 'quarantined')")
    waiting = (await api.client.get("/v1/chargers", params={"status": "quarantined"})).json()["items"]
    assert [item["id"] for item in waiting] == ["BARE", "Q"]
    admitted = (await api.client.post("/v1/chargers/Q/admit")).json()
    assert (admitted["status"], admitted["secret"]) == ("registered", None)
    assert len((await api.client.post("/v1/chargers/BARE/admit")).json()["secret"]) == 40
    again = await api.client.post("/v1/chargers/Q/admit")
    assert (again.status_code, again.json()["detail"]) == (409, "The charger 'Q' is registered already.")
    assert (await api.client.post("/v1/chargers/X/admit")).status_code == 404


@pytest.mark.parametrize(
    ("method", "rest"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/secret"), ("GET", "/messages")]
)
async def test_an_unknown_charger_is_404_whatever_is_asked(api: Any, method: str, rest: str) -> None:
    body = {"description": ""} if method == "PATCH" else None
    refused = await api.client.request(method, f"/v1/chargers/NOBODY{rest}", json=body)
    assert (refused.status_code, refused.json()["detail"]) == (404, "There is no charger 'NOBODY'.")


async def test_the_fleet_counts_everything(api: Any, alive: None) -> None:
    await create(api, "A", "B", "C")
    await connect(api, "A")
    await connect(api, "B", "2.1")
    await plug(api, "A", 0, "Available", 0)
    await plug(api, "A", 1, "Charging")
    await plug(api, "B", 1, "Faulted")
    await charge(api, "A")
    await api.database.execute("INSERT INTO chargers (id, status) VALUES ('Q', 'quarantined')")
    fleet = (await api.client.get("/v1/fleet")).json()
    faults = fleet.pop("faults")
    assert [(fault["charger_id"], fault["evse_id"], fault["error_code"]) for fault in faults] == [("B", 1, "NoError")]
    assert faults[0]["at"].endswith("Z")
    counted = {
        "total": 4,
        "online": 2,
        "charging": 1,
        "power_w": 7000.5,
        "by_node": {"node-0": 2},
        "by_version": {"1.6": 1, "2.1": 1},
        "by_status": {"Charging": 1, "Faulted": 1},
        "quarantined": 1,
        "active_transactions": 1,
        "energy_today_wh": 1234.5,
    }
    assert {name: fleet[name] for name in counted} == counted
    known = {"name": "node-0", "uid": "node-0~1", "connections": 1, "draining": False}
    (node,) = fleet["nodes"]
    assert {name: node[name] for name in known} == known
    assert {value for name, value in node.items() if name not in known} == {None}, "a node of an older version"


async def test_what_was_charged_outlives_its_charger(api: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "OLD"})
    made = "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, start_received_at)"
    session = await api.database.fetchval(
        f"{made} VALUES (gen_random_uuid(), 'OLD', '1.6', '1', 'Ended', now()) RETURNING id"
    )
    running = await api.database.fetchval(
        f"{made} VALUES (gen_random_uuid(), 'OLD', '1.6', '2', 'Active', now()) RETURNING id"
    )
    assert (await api.client.delete("/v1/chargers/OLD")).status_code == 204
    kept = (await api.client.get(f"/v1/transactions/{session}")).json()
    assert (kept["charger_id"], kept["flags"]) == ("OLD", [])
    ended = (await api.client.get(f"/v1/transactions/{running}")).json()
    assert (ended["state"], ended["flags"]) == ("Ended", ["charger_deleted"])
