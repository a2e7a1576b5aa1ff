"""A car: how much power it takes, from the first second to the full battery."""

import random
from dataclasses import dataclass

from voltring_loadtest.hardware import Hardware

KNEE = 0.75  # of the wanted energy: from here on the battery takes less and less
FLOOR = 0.12  # of full power: what it takes just before it is full


@dataclass(frozen=True, slots=True)
class Car:
    """What one car will do at one outlet."""

    power_w: float
    """The most that it takes here."""
    phases: int
    """That it charges on; 0 for DC."""
    wanted_wh: float
    capacity_wh: float
    soc_percent: float
    """On arrival."""
    ramp_seconds: float
    stay_seconds: float
    """From the first power to the driver's return."""

    def demand_w(self, delivered_wh: float, elapsed: float) -> float:
        """The power it asks for, in W, after `elapsed` seconds and `delivered_wh`; 0 once it is full."""
        if self.is_full(delivered_wh) or elapsed <= 0:
            return 0.0
        rise = min(1.0, elapsed / self.ramp_seconds) if self.ramp_seconds > 0 else 1.0
        filled = delivered_wh / self.wanted_wh
        taper = 1.0 if filled <= KNEE else 1 - (1 - FLOOR) * (filled - KNEE) / (1 - KNEE)
        return self.power_w * min(rise, taper)

    def is_full(self, delivered_wh: float) -> bool:
        """Whether it has what it wanted; the last hundredth of a Wh is lost in rounding."""
        return delivered_wh >= self.wanted_wh - 0.01

    def soc_at(self, delivered_wh: float) -> float:
        """The state of charge in percent."""
        return min(100.0, self.soc_percent + 100 * delivered_wh / self.capacity_wh)


def arriving(hardware: Hardware, session_seconds: float, ramp_seconds: float, rng: random.Random) -> Car:
    """Draw a car whose battery suits the length of the session: about every second one is full before it leaves."""
    stay = session_seconds * rng.uniform(0.6, 1.4)
    power = hardware.power_w * rng.uniform(0.75, 0.98)
    phases = hardware.phases
    if phases == 3 and rng.random() < 0.2:
        phases, power = 1, min(power, hardware.max_current * hardware.voltage) * rng.uniform(0.9, 0.98)
    wanted = power * stay / 3600 * rng.uniform(0.55, 1.0)
    soc = rng.uniform(15.0, 55.0)
    capacity = wanted * 100 / (rng.uniform(80.0, 100.0) - soc)
    return Car(power, phases, wanted, capacity, soc, min(ramp_seconds, stay / 8), stay)
