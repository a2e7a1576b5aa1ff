"""Faults of real servers and rooms raise the alerts that are for them, and the alerts clear once the faults are over.

The rules are the chart's as `voltring up --observability` has them, but for their patience: `for` and what they look
back on are shortened.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alerts_rung import SOON_S, hurry, is_quiet, rings, stopped
from prometheus_asked import Prometheus, needed

from voltring_core.testing import eventually
from voltring_local.servers import start_postgres, start_valkey

Start = Callable[..., Any]


async def test_servers_and_rooms_that_go_away_ring_and_clear_when_they_are_back(
    start_up: Start, servers: dict[str, Any], tmp_path: Path
) -> None:
    needed()
    stack = start_up("--observability", "--prometheus-port", "0", "--chargers", "4")
    prometheus = Prometheus(stack.told["prometheus"])
    hurry(stack)

    async def all_is_told() -> bool:
        return prometheus.value("count(voltring_node_server_away_seconds == 0)") == 4

    await eventually(all_is_told, SOON_S)
    mine = ("VoltringPostgresAway", "VoltringRedisAway", "VoltringWorkerAway", "VoltringApiAway")
    await is_quiet(prometheus, *mine)

    servers["postgres"].kill()
    await rings(prometheus, "VoltringPostgresAway")
    assert not prometheus.firing() & {"VoltringRedisAway", "VoltringWorkerAway"}
    servers["postgres"] = start_postgres(tmp_path / "pg", fsync=False)
    await is_quiet(prometheus, *mine)

    servers["redis"].kill()
    await rings(prometheus, "VoltringRedisAway")
    assert "VoltringPostgresAway" not in prometheus.firing()
    servers["redis"] = start_valkey(tmp_path / "valkey")
    await is_quiet(prometheus, *mine)

    for room, alert in (("worker", "VoltringWorkerAway"), ("api", "VoltringApiAway")):
        with stopped(room_of(stack, room)):
            await rings(prometheus, alert)
        await is_quiet(prometheus, *mine)
    stack.stop()


def room_of(stack: Any, room: str) -> int:
    """The process of a room, by its command line."""
    (found,) = [pid for pid in stack.children() if words_of(pid)[-2:] == ["voltring_core", room]]
    return int(found)


def words_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")
