"""What one look at a meter is made of, before a version writes it down."""

from collections.abc import Iterator
from dataclasses import dataclass

from voltring_loadtest.meter import Reading


@dataclass(frozen=True, slots=True)
class Sample:
    """One sampled value; `phase` is empty for the total (TX-15)."""

    value: float
    measurand: str
    unit: str
    phase: str = ""
    location: str = "Outlet"


def samples(reading: Reading) -> Iterator[Sample]:
    """Energy, power, current per phase, voltage, and the state of charge where the car tells it."""
    yield Sample(reading.register_wh, "Energy.Active.Import.Register", "Wh")
    yield Sample(reading.power_w, "Power.Active.Import", "W")
    for phase in [f"L{number}" for number in range(1, reading.phases + 1)] or [""]:
        yield Sample(reading.current_a, "Current.Import", "A", phase)
    yield Sample(reading.voltage, "Voltage", "V", "L1-N" if reading.phases else "")
    if reading.soc_percent is not None:
        yield Sample(reading.soc_percent, "SoC", "Percent", location="EV")
