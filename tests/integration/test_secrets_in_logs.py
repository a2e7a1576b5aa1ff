"""No secret is in any log line, however much goes wrong in a scene: each secret that was used in it is looked for."""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from span_receiver import receiving
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from voltring_core.testing import PATIENCE_S, Room, Wire, eventually, free_port

BOOTSTRAP = "bootstrap-that-nobody-may-read-0123456789"
ADMIN = "admin-token-that-nobody-may-read-0123456789"
DSN_PASSWORD, REDIS_PASSWORD = "dsn-that-nobody-may-read", "redis-that-nobody-may-read"
PASSWORD, WRONG, NEXT = "password-of-the-charger-1", "password-that-was-wrong-1", "password-that-comes-next1"
COLLECTOR_KEY = "collector-key-that-nobody-may-read"


def basic(identity: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{identity}:{password}".encode()).decode()}


async def test_no_log_line_holds_a_secret_of_its_scene(
    start_node: Callable[..., Any], postgres_dsn: str, redis_url: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", f"x-key={COLLECTOR_KEY}")
    with receiving() as receiver:
        dsn = await _with_password(postgres_dsn)
        both = {
            "POSTGRES_DSN": dsn,
            "REDIS_URL": redis_url,
            "LOG_LEVEL": "DEBUG",
            "OTLP_ENDPOINT": receiver.endpoint,
            "TRACE_SAMPLE": "1",
        }
        node = start_node(**both, ADMIN_TOKEN=ADMIN, UNKNOWN_CHARGERS="reject", STOP_SECONDS="0")
        port = free_port()
        api = Room(
            "api",
            both | {"API_PORT": str(port), "ADMIN_PORT": str(free_port()), "BOOTSTRAP_TOKEN": BOOTSTRAP},
            tmp_path / "api.log",
        )
        wrong = Room(
            "worker",
            both | {"REDIS_URL": f"redis://:{REDIS_PASSWORD}@127.0.0.1:{free_port()}/0"},
            tmp_path / "worker.log",
        )
        lost = Room(
            "worker",
            both | {"POSTGRES_DSN": f"postgresql://nobody:{DSN_PASSWORD}@127.0.0.1:{free_port()}/x"},
            tmp_path / "lost.log",
        )
        try:
            api.wait_ready(f"{api.admin}/readyz")
            key = await _scene(node, f"http://127.0.0.1:{port}")

            async def worked() -> bool:
                return "partitions" in wrong.log.read_text() and bool(lost.log.read_text())

            await eventually(worked)
        finally:
            for room in (api, wrong, lost):
                room.stop()
            node.room.stop()
        sent = b"".join(receiver.bodies)
    logs = _everything(tmp_path)
    assert "traces go to" in logs
    assert "refused" in logs
    secrets = [BOOTSTRAP, ADMIN, DSN_PASSWORD, REDIS_PASSWORD, PASSWORD, WRONG, NEXT, COLLECTOR_KEY, key]
    told = basic("CP-1", PASSWORD)["Authorization"].split()[1]
    assert [one for one in (*secrets, told) if one in logs] == []
    assert sent
    assert [one for one in (*secrets, told) if one.encode() in sent] == []


def _everything(directory: Path) -> str:
    return "".join(log.read_text() for log in directory.glob("*.log"))


async def _with_password(dsn: str) -> str:
    """The same database by a role that has a password."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(
        f"DROP ROLE IF EXISTS secretive; CREATE ROLE secretive SUPERUSER LOGIN PASSWORD '{DSN_PASSWORD}'"
    )
    await connection.close()
    at = urlsplit(dsn)
    return at._replace(netloc=f"secretive:{DSN_PASSWORD}@{at.hostname}:{at.port}").geturl()


async def _scene(node: Any, url: str) -> str:
    """A charger comes with its password, with a wrong one, and is given another; the key that was made for it."""
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_S) as client:
        admin = {"Authorization": f"Bearer {BOOTSTRAP}"}
        made = await client.post("/v1/api-keys", json={"name": "of-the-scene", "role": "admin"}, headers=admin)
        key = str(made.json()["key"])
        client.headers["Authorization"] = f"Bearer {key}"
        registered = await client.post("/v1/chargers", json={"id": "CP-1", "secret": PASSWORD})
        assert registered.status_code == 201, registered.text
        await client.get("/v1/chargers/NOBODY", params={"api_key": key})
        await client.get("/v1/chargers", headers={"Authorization": f"Bearer {WRONG}"})
        await client.post("/v1/chargers/CP-1/commands", content=f'{{"action": "{PASSWORD}')
        await client.post(f"{node.room.admin}/drain", headers={"Authorization": f"Bearer {WRONG}"}, content=b"{")
        await client.post(f"{node.room.admin}/undrain", headers={"Authorization": f"Bearer {ADMIN}"})
        for identity, password in (("CP-1", WRONG), ("NOBODY", PASSWORD)):
            with suppress(InvalidStatus):
                async with connect(
                    f"{node.ocpp}/{identity}?password={password}",
                    subprotocols=["ocpp1.6"],
                    additional_headers=basic(identity, password),
                ):
                    pass
        order = {"action": "ChangeConfiguration", "payload": {"key": "AuthorizationKey", "value": NEXT}}
        async with connect(
            f"{node.ocpp}/CP-1", subprotocols=["ocpp1.6"], additional_headers=basic("CP-1", PASSWORD)
        ) as socket:
            charger = Wire(socket)
            await charger.boot()
            await charger.send([2, "1", "Authorize", {"idTag": 7, "password": PASSWORD}])
            await charger.receive()
            await charger.send("[3," + PASSWORD)
            sent, _ = await asyncio.gather(
                client.post("/v1/chargers/CP-1/commands", json=order, headers={"Prefer": "wait=30"}), _refuse(charger)
            )
            assert sent.json()["state"] == "CALLERROR"
    return key


async def _refuse(charger: Wire) -> None:
    while (frame := await charger.receive())[0] != 2:
        pass
    await charger.send([4, frame[1], "InternalError", f"{NEXT} is too short", {"value": NEXT}])
