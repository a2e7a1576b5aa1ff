"""The peers of `round_trip.py`: OCPP libraries that validate, answer and store nothing. Each is a process on a port."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
NAMES = ("ocpp", "ocpp-uvloop", "ocpp-rpc")
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Peer:
    """`command` gets the port as its last word and runs in `folder`."""

    name: str
    command: Sequence[str]
    folder: Path
    says: str
    """What it is, with its version."""

    @contextmanager
    def serve(self, port: int) -> Iterator[int]:
        """Run it; its pid. Raises TimeoutError when it does not listen."""
        with subprocess.Popen([*self.command, str(port)], cwd=self.folder) as process:
            try:
                _wait_for(port)
                yield process.pid
            finally:
                process.kill()


def gathered(names: Sequence[str], folder: Path) -> list[Peer]:
    """Those that can be had on this machine; one sentence for each that can't."""
    found = []
    for name in names:
        peer = _node_peer(folder) if name == "ocpp-rpc" else _python_peer(name)
        if peer is None:
            print(f"{name} is left out: it needs node and npm, and npm's packages", flush=True)
        else:
            found.append(peer)
    return found


def _python_peer(name: str) -> Peer:
    words = [sys.executable, str(HERE / "peer.py"), *(["--uvloop"] if name == "ocpp-uvloop" else [])]
    loop = "uvloop" if name == "ocpp-uvloop" else "asyncio"
    return Peer(name, words, HERE, f"PyPI ocpp's ChargePoint on websockets and {loop}")


def _node_peer(folder: Path) -> Peer | None:
    """Installed for this run, into a folder of its own."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        return None
    place = folder / "ocpp-rpc"
    place.mkdir()
    words = [
        npm,
        "install",
        "--silent",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--prefix",
        str(place),
        "ocpp-rpc",
    ]
    if subprocess.run(words, check=False, capture_output=True).returncode != 0:
        return None
    version = subprocess.run([node, "--version"], check=True, capture_output=True, text=True).stdout.strip()
    script = shutil.copy(HERE / "peer_rpc.mjs", place)
    return Peer("ocpp-rpc", [node, str(script)], place, f"npm ocpp-rpc on Node.js {version}, strict mode")


def _wait_for(port: int) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if time.monotonic() > until:
            raise TimeoutError("the peer does not listen")
        time.sleep(0.05)
