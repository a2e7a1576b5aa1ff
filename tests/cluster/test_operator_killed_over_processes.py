"""The operator dies by kill -9 at each phase of a drain that it writes down, over real nodes with chargers connected;
another one comes. The end is the same: no second drain, no node gone before it was drained, nothing lost or doubled."""

from collections import Counter

from fleet_street import Street

SIZE, CHARGING = 40, 12


async def test_killed_at_each_phase_of_a_scale_down_the_slot_is_drained_once_and_goes_then(street: Street) -> None:
    await street.make(3)
    await street.populate(SIZE, charging=CHARGING)
    theirs = {one for one, where in (await street.at()).items() if where == 2}
    await street.change(replicas=2)

    async def is_small() -> bool:
        return await street.replicas() == 2 and len(await street.pods()) == 2

    killed = await street.kill_at_each_step(is_small, in_another_pod=True)
    await street.settled(2)
    await street.all_connected()
    assert {"Pending", "Finalising"} <= {phase for _, phase in killed}
    assert street.kills >= 2
    (drain,) = await street.drains()
    assert (drain["status"]["phase"], drain["spec"]["slot"]) == ("Done", 2)
    (end,) = street.planned_ends()
    assert (end.pod, end.phase, end.connected) == ("f-node-2", "Drained", 0)
    assert street.replicas_seen == [3, 2]
    assert street.moves() == Counter(dict.fromkeys(theirs, 1))
    await street.judged()


async def test_killed_at_each_phase_of_an_upgrade_each_node_is_drained_and_replaced_once(street: Street) -> None:
    await street.make(2)
    await street.populate(SIZE, charging=CHARGING)
    await street.change(template=street.template("voltring-node:2"))

    async def is_new() -> bool:
        over = [one.get("status", {}).get("phase") for one in await street.drains()]
        return await street.images() == {"voltring-node:2"} and over == ["Done", "Done"]

    await street.kill_at_each_step(is_new, in_another_pod=False)
    await street.settled(2)
    await street.all_connected()
    assert street.kills >= 4  # a quick fleet passes what lies between the first phase and the last in one look
    assert [one["spec"]["slot"] for one in await street.drains()] == [1, 0]
    ends = [(one.pod, one.phase, one.connected) for one in street.planned_ends()]
    assert ends == [("f-node-1", "Drained", 0), ("f-node-0", "Drained", 0)]
    assert street.replicas_seen == [2]
    moves = street.moves()
    assert sum(moves.values()) / SIZE <= 2.0, moves
    await street.judged()
