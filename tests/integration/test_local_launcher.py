"""`voltring up` as a process: real servers, and stand-ins for the rooms (`local_standin.py`)."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from voltring_local.ports import free_ports
from voltring_local.servers import start_postgres, start_valkey

STANDIN = Path(__file__).with_name("local_standin.py")
SECONDS = 90.0
ON_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)


class Launcher:
    """A running `voltring up` in `directory`."""

    def __init__(self, directory: Path, terminal: int | None = None, **options: Any) -> None:
        self.data_dir = directory / "data"
        self.ready_file = directory / "ready.json"
        self.log = directory / "console.log"
        self.options = {"data_dir": str(self.data_dir), "ready_file": str(self.ready_file), **options}
        words = [sys.executable, str(STANDIN), json.dumps(self.options)]
        where: dict[str, Any]
        self.process: subprocess.Popen[bytes]
        with self.log.open("w") as log:
            if terminal is None:
                where = {"stdout": log, "stderr": log}
            else:
                words = [sys.executable, "-c", ON_A_TERMINAL, *words]
                where = {"stdin": terminal, "stdout": terminal, "stderr": log}
            self.process = subprocess.Popen(words, **where, cwd=directory, start_new_session=True)

    @property
    def ready(self) -> dict[str, Any]:
        _until(lambda: self.ready_file.exists() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()
        ready = json.loads(self.ready_file.read_text())
        assert isinstance(ready, dict)
        return ready

    @property
    def said(self) -> str:
        return self.log.read_text()

    def pid(self, name: str) -> int:
        """The server's pid as it writes it down itself."""
        files = {"postgres": "postgres/postmaster.pid", "valkey": "valkey/valkey.pid"}
        return int((self.data_dir / files[name]).read_text().split()[0])

    def children(self) -> list[int]:
        """Every process below the launcher, however deep."""
        return _below(self.process.pid)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(SECONDS)


@contextmanager
def _launch(directory: Path, **options: Any) -> Iterator[Launcher]:
    ocpp_port, api_port = free_ports(2)
    launcher = Launcher(directory, **{"ocpp_port": ocpp_port, "api_port": api_port, **options})
    try:
        yield launcher
    finally:
        launcher.process.kill()
        launcher.process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything_in_order_and_nothing_is_left(tmp_path: Path, number: signal.Signals) -> None:
    with _launch(tmp_path) as launcher:
        assert launcher.ready["nodes"]
        children = launcher.children()
        began = time.monotonic()
        assert launcher.stop(number) == 0
        assert time.monotonic() - began < 10
        assert not [pid for pid in children if _runs(pid)]
        assert not launcher.ready_file.exists()
        assert "database system is shut down" in (launcher.data_dir / "logs" / "postgres.log").read_text()


@pytest.mark.parametrize("follow", ["kernel", "pipe"])
def test_kill_9_of_the_launcher_leaves_no_child_and_the_next_start_recovers(
    follow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOLTRING_FOLLOW", follow)
    with _launch(tmp_path) as launcher:
        before = launcher.ready
        children = launcher.children()
        assert len(children) >= 7
        launcher.process.kill()
        launcher.process.wait()
    # Started at once, as an impatient user does, on the same ports.
    launcher.ready_file.unlink()
    ports = {name: launcher.options[name] for name in ("ocpp_port", "api_port")}
    with _launch(tmp_path, **ports) as again:
        after = again.ready
        assert not [pid for pid in children if _runs(pid)]
        assert {key: after[key] for key in ("token", "postgres")} == {key: before[key] for key in ("token", "postgres")}
        again.stop()


def test_a_second_start_on_the_same_data_directory_says_so_and_leaves_the_first_alone(tmp_path: Path) -> None:
    with _launch(tmp_path) as first:
        ready, children = first.ready, first.children()
        other = tmp_path / "other"
        other.mkdir()
        with _launch(other, data_dir=str(first.data_dir), ready_file=str(first.ready_file)) as second:
            assert second.process.wait(SECONDS) == 1
            assert second.said.splitlines() == [
                f"voltring: `voltring up` already runs on {first.data_dir} (process {first.process.pid}): "
                "stop it first, or choose another --data-dir"
            ]
        assert first.children() == children
        assert first.ready == ready
        first.stop()


@pytest.mark.parametrize("option", ["ocpp_port", "api_port"])
def test_a_busy_port_is_named_before_anything_is_started(option: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with _launch(tmp_path, **{option: port}) as launcher:
            assert launcher.process.wait(SECONDS) == 1
            assert launcher.said.splitlines() == [
                f"voltring: port {port} on 127.0.0.1 is taken by another program: "
                f"choose another one with --{option.replace('_', '-')}"
            ]


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_server_is_back_on_its_address_and_the_console_says_so(server: str, tmp_path: Path) -> None:
    with _launch(tmp_path) as launcher:
        ready = launcher.ready
        before = launcher.pid(server)
        os.kill(before, signal.SIGKILL)
        _until(lambda: f"{server} was ended by SIGKILL; it is started again" in launcher.said)
        port = int(ready["postgres" if server == "postgres" else "redis"].rpartition(":")[2].split("/")[0])
        _until(lambda: _listens(port))
        _until(lambda: launcher.pid(server) != before)
        assert launcher.ready == ready
        launcher.stop()


def test_a_killed_node_comes_back_under_its_name_and_the_ready_file_knows(tmp_path: Path) -> None:
    with _launch(tmp_path, nodes=3) as launcher:
        victim = launcher.ready["nodes"][1]
        os.kill(victim["pid"], signal.SIGKILL)
        _until(lambda: launcher.ready["nodes"][1]["pid"] != victim["pid"])
        assert launcher.ready["nodes"][1] == {**victim, "pid": launcher.ready["nodes"][1]["pid"]}
        assert _settings(victim["metrics"])["VOLTRING_NODE_NAME"] == "node-1"
        launcher.stop()


def test_without_a_balancing_kernel_the_nodes_inherit_a_listening_socket(tmp_path: Path) -> None:
    with _launch(tmp_path, balanced_by_kernel=False) as launcher:
        for node in launcher.ready["nodes"]:
            number = _settings(node["metrics"])["VOLTRING_OCPP_LISTEN_FD"]
            assert Path(f"/proc/{node['pid']}/fd/{number}").readlink().name.startswith("socket:")
        launcher.stop()


def test_other_servers_take_the_place_of_the_embedded_ones(tmp_path: Path) -> None:
    with start_postgres(tmp_path / "pg", fsync=False) as postgres, start_valkey(tmp_path / "valkey") as valkey:
        with _launch(tmp_path, postgres_dsn=postgres.dsn, redis_url=valkey.url) as launcher:
            ready = launcher.ready
            assert (ready["postgres"], ready["redis"]) == (postgres.dsn, valkey.url)
            assert _settings(ready["nodes"][0]["metrics"])["VOLTRING_POSTGRES_DSN"] == postgres.dsn
            assert not (launcher.data_dir / "postgres").exists()
            launcher.stop()
        assert postgres.process.poll() is None


def test_a_redis_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with _launch(tmp_path, redis_url=f"redis://127.0.0.1:{free_ports(1)[0]}/0") as launcher:
        assert launcher.process.wait(SECONDS) == 1
        assert "voltring: Redis (VOLTRING_REDIS_URL) can't be used: " in launcher.said
        assert launcher.children() == []


def test_a_closed_terminal_stops_everything(tmp_path: Path) -> None:
    ours, its = os.openpty()
    with _launch(tmp_path, terminal=its) as launcher:
        os.close(its)
        assert launcher.ready
        children = launcher.children()
        os.close(ours)
        assert launcher.process.wait(SECONDS) == 0
        assert not [pid for pid in children if _runs(pid)]


def test_a_stop_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    with _launch(tmp_path) as launcher:
        _until(lambda: len(launcher.children()) > 0)
        children = launcher.children()
        assert launcher.stop() == 0
        assert not [pid for pid in children if _runs(pid)]


def test_every_process_writes_a_log_of_its_own(tmp_path: Path) -> None:
    with _launch(tmp_path) as launcher:
        assert launcher.ready
        logs = {path.stem for path in (launcher.data_dir / "logs").iterdir()}
        assert logs >= {"postgres", "valkey", "migrate", "api", "worker", "node-0", "node-1", "chargers"}
        launcher.stop()


def _settings(metrics_url: str) -> dict[str, str]:
    connection = http.client.HTTPConnection(metrics_url.split("/")[2], timeout=5)
    connection.request("GET", "/env")
    settings = json.loads(connection.getresponse().read())
    connection.close()
    assert isinstance(settings, dict)
    return settings


def _below(pid: int) -> list[int]:
    try:
        own = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [int(child) for child in own] + [deeper for child in own for deeper in _below(int(child))]


def _runs(pid: int) -> bool:
    """Whether it still works: what nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _until(condition: Callable[[], object], seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
