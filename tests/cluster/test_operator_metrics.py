"""What the operator's admin port tells while it works."""

import asyncio

import aiohttp
import kopf
from operator_world import World
from prometheus_client import REGISTRY
from toy_kubelet import TOKEN

from voltring_core import metrics
from voltring_core.settings import OperatorSettings
from voltring_core.testing import eventually, free_port
from voltring_operator.app import run
from voltring_operator.kube import Kube


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(f"voltring_operator_{name}", labels) or 0.0


async def test_a_fleet_that_is_made_is_seen_in_the_metrics(world: World) -> None:
    made = value("actions_total", action="ApplyStatefulSet", outcome="done")
    await world.make()
    await world.until(world.is_settled)
    assert value("actions_total", action="ApplyStatefulSet", outcome="done") == made + 1
    assert value("actions_total", action="WriteStatus", outcome="done") > 0
    assert [value("fleet_nodes", fleet="f", state=state) for state in ("desired", "ready", "silent")] == [3, 3, 0]
    assert value("fleet_connections", fleet="f") == 30
    assert value("fleet_condition", fleet="f", condition="Available") == 1
    assert value("acting") == 1


async def test_a_drain_that_is_carried_out_is_counted_when_it_is_over(world: World) -> None:
    await world.make()
    await world.until(world.is_settled)
    before = value("operations_total", reason="ScaleDown", phase="Done")
    await world.change(replicas=2)

    async def is_smaller() -> bool:
        return await world.replicas() == 2 and await world.is_settled()

    await world.until(is_smaller)
    assert value("operations_total", reason="ScaleDown", phase="Done") == before + 1
    assert value("operation_remaining", fleet="f", reason="ScaleDown") == 0


async def test_an_order_that_a_node_refuses_is_counted_as_refused(world: World) -> None:
    await world.make()
    await world.until(world.is_settled)
    before = value("actions_total", action="OrderDrain", outcome="refused")
    stranger = world.start(admin_token="another token, which is long too")
    await world.change(replicas=2)

    async def is_refused() -> bool:
        return value("actions_total", action="OrderDrain", outcome="refused") > before

    await world.until(is_refused, stranger)


async def test_an_operator_that_waits_for_another_tells_nothing_of_fleets(world: World) -> None:
    await world.make()
    await world.until(world.is_settled)
    second = world.start("second")
    before = value("looks_total", outcome="waited")
    assert "another operator acts" in await second.cycle()
    assert value("looks_total", outcome="waited") == before + 1
    assert value("acting") == 0


async def test_an_operator_that_has_lost_the_lease_forgets_what_it_told_of_the_fleet(world: World) -> None:
    await world.make()
    await world.until(world.is_settled)
    assert value("fleet_nodes", fleet="f", state="ready") == 3
    await world.kube.patch(f"{world.paths.leases}/voltring-operator", {}, {"/spec/holderIdentity": "another"})
    world.operator.lease._renewed = None  # it could not renew it for a while
    assert "another operator acts" in await world.operator.cycle()
    told = REGISTRY.get_sample_value("voltring_operator_fleet_nodes", {"fleet": "f", "state": "ready"})
    assert told is None, "the other one tells of it now"


async def test_kubernetes_that_is_away_is_counted(world: World) -> None:
    errors, failed = value("kubernetes_errors_total", status="0"), value("looks_total", outcome="failed")
    lonely = world.start(kube=Kube(lambda: kopf.ConnectionInfo(server="http://127.0.0.1:9")))
    await lonely.cycle()
    assert value("kubernetes_errors_total", status="0") > errors
    assert value("looks_total", outcome="failed") == failed + 1


async def test_as_it_runs_its_admin_port_says_that_it_is_ready_and_acts(world: World) -> None:
    metrics.ACTING.set(0)
    stop, port = asyncio.Event(), free_port()
    told = {"admin_token": TOKEN, "namespace": world.namespace, "admin_port": port, "node_timeout": 30.0}
    running = asyncio.create_task(run(OperatorSettings(**told), stop, world.log_in))
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:

            async def acts() -> bool:
                try:
                    async with session.get("/metrics") as answer:
                        return "voltring_operator_acting 1.0" in await answer.text()
                except aiohttp.ClientError:
                    return False

            await eventually(acts, 120)
            async with session.get("/readyz") as answer:
                assert answer.status == 200
    finally:
        stop.set()
        await asyncio.wait_for(running, 120)
