"""What the rooms said while a test ran: a failure in CI must tell why, and nobody can look at that machine."""

import re
from datetime import datetime
from pathlib import Path

SAID_AT = re.compile(r'\{"at":"([^"]+)"')
LINES = 60
"""Of each log, the last ones: what a room says in a minute of trouble."""
LATE_S = 1.0
"""Seconds by which a file's time may be behind the clock."""


def tails(directory: Path, since: float) -> list[tuple[str, str]]:
    """(title, last lines) of every log under `directory` that was written to since then (seconds of the epoch), but not
    what a room that outlives the tests had said before."""
    logs = [log for log in sorted(directory.rglob("*.log")) if _written_at(log) >= since - LATE_S]
    return [(f"log of {log.relative_to(directory)}", said) for log in logs if (said := _tail(log, since - LATE_S))]


def _written_at(log: Path) -> float:
    try:
        return log.stat().st_mtime
    except OSError:  # its test has removed it
        return 0.0


def _tail(log: Path, since: float) -> str:
    lines = log.read_text(errors="replace").splitlines()
    first = next((at for at, line in enumerate(lines) if _said_at(line) >= since), len(lines))
    return "\n".join(lines[first:][-LINES:])


def _said_at(line: str) -> float:
    """Seconds of the epoch; what has no time may be of any, such as a traceback or another program's words."""
    said = SAID_AT.match(line)
    return datetime.fromisoformat(said[1]).timestamp() if said else float("inf")
