"""`python process_room.py COMMAND`: a room as it runs in production, with less patience where QUICK says so.

What a router gets to learn of a drain, and what the others get to learn of a new node, is chosen for clusters that are
busy. On one machine, with a router that asks each second, less will do: `QUICK=1` makes it so.
"""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from voltring_core.testing import Room

QUIET_S, PROPAGATE_S, STEADY_S, CALM_S = 3.0, 15.0, 6.0, 2.0
SLOW_S = 60.0
"""A machine that is shared commits in seconds and lets chargers wait: no trouble of PostgreSQL's or of another node's,
for which a drain would wait as long as it lasts."""


class Process(Room):
    """A room in exactly this environment, but for what Python needs."""

    def __init__(self, command: str, environment: Mapping[str, str], log: Path, *, is_quick: bool = True) -> None:
        self.log, self.began = log, time.monotonic()
        host, port = (environment.get(f"VOLTRING_ADMIN_{name}", "") for name in ("HOST", "PORT"))
        self.admin = f"http://{host or '127.0.0.1'}:{port}"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("VOLTRING_")}
        whole = kept | dict(environment) | {"QUICK": "1" if is_quick else ""}
        with log.open("ab") as output:
            argv = [sys.executable, __file__, command]
            self.process = subprocess.Popen(argv, env=whole, stdout=output, stderr=output)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, however that came."""
        return self.process.poll() is not None


def hurry(command: str) -> None:
    """Make the product's patience small, in this process."""
    if command == "node":
        from voltring_core.domain import recalling, window
        from voltring_node import standing

        recalling.CALM_S = CALM_S
        window.COMMIT_LIMIT_S = window.QUEUE_LIMIT_S = SLOW_S
        standing.Order = partial(standing.Order, quiet_s=QUIET_S, propagate_s=PROPAGATE_S)  # type: ignore[assignment,misc]
        standing.RecallOrder = partial(standing.RecallOrder, steady_s=STEADY_S)  # type: ignore[assignment,misc]


def main() -> None:
    """Run the room that the command line names."""
    if os.environ.get("QUICK"):
        hurry(sys.argv[1])
    from voltring_core.cli import main as voltring

    sys.argv[0] = "voltring"
    voltring()


if __name__ == "__main__":
    main()
