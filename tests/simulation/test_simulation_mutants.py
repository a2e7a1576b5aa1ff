"""The simulation can fail: each fault that is put into the product, or into its servers' promises, is seen."""

import pytest
import sim_mutants
import sim_world

MOST_SEEDS = 60
SIZES = {"chargers": 10, "seconds": 60.0, "orders": 3.0}


@pytest.fixture(params=sim_mutants.MUTANTS, ids=lambda mutant: mutant.name)
def mutant(request, monkeypatch):
    for where, name, instead in request.param.changes:
        (monkeypatch.setitem if isinstance(where, dict) else monkeypatch.setattr)(where, name, instead)
    return request.param


def test_a_mutant_is_seen(mutant):
    for seed in range(MOST_SEEDS):
        world = sim_world.run(seed, **SIZES)
        if mutant.breaks & {invariant for invariant, _, _ in world.witness.faults}:
            return
    pytest.fail(f"{mutant.name!r} is not seen in {MOST_SEEDS} seeds")
