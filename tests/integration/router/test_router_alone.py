"""What the router does of itself: TLS, headers that chargers may not set, limits, metrics, and its own end."""

import asyncio
import contextlib
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from router_names import Names
from router_papers import issue, tls
from router_street import SUFFIX, Router, address
from websockets.asyncio.server import serve

from voltring_core.testing import free_port

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
UPGRADE |= {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


class Mirror(BaseHTTPRequestHandler):
    """A node that answers with the headers that it got."""

    def do_GET(self) -> None:
        said = "".join(f"{name.lower()}: {value}\n" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.send_header("Retry-After", "7")
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def mirror(names: Names, ports: SimpleNamespace) -> Iterator[None]:
    """The only node, node 0."""
    here = address()
    server = ThreadingHTTPServer((here, 0), Mirror)
    ports.ocpp = ports.admin = server.server_address[1]
    names.addresses[f"street-node-0.{SUFFIX}"] = here
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield
    server.shutdown()
    server.server_close()


def heard(connection: http.client.HTTPConnection, headers: dict[str, str] | None = None) -> dict[str, str]:
    """The headers that arrive at the node."""
    try:
        connection.request("GET", "/ocpp/CP-1", headers=headers or {})
        lines = connection.getresponse().read().decode().splitlines()
    finally:
        connection.close()
    return dict(line.split(": ", 1) for line in lines)


async def test_what_only_the_router_may_say_is_taken_from_chargers(
    start_router: Callable[..., Router], mirror: None
) -> None:
    router = start_router()
    await router.sees(up=[0])
    forged = {
        "X-Voltring-Client-Subject": "CN=CP-2",
        "x-voltring-client-NAME": "CP-2",
        "X-Voltring-Anything": "1",
        "X-Forwarded-For": "10.0.0.1",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=10.0.0.1",
        "Authorization": "Basic Q1AtMTpz",
    }
    found = heard(http.client.HTTPConnection("127.0.0.1", router.port, timeout=30), forged)
    assert not [name for name in found if name.startswith("x-voltring-")]
    assert (found["x-forwarded-for"], found["x-forwarded-proto"]) == ("127.0.0.1", "http")
    assert "forwarded" not in found
    assert found["authorization"] == "Basic Q1AtMTpz"


@pytest.fixture
def papers(tmp_path: Path) -> SimpleNamespace:
    """A certificate authority, the router's certificate, a charger's, and one of another authority."""
    ca = issue(tmp_path / "ca.pem", "/O=Street/CN=Authority")
    return SimpleNamespace(
        ca=ca,
        router=issue(tmp_path / "router.pem", "/O=Street/CN=localhost", ca),
        charger=issue(tmp_path / "charger.pem", "/O=Street/CN=SN-0815", ca),
        stranger=issue(tmp_path / "stranger.pem", "/O=Elsewhere/CN=SN-0815"),
    )


@pytest.mark.parametrize("wanted", ["optional", "required"])
async def test_a_verified_client_certificate_goes_on_by_its_subject_and_a_foreign_one_ends_the_connection(
    start_router: Callable[..., Router], mirror: None, papers: SimpleNamespace, wanted: str
) -> None:
    ports = {"tlsPort": (port := free_port()), "certificate": str(papers.router)}
    router = start_router(**ports, clientCertificates=wanted, clientCa=str(papers.ca))
    await router.sees(up=[0])

    def with_tls(own: Path | None) -> dict[str, str]:
        context = tls(papers.ca, own)
        return heard(
            http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context),
            {"X-Voltring-Client-Name": "CP-2", "X-Voltring-Client-Verified": "yes"},
        )

    found = with_tls(papers.charger)
    assert found["x-voltring-client-subject"] == "CN=SN-0815,O=Street"
    assert found["x-voltring-client-name"] == "SN-0815"
    assert found["x-voltring-client-issuer"] == "CN=Authority,O=Street"
    assert len(found["x-voltring-client-sha256"]) == 64
    assert (found["x-forwarded-proto"], found["x-voltring-tls"]) == ("https", "TLSv1.3")
    assert "x-voltring-client-verified" not in found
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        with_tls(papers.stranger)
    if wanted == "optional":
        assert not [name for name in with_tls(None) if name.startswith("x-voltring-client")]
    else:
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            with_tls(None)


async def test_the_limit_of_one_address_turns_most_away_and_lets_everybody_in_by_and_by(
    start_router: Callable[..., Router], mirror: None
) -> None:
    router = start_router(connectionsPerSource=10)
    await router.sees(up=[0])

    async def knock() -> bool:
        try:
            await asyncio.to_thread(heard, http.client.HTTPConnection("127.0.0.1", router.port, timeout=30))
        except (ConnectionError, http.client.HTTPException):
            return False
        return True

    first = [await knock() for _ in range(15)]
    assert not all(first)
    waiting, tries = 5, 0
    while waiting:  # each insists, as a charger without a back-off does
        tries += 1
        waiting -= await knock()
        await asyncio.sleep(0.05)
    assert tries > 5


async def test_case_and_status_of_answers_suit_old_chargers_and_what_is_no_charger_is_answered_at_once(
    start_router: Callable[..., Router], mirror: None
) -> None:
    router = start_router()
    await router.sees(up=[0])
    asking = socket.create_connection(("127.0.0.1", router.port), 30)
    asking.sendall(b"GET /ocpp/CP-1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    said = b"".join(iter(lambda: asking.recv(4096), b""))
    asking.close()
    assert b"\r\nRetry-After: 7\r\n" in said
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        assert (await client.get(f"http://127.0.0.1:{router.port}/phpmyadmin")).status_code == 404
        assert (await client.get(f"{router.room.admin}/healthz")).status_code == 200
        metrics = (await client.get(f"{router.room.admin}/metrics")).text
    assert 'haproxy_server_status{proxy="nodes",server="node-0",state="UP"} 1' in metrics


async def test_without_a_node_chargers_are_asked_to_come_again_and_the_router_stays_ready(
    start_router: Callable[..., Router],
) -> None:
    router = start_router()
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        answer = await client.get(f"http://127.0.0.1:{router.port}/ocpp/CP-1", headers=UPGRADE)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert (await client.get(f"{router.room.admin}/readyz")).status_code == 200


async def test_a_router_that_ends_lets_its_chargers_go_one_after_the_other(
    start_router: Callable[..., Router], names: Names, ports: SimpleNamespace
) -> None:
    here = address()
    names.addresses[f"street-node-0.{SUFFIX}"] = here
    ports.admin = ports.ocpp

    async def silent(socket: Any) -> None:
        await socket.wait_closed()

    def ready(socket: Any, request: Any) -> Any:
        return socket.respond(200, "ready\n") if request.path == "/readyz" else None

    async with serve(silent, here, ports.ocpp, process_request=ready, ping_interval=None):
        router = start_router(stopSeconds=10)
        await router.sees(up=[0])
        gone: list[float] = []
        socks = [await _upgraded(router.port, number) for number in range(150)]
        waits = [asyncio.create_task(_until_closed(*one, gone)) for one in socks]
        await asyncio.sleep(1)  # pacing.py has found the router by then
        router.stop_softly()
        async with asyncio.timeout(120):
            await asyncio.gather(*waits)
            status = await asyncio.to_thread(router.process.wait, 100)
    assert status == 0
    gone.sort()
    assert gone[-1] - gone[0] > 5
    assert len({round(at) for at in gone}) >= 5


async def _upgraded(port: int, number: int) -> Any:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /ocpp/CP-{number} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
    return reader, writer


async def _until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gone: list[float]) -> None:
    with contextlib.suppress(OSError):
        await reader.read()
    gone.append(time.monotonic())
    writer.close()
