"""The meter of one outlet: power over time becomes a register that never falls."""

from collections.abc import Callable
from dataclasses import dataclass

STEP = 5.0  # seconds; the power curve is nearly straight within it
MOST_STEPS = 200  # for a process that slept for hours


@dataclass(frozen=True, slots=True)
class Reading:
    """What the meter shows at one time."""

    at: float
    register_wh: int
    power_w: float
    voltage: float
    current_a: float
    """Per phase."""
    phases: int
    """0 for DC."""
    soc_percent: float | None


@dataclass(slots=True)
class Meter:
    """The register in Wh, and the power in W since `at`."""

    register_wh: float
    at: float = 0.0
    power_w: float = 0.0

    def advance(self, now: float, power_at: Callable[[float, float], float], room_wh: float) -> float:
        """Integrate until `now` and return the energy in Wh.

        `power_at(time, energy_so_far)` is the power in W; at most `room_wh` is counted. The clock may stand still
        or go backwards: then nothing is counted.
        """
        gap = now - self.at
        if gap <= 0:
            return 0.0
        count = min(int(gap / STEP) + 1, MOST_STEPS)
        width = gap / count
        energy = 0.0
        for index in range(count):
            power = power_at(self.at + (index + 0.5) * width, energy)
            energy = min(energy + power * width / 3600, room_wh)
        self.at = now
        self.register_wh += energy
        self.power_w = power_at(now, energy)
        return energy
