"""Two ways for a process to end when its launcher is gone, kill -9 included."""

import ctypes
import os
import select
import signal
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
GLANCE = 0.5
GRACE = 10.0


def follow_by_kernel(launcher: int, number: int) -> None:
    """Linux: the kernel sends `number` when the launcher's thread ends. It lasts through exec."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl refused the parent-death signal")
    if os.getppid() != launcher:
        # It died before we asked; nobody will tell us any more.
        raise SystemExit(0)


def follow_by_pipe(pipe: int, number: int) -> None:
    """Anywhere: leave a watcher behind that sees the pipe close and then ends this process.

    The watcher is a child of the process that it watches: as long as it has that parent, the pid can't have
    gone to a stranger.
    """
    watched = os.getpid()
    if os.fork():
        os.close(pipe)
        return
    try:
        _only_keep(pipe)
        _watch(pipe, watched, number)
    finally:
        os._exit(0)


def _only_keep(pipe: int) -> None:
    """Hold neither a log nor a listening socket open, and let a stop of the watched process pass by."""
    os.dup2(pipe, 0)
    os.closerange(1, 4096)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)


def _watch(pipe: int, watched: int, number: int) -> None:
    def alive() -> bool:
        return os.getppid() == watched

    while alive():
        readable, _, _ = select.select([0], [], [], GLANCE)
        if readable:
            _end(watched, number, alive)


def _end(watched: int, number: int, alive: Callable[[], bool]) -> None:
    deadline = time.monotonic() + GRACE
    os.kill(watched, number)
    while alive() and time.monotonic() < deadline:
        time.sleep(0.05)
    if alive():
        os.kill(watched, signal.SIGKILL)
