"""What the definitions of our kinds take, fill in and refuse; where there is a real server, by that one's judgement."""

import os
from typing import Any

import pytest
from chart_schemas import crd
from operator_world import World
from toy_judge import KINDS, crd_schema, faulty_defaults

from voltring_operator.kube import KubeError
from voltring_operator.spec import FleetSpec

REAL = os.environ.get("KUBECONFIG")
only_real = pytest.mark.skipif(not REAL, reason="only a real API server has it: set KUBECONFIG")
Object = dict[str, Any]
BLACKOUT = {"from": "17:00", "to": "20:00"}
REFUSED: list[tuple[Object, str]] = [
    ({"slots": {"min": 5, "max": 4}}, "slots.min must not be more than slots.max"),
    ({"slots": {"min": 0}}, ""),
    ({"slots": {"min": 11}}, "slots.min must not be more than slots.max"),
    ({"slots": {"max": 1001}}, ""),
    ({"hardCap": {"connectionsPerPod": 2499}}, "hardCap.connectionsPerPod must not be less than"),
    ({"target": {"connectionsPerPod": 5001}}, "hardCap.connectionsPerPod must not be less than"),
    ({"target": {"cpu": "0"}}, ""),
    ({"replicas": -1}, ""),
    ({"rebalance": {"startRatio": "1.1", "stopRatio": "1.2"}}, "stopRatio must not be more than startRatio"),
    ({"rebalance": {"startRatio": "1.05"}}, "stopRatio must not be more than startRatio"),
    ({"rebalance": {"mode": "Sometimes"}}, ""),
    ({"drain": {"limboWindow": 0}}, "must be auto, or a whole number from 1 on"),
    ({"drain": {"limboWindow": "wide"}}, "must be auto, or a whole number from 1 on"),
    ({"drain": {"firmwarePolicy": "Ask"}}, ""),
    ({"drain": {"deadlineSeconds": 29}}, ""),
    ({"scaleDown": {"step": 2}}, ""),
    ({"scaleDown": {"blackout": [{"from": "17:00"}]}}, ""),
    ({"scaleDown": {"blackout": [BLACKOUT | {"from": "24:00"}]}}, ""),
    ({"scaleDown": {"blackout": [BLACKOUT | {"weekdays": ["Someday"]}]}}, ""),
    ({"upgrade": {"maxUnavailable": 2}}, ""),
    ({"upgrade": {"maxErrorRate": "1.5"}}, ""),
    ({"template": None}, ""),
]
TAKEN: list[Object] = [
    {},
    {"replicas": None},
    {"replicas": 0},
    {"slots": {"min": 3}},
    {"slots": {"max": 2}},
    {"drain": {"limboWindow": 250}},
    {"drain": {"limboWindow": "auto"}},
    {"rebalance": {"mode": "Off"}},
    {"rebalance": {"startRatio": "2"}},
    {"scaleDown": {"blackout": [BLACKOUT | {"timeZone": "Europe/Berlin", "weekdays": ["Mon"]}]}},
    {"hardCap": {"connectionsPerPod": 2500}},
]


def fleet(world: World, spec: Object) -> Object:
    meta = {"name": "g", "namespace": world.namespace}
    whole = {"template": world.template("voltring-node:1")} | spec
    return {"apiVersion": "voltring.io/v1alpha1", "kind": "OcppFleet", "metadata": meta, "spec": whole}


def drain(world: World, **spec: Any) -> Object:
    meta = {"name": "d", "namespace": world.namespace}
    whole = {"fleet": "f", "slot": 1} | spec
    return {"apiVersion": "voltring.io/v1alpha1", "kind": "OcppDrain", "metadata": meta, "spec": whole}


async def test_a_fleet_that_makes_no_sense_is_refused_with_a_sentence(world: World) -> None:
    for spec, sentence in REFUSED:
        with pytest.raises(KubeError) as refused:
            await world.kube.create(world.paths.fleets, fleet(world, spec))
        assert refused.value.status == 422, spec
        assert sentence in str(refused.value), spec


@pytest.mark.parametrize("spec", TAKEN, ids=str)
async def test_a_fleet_that_makes_sense_is_taken(world: World, spec: Object) -> None:
    made = await world.kube.create(world.paths.fleets, fleet(world, spec))
    told = FleetSpec.model_validate(made["spec"])
    assert told == FleetSpec.model_validate(fleet(world, spec)["spec"])


async def test_what_is_not_said_is_filled_in_and_what_nobody_knows_is_dropped(world: World) -> None:
    made = await world.kube.create(world.paths.fleets, fleet(world, {"slotz": 3, "slots": {"max": 4}}))
    assert made["spec"]["slots"] == {"min": 2, "max": 4}
    assert made["spec"]["rebalance"]["startRatio"] == "1.25"
    assert made["spec"]["template"] == world.template("voltring-node:1")
    assert "slotz" not in made["spec"]


async def test_a_running_fleet_is_not_changed_into_one_that_makes_no_sense(world: World) -> None:
    await world.make()
    with pytest.raises(KubeError, match=r"slots\.min must not be more"):
        await world.change(slots={"min": 5, "max": 4})
    assert (await world.fleet())["spec"]["slots"] == {"min": 1, "max": 9}


async def test_an_operation_keeps_its_fleet_and_its_slot_and_can_be_given_up(world: World) -> None:
    made = await world.kube.create(world.paths.drains, drain(world))
    assert (made["spec"]["reason"], made["spec"]["after"]) == ("Manual", "None")
    path = f"{world.paths.drains}/d"
    for other in ({"/spec/slot": 2}, {"/spec/fleet": "another"}):
        with pytest.raises(KubeError, match="begin another one"):
            await world.kube.patch(path, {}, other)
    assert (await world.kube.patch(path, {}, {"/spec/abort": True}))["spec"]["abort"] is True


@pytest.mark.parametrize(
    "spec", [{"slot": -1}, {"after": "Never"}, {"reason": "Mood"}, {"rate": 0}, {"deadlineSeconds": 5}], ids=str
)
async def test_an_operation_that_makes_no_sense_is_refused(world: World, spec: Object) -> None:
    with pytest.raises(KubeError) as refused:
        await world.kube.create(world.paths.drains, drain(world, **spec))
    assert refused.value.status == 422


async def test_a_status_that_is_made_along_is_not_kept(world: World) -> None:
    made = await world.kube.create(world.paths.drains, drain(world) | {"status": {"phase": "Done"}})
    assert "status" not in made


async def test_the_operator_can_do_nothing_that_it_need_not(world: World) -> None:
    kube = world.operator._kube
    for path in ("/api/v1/namespaces", f"/api/v1/namespaces/{world.namespace}/secrets"):
        with pytest.raises(KubeError) as refused:
            await kube.get(path)
        assert refused.value.status == 403
    await world.make()
    with pytest.raises(KubeError) as refused:
        await kube.patch(f"{world.paths.fleets}/f", {}, {"/spec/replicas": 1})
    assert refused.value.status == 403


@only_real
async def test_a_name_that_no_pod_could_bear_is_refused_and_the_longest_that_one_can_is_not(world: World) -> None:
    body = fleet(world, {})
    body["metadata"]["name"] = "f" * 47
    await world.kube.create(world.paths.fleets, body)
    body["metadata"]["name"] = "f" * 48
    with pytest.raises(KubeError) as refused:
        await world.kube.create(world.paths.fleets, body)
    assert refused.value.status == 422
    await world.operator.cycle()
    await world.kubelet.step()
    made = await world.kube.get(f"{world.paths.stateful_sets}/{'f' * 47}-node")
    assert len(await world.kubelet.pods()) == made["spec"]["replicas"] == 2


@only_real
async def test_kubectl_scale_finds_the_number_and_the_pods(world: World) -> None:
    await world.make(replicas=2)
    await world.until(world.is_settled)
    path = f"{world.paths.fleets}/f/scale"
    told = await world.kube.get(path)
    assert (told["spec"]["replicas"], told["status"]["replicas"]) == (2, 2)
    pods = await world.kube.items(world.paths.pods, labelSelector=told["status"]["selector"])
    assert len(pods) == 2
    await world.kube.patch(path, {"/spec/replicas": 2}, {"/spec/replicas": 3})
    assert (await world.fleet())["spec"]["replicas"] == 3


@only_real
async def test_kubectl_get_shows_what_an_operator_of_the_site_looks_for(world: World) -> None:
    await world.make(replicas=2)
    await world.until(world.is_settled)
    as_table = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
    async with (
        world.kube._logins.use() as login,
        login.session.get(login.server + world.paths.fleets, headers=as_table) as answer,
    ):
        table = await answer.json()
    names = [one["name"] for one in table["columnDefinitions"]]
    ((*cells,),) = [one["cells"] for one in table["rows"]]
    shown = dict(zip(names, cells, strict=True))
    assert (shown["Desired"], shown["Ready"], shown["Conns"], shown["Cap%"], shown["Drain"]) == (2, 2, 20, 0, "")


@pytest.mark.parametrize("kind", KINDS.values())
def test_every_default_keeps_its_own_rules_as_a_server_wants_it(kind: str) -> None:
    assert list(faulty_defaults(crd_schema(kind))) == []


def test_a_default_that_leans_on_the_defaults_within_it_is_found() -> None:
    schema = crd("OcppFleet")["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    schema["properties"]["spec"]["properties"]["slots"]["default"] = {}
    (said,) = faulty_defaults(schema)
    assert said == "/spec/slots: no such key: 'min' evaluating rule: slots.min must not be more than slots.max"
