"""Security profiles 2 and 3 through a real router: who it says a charger is, and what a node makes of it."""

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
from drain_fleet import MOVED_WITHIN
from router_papers import issue, tls
from router_street import Pod, Router
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from voltring_core.domain.secrets import digest
from voltring_core.testing import Wire, free_port

SECRET = "correct horse 16"
ROUTER, ELSEWHERE = "127.0.0.1", "127.0.0.77"


def with_secret(charger: str) -> dict[str, Any]:
    """Options of a charger that shows its secret."""
    told = b64encode(f"{charger}:{SECRET}".encode()).decode()
    return {"additional_headers": {"Authorization": f"Basic {told}"}}


async def knock(url: str, charger: str, **options: Any) -> int:
    """The status that a handshake ends with; 101 for one that boots."""
    try:
        async with connect(
            f"{url}/{charger}",
            subprotocols=["ocpp1.6"],  # type: ignore[list-item]
            proxy=None,
            open_timeout=MOVED_WITHIN,
            **options,
        ) as socket:
            assert (await Wire(socket).boot())[2]["status"] == "Accepted"
    except InvalidStatus as refused:
        return refused.response.status_code
    return 101


async def address_of(database: asyncpg.Connection, charger: str) -> str:
    """Where it was last, as operators are shown."""
    return str(await database.fetchval("SELECT remote_address FROM charger_connection WHERE charger_id = $1", charger))


async def test_a_charger_with_a_certificate_gets_in_by_its_own_one_through_the_router_alone(
    start_router: Callable[..., Router],
    start_pod: Callable[..., Pod],
    ports: SimpleNamespace,
    database: asyncpg.Connection,
    tmp_path: Path,
) -> None:
    rows = [("CP-1", 3, None), ("CP-2", 3, "SN-0815"), ("CP-3", 2, None), ("CP-4", None, None)]
    await database.executemany(
        "INSERT INTO chargers (id, security_profile, certificate_name, secret_hash) VALUES ($1, $2, $3, $4)",
        [(*row, digest(SECRET)) for row in rows],
    )
    ca = issue(tmp_path / "ca.pem", "/O=Street/CN=Authority")
    first = issue(tmp_path / "first.pem", "/O=Street/CN=CP-1", ca)
    second = issue(tmp_path / "second.pem", "/O=Street/CN=SN-0815", ca)
    own = {"tlsPort": (port := free_port()), "certificate": str(issue(tmp_path / "r.pem", "/CN=localhost", ca))}
    pod = start_pod(0, UNKNOWN_CHARGERS="reject", TRUSTED_PROXIES=f"{ROUTER}/32")
    router = start_router(**own, clientCertificates="optional", clientCa=str(ca))
    await router.sees(up=[0])
    secure, plain = f"wss://localhost:{port}/ocpp", router.ocpp
    direct = f"ws://{pod.address}:{ports.ocpp}/ocpp"

    assert await knock(secure, "CP-1", ssl=tls(ca, first), local_addr=(ELSEWHERE, 0)) == 101
    assert await address_of(database, "CP-1") == ELSEWHERE, "the charger's own, not the router's"
    assert await knock(secure, "CP-2", ssl=tls(ca, second)) == 101

    assert await knock(secure, "CP-1", ssl=tls(ca, second)) == 401, "another charger's certificate"
    assert await knock(secure, "CP-2", ssl=tls(ca, first)) == 401
    assert await knock(secure, "CP-1", ssl=tls(ca), **with_secret("CP-1")) == 401, "no certificate"
    assert await knock(plain, "CP-1", **with_secret("CP-1")) == 401
    assert await knock(secure, "CP-3", ssl=tls(ca), **with_secret("CP-3")) == 101
    assert await knock(plain, "CP-3", **with_secret("CP-3")) == 401, "profile 2 wants TLS"
    assert await knock(secure, "CP-3", ssl=tls(ca, first)) == 401, "and its secret"
    assert await knock(plain, "CP-4", **with_secret("CP-4")) == 101
    forged = {"X-Voltring-Client-Name": "CP-1", "X-Forwarded-Proto": "https", "X-Forwarded-For": "192.0.2.9"}
    assert await knock(plain, "CP-1", additional_headers=forged) == 401, "the router takes it away"
    assert await knock(direct, "CP-1", additional_headers=forged, local_addr=(ELSEWHERE, 0)) == 401, "nobody's word"
    secret = with_secret("CP-4")["additional_headers"] | forged
    assert await knock(direct, "CP-4", additional_headers=secret, local_addr=(ELSEWHERE, 0)) == 101
    assert await address_of(database, "CP-4") == ELSEWHERE
