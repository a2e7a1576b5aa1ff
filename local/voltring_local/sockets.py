"""Unix sockets of the embedded servers: a way to them that costs both sides less than TCP on loopback."""

from pathlib import Path

LONGEST = 103
"""Bytes of a unix socket's path on macOS; Linux has four more."""


def fits(socket: Path) -> bool:
    """Whether a socket can be there, and be named in an address: a comma would part it in two."""
    return len(str(socket).encode()) <= LONGEST and "," not in str(socket)
