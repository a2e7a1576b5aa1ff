"""Starting a child so that it can't outlive this process, not even after `kill -9`.

On Linux the kernel tells the child; elsewhere a pipe does that only this process holds open. Both happen in
`voltring_local.child`, which then turns into the command. A child is bound to the *thread* that starts it:
start children from a thread that lives as long as they should (the main one).
"""

import contextlib
import functools
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voltring_local.children import Child

FOLLOW = "VOLTRING_FOLLOW"
"""Set to `pipe` to use the pipe on Linux as well."""

LARGEST_LOG = 10_000_000
"""Bytes; a larger log is set aside at the next start, in place of the one before it."""


@dataclass(frozen=True)
class Launch:
    """What subprocess needs to start a child; the same for its blocking and its asyncio form."""

    argv: tuple[str, ...]
    options: dict[str, Any]


def launch(child: Child, log: int) -> Launch:
    """Wrap `child`; its output goes to the file descriptor `log`."""
    pipe = _pipe()
    wrapper = (sys.executable, "-P", "-m", "voltring_local.child")
    words = (str(os.getpid()), str(int(child.orphan_signal)), str(pipe), str(child.owns or ""))
    return Launch(
        argv=(*wrapper, *words, *child.argv),
        options={
            "env": {**os.environ, **child.env},
            # The terminal's Ctrl-C is for the launcher, which stops its children in order.
            "start_new_session": True,
            "pass_fds": tuple(fd for fd in (*child.inherits, pipe) if fd >= 0),
            "stdin": subprocess.DEVNULL,
            "stdout": log,
            "stderr": log,
            "cwd": "/",
        },
    )


@contextlib.contextmanager
def log_of(child: Child) -> Iterator[int]:
    """Open the child's log to append to, long enough to start it."""
    child.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileNotFoundError):
        if child.log.stat().st_size > LARGEST_LOG:
            child.log.replace(child.log.with_suffix(".log.1"))
    log = os.open(child.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        yield log
    finally:
        os.close(log)


def last_line(log: Path) -> str:
    """The last words of a child, for the sentence that says why a start failed."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it said nothing"


def _pipe() -> int:
    by_kernel = sys.platform.startswith("linux") and os.environ.get(FOLLOW) != "pipe"
    return -1 if by_kernel else _open_pipe()


@functools.cache
def _open_pipe() -> int:
    reading, _writing = os.pipe()
    # The writing end stays open, and ours alone, until this process ends.
    return reading
