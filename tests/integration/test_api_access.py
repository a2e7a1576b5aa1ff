"""Who gets in, and as what."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from voltring_api import keys
from voltring_api.health import Health
from voltring_core.admin import AdminServer
from voltring_core.errors import SettingsError

CHANGES = [
    ("POST", "/v1/chargers", {"id": "NEW"}, "operator"),
    ("PATCH", "/v1/chargers/CP", {"description": "x"}, "operator"),
    ("POST", "/v1/chargers/CP/secret", None, "operator"),
    ("POST", "/v1/chargers/CP/admit", None, "operator"),
    ("POST", "/v1/chargers/CP/commands", {"action": "Reset", "payload": {"type": "Soft"}}, "operator"),
    ("POST", "/v1/chargers/CP/remote-start", {"id_token": "T"}, "operator"),
    ("POST", "/v1/chargers/CP/reset", None, "operator"),
    ("POST", "/v1/id-tokens", {"id_token": "T"}, "operator"),
    ("PUT", "/v1/id-tokens/T", {}, "operator"),
    ("DELETE", "/v1/id-tokens/T", None, "admin"),
    ("DELETE", "/v1/chargers/CP", None, "admin"),
    ("GET", "/v1/api-keys", None, "admin"),
    ("POST", "/v1/api-keys", {"name": "k"}, "admin"),
]
READS = ["me", "fleet", "chargers", "chargers/CP", "chargers/CP/messages", "id-tokens", "transactions", "commands"]


@pytest.mark.parametrize(("method", "path", "body", "needed"), CHANGES)
async def test_a_role_below_what_is_needed_gets_403_that_names_it(
    api: Any, method: str, path: str, body: Any, needed: str
) -> None:
    below = {"operator": "viewer", "admin": "operator"}[needed]
    async with api.client_of(await api.key(below)) as client:
        refused = await client.request(method, path, json=body)
    assert refused.status_code == 403
    assert f"the role {needed}" in refused.json()["detail"]


@pytest.mark.parametrize(("method", "path", "body", "needed"), CHANGES)
async def test_the_role_that_is_needed_gets_through(api: Any, method: str, path: str, body: Any, needed: str) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP"})
    async with api.client_of(await api.key(needed)) as client:
        answer = await client.request(method, path, json=body)
    assert answer.status_code not in (401, 403)
    assert answer.status_code < 500


async def test_a_viewer_reads_everything_but_keys(api: Any) -> None:
    await api.client.post("/v1/chargers", json={"id": "CP"})
    async with api.client_of(await api.key("viewer")) as client:
        statuses = {path: (await client.get(f"/v1/{path}")).status_code for path in READS}
    assert statuses == dict.fromkeys(READS, 200)


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer ", "Bearer nobody's", "Basic dTpw", "bearer\xff\xfe x"])
async def test_without_a_good_key_everything_under_v1_is_401_with_a_challenge(api: Any, header: str | None) -> None:
    headers = [] if header is None else [(b"Authorization", header.encode("latin-1"))]
    async with api.client_of(None) as client:
        for path in ("/v1/me", "/v1/nothing", "/v1"):
            refused = await client.get(path, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"].startswith("Bearer")
            assert refused.headers["Content-Type"] == "application/problem+json"


async def test_a_bad_body_without_a_key_is_told_of_the_key_first(api: Any) -> None:
    async with api.client_of(None) as client:
        assert (await client.post("/v1/chargers", content=b"{")).status_code == 401


async def test_the_documentation_needs_no_key(api: Any) -> None:
    async with api.client_of(None) as client:
        for path in ("/docs", "/openapi.json"):
            assert (await client.get(path)).status_code == 200, path


async def test_health_and_metrics_are_for_the_admin_port_alone(api: Any) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/status"):
        assert (await api.client.get(path)).status_code == 404, path
    health = Health(api.parts)
    room = AdminServer("127.0.0.1", 0, health.is_ready, health.status)
    transport = httpx.ASGITransport(app=room.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        for path in ("/healthz", "/readyz", "/metrics"):
            assert (await client.get(path)).status_code == 200, path
        well = {"room": "api", "ready": True, "stopping": False, "postgres": True, "redis": True}
        assert (await client.get("/status")).json() == well
        api.parts.stopping.set()
        assert (await client.get("/readyz")).status_code == 404
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/status")).json() == well | {"ready": False, "stopping": True}


async def test_a_key_is_shown_once_and_kept_as_a_digest_only(api: Any) -> None:
    made = (await api.client.post("/v1/api-keys", json={"name": "billing", "role": "viewer"})).json()
    listed = (await api.client.get("/v1/api-keys")).text
    assert made["key"] not in listed
    stored = await api.database.fetchval("SELECT key_hash FROM api_keys WHERE name = 'billing'")
    assert len(stored) == 32
    assert made["key"].encode() not in stored
    assert made["key"] not in str(await api.database.fetch("SELECT * FROM audit_log"))


async def test_a_deleted_key_and_a_changed_role_count_at_once_here(api: Any) -> None:
    made = (await api.client.post("/v1/api-keys", json={"name": "brief", "role": "operator"})).json()
    async with api.client_of(made["key"]) as client:
        assert (await client.get("/v1/me")).json() == {"name": "brief", "role": "operator"}
        await api.client.patch(f"/v1/api-keys/{made['id']}", json={"role": "viewer"})
        assert (await client.get("/v1/me")).json()["role"] == "viewer"
        await api.client.delete(f"/v1/api-keys/{made['id']}")
        assert (await client.get("/v1/me")).status_code == 401


async def test_a_key_is_believed_for_seconds_only(api: Any) -> None:
    now = 0.0
    believing = keys.Keys(api.parts.pool, clock=lambda: now)
    token = await api.key("viewer")
    assert await believing.find(token)
    await api.database.execute("DELETE FROM api_keys WHERE role = 'viewer'")
    now = keys.BELIEVED_S - 0.1
    assert await believing.find(token)
    now = keys.BELIEVED_S
    assert await believing.find(token) is None


async def test_an_expired_key_is_unknown(api: Any) -> None:
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    made = (await api.client.post("/v1/api-keys", json={"name": "old", "expires_at": past})).json()
    async with api.client_of(made["key"]) as client:
        assert (await client.get("/v1/me")).status_code == 401


async def test_nobody_locks_himself_out(api: Any) -> None:
    mine = (await api.client.get("/v1/api-keys")).json()["items"][0]["id"]
    assert (await api.client.delete(f"/v1/api-keys/{mine}")).status_code == 409
    assert (await api.client.patch(f"/v1/api-keys/{mine}", json={"role": "viewer"})).status_code == 409


async def test_two_keys_of_one_name_are_a_conflict(api: Any) -> None:
    first, second = await asyncio.gather(*(api.client.post("/v1/api-keys", json={"name": "k"}) for _ in range(2)))
    assert sorted([first.status_code, second.status_code]) == [201, 409]


async def test_a_new_bootstrap_token_replaces_the_old_one(api: Any) -> None:
    await api.parts.keys.install_bootstrap("another-admin-token-0123456789")
    assert (await api.client.get("/v1/me")).status_code == 401
    async with api.client_of("another-admin-token-0123456789") as client:
        assert (await client.get("/v1/me")).json() == {"name": "bootstrap", "role": "admin"}


async def test_a_bootstrap_token_that_is_another_key_stops_the_start(api: Any) -> None:
    token = await api.key("viewer")
    with pytest.raises(SettingsError, match="VOLTRING_BOOTSTRAP_TOKEN"):
        await api.parts.keys.install_bootstrap(token)


async def test_every_change_leaves_a_row_in_the_audit_log(api: Any) -> None:
    made = (await api.client.post("/v1/chargers", json={"id": "CP"})).json()
    secret = (await api.client.post("/v1/chargers/CP/secret")).json()["secret"]
    await api.client.patch("/v1/chargers/CP", json={"description": "yard"})
    await api.client.put("/v1/id-tokens/T1", json={})
    await api.client.delete("/v1/id-tokens/T1")
    await api.client.delete("/v1/chargers/CP")
    rows = await api.database.fetch("SELECT * FROM audit_log ORDER BY id")
    assert [(row["actor"], row["action"]) for row in rows] == [
        ("bootstrap", "charger.create"),
        ("bootstrap", "charger.renew_secret"),
        ("bootstrap", "charger.change"),
        ("bootstrap", "id_token.put"),
        ("bootstrap", "id_token.delete"),
        ("bootstrap", "charger.delete"),
    ]
    assert not any(word in str(rows) for word in (made["secret"], secret))
