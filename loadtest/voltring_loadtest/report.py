"""What the simulator says about itself: one status line now and then, and refusals in plain words."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from voltring_loadtest.evse import ChargingState
from voltring_loadtest.station import Station


@dataclass(frozen=True, slots=True)
class Figures:
    """The fleet at one time."""

    chargers: int
    connected: int
    accepted: int
    charging: int
    power_w: float
    energy_wh: float
    waiting: int
    """Messages that wait for an answer or a connection."""

    def line(self) -> str:
        """The status line."""
        pending = "" if self.accepted == self.connected else f" ({self.accepted} accepted)"
        waiting = f", {self.waiting} messages waiting" if self.waiting > self.chargers else ""
        return (
            f"{self.connected} of {self.chargers} connected{pending}, {self.charging} charging at "
            f"{self.power_w / 1000:.1f} kW, {self.energy_wh / 1000:.2f} kWh delivered{waiting}"
        )


def figures(stations: Iterable[Station]) -> Figures:
    """Count."""
    chargers = connected = accepted = charging = waiting = 0
    power = energy = 0.0
    for station in stations:
        chargers += 1
        connected += station.online
        accepted += station.is_accepted
        waiting += len(station.outbox)
        energy += station.energy_wh
        for evse in station.sessions():
            charging += evse.session is not None and evse.session.state is ChargingState.CHARGING
            power += evse.meter.power_w
    return Figures(chargers, connected, accepted, charging, power, energy, waiting)


class Refusals:
    """Failed connections since the last report, by reason."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, reason: str) -> None:
        self._counts[reason] += 1

    def lines(self) -> list[str]:
        """One sentence a reason, the commonest first; forgets what it told."""
        found = self._counts.most_common()
        self._counts.clear()
        return [f"{_times(count)} refused or cut: {reason}; trying again" for reason, count in found]


def _times(count: int) -> str:
    return "a connection was" if count == 1 else f"{count} connections were"
