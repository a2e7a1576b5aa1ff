"""A room tells its own metrics: zeros in another's name would hide that the other is away."""

import httpx
import pytest
from prometheus_client import generate_latest

from voltring_core import metrics
from voltring_core.admin import AdminServer

ROOMS = ("node", "api", "worker", "operator")


def names(text: str) -> set[str]:
    """Of the families."""
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


def test_every_metric_belongs_to_one_room() -> None:
    ours = [one._name for one in vars(metrics).values() if hasattr(one, "_labelnames")]
    assert ours
    assert all(name.startswith(tuple(f"voltring_{room}_" for room in ROOMS)) for name in ours)


@pytest.mark.parametrize("room", ROOMS)
async def test_a_rooms_admin_port_tells_its_own_metrics_and_those_of_the_process(room: str) -> None:
    async def is_ready() -> bool:
        return True

    server = AdminServer("127.0.0.1", 0, is_ready, dict, room=room)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app()), base_url="http://room") as client:
        told = names((await client.get("/metrics")).text)
    everything = names(generate_latest().decode())
    assert {name for name in told if name.startswith("voltring_")} == {
        name for name in everything if name.startswith(f"voltring_{room}_")
    }
    assert {name for name in told if not name.startswith("voltring_")} >= {"python_info", "process_open_fds"}
