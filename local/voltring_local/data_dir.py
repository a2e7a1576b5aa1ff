"""The data directory: one launcher at a time works in it.

    lock            held (flock) while `voltring up` runs; names its pid
    token           of the first administrator
    postgres/       PostgreSQL's data       postgres.json   its port and password
    valkey/         Valkey's                valkey.json
    prometheus/     what `--observability` keeps: rules, figures of the last 15 days
    logs/           one file per process
    ready.json      addresses and the token while it runs, unless --ready-file says where else
The lock is the kernel's: it ends with the launcher, however that ends.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from voltring_local.errors import AlreadyRunning, StartFailed

READY = "ready.json"


@contextlib.contextmanager
def hold(directory: Path) -> Iterator[Path]:
    """Make the directory if need be and lock it for the time of the block.

    Raises AlreadyRunning when another launcher works in it, StartFailed when it can't be used.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StartFailed(f"the data directory {directory} can't be used: {error.strerror}") from None
    try:
        _take(lock, directory)
        yield directory
    finally:
        os.close(lock)


def _take(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid = os.read(lock, 32).decode().strip()
        raise AlreadyRunning(
            f"`voltring up` already runs on {directory} (process {pid}): stop it first, or choose another --data-dir"
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
