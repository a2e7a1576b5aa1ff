"""The stages of a load test, pure: what time it is and how many are accepted in, what is to be done out.

connecting      shards are spawned, as fast as the connect rate allows, until every charger is accepted
settling        everybody is there; the first sessions begin
measuring       the verdict is about this part; what the profile does happens in it
over
"""

from dataclasses import dataclass
from enum import StrEnum

from voltring_loadtest.load.trial import Trial

PATIENCE = 60.0
"""Seconds for the last chargers to be accepted, after the time that the connect rate allows for."""
CALM = 0.15
"""The share of the measured time before the storm, or the first restart; ten seconds at most."""
LONGEST_CALM = 10.0


class Stage(StrEnum):
    """Where a run is."""

    CONNECTING = "connecting"
    SETTLING = "settling"
    MEASURING = "measuring"
    OVER = "over"


@dataclass(slots=True)
class Course:
    """One run. `now` is in seconds of a steady clock, from the start on."""

    trial: Trial
    stage: Stage = Stage.CONNECTING
    since: float = 0.0
    """When the stage began."""
    connected_in_time: bool = True
    stopped_early: bool = False

    def step(self, now: float, accepted: int) -> Stage:
        """Go on to the next stage when its time has come."""
        lasted = now - self.since
        if self.stage is Stage.CONNECTING:
            if accepted >= self.trial.chargers:
                self._enter(Stage.SETTLING, now)
            elif lasted > self.trial.chargers / self.trial.connect_rate + PATIENCE:
                self.connected_in_time = False
                self._enter(Stage.SETTLING, now)
        elif (self.stage is Stage.SETTLING and lasted >= self.trial.settling) or (
            self.stage is Stage.MEASURING and lasted >= self.trial.seconds
        ):
            self._enter(Stage.MEASURING if self.stage is Stage.SETTLING else Stage.OVER, now)
        return self.stage

    def stop(self, now: float) -> None:
        """Somebody wants it to end."""
        if self.stage is not Stage.OVER:
            self.stopped_early = True
            self._enter(Stage.OVER, now)

    def shards(self, now: float) -> tuple[int, float]:
        """How many shards should be there, and how many to start in a second: locust's LoadTestShape asks it."""
        rate = self.trial.connect_rate / self.trial.shard_size
        return min(self.trial.shards, 1 + int(now * rate)), max(rate, 1.0)

    def calm(self) -> float:
        """Seconds of the measured part before something happens."""
        return min(LONGEST_CALM, CALM * self.trial.seconds)

    def _enter(self, stage: Stage, now: float) -> None:
        self.stage, self.since = stage, now
