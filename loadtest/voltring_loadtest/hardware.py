"""The charging stations that are simulated: their makers' data, as a BootNotification tells them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hardware:
    """One model. Power is what each outlet can give, in W; voltage is line to neutral for AC."""

    vendor: str
    model: str
    firmware: str
    power_w: float
    phases: int
    """0 for DC."""
    voltage: float
    outlets: int
    connector_type: str
    """As OCPP 2.x names it."""

    @property
    def is_dc(self) -> bool:
        return self.phases == 0

    @property
    def max_current(self) -> float:
        """A, per phase."""
        return self.power_w / (self.voltage * max(self.phases, 1))


CATALOGUE = (
    Hardware("Voltring Sim", "Wall 11", "1.4.2", 11_040.0, 3, 230.0, 1, "cType2"),
    Hardware("Voltring Sim", "Post 22 Duo", "2.0.9", 22_080.0, 3, 230.0, 2, "sType2"),
    Hardware("Voltring Sim", "Fast 50", "5.1.0", 50_000.0, 0, 400.0, 1, "cCCS2"),
    Hardware("Voltring Sim", "Wall 22", "1.4.2", 22_080.0, 3, 230.0, 1, "cType2"),
    Hardware("Voltring Sim", "Hyper 150 Duo", "7.3.1", 150_000.0, 0, 720.0, 2, "cCCS2"),
)
