"""What the simulation's tests share; its modules are `tests/helpers/sim_*.py`."""

import os

import pytest
import sim_world

CI_SEEDS = 50


def pytest_generate_tests(metafunc):
    """`seed`: one from VOLTRING_SEED, or as many as VOLTRING_SEEDS says, or what CI runs."""
    if "seed" not in metafunc.fixturenames:
        return
    if one := os.environ.get("VOLTRING_SEED"):
        seeds = [int(one)]
    else:
        seeds = list(range(int(os.environ.get("VOLTRING_SEEDS", CI_SEEDS))))
    metafunc.parametrize("seed", seeds)


@pytest.fixture
def simulate():
    """`simulate(seed)`: the world after the run of a seed; its story is printed when the run shows a fault."""

    def run(seed, **sizes):
        world = sim_world.run(seed, **sizes)
        if world.witness.faults:
            print(world.report())
        return world

    return run
