"""`voltring up --observability` with a real Prometheus: what it sees of real rooms, and that it is kept and ended."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_asked import Prometheus, needed, pid_of

from voltring_core.testing import eventually

Start = Callable[..., Any]
CHARGERS = 6
SOON_S = 180.0


async def test_prometheus_watches_every_room_is_kept_and_leaves_with_them(start_up: Start) -> None:
    needed()
    stack = start_up("--observability", "--prometheus-port", "0", "--chargers", str(CHARGERS))
    prometheus = Prometheus(stack.told["prometheus"])

    async def all_are_up() -> bool:
        return prometheus.targets() == dict.fromkeys(["api", "worker", "node-0", "node-1"], "up")

    async def chargers_are_seen() -> bool:
        return prometheus.value("sum(voltring_node_connections)") == CHARGERS

    async def rules_are_judged() -> bool:
        return bool(rules := prometheus.rules()) and all(rule["health"] == "ok" for rule in rules)

    await eventually(all_are_up, SOON_S)
    await eventually(chargers_are_seen, SOON_S)
    await eventually(rules_are_judged, SOON_S)
    assert {"VoltringPostgresAway", "VoltringWorkerAway"} <= {rule["name"] for rule in prometheus.rules()}
    first = prometheus.value('min_over_time(timestamp(up{pod="api"})[10m:1s])')

    killed = pid_of("prometheus", stack.children())
    os.kill(killed, signal.SIGKILL)

    async def is_back() -> bool:
        return bool(prometheus.rules()) and pid_of("prometheus", stack.children()) != killed

    await eventually(is_back, SOON_S)
    await eventually(all_are_up, SOON_S)
    assert prometheus.value('min_over_time(timestamp(up{pod="api"})[10m:1s])') == first, "its figures are lost"

    children = stack.children()
    stack.stop()
    assert not [pid for pid in children if os.path.exists(f"/proc/{pid}")]  # noqa: ASYNC240


def test_without_prometheus_the_start_stops_and_says_how_to_get_it(
    start_up: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AssertionError) as said:
        start_up("--observability")
    assert "--observability needs Prometheus, and the PATH has none: install it" in str(said.value)
    assert "or start without --observability" in str(said.value)
    assert not (tmp_path / "data").exists()
