"""Tests of the dashboard in Debian's Chromium, against a whole running Voltring."""

import asyncio
import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from playwright.async_api import Browser, Page, async_playwright, expect

READY_WITHIN_S = 180
STOPPED_WITHIN_S = 90
SOON_MS = 30_000
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True)
class Stack:
    """Where a running Voltring answers, the admin token, the launcher's process id, and its PostgreSQL."""

    api: str
    ocpp: str
    token: str
    pid: int
    postgres: str

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """What the REST API answers an admin."""
        async with httpx.AsyncClient(base_url=self.api, headers={"Authorization": f"Bearer {self.token}"}) as client:
            answer = await client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one the test is skipped."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium here: install Debian's package chromium, or name one in CHROMIUM")
    return found


@pytest.fixture(scope="session")
def start_stack(chromium: str) -> Callable[[Path], contextlib.AbstractContextManager[Stack]]:
    """Starts another one in a folder, for as long as the context lasts."""
    return _up


@pytest.fixture(scope="session")
def stack(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`voltring up` without chargers, on free ports and fresh data."""
    with _up(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture(scope="module")
def guarded_stack(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Another one, which holds chargers that it does not know."""
    with _up(tmp_path_factory.mktemp("guarded"), VOLTRING_UNKNOWN_CHARGERS="quarantine") as running:
        yield running


@contextlib.contextmanager
def _up(folder: Path, **settings: str) -> Iterator[Stack]:
    ready = folder / "ready.json"
    command = [sys.executable, "-m", "voltring_core", "up", "--chargers", "0", "--ocpp-port", "0", "--api-port", "0"]
    command += ["--data-dir", str(folder / "data"), "--ready-file", str(ready)]
    with (folder / "up.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=os.environ | settings
        )
    try:
        told = _wait_for(ready, process, folder / "up.log")
        yield Stack(told["api"].rstrip("/"), told["ocpp"].rstrip("/"), told["token"], process.pid, told["postgres"])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOPPED_WITHIN_S)


def _wait_for(ready: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, Any]:
    end = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            return dict(json.loads(ready.read_text()))
        time.sleep(0.1)
    raise AssertionError(f"voltring up did not get ready:\n{log.read_text()[-4000:]}")


@dataclass
class Watched:
    """A page, what it asked of other origins, and what it complained about."""

    page: Page
    origin: str
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self._note(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))

    def _note(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/", "data:")):
            self.outside.append(url)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """One Chromium for a module; tests take a context or a page of their own."""
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def dashboard(browser: Browser, stack: Stack) -> Watched:
    """An empty page that may only talk to the stack."""
    context = await browser.new_context(viewport={"width": 1360, "height": 900}, locale="en-GB")
    return Watched(await context.new_page(), stack.api)


@pytest.fixture
def watch() -> type[Watched]:
    """`watch(page, origin)`: notes what the page asks of others and complains about."""
    return Watched


class OneSocket(ChargePoint):  # type: ignore[misc]
    """A charger with one socket, in the words of PyPI `ocpp`: it starts and stops when it is told to."""

    transaction: int | None = None
    meter_wh = 1_000_000.0
    wanted: str | None = None
    socket: websockets.ClientConnection

    @on("RemoteStartTransaction")
    def on_start(self, id_tag: str, **_: Any) -> call_result.RemoteStartTransaction:
        """Take the start; `live` carries it out."""
        self.wanted = id_tag
        return call_result.RemoteStartTransaction(status="Accepted")

    @on("RemoteStopTransaction")
    def on_stop(self, transaction_id: int) -> call_result.RemoteStopTransaction:
        """Take the stop of the running transaction only."""
        mine = transaction_id == self.transaction
        self.wanted = None if mine else self.wanted
        return call_result.RemoteStopTransaction(status="Accepted" if mine else "Rejected")

    @on("UnlockConnector")
    def on_unlock(self, connector_id: int) -> call_result.UnlockConnector:
        """A socket without a lock."""
        return call_result.UnlockConnector(status="NotSupported")

    async def live(self) -> None:
        """Boot until it is accepted, then do what was asked, a fifth of a second at a time."""
        accepted = False
        while True:
            if not accepted:
                accepted = await self._boot()
            elif self.wanted and self.transaction is None:
                await self._begin(self.wanted)
            elif self.transaction is not None and not self.wanted:
                await self._end()
            elif self.transaction is not None:
                await self._meter()
            await asyncio.sleep(0.2)

    async def _boot(self) -> bool:
        answer = await self.call(
            call.BootNotification(charge_point_model="One Socket", charge_point_vendor="Test & <b>Sons</b>")
        )
        if answer.status != "Accepted":
            return False
        await self._status("Available")
        return True

    async def _begin(self, id_tag: str) -> None:
        answer = await self.call(
            call.StartTransaction(connector_id=1, id_tag=id_tag, meter_start=int(self.meter_wh), timestamp=_now())
        )
        self.transaction = answer.transaction_id
        await self._status("Charging")

    async def _meter(self) -> None:
        self.meter_wh += 25
        values = [
            {"value": f"{self.meter_wh:.0f}", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
            {"value": "11000", "measurand": "Power.Active.Import", "unit": "W"},
            {"value": "41", "measurand": "SoC", "unit": "Percent"},
        ]
        sample = {"timestamp": _now(), "sampledValue": values}
        await self.call(call.MeterValues(connector_id=1, transaction_id=self.transaction, meter_value=[sample]))

    async def _end(self) -> None:
        await self.call(
            call.StopTransaction(
                meter_stop=int(self.meter_wh), timestamp=_now(), transaction_id=self.transaction, reason="Remote"
            )
        )
        self.transaction = None
        await self._status("Available")

    async def _status(self, status: str) -> None:
        await self.call(call.StatusNotification(connector_id=1, error_code="NoError", status=status))


@contextlib.asynccontextmanager
async def charger(stack: Stack, charger_id: str, secret: str | None = None) -> AsyncIterator[OneSocket]:
    """A charger that is connected for the length of the block."""
    basic = base64.b64encode(f"{charger_id}:{secret}".encode()).decode()
    headers = {"Authorization": f"Basic {basic}"} if secret else {}
    address = f"{stack.ocpp}/{charger_id}"
    async with websockets.connect(address, subprotocols=["ocpp1.6"], additional_headers=headers) as socket:
        one = OneSocket(charger_id, socket)
        one.socket = socket
        running = [
            asyncio.create_task(one.start(), name="charger reads"),
            asyncio.create_task(one.live(), name="charger lives"),
        ]
        try:
            yield one
        finally:
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.fixture
def connected(stack: Stack) -> Any:
    """`connected(id, secret=None)`: a charger that is connected for the length of an `async with`."""
    return lambda charger_id, secret=None: charger(stack, charger_id, secret)


@pytest.fixture
def guest(guarded_stack: Stack) -> Any:
    """`guest(id, secret=None)`: the same, at the guarded stack."""
    return lambda charger_id, secret=None: charger(guarded_stack, charger_id, secret)


@pytest.fixture
def house(stack: Stack) -> Stack:
    """Whose pages `signed_in` opens; a module may have its own."""
    return stack


@pytest_asyncio.fixture(loop_scope="module")
async def signed_in(browser: Browser, house: Stack, watch: Any) -> AsyncIterator[Any]:
    """`signed_in(address, key?, **context)`: a watched page at that address; closed after the test."""
    expect.set_options(timeout=SOON_MS)
    contexts = []

    async def come(address: str = "", key: str | None = None, **how: Any) -> Any:
        usual = {"viewport": {"width": 1360, "height": 900}, "locale": "en-GB"}
        contexts.append(await browser.new_context(**usual | how))
        page = await contexts[-1].new_page()
        page.set_default_timeout(SOON_MS)
        watched = watch(page, house.api)
        await page.goto(f"{house.api}/#token={key or house.token}")
        await expect(page.get_by_role("heading", name="Fleet")).to_be_visible()
        await page.goto(f"{house.api}/#/{address}")
        return watched

    yield come
    for context in contexts:
        await context.close()
