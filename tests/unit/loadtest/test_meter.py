"""Energy: the register never falls, and it is the integral of the power."""

import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltring_core.ocpp.versions import Version
from voltring_loadtest.car import arriving
from voltring_loadtest.hardware import CATALOGUE
from voltring_loadtest.meter import Meter
from voltring_loadtest.times import seconds


@settings(deadline=None, max_examples=200)
@given(
    seed=st.integers(0, 10_000),
    steps=st.lists(st.floats(-5.0, 120.0), min_size=1, max_size=60),
    limits=st.lists(st.floats(0.0, 200_000.0), min_size=1, max_size=60),
)
def test_the_register_is_monotonic_and_bounded_by_power_and_battery(
    seed: int, steps: list[float], limits: list[float]
) -> None:
    rng = random.Random(seed)
    car = arriving(rng.choice(CATALOGUE), 240.0, 8.0, rng)
    meter = Meter(1000.0, at=0.0)
    delivered = now = 0.0
    for index, step in enumerate(steps):
        now += step
        cap, start, before = limits[index % len(limits)], delivered, meter.register_wh

        def power(at: float, energy: float, cap: float = cap, start: float = start) -> float:
            return min(car.demand_w(start + energy, at), cap)

        gap = max(0.0, now - meter.at)
        delivered += meter.advance(now, power, car.wanted_wh - delivered)
        assert meter.register_wh >= before
        assert meter.register_wh - before <= min(car.power_w, cap) * gap / 3600 + 1e-6
    assert delivered <= car.wanted_wh + 1e-6
    assert abs(meter.register_wh - 1000.0 - delivered) < 1e-6


def test_a_session_reports_energy_that_agrees_with_its_power(make_stage: Callable[..., Any], version: Version) -> None:
    for seed in range(15):
        stage = make_stage(version, CATALOGUE[seed % len(CATALOGUE)], seed, busy=0.0)
        rows = play(stage)
        registers = [register for _, register, _ in rows]
        assert registers == sorted(registers)
        integral = sum((end[0] - begin[0]) * (begin[2] + end[2]) / 2 / 3600 for begin, end in pairwise(rows))
        assert registers[-1] - registers[0] == pytest.approx(integral, rel=0.05, abs=60)


def play(stage: Any) -> list[tuple[float, float, float]]:
    """(time, register, power) as one session reports them."""
    stage.open()
    stage.remote_start()
    stage.until(lambda: stage.of("StopTransaction") or stage.events("Ended"))
    periodic = [sample for report in stage.of("MeterValues") for sample in report["meterValue"]]
    periodic += [
        sample
        for event in stage.events("Updated")
        if event["triggerReason"] == "MeterValuePeriodic"
        for sample in event["meterValue"]
    ]
    return [row(sample) for sample in periodic]


def row(meter_value: dict[str, Any]) -> tuple[float, float, float]:
    values = {sample["measurand"]: float(sample["value"]) for sample in meter_value["sampledValue"]}
    at = seconds(meter_value["timestamp"])
    assert at is not None
    return at, values["Energy.Active.Import.Register"], values["Power.Active.Import"]
