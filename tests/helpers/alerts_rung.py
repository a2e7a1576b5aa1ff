"""The chart's alerts in a real run: in a hurry, waited for, and caused."""

import os
import re
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_asked import Prometheus, pid_of, read_again

from voltring_core.testing import eventually

SOON_S = 240.0
"""A scrape and a look at the rules each second; the rest is a machine that others share."""
WINDOWS = {"[5m]": "[30s]", "[15m]": "[60s]", "[30m]": "[60s]", "[15m:1m]": "[60s:1s]"}
"""What rules look back on, and what they do in a hurry."""


def hurry(stack: Any) -> None:
    """Let the alerts ring after two seconds, look back on less, and Prometheus look each second."""
    folder = stack.data / "prometheus"
    rules, asked = folder / "rules.yaml", folder / "prometheus.yaml"
    said = re.sub(r"for: \w+", "for: 2s", rules.read_text())
    for window, shorter in WINDOWS.items():
        said = said.replace(window, shorter)
    rules.write_text(said)
    asked.write_text(asked.read_text().replace('"5s"', '"1s"'))
    read_again(pid_of("prometheus", stack.children()))


async def rings(prometheus: Prometheus, alert: str) -> None:
    """Wait until it fires."""

    async def look() -> bool:
        return alert in prometheus.firing()

    await eventually(look, SOON_S)


async def rings_by(prometheus: Prometheus, alert: str, fault: Callable[[], Awaitable[Any]]) -> None:
    """Cause a fault again and again until it fires."""

    async def look() -> bool:
        await fault()
        return alert in prometheus.firing()

    await eventually(look, SOON_S)


async def is_quiet(prometheus: Prometheus, *alerts: str) -> None:
    """Wait until none of them fires."""

    async def look() -> bool:
        # Rules that were judged after the fault was over, not a Prometheus that does not answer.
        return bool(prometheus.rules()) and not prometheus.firing() & set(alerts)

    await eventually(look, SOON_S)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """A process that hangs."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)
