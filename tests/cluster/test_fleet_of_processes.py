"""The operator over real nodes, seen from the chargers' side: the fleet grows, shrinks, is upgraded, and loses a node.

Chargers connect through the real router, some of them charge all the while, and everybody gets commands in turn. In
the end nothing that was acknowledged is missing, no command was doubled, and nobody moved more than they had to.
"""

from collections import Counter

from fleet_street import Street

from voltring_core.domain.placement import home

SIZE, CHARGING = 60, 20


def homes(street: Street, replicas: int) -> dict[str, int | None]:
    return {one.id: home(one.id, frozenset(range(replicas))) for one in street.chargers}


async def test_when_the_fleet_grows_only_who_belongs_to_the_new_node_moves_and_they_move_once(street: Street) -> None:
    await street.make(3, rebalance={"mode": "Always", "ratePercentPerMinute": 1000, "minAbsolute": 0})
    await street.populate(SIZE, charging=CHARGING)
    before = await street.at()
    assert before == homes(street, 3)
    idle = [one.id for one in street.chargers if not one.charges]
    await street.change(replicas=4)

    async def are_home() -> bool:
        where, wanted = await street.at(), homes(street, 4)
        return all(where[one] == wanted[one] for one in idle)

    await street.until(are_home)
    await street.settled(4)
    await street.all_connected()
    wanted, moves = homes(street, 4), street.moves()
    assert {one for one in moves if moves[one]} <= {one for one in wanted if wanted[one] == 3}
    assert max(moves.values()) == 1
    assert {one["spec"]["reason"] for one in await street.drains()} == {"Rebalance"}
    await street.judged()


async def test_when_the_fleet_shrinks_the_last_node_is_drained_first_and_its_chargers_alone_move(
    street: Street,
) -> None:
    await street.make(4)
    await street.populate(SIZE, charging=CHARGING)
    theirs = {one for one, where in (await street.at()).items() if where == 3}
    assert theirs
    await street.change(replicas=3)
    await street.settled(3)
    await street.all_connected()
    (end,) = street.planned_ends()
    assert (end.pod, end.phase, end.connected) == ("f-node-3", "Drained", 0)
    assert street.replicas_seen == [4, 3]
    assert street.moves() == Counter(dict.fromkeys(theirs, 1))
    assert set((await street.at()).values()) == {0, 1, 2}
    (drain,) = await street.drains()
    assert (drain["status"]["phase"], drain["spec"]["reason"]) == ("Done", "ScaleDown")
    await street.judged()


async def test_a_changed_template_replaces_three_nodes_and_nobody_moves_more_than_twice_on_average(
    street: Street,
) -> None:
    await street.make(3)
    await street.populate(SIZE, charging=CHARGING)
    old = {one["metadata"]["uid"] for one in await street.pods()}
    await street.change(template=street.template("voltring-node:2"))

    async def is_new() -> bool:
        return await street.images() == {"voltring-node:2"}

    await street.until(is_new)
    await street.settled(3)
    await street.all_connected()
    assert old.isdisjoint(one["metadata"]["uid"] for one in await street.pods())
    ends = street.planned_ends()
    assert [(one.pod, one.phase, one.connected) for one in ends] == [(f"f-node-{n}", "Drained", 0) for n in (2, 1, 0)]
    assert street.replicas_seen == [3]
    moves = street.moves()
    assert sum(moves.values()) / SIZE <= 2.0, moves
    assert [one["spec"]["slot"] for one in await street.drains()] == [2, 1, 0]
    where, wanted = await street.at(), homes(street, 3)
    idle = [one.id for one in street.chargers if not one.charges]
    # Who had a command at that moment may have stayed where they were.
    assert sum(where[one] != wanted[one] for one in idle) <= len(idle) / 10
    await street.judged()


async def test_a_node_that_crashes_and_one_that_is_lost_with_its_machine_come_back_and_nothing_is_missing(
    street: Street,
) -> None:
    await street.make(3)
    await street.populate(SIZE, charging=CHARGING)
    crashed, lost, _ = await street.pods()
    before = {one["metadata"]["name"]: street.kubelet.container(one).address for one in (crashed, lost)}
    street.kubelet.kill(crashed)

    async def is_back() -> bool:
        (again, *_) = await street.pods()
        one = street.kubelet.containers.get(again["metadata"]["uid"])
        return one is not None and one.restarts == 1 and one.is_ready

    await street.until(is_back)
    assert street.kubelet.container(crashed).address == before["f-node-0"]
    await street.settled(3)
    street.kubelet.kill(lost)
    body = {"gracePeriodSeconds": 0, "preconditions": {"uid": lost["metadata"]["uid"]}}
    await street.kube._ask("DELETE", f"{street.paths.pods}/{lost['metadata']['name']}", body)

    async def is_replaced() -> bool:
        found = [one for one in await street.pods() if one["metadata"]["name"] == lost["metadata"]["name"]]
        uids = [one["metadata"]["uid"] for one in found]
        return uids != [lost["metadata"]["uid"]] and bool(uids) and uids[0] in street.kubelet.containers

    await street.until(is_replaced)
    await street.settled(3)
    assert street.kubelet.container((await street.pods())[1]).address != before["f-node-1"]
    await street.all_connected()
    assert await street.drains() == []
    assert street.replicas_seen == [3]
    await street.judged()


async def test_a_pod_that_somebody_deletes_lets_its_chargers_go_within_its_grace_and_comes_back(street: Street) -> None:
    await street.make(3)
    await street.populate(SIZE, charging=CHARGING)
    theirs = {one for one, where in (await street.at()).items() if where == 2}
    gone = (await street.pods())[2]
    await street.kube.delete(f"{street.paths.pods}/f-node-2", gone["metadata"]["uid"])

    async def is_replaced() -> bool:
        found = await street.pods()
        return len(found) == 3 and found[2]["metadata"]["uid"] != gone["metadata"]["uid"]

    await street.until(is_replaced)
    await street.settled(3)
    await street.all_connected()
    (end,) = street.planned_ends()
    assert (end.phase, end.connected) == ("Serving", len(theirs))
    moves = street.moves()
    assert {one for one in moves if moves[one]} == theirs
    assert all(set(one.closes) == {1001} for one in street.chargers if one.id in theirs)
    assert await street.drains() == []
    await street.judged()
