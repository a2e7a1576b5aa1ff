"""The real router on loopback: HAProxy as a process by the chart's form, a name server, and nodes at 127.1.0.x."""

import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from router_form import PACING, VALUES, rendered
from router_names import Names

from voltring_core.testing import Room, eventually, free_port

HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin")
WHY_NOT = "HAProxy is not installed: apt-get install haproxy"
SUFFIX = "street-node.test.svc.cluster.local"
STATES = {"UP": "up", "NOLB": "draining", "DRAIN": "draining"}
STOP_S = int(VALUES["stopSeconds"])
STARTS_S = 60.0
SEES_S = 60.0
ADDRESSES = count(1)


def address() -> str:
    """An address of loopback that no other node of this run has had."""
    number = next(ADDRESSES)
    return f"127.1.{number // 250}.{1 + number % 250}"


class Router:
    """One replica. For `drain_fleet` it is a node: `name`, `ocpp`, `room.admin`."""

    def __init__(self, directory: Path, names: Names, *, name: str = "router", **values: Any) -> None:
        assert HAPROXY, WHY_NOT
        self.name = name
        self.port, metrics = free_port(), free_port()
        self._socket = directory / f"{name}.sock"
        given = {"plainPort": self.port, "metricsPort": metrics, "runtimeSocket": str(self._socket)}
        self.config = directory / f"{name}.cfg"
        self.config.write_text(rendered(nameserver=names.address, **given | values), encoding="utf-8")
        self.log = directory / f"{name}.log"
        self.ocpp = f"ws://127.0.0.1:{self.port}/ocpp"
        self.room = SimpleNamespace(admin=f"http://127.0.0.1:{metrics}")
        with self.log.open("ab") as output:
            command = [HAPROXY, "-db", "-f", str(self.config)]
            self.process = subprocess.Popen(command, stdout=output, stderr=output)
            pacing = [sys.executable, str(PACING), str(self._socket), str(values.get("stopSeconds", STOP_S))]
            self._pacing = subprocess.Popen(pacing, stdout=output, stderr=output)

    def ask(self, line: str) -> str:
        """What the runtime socket answers."""
        with socket.socket(socket.AF_UNIX) as asking:
            asking.settimeout(30)
            asking.connect(str(self._socket))
            asking.sendall(f"{line}\n".encode())
            return b"".join(iter(lambda: asking.recv(65536), b"")).decode()

    def states(self) -> dict[int, str]:
        """`up`, `draining` or `down` by ordinal, as this replica sees it."""
        assert self.process.poll() is None, self.log.read_text()[-2000:]
        try:
            table = [line.split(",") for line in self.ask("show stat nodes 4 -1").splitlines()]
        except OSError:  # not there yet
            return {}
        lines = {line[1]: line[17] for line in table if line[0] == "nodes"}
        return {int(server[5:]): STATES.get(state.split()[0], "down") for server, state in lines.items()}

    async def sees(self, *, up: Iterable[int], draining: Iterable[int] = ()) -> None:
        """Wait until it knows just these to be up, and these to drain."""
        wanted = dict.fromkeys(up, "up") | dict.fromkeys(draining, "draining")

        async def look() -> bool:
            return {node: state for node, state in self.states().items() if state != "down"} == wanted

        try:
            await eventually(look, SEES_S)
        except AssertionError:
            raise AssertionError(f"{self.name} sees {self.states()}, not {wanted}") from None

    def stop_softly(self) -> None:
        """As Kubernetes ends it: both containers are told at once."""
        self._pacing.send_signal(signal.SIGTERM)
        self.process.send_signal(signal.SIGUSR1)

    def kill(self) -> None:
        """At once."""
        for one in (self.process, self._pacing):
            one.kill()
            one.wait()


class Pod(Room):
    """A node at an address of its own, by whose name the router finds it."""

    def __init__(self, ordinal: int, settings: dict[str, str], directory: Path, names: Names, ports: Any) -> None:
        self.ordinal, self.name = ordinal, f"street-node-{ordinal}"
        self.address = address()
        own = {"NODE_NAME": self.name, "OCPP_HOST": self.address, "ADMIN_HOST": self.address}
        own |= {"OCPP_PORT": str(ports.ocpp), "ADMIN_PORT": str(ports.admin), "ADMIN_URL": f"http://{self.address}:1"}
        super().__init__("node", settings | own, directory / f"{self.name}-{self.address}.log")
        self.admin = f"http://{self.address}:{ports.admin}"
        self.room = self
        names.addresses[f"{self.name}.{SUFFIX}"] = self.address


class Doubles:
    """Nodes that only say their ordinal, all of them one HAProxy: for what is asked of the router alone."""

    def __init__(self, directory: Path, names: Names, size: int, port: int) -> None:
        assert HAPROXY, WHY_NOT
        lines = [
            "defaults",
            "    mode http",
            "    timeout client 1h",
            "    timeout server 1h",
            "    timeout connect 5s",
        ]
        for ordinal in range(size):
            names.addresses[f"street-node-{ordinal}.{SUFFIX}"] = (here := address())
            said = f"http-request return status 200 content-type text/plain string {ordinal}"
            lines += [f"frontend node-{ordinal}", f"    bind {here}:{port}", f"    {said}"]
        config = directory / "doubles.cfg"
        config.write_text("\n".join([*lines, ""]), encoding="utf-8")
        self.process = subprocess.Popen([HAPROXY, "-db", "-f", str(config)], stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        """At once."""
        self.process.kill()
        self.process.wait()


def wait_listening(port: int, host: str = "127.0.0.1") -> None:
    """Return when somebody does."""
    deadline = time.monotonic() + STARTS_S
    while True:
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            assert time.monotonic() < deadline, f"nobody listens at {host}:{port}"
            time.sleep(0.05)
        else:
            return


ORDINAL = re.compile(r"street-node-(\d+)\.")


async def places(database: Any, charger_ids: Iterable[str]) -> dict[str, int]:
    """At which node each of these is connected, as PostgreSQL has it; who is connected nowhere is left out."""
    rows = await database.fetch(
        "SELECT charger_id, node_uid FROM charger_connection "
        "WHERE disconnected_at IS NULL AND charger_id = ANY($1::text[])",
        list(charger_ids),
    )
    found = ((row["charger_id"], ORDINAL.match(row["node_uid"])) for row in rows)
    return {charger_id: int(match[1]) for charger_id, match in found if match}
