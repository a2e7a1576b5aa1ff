"""How fast life goes at a simulated charger: every duration that the behaviour model uses, in seconds."""

import random
from dataclasses import dataclass

Span = tuple[float, float]
"""From and to; a value is drawn evenly between the two."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Drivers and timings. The defaults are for demos: a session takes some minutes."""

    id_tokens: tuple[str, ...] = tuple(f"DEMO-{number:04}" for number in range(1, 13))
    """The cards that drivers carry."""
    session_seconds: float = 240.0
    """How long a car charges, on average."""
    busy: float = 0.5
    """The share of chargers at which a car charges; it decides the pause between two cars."""
    first_arrival: Span = (0.5, 5.0)
    """From the first acceptance by the CSMS to the first car at a busy outlet: a newcomer sees something at once."""
    card: Span = (1.0, 3.0)
    """From plugging in to presenting the card."""
    energize: Span = (0.5, 2.0)
    """From the start of the transaction to the first power."""
    unplug: Span = (3.0, 8.0)
    """From the end of the transaction to unplugging."""
    meter_interval: int = 10
    """Between two meter samples, until the CSMS sets another interval."""
    ramp: float = 8.0
    """From the first power to full power."""
    call_timeout: float = 30.0
    """For the answer to a CALL."""
    attempts: int = 60
    """How often a transaction message is tried before it is given up; an hour or so."""
    retry: float = 10.0
    """Before a transaction message is repeated, times the attempts so far."""
    longest_retry: float = 60.0
    boot_retry: float = 10.0
    """Before the next BootNotification when the last one was not answered, or named no interval."""
    boots_on_reconnect: float = 0.5
    """The share of chargers that boot on every connection; the others carry on, which the CSMS takes as well."""
    reboot: Span = (2.0, 4.0)
    """How long a reset keeps a charger away."""
    job_step: float = 2.0
    """Between two steps of a firmware update or a log upload."""
    queue_limit: int = 1000
    """Transaction messages kept while offline; beyond it meter samples in the middle are dropped."""
    patience: int = 3
    """Unanswered CALLs in a row before the charger takes the connection for dead."""

    def pause(self, outlets: int, rng: random.Random) -> float:
        """From one car's departure to the next arrival, so that `busy` of the chargers charge."""
        outlet_busy = self.outlet_busy(outlets)
        if outlet_busy >= 1:
            return 0.5
        return self.session_seconds * (1 - outlet_busy) / max(outlet_busy, 0.01) * rng.uniform(0.5, 1.5)

    def outlet_busy(self, outlets: int) -> float:
        """The share of time that one of several outlets is in use when any of them is for `busy` of it."""
        idle: float = (1 - min(max(self.busy, 0.0), 1.0)) ** (1 / outlets)
        return 1 - idle
