"""kill -9 of a node at each step of the protocol, while it commands, while chargers come and go; another takes over."""

from typing import Any

import pytest
from fault_chargers import Charger, crew
from fault_fleet import Fault, Place
from fault_scene import Scene

# And what it leaves behind: commands that may have been executed (`unknown`), repeated ones (`again`).
COMMANDED = [
    (Fault("sent.before"), ""),
    (Fault("sent.after", match="RemoteStartTransaction"), "unknown"),
    (Fault("sent.after", match="Reset"), "unknown"),
    (Fault("frame.before", match="UnlockConnector"), "unknown"),
    (Fault("frame.after", match="UnlockConnector"), "unknown"),
    (Fault("frame.before", match="GetConfiguration"), ""),
    (Fault("frame.after", match="ChangeConfiguration"), "again"),
    (Fault("frame.after", match="RemoteStartTransaction"), ""),
    (Fault("frame.after", match="Reset"), ""),
    (Fault("settled.before", match="UnlockConnector"), "unknown"),
    (Fault("settled.before", match="ChangeConfiguration"), "again"),
    (Fault("settled.after", match="Reset"), ""),
    (Fault("answered.before"), ""),
    (Fault("commit.before", match="StartTransaction"), ""),
    (Fault("commit.after", match="StartTransaction"), ""),
]
CONNECTING = [Fault(f"{step}.{when}") for step in ("claim", "fence") for when in ("before", "after")]
CONNECTING += [Fault("welcome.after")]
LEAVING = [Fault("departure.before"), Fault("departure.after")]


def know_also(chargers: list[Charger], place: Place) -> None:
    """From now on they go there, too: a charger that a slow node keeps waiting would have stayed there before."""
    for charger in chargers:
        charger.places.append(place)


@pytest.mark.parametrize(("fault", "leaves"), COMMANDED, ids=[f"{fault.at}-{fault.match}" for fault, _ in COMMANDED])
async def test_a_node_that_dies_while_it_commands_loses_nothing_and_doubles_nothing(
    standing: Any, fault: Fault, leaves: str
) -> None:
    fleet, survivor = standing.fleet, standing.places[1]
    victim = fleet.node("victim", fault=fault)
    chargers = crew(f"{fault.at}-{fault.match}", 4, [victim.place])
    async with Scene(fleet, chargers) as scene:
        await scene.connected(at="victim")
        know_also(chargers, survivor)
        await scene.more_facts()
        victim.arm()
        await scene.orders()
        await victim.died()
        await scene.connected(at="node-1")
        await scene.more_facts(3)
        verdict = await scene.judged()
    assert verdict.most_executions["N"] == 1
    assert sum(verdict.commands.values()) == 20
    assert verdict.commands["UNKNOWN"] >= (leaves == "unknown")
    assert verdict.most_executions["R"] >= 1 + (leaves == "again")


@pytest.mark.parametrize("fault", CONNECTING, ids=lambda fault: fault.at)
async def test_a_node_that_dies_while_a_charger_connects_leaves_it_to_the_other(standing: Any, fault: Fault) -> None:
    fleet, survivor = standing.fleet, standing.places[1]
    victim = fleet.node("victim", fault=fault)
    there = crew(f"{fault.at}-there", 2, [victim.place, survivor])
    coming = crew(f"{fault.at}-coming", 2, [victim.place, survivor])
    before = crew(f"{fault.at}-before", 2, [survivor])
    async with Scene(fleet, [*there, *before]) as scene:
        await scene.connected()
        await scene.orders()
        victim.arm()
        for charger in coming:
            scene.start(charger)
        for charger in before:  # known to the survivor: a takeover of what is there
            await charger.leave(victim.place, survivor)
        await victim.died()
        await scene.connected(at="node-1")
        await scene.more_facts(3)
        verdict = await scene.judged()
    assert verdict.most_executions["N"] == 1


@pytest.mark.parametrize("fault", LEAVING, ids=lambda fault: fault.at)
async def test_a_node_that_dies_while_it_writes_who_left_takes_nobody_else_along(standing: Any, fault: Fault) -> None:
    fleet, survivor = standing.fleet, standing.places[1]
    victim = fleet.node("victim", fault=fault)
    chargers = crew(fault.at, 4, [victim.place])
    async with Scene(fleet, chargers) as scene:
        await scene.connected(at="victim")
        know_also(chargers, survivor)
        await scene.orders()
        victim.arm()
        for charger in chargers[:2]:
            await charger.leave(survivor)
        await victim.died()
        await scene.connected(at="node-1")
        await scene.more_facts(3)
        verdict = await scene.judged()
    assert verdict.most_executions["N"] == 1
