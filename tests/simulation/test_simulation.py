"""Ownership and commands under faults, simulated: the product's nodes, API side and sweeper on a seeded virtual clock.

Each seed is another installation, another plan of faults, other races. When the faults are over and everything has had
its time, the invariants of docs/ownership.md must hold. `VOLTRING_SEED=123 ./voltring test simulation` runs one seed,
`VOLTRING_SEEDS=10000` as many.
"""

import os
import subprocess
import sys

import pytest
import sim_mutants
import sim_world

HUNDREDS = {"chargers": 250, "seconds": 50.0, "orders": 1.0}
A_FEW = (8, 19)
TELL = "import sys, sim_world; print(sim_world.run(int(sys.argv[1])).story.whole())"


def test_whatever_fails_each_command_runs_once_and_each_fact_is_kept(simulate, seed):
    assert simulate(seed).witness.faults == []


@pytest.mark.parametrize("number", [1, 2])
def test_hundreds_of_chargers_come_right_as_a_few_do(simulate, number):
    assert simulate(number, **HUNDREDS).witness.faults == []


def test_the_same_seed_tells_the_same_story():
    for seed in A_FEW:
        stories = [sim_world.run(seed).story.whole() for _ in range(2)]
        assert stories[0] == stories[1]
        assert stories[0].count("\n") > 100


def test_another_process_tells_the_same_story():
    here = sim_world.run(A_FEW[0]).story.whole()
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join(sys.path)}
    there = subprocess.run(
        [sys.executable, "-c", TELL, str(A_FEW[0])], env=environment, capture_output=True, text=True, check=True
    )
    assert there.stdout.rstrip("\n") == here


def test_a_failing_seed_tells_who_is_concerned_and_how_to_see_it_again(monkeypatch):
    monkeypatch.setattr(sim_mutants.Outcomes, "silent", sim_mutants.silence_gives_back)
    world = next(world for world in map(sim_world.run, range(20)) if world.witness.faults)
    invariant, charger, _ = world.witness.faults[0]
    report = world.report()
    assert invariant == "I1"
    assert f"--- the story of {charger}" in report
    assert f"VOLTRING_SEED={world.seed} " in report
    assert all(line[22:34].strip() or "!!" in line for line in world.story.of(charger).splitlines()[:20])


def test_what_goes_wrong_is_planned_and_much_goes_right():
    """A simulation that does nothing would find nothing."""
    worlds = [sim_world.run(seed) for seed in range(10)]
    states = {row["state"] for world in worlds for row in world.tables.commands.values()}
    assert states >= {"ACCEPTED", "COMPLETED", "REJECTED", "UNKNOWN", "EXPIRED", "CANCELLED"}
    assert sum(sum(world.tables.told.values()) for world in worlds) > 300
    told = "\n".join(world.story.whole() for world in worlds)
    for happened in (
        "is killed",
        "stands still",
        "Redis fails over",
        "is away for",
        "goes silent",
        "second connection",
    ):
        assert happened in told, happened
