"""PostgreSQL and Valkey in a directory, for whoever needs them for a while: blocking, no event loop.

    with start_postgres(directory) as postgres, start_valkey(directory) as valkey:
        ... postgres.dsn ... valkey.url ...

Each directory is an installation of its own, so many can run at once. A server ends with the thread that
started it, however that ends. A second start in the same directory finds the data, the port and the password
of the first; it must not happen while the first one runs.
"""

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from voltring_local import lifeline, postgres, valkey
from voltring_local.children import Child
from voltring_local.errors import StartFailed
from voltring_local.probes import is_ready

START_PATIENCE = 30.0
GLANCE = 0.02
BREATH = 0.5


@dataclass
class Server:
    """A running server; leaving its `with` block stops it."""

    child: Child
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        """End it cleanly; hard, if that takes longer than it may. No harm when it has ended already."""
        if self.process.poll() is None:
            self.process.send_signal(self.child.stop_signal)
        try:
            self.process.wait(self.child.stop_within)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL: what a crash does. Returns when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


@dataclass
class PostgresServer(Server):
    """A running PostgreSQL; `dsn` names an empty database at the first start."""

    dsn: str


@dataclass
class ValkeyServer(Server):
    """A running Valkey."""

    url: str


def start_postgres(data_dir: Path, *, fsync: bool = True) -> PostgresServer:
    """Start PostgreSQL in `data_dir`; return when it takes connections. Raises StartFailed with a sentence.

    `fsync=False` is quicker and good enough for tests that pull no plug.
    """
    server = postgres.prepare(_made(data_dir), fsync)
    child = server.child()
    return PostgresServer(child, start(child), server.dsn)


def start_valkey(data_dir: Path) -> ValkeyServer:
    """Start Valkey in `data_dir` and return when it answers. Raises StartFailed with a sentence."""
    server = valkey.prepare(_made(data_dir))
    child = server.child()
    return ValkeyServer(child, start(child), server.url)


def start(child: Child) -> subprocess.Popen[bytes]:
    """Start any child and return when it is ready. Raises StartFailed when it ends too often or takes too long."""
    for pause in range(1, child.tries):
        with contextlib.suppress(StartFailed):
            return _start(child)
        time.sleep(pause * BREATH)
    return _start(child)


def _start(child: Child) -> subprocess.Popen[bytes]:
    with lifeline.log_of(child) as log:
        launch = lifeline.launch(child, log)
        process = subprocess.Popen(launch.argv, **launch.options)  # noqa: S603
    try:
        _wait(child, process)
    except BaseException:
        process.kill()
        process.wait()
        raise
    return process


def _wait(child: Child, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_PATIENCE
    while not is_ready(child.ready, process.pid):
        if process.poll() is not None:
            why = lifeline.last_line(child.log)
            raise StartFailed(f"{child.name} ended at its start ({why}); see {child.log}")
        if time.monotonic() > deadline:
            raise StartFailed(f"{child.name} is not ready after {START_PATIENCE:.0f} s; see {child.log}")
        time.sleep(GLANCE)


def _made(data_dir: Path) -> Path:
    data_dir = data_dir.resolve()
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    return data_dir
