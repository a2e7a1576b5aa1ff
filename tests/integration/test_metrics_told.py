"""A short scene with a real node, API and worker: each tells every metric of its own, and the important ones move."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from metrics_docs import labels_of
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect

from voltring_core.metrics import CATALOGUE
from voltring_core.metrics.naming import Kind
from voltring_core.metrics.servers import SHARED
from voltring_core.metrics.worker import JOBS
from voltring_core.store.measuring import COPY, ENDS
from voltring_core.testing import PATIENCE_S, Room, Wire, eventually, free_port

TOKEN = "an-admin-token-for-the-metrics-0123456789"
ROOT = Path(__file__).parents[2]
LATER = {
    "voltring_node_messages_total",
    "voltring_node_command_results_total",
    "voltring_operator_kubernetes_errors_total",
}
"""Whose children are there once it has happened."""
STATEMENTS = {one.stem for one in ROOT.glob("*/voltring_*/**/*.sql")} | {COPY, *(end.lower() for end in ENDS), "other"}
"""What a statement may go by."""
WALL = "2026-01-31T12:00:00Z"


@dataclass(frozen=True)
class Sample:
    """One line of /metrics."""

    name: str
    labels: dict[str, str]
    value: float


class Told:
    """What a room's /metrics said."""

    def __init__(self, text: str) -> None:
        families = text_string_to_metric_families(text)
        self.samples = [Sample(one.name, one.labels, one.value) for each in families for one in each.samples]

    def sum(self, name: str, /, **labels: str) -> float:
        """All samples of that name with these labels; an error where there is none."""
        found = [one.value for one in self.samples if one.name == name and labels.items() <= one.labels.items()]
        assert found, f"{name}{labels} is not told"
        return sum(found)


async def ask(room: Room) -> Told:
    async with httpx.AsyncClient() as client:
        return Told((await client.get(f"{room.admin}/metrics", timeout=PATIENCE_S)).text)


def start(kind: str, log: Path, ready: str = "admin", **settings: str) -> Room:
    room = Room(kind, settings, log)
    room.wait_ready(f"{room.admin}/readyz")
    return room


@pytest.fixture
def api_room(postgres_dsn: str, redis_url: str, tmp_path: Path) -> Iterator[tuple[Room, str]]:
    """The API as a process, and its URL."""
    port = free_port()
    room = start(
        "api",
        tmp_path / "api.log",
        POSTGRES_DSN=postgres_dsn,
        REDIS_URL=redis_url,
        API_HOST="127.0.0.1",
        API_PORT=str(port),
        ADMIN_PORT=str(free_port()),
        BOOTSTRAP_TOKEN=TOKEN,
    )
    yield room, f"http://127.0.0.1:{port}/v1"
    room.stop()


@pytest.fixture
def worker_room(postgres_dsn: str, redis_url: str, tmp_path: Path) -> Iterator[Room]:
    """The worker as a process."""
    settings = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url, "ADMIN_PORT": str(free_port())}
    room = start("worker", tmp_path / "worker.log", **settings)
    yield room
    room.stop()


@pytest.fixture
async def client(api_room: tuple[Room, str]) -> AsyncIterator[httpx.AsyncClient]:
    """An admin."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=api_room[1], headers=headers, timeout=PATIENCE_S) as client:
        yield client


async def play(node: Any, client: httpx.AsyncClient) -> None:
    """A charger boots, charges for a while, is asked for its list's version, and says something that is refused."""
    async with connect(f"{node.ocpp}/CP", subprotocols=["ocpp1.6"], open_timeout=PATIENCE_S) as socket:
        wire = Wire(socket)
        assert (await wire.boot())[2]["status"] == "Accepted"
        begun = {"connectorId": 1, "idTag": "CARD", "meterStart": 1000, "timestamp": WALL}
        session = (await wire.call("StartTransaction", begun))[2]["transactionId"]
        reading = [{"timestamp": WALL, "sampledValue": [{"value": "1500"}]}]
        await wire.call("MeterValues", {"connectorId": 1, "transactionId": session, "meterValue": reading})
        await wire.call("StopTransaction", {"transactionId": session, "meterStop": 4000, "timestamp": WALL})
        assert (await wire.call("MakeCoffee", {}))[0] == 4
        asked = asyncio.create_task(order(client))
        call = await wire.receive()
        await wire.send([3, call[1], {"listVersion": 7}])
        assert (await asked).json()["state"] == "ACCEPTED"


async def order(client: httpx.AsyncClient) -> httpx.Response:
    body = {"action": "GetLocalListVersion", "payload": {}}
    return await client.post("/chargers/CP/commands", json=body, headers={"Prefer": "wait=30"})


def of(room: str) -> set[str]:
    """The names that this room is to tell."""
    shared = {one._name for one in SHARED}
    return {
        name for name, one in CATALOGUE.items() if name.startswith(f"voltring_{room}_") or one.metric._name in shared
    }


def is_whole(room: str, told: Told) -> None:
    """Everything of the room is there, with the labels that are declared and no other values."""
    names = {one.name for one in told.samples}
    for name in of(room):
        suffix = "_bucket" if CATALOGUE[name].type == "histogram" else ""
        assert name + suffix in names or name in LATER, f"{name} is not told"
    base = {name.removesuffix("_total"): one for name, one in CATALOGUE.items()}
    for sample in told.samples:
        if not sample.name.startswith("voltring_"):
            continue
        root = next(
            base[name]
            for name in (sample.name.removesuffix(end) for end in ("_bucket", "_sum", "_count", "_total", ""))
            if name in base
        )
        declared = labels_of(root)
        assert set(sample.labels) - {"le"} == set(declared)
        for label, value in sample.labels.items():
            values = declared.get(label, Kind("le"))
            assert isinstance(values, Kind) or value in values, f"{sample.name}: {label}={value}"
        if sample.name.startswith("voltring_postgres_seconds"):
            assert sample.labels["operation"] in STATEMENTS


async def test_a_node_tells_all_of_its_own_and_what_a_session_moved(
    node: Any, client: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    await play(node, client)
    told = await ask(node.room)
    is_whole("node", told)
    moved = {
        ("voltring_node_accepted_total", "1.6"): 1,
        ("voltring_node_sessions_started_total", "1.6"): 1,
        ("voltring_node_sessions_ended_total", "1.6"): 1,
        ("voltring_node_energy_wh_total", "1.6"): 3000,
        ("voltring_node_acknowledgement_seconds_count", "1.6"): 5,
    }
    assert {key: told.sum(key[0], version=key[1]) for key in moved} == moved
    said = "voltring_node_messages_total"
    assert told.sum(said, action="MeterValues", outcome="answered") == 1
    assert told.sum(said, action="other", outcome="refused") == 1
    assert told.sum("voltring_node_claims_total", outcome="owns") == 1
    assert told.sum("voltring_node_claim_seconds_count") == 1
    assert told.sum("voltring_node_handshake_seconds_count") == 1
    assert told.sum("voltring_node_command_results_total", action="GetLocalListVersion", state="ACCEPTED") == 1
    for hop in ("queued", "taken", "sent"):
        assert told.sum("voltring_node_command_hop_seconds_count", hop=hop) == 1
    groups = told.sum("voltring_node_commit_seconds_count")
    assert groups > 0
    for phase in ("acquire", "read", "decide", "write", "commit"):
        assert told.sum("voltring_node_commit_phase_seconds_count", phase=phase) == groups
    assert told.sum("voltring_node_commit_wait_seconds_count") == groups
    assert told.sum("voltring_node_handling_seconds_count") >= 6
    assert told.sum("voltring_node_ready") == 1
    assert told.sum("voltring_node_server_away_seconds") == 0
    assert told.sum("voltring_build_info", name="node-0", room="node") == 1
    for operation in ("fence", "commit", "copy", "recording"):
        assert told.sum("voltring_postgres_seconds_count", operation=operation, room="node") > 0
    for operation in ("owner_claim", "owner_state", "set", "ring"):
        assert told.sum("voltring_redis_seconds_count", operation=operation, room="node") > 0
    assert told.sum("voltring_postgres_pool_connections", state="most") == 12
    assert told.sum("voltring_postgres_pool_wait_seconds_count") > 0
    assert told.sum("voltring_node_loop_lag_seconds_count") > 0


async def test_the_api_tells_all_of_its_own_and_what_a_command_moved(
    node: Any, api_room: tuple[Room, str], client: httpx.AsyncClient
) -> None:
    await play(node, client)
    told = await ask(api_room[0])
    is_whole("api", told)
    described = (await client.get(str(client.base_url).removesuffix("/v1/") + "/openapi.json")).json()
    routes = {one.labels["route"] for one in told.samples if one.name == "voltring_api_requests_total"}
    assert routes <= {*described["paths"], "other"}
    route = {"method": "POST", "route": "/v1/chargers/{charger_id}/commands"}
    assert told.sum("voltring_api_requests_total", status="200", **route) == 1
    assert told.sum("voltring_api_request_seconds_count", **route) == 1
    assert told.sum("voltring_api_command_seconds_count") == 1
    assert told.sum("voltring_api_commands_total", outcome="queued") == 1
    assert told.sum("voltring_api_command_waiters") == 0
    assert told.sum("voltring_api_requests_in_progress") == 0
    assert told.sum("voltring_postgres_seconds_count", operation="commands", room="api") > 0
    assert told.sum("voltring_redis_seconds_count", operation="ring", room="api") > 0


async def test_an_open_feed_is_a_listener(api_room: tuple[Room, str], client: httpx.AsyncClient) -> None:
    async def listeners(number: int) -> bool:
        return (await ask(api_room[0])).sum("voltring_api_feed_listeners") == number

    async with client.stream("GET", "/events") as feed:
        assert feed.status_code == 200
        assert await eventually(lambda: listeners(1))
    assert await eventually(lambda: listeners(0))


async def test_the_worker_tells_all_of_its_own_and_counts_what_waits(
    worker_room: Room, node: Any, client: httpx.AsyncClient, database: asyncpg.Connection
) -> None:
    await play(node, client)
    await database.execute(
        "UPDATE commands SET state = 'UNKNOWN', response = NULL WHERE action = 'GetLocalListVersion'"
    )
    await database.execute(
        "INSERT INTO alarms (id, rule, subject, charger_id, detail)"
        " VALUES (gen_random_uuid(), 'no_start', 'by hand', 'CP', $1)",
        json.dumps({}),
    )

    async def counted() -> bool:
        told = await ask(worker_room)
        numbers = (
            told.sum("voltring_worker_commands_unknown"),
            told.sum("voltring_worker_chargers", state="offline") if is_told(told, "voltring_worker_chargers") else 0,
        )
        return numbers == (1, 1)

    async def all_jobs_ran() -> bool:
        told = await ask(worker_room)
        return all(told.sum("voltring_worker_job_runs_total", task=job, outcome="done") for job in JOBS)

    assert await eventually(counted, PATIENCE_S)
    assert await eventually(all_jobs_ran, PATIENCE_S)
    told = await ask(worker_room)
    is_whole("worker", told)
    for job in JOBS:
        assert told.sum("voltring_worker_job_runs_total", task=job, outcome="done") > 0
        assert told.sum("voltring_worker_job_seconds_count", task=job) > 0
        assert told.sum("voltring_worker_job_last_success_timestamp_seconds", task=job) > 1.7e9
    assert told.sum("voltring_worker_sessions_active") == 0
    assert told.sum("voltring_worker_checked_sessions_total") > 0
    assert told.sum("voltring_postgres_seconds_count", operation="counting", room="worker") > 0
    assert told.sum("voltring_redis_seconds_count", operation="smembers", room="worker") > 0
    assert told.sum("voltring_worker_loop_lag_seconds_count") > 0


def is_told(told: Told, name: str) -> bool:
    return any(one.name == name for one in told.samples)
