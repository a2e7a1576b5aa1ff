"""A room tells its own metrics: zeros in another's name would hide that the other is away."""

import httpx
import pytest
from prometheus_client import generate_latest

from voltring_core import metrics
from voltring_core.admin import AdminServer
from voltring_core.metrics.room import ALL_ROOMS, COMMON
from voltring_core.metrics.servers import ROOMS


def names(text: str) -> set[str]:
    """Of the families."""
    return {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}


async def told_by(room: str) -> str:
    """What its admin port says."""

    async def is_ready() -> bool:
        return True

    server = AdminServer("127.0.0.1", 0, is_ready, dict, room=room)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(server.app()), base_url="http://room") as client:
        return (await client.get("/metrics")).text


def test_every_metric_belongs_to_one_room_or_to_every_one_that_has_servers() -> None:
    ours = [one.metric._name for one in metrics.CATALOGUE.values()]
    assert ours
    own = tuple(f"voltring_{room}_" for room in ALL_ROOMS)
    assert {name for name in ours if not name.startswith(own)} == COMMON


@pytest.mark.parametrize("room", ALL_ROOMS)
async def test_a_rooms_admin_port_tells_its_own_metrics_and_those_of_the_process(room: str) -> None:
    told = names(await told_by(room))
    everything = names(generate_latest().decode())
    common = {name for name in everything if name.removesuffix("_total") in COMMON}
    assert {name for name in told if name.startswith("voltring_")} == {
        name for name in everything if name.startswith(f"voltring_{room}_")
    } | (common if room in ROOMS else set())
    assert {name for name in told if not name.startswith("voltring_")} >= {"python_info", "process_open_fds"}


@pytest.mark.parametrize("room", ROOMS)
async def test_what_is_told_of_servers_says_whose_it_is(room: str) -> None:
    lines = [line for line in (await told_by(room)).splitlines() if line.startswith("voltring_redis_seconds_count")]
    assert lines
    assert all(f'room="{room}"' in line for line in lines)
