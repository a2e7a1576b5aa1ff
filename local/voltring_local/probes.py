"""How one sees that a child is ready: a value per way, and one function that looks once, without waiting."""

import contextlib
import http.client
import socket
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 1.0
POSTMASTER_STATUS_LINE = 7


@dataclass(frozen=True)
class Runs:
    """Ready as soon as it runs."""


@dataclass(frozen=True)
class Ends:
    """A step, not a service: ready when it has ended with status 0."""


@dataclass(frozen=True)
class Answers:
    """Ready when an HTTP GET answers 200."""

    host: str
    port: int
    path: str = "/readyz"


@dataclass(frozen=True)
class PostmasterReady:
    """Ready when PostgreSQL says so in its `postmaster.pid`, as pg_ctl looks."""

    file: Path


@dataclass(frozen=True)
class ValkeyReady:
    """Ready when PING is answered: the append-only file is read, too."""

    port: int
    password: str


Ready = Runs | Ends | Answers | PostmasterReady | ValkeyReady


def is_ready(ready: Ready, pid: int) -> bool:
    """Look once whether the running process `pid` is ready; at most a second."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        match ready:
            case Runs():
                return True
            case Ends():
                return False
            case Answers():
                return _answers(ready)
            case PostmasterReady():
                return _postmaster_ready(ready.file, pid)
            case ValkeyReady():
                return _pongs(ready)
    return False


def _answers(ready: Answers) -> bool:
    connection = http.client.HTTPConnection(ready.host, ready.port, timeout=PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", ready.path)
        return connection.getresponse().status == http.HTTPStatus.OK


def _postmaster_ready(file: Path, pid: int) -> bool:
    lines = file.read_text().splitlines()
    return (
        len(lines) > POSTMASTER_STATUS_LINE
        and lines[0].strip() == str(pid)
        and lines[POSTMASTER_STATUS_LINE].strip() == "ready"
    )


def _pongs(ready: ValkeyReady) -> bool:
    with socket.create_connection(("127.0.0.1", ready.port), timeout=PATIENCE) as link:
        link.sendall(f"AUTH {ready.password}\r\nPING\r\n".encode())
        answer = b""
        while answer.count(b"\r\n") < 2 and (more := link.recv(256)):
            answer += more
    return answer == b"+OK\r\n+PONG\r\n"
