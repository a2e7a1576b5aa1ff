"""How long a charger waits before it connects again (OCPP 2.0.1 part 4, RetryBackOff)."""

import random
from dataclasses import dataclass


@dataclass(slots=True)
class BackOff:
    """The wait starts at `minimum` plus jitter, and doubles, plus new jitter, at most `doublings` times. Seconds."""

    minimum: float = 1.0
    jitter: float = 1.0
    doublings: int = 6
    _tries: int = 0
    _wait: float = 0.0

    def next(self, rng: random.Random) -> float:
        """The wait before the next attempt."""
        if self._tries == 0:
            self._wait = self.minimum + rng.uniform(0, self.jitter)
        elif self._tries <= self.doublings:
            self._wait = 2 * self._wait + rng.uniform(0, self.jitter)
        self._tries += 1
        return self._wait

    def reset(self) -> None:
        """The CSMS took the charger in: start from the beginning the next time."""
        self._tries = 0
