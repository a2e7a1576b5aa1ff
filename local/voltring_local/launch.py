"""The launcher at work: start in stages, announce, watch, stop. `up.py` holds directory and ports."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Coroutine

from voltring_local import demo, prometheus
from voltring_local.backing import Backing
from voltring_local.children import Child
from voltring_local.console import Talk
from voltring_local.credentials import keep_token
from voltring_local.errors import StartFailed
from voltring_local.keeper import Observer
from voltring_local.options import Options
from voltring_local.plan import CHARGER_PREFIX, ID_TOKEN_PREFIX, Addresses, Planner, admin_names
from voltring_local.ports import free_ports
from voltring_local.report import Report, table, write_ready_file
from voltring_local.supervisor import Supervisor

CHARGERS_PATIENCE = 5.0
"""Seconds that the announcement waits for the chargers; thousands of them come later."""
GLANCE = 0.2


class Launch(Observer):
    """One run of `voltring up`."""

    def __init__(self, options: Options, listen_fd: int | None, talk: Talk, planner: Planner) -> None:
        self._planner = planner
        self._options = options
        self._listen_fd = listen_fd
        self._talk = talk
        self._backing = Backing(options)
        self._pids: dict[str, int] = {}
        self._announced: Addresses | None = None

    async def run(self) -> None:
        """Run until told to stop. Raises StartFailed; whatever happens, no child is left."""
        began = time.monotonic()
        stop = asyncio.Event()
        async with Supervisor(self) as supervisor:
            _heed_signals(stop, supervisor.hard)
            if at := await _unless(stop, self._start(supervisor)):
                self._announce(at, time.monotonic() - began)
                await stop.wait()
            await self._stop(supervisor)

    def before(self, child: Child) -> None:
        """Clear up after a server that was killed."""
        self._backing.clear(child.name)

    async def ended(self, child: Child, how: str) -> None:
        """Say it, and do for a killed node what it could not do itself."""
        self._talk.say(f"{child.name} {how}; it is started again (log: {child.log})")
        if child.kind == "node":
            await self._backing.forget(child.name)

    def ready(self, child: Child, pid: int) -> None:
        """Keep the ready file true: a node that was started again has another pid."""
        self._pids[child.name] = pid
        if self._announced and child.kind == "node":
            with contextlib.suppress(StartFailed):
                self._write_ready_file(self._announced)

    async def _start(self, supervisor: Supervisor) -> Addresses:
        options = self._options
        with self._talk.step(self._backing.title):
            await supervisor.start(await self._backing.prepare())
        at = self._addresses()
        made = self._planner(options, at)
        with self._talk.step("database schema"):
            await asyncio.gather(supervisor.start([made.migrate]), self._backing.forget_all())
        with self._talk.step(f"API, worker, {_count(options.nodes, 'OCPP node')}"):
            await supervisor.start(made.rooms)
        if made.prometheus:
            with self._talk.step("Prometheus"):
                prometheus.prepare(prometheus.Files.of(options.data_dir), at.admin_ports)
                await supervisor.start([made.prometheus])
        if made.chargers:
            with self._talk.step(_count(options.chargers, "simulated charger")):
                await self._start_chargers(supervisor, made.chargers, at)
        elif options.chargers:
            self._talk.say("  no simulated chargers: only registered ones may connect")
        return at

    async def _start_chargers(self, supervisor: Supervisor, chargers: Child, at: Addresses) -> None:
        api = demo.Api(self._options.reachable_host, self._options.api_port, at.token)
        await asyncio.to_thread(demo.put_cards, api, ID_TOKEN_PREFIX)
        if self._options.plays_prices:
            await asyncio.to_thread(demo.put_prices, api)
        await supervisor.start([chargers])
        deadline = time.monotonic() + CHARGERS_PATIENCE
        while time.monotonic() < deadline:
            if await asyncio.to_thread(demo.count_online, api) >= self._options.chargers:
                break
            await asyncio.sleep(GLANCE)
        if self._options.plays_prices:
            await asyncio.to_thread(demo.place_chargers, api, CHARGER_PREFIX)

    def _addresses(self) -> Addresses:
        options = self._options
        names = admin_names(options)
        taken = frozenset({options.ocpp_port, options.api_port, options.prometheus_port})
        ports = free_ports(len(names), avoid=taken)
        return Addresses(
            postgres_dsn=self._backing.postgres_dsn,
            redis_url=self._backing.redis_url,
            token=keep_token(options.data_dir / "token"),
            admin_ports=dict(zip(names, ports, strict=True)),
            listen_fd=self._listen_fd,
        )

    def _announce(self, at: Addresses, seconds: float) -> None:
        self._announced = at
        self._talk.say(f"Ready in {seconds:.1f} s. Ctrl-C stops everything; the data stay.\n")
        self._talk.show(table(Report(self._options, at, self._pids).rows()))
        self._talk.say("")
        self._write_ready_file(at)

    def _write_ready_file(self, at: Addresses) -> None:
        if self._options.ready_file:
            write_ready_file(self._options.ready_file, Report(self._options, at, self._pids))

    async def _stop(self, supervisor: Supervisor) -> None:
        self._announced = None
        if self._options.ready_file:
            self._options.ready_file.unlink(missing_ok=True)
        with self._talk.step("stopped everything"):
            await supervisor.stop()


async def _unless(stop: asyncio.Event, start: Coroutine[None, None, Addresses]) -> Addresses | None:
    """The outcome of `start`; None when `stop` is set before it is through."""
    starting = asyncio.create_task(start, name="start")
    stopping = asyncio.create_task(stop.wait(), name="wait for a signal")
    try:
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        return starting.result() if starting.done() else None
    finally:
        starting.cancel()
        stopping.cancel()
        await asyncio.gather(starting, stopping, return_exceptions=True)


def _heed_signals(stop: asyncio.Event, hard: asyncio.Event) -> None:
    """The first signal stops in order; Ctrl-C after that, at once."""

    def interrupted() -> None:
        if stop.is_set():
            hard.set()
        stop.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, interrupted)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        # nohup's wish to stay when the terminal goes is heeded.
        loop.add_signal_handler(signal.SIGHUP, stop.set)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
