"""What an earlier start may have left in a data directory: pid files, and a server that is still ending.

Only the holder of the directory's lock may clean up. A pid proves nothing, since numbers come round again: a
process counts as ours when its command line names our directory.
"""

import os
import subprocess
import time
from pathlib import Path

from voltring_local.errors import StartFailed

PATIENCE = 10.0


def clear(pid_file: Path, mark: str) -> None:
    """Wait for the process in `pid_file` to end, if its command line has the word `mark`.

    A file that names a stranger or nobody is removed; what a dead process left is the server's own to judge.
    Raises StartFailed when the process does not end.
    """
    pid = _first_number(pid_file)
    deadline = time.monotonic() + PATIENCE
    while pid and mark in command_line(pid):
        if time.monotonic() > deadline:
            raise StartFailed(f"process {pid} of an earlier start still works on {mark}: stop it first")
        time.sleep(0.05)
    if pid is None or command_line(pid):
        pid_file.unlink(missing_ok=True)


def command_line(pid: int) -> list[str]:
    """The words of a process's command line; empty when there is no such process (any more)."""
    try:
        if Path("/proc/self/cmdline").exists():
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).split("\0")
        return _as_ps_says(pid)
    except OSError:
        return []


def _as_ps_says(pid: int) -> list[str]:
    command = ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    # ps does not tell where a word ends: runs of words are offered, so that a path with a space is found.
    words = shown.stdout.split()
    return [" ".join(words[i:j]) for i in range(len(words)) for j in range(i + 1, min(i + 6, len(words)) + 1)]


def _first_number(pid_file: Path) -> int | None:
    try:
        return abs(int(pid_file.read_text().split()[0]))
    except (OSError, ValueError, IndexError):
        return None
