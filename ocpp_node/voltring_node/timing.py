"""How long each step of something takes, as histograms have it."""

import time
from typing import Any

from prometheus_client import Histogram

from voltring_core.metrics.commands import COMMAND_HOP_SECONDS
from voltring_core.metrics.messages import COMMIT_PHASE_SECONDS

ACQUIRE, READ, DECIDE, WRITE, COMMIT = (
    COMMIT_PHASE_SECONDS.labels(phase) for phase in ("acquire", "read", "decide", "write", "commit")
)
WAITED, TAKEN, EXCHANGED, TOLD = (COMMAND_HOP_SECONDS.labels(hop) for hop in ("queued", "taken", "sent", "answered"))


def count_wait(row: Any) -> None:
    """How long a command has waited to be taken for the first time; a repeated one has waited for its own answer."""
    if row["attempts"] == 1 and (waited_s := row.get("waited_s")) is not None:
        WAITED.observe(waited_s)


class Stopwatch:
    """Runs from when it is made; each lap goes from the end of the one before."""

    __slots__ = ("_at", "_began")

    def __init__(self) -> None:
        self._began = self._at = time.monotonic()

    @property
    def at(self) -> float:
        """When the last lap ended, on the monotonic clock."""
        return self._at

    def lap(self, of: Histogram) -> None:
        """The step that ends now."""
        now = time.monotonic()
        of.observe(now - self._at)
        self._at = now

    def whole(self, of: Histogram) -> None:
        """From the beginning to the end of the last lap."""
        of.observe(self._at - self._began)
