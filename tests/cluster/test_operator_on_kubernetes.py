"""The operator against a Kubernetes API: what it does there, by which preconditions, and that it may die anywhere."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import kopf
import pytest
from operator_world import Died, Mortal, World
from toy_kubelet import TOKEN

from voltring_core.settings import OperatorSettings
from voltring_core.testing import eventually
from voltring_operator import handlers
from voltring_operator.app import run
from voltring_operator.carrying import Carrier
from voltring_operator.drains import After, DrainSpec
from voltring_operator.handlers import Watching
from voltring_operator.kube import Kube, KubeError, Refused, login
from voltring_operator.planning import plan
from voltring_operator.reading import fleet as read_fleet


async def settled(world: World, replicas: int = 3) -> None:
    async def holds() -> bool:
        return await world.is_settled() and await world.replicas() == replicas

    await world.until(holds)


async def test_a_fleet_gets_its_nodes_and_its_status_says_how_they_are(world: World) -> None:
    await world.make()
    await settled(world)
    made = await world.kube.get(f"{world.paths.stateful_sets}/f-node")
    assert made["spec"]["updateStrategy"] == {"type": "OnDelete"}
    assert made["metadata"]["ownerReferences"][0]["name"] == "f"
    told = (await world.fleet())["status"]
    assert (told["readyReplicas"], told["connections"], told["capacityPercent"]) == (3, 30, 0)
    assert told["selector"] == "voltring.io/fleet=f,app.kubernetes.io/component=node"
    assert (await world.condition("Available"))["status"] == "True"
    events = await world.kube.items(world.paths.events)
    assert [one["reason"] for one in events if one["involvedObject"]["kind"] == "OcppFleet"] == ["FleetMade"]


async def test_a_slot_goes_only_after_its_node_was_drained(world: World) -> None:
    await world.make()
    await settled(world)
    gone = (await world.nodes())[2]
    await world.change(replicas=2)
    await settled(world, 2)
    assert (gone.phase, gone.chargers) == ("Drained", 0)
    (order, *_) = gone.orders
    (drain,) = await world.drains()
    assert order["reason"] == f"OcppDrain/{drain['metadata']['name']}/{drain['metadata']['uid']}"
    assert (drain["status"]["phase"], drain["spec"]["reason"]) == ("Done", "ScaleDown")
    assert [one.phase for one in await world.nodes()] == ["Serving", "Serving"]


async def test_a_changed_template_replaces_every_node_after_its_drain(world: World) -> None:
    await world.make()
    await settled(world)
    old = await world.nodes()
    await world.change(template=world.template("voltring-node:2"))

    async def is_new() -> bool:
        return await world.is_settled() and set(await world.images()) == {"voltring-node:2"}

    await world.until(is_new)
    assert [(one.phase, one.chargers) for one in old] == [("Drained", 0)] * 3
    drains = await world.drains()
    assert [one["spec"]["slot"] for one in drains] == [2, 1, 0]
    assert {one["status"]["phase"] for one in drains} == {"Done"}


async def test_a_replaced_node_gets_its_chargers_back_from_the_others(world: World) -> None:
    await world.make(replicas=2)
    await settled(world, 2)
    other = (await world.nodes())[0]
    await world.change(template=world.template("voltring-node:2"))

    async def is_back() -> bool:
        phases = [one["status"].get("phase") for one in await world.drains() if "status" in one]
        return phases == ["Finalising"] and len({*await world.images()}) == 2

    await world.until(is_back)
    other.misplaced = 4

    async def is_called() -> bool:
        return other.recall is not None

    await world.until(is_called)
    (drain, *_) = await world.drains()
    assert other.recall is not None
    assert other.recall["reason"] == f"OcppDrain/{drain['metadata']['name']}/{drain['metadata']['uid']}"


async def test_a_change_that_kubernetes_refuses_again_and_again_is_told_once(world: World) -> None:
    await world.make()
    await settled(world)
    stranger = world.start(admin_token="another token, which is long too")
    await world.change(replicas=2)
    for _ in range(8):
        await stranger.cycle()
    told = [one for one in await world.kube.items(world.paths.events) if one["reason"] == "Refused"]
    assert [(one["type"], one["message"]) for one in told] == [("Warning", "/drain: the token is wrong")]


@pytest.mark.parametrize("after", [False, True])
async def test_wherever_it_is_killed_as_a_slot_goes_the_next_one_ends_what_it_began(
    world: World, *, after: bool
) -> None:
    await world.make()
    number = int(after)
    while True:
        await world.change(replicas=3)
        await settled(world, 3)
        await world.change(replicas=2)
        is_dead = await _killed(world, number, after=after)
        await settled(world, 2)
        assert [one.phase for one in await world.nodes()] == ["Serving", "Serving"]
        if not is_dead:
            break
        number += 2
    assert number > 12


@pytest.mark.parametrize("number", [1, 4, 7, 10, 13, 16, 19])
async def test_wherever_it_is_killed_in_an_upgrade_the_next_one_ends_it(world: World, number: int) -> None:
    await world.make(replicas=2)
    await settled(world, 2)
    await world.change(template=world.template("voltring-node:2"))
    assert await _killed(world, number, after=number % 2 == 0)

    async def is_new() -> bool:
        return await world.is_settled() and set(await world.images()) == {"voltring-node:2"}

    await world.until(is_new)
    assert [one.phase for one in await world.nodes()] == ["Serving", "Serving"]


async def _killed(world: World, number: int, *, after: bool) -> bool:
    """Whether an operator that dies at its write of that number got so far."""
    mortal = world.start(kube=Mortal(world.as_operator, number, after=after))
    try:
        await world.until(world.is_settled, mortal)
    except Died:
        return True
    return False


async def test_of_two_operators_one_acts_and_the_other_takes_over_when_it_ends(world: World) -> None:
    second = world.start("second")
    await world.make()
    await settled(world)
    assert await second.cycle() == "another operator acts: operator"
    await world.change(replicas=2)
    for _ in range(5):
        await second.cycle()
    assert await world.drains() == []
    await world.operator.close()

    async def is_small() -> bool:
        return await world.is_settled() and await world.replicas() == 2

    await world.until(is_small, second)


async def test_a_stateful_set_that_has_changed_since_it_was_looked_at_is_not_scaled(world: World) -> None:
    await world.make()
    await settled(world)
    operator = world.operator
    await world.change(replicas=4)
    seen = await operator._observer.look(read_fleet(await world.fleet()))
    (scale,) = plan(seen, _now()).actions
    await world.kube.patch(f"{world.paths.stateful_sets}/f-node", {}, {"/metadata/annotations/seen": "by me"})
    carrier = Carrier(world.kube, world.paths, operator.nodes, operator.lease, seen)
    with pytest.raises(Refused, match="scale from 3 to 4"):
        await carrier.carry_out(scale)
    assert await world.replicas() == 3


async def test_a_node_that_came_back_between_look_and_scale_down_keeps_its_slot(world: World) -> None:
    await world.make()
    await settled(world)
    await world.change(replicas=2)
    operator, node = world.operator, (await world.nodes())[2]

    await _until_scale(world)
    seen = await operator._observer.look(read_fleet(await world.fleet()))
    scale = next(one for one in plan(seen, _now()).actions if str(one).startswith("scale"))
    node.phase, node.chargers = "Serving", 3
    carrier = Carrier(world.kube, world.paths, operator.nodes, operator.lease, seen)
    with pytest.raises(Refused, match="is Serving with 3 chargers"):
        await carrier.carry_out(scale)
    assert await world.replicas() == 3


async def _until_scale(world: World) -> None:
    """Until the next plan would take the slot away."""
    for _ in range(10):
        seen = await world.operator._observer.look(read_fleet(await world.fleet()))
        made = plan(seen, _now())
        if any(str(one).startswith("scale") for one in made.actions):
            return
        carrier = Carrier(world.kube, world.paths, world.operator.nodes, world.operator.lease, seen)
        for one in made.actions:
            await carrier.carry_out(one)
    raise AssertionError("it is never taken away")


def _now() -> Any:
    return datetime.now(UTC)


async def test_a_spec_that_makes_no_sense_is_told_and_nothing_is_done(world: World) -> None:
    await world.make()
    await settled(world)
    await world.change(
        slots={"min": 1, "max": 9}, scaleDown={"blackout": [{"from": "07:00", "to": "09:00", "timeZone": "X/Y"}]}
    )
    await world.operator.cycle()
    told = await world.condition("Degraded")
    assert (told["status"], told["reason"]) == ("True", "InvalidSpec")
    assert "'X/Y' is no time zone" in told["message"]
    assert await world.replicas() == 3


async def test_nodes_that_are_silent_are_told_and_nothing_is_taken_away(world: World) -> None:
    await world.make()
    await settled(world)
    await world.kubelet.close()
    await world.change(replicas=1)
    for _ in range(3):
        await world.operator.cycle()
    assert (await world.condition("Degraded"))["reason"] == "NodesSilent"
    assert await world.drains() == []
    assert await world.replicas() == 3


async def test_a_drain_by_hand_holds_until_its_object_is_deleted(world: World) -> None:
    await world.make()
    await settled(world)
    spec = DrainSpec(fleet="f", slot=1, after=After.NONE).document()
    body = {"apiVersion": "voltring.io/v1alpha1", "kind": "OcppDrain", "metadata": {"name": "disks"}, "spec": spec}
    made = await world.kube.create(world.paths.drains, body)

    async def is_drained() -> bool:
        return (await world.nodes())[1].phase == "Drained"

    await world.until(is_drained)
    await world.operator.cycle()
    assert (await world.nodes())[1].phase == "Drained"
    await world.kube.delete(f"{world.paths.drains}/disks", made["metadata"]["uid"])

    async def serves() -> bool:
        return (await world.nodes())[1].phase == "Serving"

    await world.until(serves)


async def test_nodes_that_do_not_take_the_token_are_told_of(world: World) -> None:
    await world.make()
    await settled(world)
    stranger = world.start(admin_token="another token, which is long too")
    await world.change(replicas=2)
    said = [await stranger.cycle() for _ in range(6)]
    assert any("f: /drain: the token is wrong" in one for one in said)
    assert await world.replicas() == 3


async def test_kopf_tells_of_a_change_and_leaves_no_finalizer(world: World) -> None:
    await world.make()
    news, loop = asyncio.Event(), asyncio.get_running_loop()
    watching = Watching(world.namespace, news, loop, world.as_operator)
    await watching.cycle()
    try:
        await asyncio.wait_for(news.wait(), 60)
        news.clear()

        async def hears() -> bool:
            await world.change(replicas=(await world.fleet())["spec"]["replicas"] % 5 + 1)
            return news.is_set()

        await eventually(hears, 60)
        assert "finalizers" not in (await world.fleet())["metadata"]
        await world.operator.cycle()
        news.clear()
        number = iter(range(1000))

        async def hears_of_the_stateful_set() -> bool:
            mark = {"/spec/template/metadata/annotations": {"changed": str(next(number))}}
            await world.kube.patch(f"{world.paths.stateful_sets}/f-node", {}, mark)
            return news.is_set()

        await eventually(hears_of_the_stateful_set, 60)
    finally:
        watching.stop()
        await asyncio.to_thread(watching.join, 60.0)


async def test_kopf_comes_back_when_a_login_is_refused_and_then_is_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.make()
    monkeypatch.setattr(handlers, "AGAIN_S", 0.2)
    news, given = asyncio.Event(), [0]
    wrong = replace(world.as_operator(), scheme="Bearer", token="of somebody who was here")

    def log_in() -> kopf.ConnectionInfo:
        given[0] += 1
        return wrong if given[0] < 4 else world.as_operator()

    watching = Watching(world.namespace, news, asyncio.get_running_loop(), log_in)
    await watching.cycle()
    try:
        await asyncio.wait_for(news.wait(), 120)
        assert given[0] >= 4
    finally:
        watching.stop()
        await asyncio.to_thread(watching.join, 60.0)


def test_in_a_pod_kubernetes_is_where_the_pod_is_told_and_not_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    named = kopf.ConnectionInfo(server="https://kubernetes.default.svc", token="t")
    monkeypatch.setattr(kopf, "login_with_service_account", lambda **_: named)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    for host, expected in (("10.0.0.1", "https://10.0.0.1:6443"), ("fd00::1", "https://[fd00::1]:6443")):
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
        assert login() == replace(named, server=expected)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")
    assert login() == named


async def test_as_it_runs_it_hears_of_a_change_and_gives_up_the_lease_when_it_ends(world: World) -> None:
    stop, told = asyncio.Event(), {"admin_token": TOKEN, "namespace": world.namespace, "node_timeout": 30.0}
    running = asyncio.create_task(run(OperatorSettings(look_seconds=3600.0, **told), stop, world.as_operator))
    try:
        await world.make()

        async def has_nodes() -> bool:
            await world.kubelet.step()
            return len(await world.kubelet.pods()) == 3

        await eventually(has_nodes, 120)
    finally:
        stop.set()
        await asyncio.wait_for(running, 60)
    lease = await world.kube.get(f"{world.paths.leases}/voltring-operator")
    assert lease["spec"]["holderIdentity"] == ""


async def test_kubernetes_that_is_away_is_a_sentence_and_not_a_crash(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    lonely = world.start(kube=Kube(lambda: kopf.ConnectionInfo(server="http://127.0.0.1:9")))
    for _ in range(3):
        await lonely.cycle()
    assert 1 <= caplog.text.count("nothing is done: Kubernetes is away") < 3
    with pytest.raises(KubeError):
        await world.kube.get(f"{world.paths.fleets}/nobody")
