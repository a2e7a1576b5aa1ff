"""The Lease: whose it is, and that nothing of it is left when the last fleet is gone."""

from operator_world import Object, World
from toy_kubelet import has_controllers

from voltring_core.testing import eventually
from voltring_operator.kube import GONE, KubeError

NAME = "voltring-operator"


async def lease(world: World) -> Object | None:
    try:
        return await world.kube.get(f"{world.paths.leases}/{NAME}")
    except KubeError as error:
        if error.status != GONE:
            raise
        return None


async def owners(world: World) -> list[str]:
    found = await lease(world)
    assert found is not None
    return sorted(one["name"] for one in found["metadata"].get("ownerReferences") or ())


async def test_without_a_fleet_there_is_nothing_to_guard_and_no_lease(world: World) -> None:
    assert await world.operator.cycle() == "there is no fleet"
    assert await lease(world) is None


async def test_the_lease_belongs_to_every_fleet_at_once(world: World) -> None:
    await world.make()
    await world.operator.cycle()
    assert await owners(world) == ["f"]
    await world.make("g")
    await world.operator.cycle()
    assert await owners(world) == ["f", "g"]


async def test_a_lease_that_nobody_owned_is_owned_from_its_next_renewal_on(world: World) -> None:
    meta, spec = {"name": NAME}, {"holderIdentity": "", "leaseDurationSeconds": 60}
    body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}
    await world.kube.create(world.paths.leases, body)
    await world.make()
    assert "this operator acts" in await world.operator.cycle()
    assert await owners(world) == ["f"]


async def test_with_the_last_fleet_the_lease_goes_and_is_not_made_again(world: World) -> None:
    await world.make()
    await world.operator.cycle()
    found = await world.fleet()
    await world.kube.delete(f"{world.paths.fleets}/f", found["metadata"]["uid"])
    assert await world.operator.cycle() == "there is no fleet"
    assert not world.operator.lease.is_ours, "it may be gone by now, and somebody else may make it"
    if await has_controllers(world.kube):

        async def is_gone() -> bool:
            return await lease(world) is None

        await eventually(is_gone, 120)
    await world.make()
    assert "this operator acts" in await world.operator.cycle()
