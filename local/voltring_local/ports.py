"""Ports of this machine: which one is free, and a sentence when a wanted one is not."""

import errno
import random
import socket
import time

from voltring_local.errors import StartFailed

LOW, HIGH = 20_000, 32_000
"""Below the ports that kernels lend to outgoing connections (Linux from 32768, macOS from 49152): a server
that restarts must find its port free."""

PATIENCE = 1.0


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now. Raises OSError when `host` is no address of this machine."""
    try:
        with _socket(host) as probe:
            probe.bind((host, port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return False
        raise
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port on which nothing listens, at random, so that parallel starts rarely meet."""
    return free_ports(1, host)[0]


def free_ports(count: int, host: str = "127.0.0.1", avoid: frozenset[int] = frozenset()) -> list[int]:
    """`count` different ports on which nothing listens, none of `avoid`. StartFailed if there are fewer."""
    found: list[int] = []
    for port in random.sample(range(LOW, HIGH), HIGH - LOW):
        if len(found) == count:
            return found
        if port not in avoid and is_free(host, port):
            found.append(port)
    raise StartFailed(f"there are not {count} free ports between {LOW} and {HIGH} on {host}")


def claim(host: str, port: int, option: str) -> int:
    """`port` if a server can have it, a free one for 0. Raises StartFailed, naming the option."""
    try:
        if port == 0:
            return free_port(host)
        if _is_soon_free(host, port):
            return port
    except PermissionError:
        raise StartFailed(f"port {port} is not for this user: choose one from 1024 on with {option}") from None
    except OSError as error:
        raise StartFailed(f"--host {host} is no address of this machine: {error.strerror}") from None
    raise StartFailed(f"port {port} on {host} is taken by another program: choose another one with {option}")


def _is_soon_free(host: str, port: int) -> bool:
    """The children of a launcher that was killed a moment ago may still be ending."""
    deadline = time.monotonic() + PATIENCE
    while not is_free(host, port):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def listen(host: str, port: int) -> socket.socket:
    """A listening socket for children to inherit, where the kernel does not balance between several."""
    listener = _socket(host)
    listener.bind((host, port))
    listener.listen(socket.SOMAXCONN)
    listener.setblocking(False)
    return listener


def _socket(host: str) -> socket.socket:
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made
