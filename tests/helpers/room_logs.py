"""What the rooms said while a test ran: a failure in CI must tell why, and nobody can look at that machine."""

from pathlib import Path

LINES = 60
"""Of each log, the last ones: what a room says in a minute of trouble."""
LATE_S = 1.0
"""Seconds by which a file's time may be behind the clock."""


def tails(directory: Path, since: float) -> list[tuple[str, str]]:
    """(title, last lines) of every log under `directory` that was written to since then (seconds of the epoch)."""
    logs = [log for log in sorted(directory.rglob("*.log")) if _written_at(log) >= since - LATE_S]
    return [(f"log of {log.relative_to(directory)}", _tail(log)) for log in logs]


def _written_at(log: Path) -> float:
    try:
        return log.stat().st_mtime
    except OSError:  # its test has removed it
        return 0.0


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join(lines[-LINES:])
