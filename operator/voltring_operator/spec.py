"""What somebody wants of a fleet: `OcppFleet.spec`, with its defaults and their reasons."""

from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from voltring_core.domain.draining import Firmware
from voltring_operator.blackout import Blackout
from voltring_operator.form import Form

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[int, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Ratio = Annotated[float, Field(ge=1)]


class Slots(Form):
    """How many nodes there may be. The router has a line for each slot up to its own `maxNodes`."""

    min: Count = 2
    max: Count = 10

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.max < self.min:
            raise ValueError(f"max {self.max} is less than min {self.min}")
        return self


class Target(Form):
    """What a node is to carry when all are there."""

    connections_per_pod: Count = 2500
    cpu: Positive = 0.6
    """Cores of a process that can use one."""
    event_loop_lag_ms_p99: Positive = 100.0
    stream_lag_max: Count = 200
    """Doorbells that wait at a node."""


class HardCap(Form):
    """What a node may have to carry when another one is lost."""

    connections_per_pod: Count = 5000


class ScaleUp(Form):
    """How fast the fleet grows: by the greater of the two steps."""

    step_percent: Count = 50
    step_pods: Count = 4
    stabilization_seconds: Seconds = 30
    cooldown_seconds: Seconds = 60


class ScaleDown(Form):
    """How carefully it shrinks: one slot at a time, whatever `step` says."""

    step: Literal[1] = 1
    stabilization_seconds: Seconds = 900
    cooldown_seconds: Seconds = 600
    blackout: tuple[Blackout, ...] = ()


class DrainRules(Form):
    """How chargers are asked to go."""

    max_rate: Positive = 100.0
    """Closes a second."""
    limbo_window: Literal["auto"] | Count = "auto"
    """Chargers on their way at most; `auto` leaves it to the node, which knows what the others accept."""
    floor_rate: Positive = 5.0
    """Closes a second while too little is known of the other nodes, a storm goes on, or no operator renews a grant."""
    deadline_seconds: Annotated[int, Field(ge=30, le=86_400)] = 1800
    firmware_policy: Firmware = Firmware.DEFER


class Mode(StrEnum):
    """When chargers are moved to the node that the router would choose now."""

    OFF = "Off"
    OVERLOAD = "Overload"
    """When one node carries far more than the others."""
    ALWAYS = "Always"


class Rebalance(Form):
    """Only idle chargers are moved, and only those that the router sends elsewhere."""

    mode: Mode = Mode.OVERLOAD
    start_ratio: Ratio = 1.25
    """The fullest node, to the average."""
    stop_ratio: Ratio = 1.10
    min_absolute: Seconds = 200
    """Chargers that the fullest node has beyond the average."""
    rate_percent_per_minute: Positive = 1.0
    """Of the fleet."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.stop_ratio > self.start_ratio:
            raise ValueError(f"stopRatio {self.stop_ratio} is more than startRatio {self.start_ratio}")
        return self


class Upgrade(Form):
    """How a changed template reaches the nodes: one after the other, each gets its own chargers back first."""

    strategy: Literal["RecallHome"] = "RecallHome"
    max_unavailable: Literal[1] = 1
    canary_seconds: Seconds = 600
    """How long the first new node is watched before the second is replaced."""
    max_error_rate: Annotated[float, Field(ge=0, le=1)] = 0.05


class FleetSpec(Form):
    """`OcppFleet.spec`."""

    slots: Slots = Slots()
    replicas: Annotated[int, Field(ge=0)] | None = None
    """At least so many nodes, within `slots`: by hand, or an autoscaler's suggestion. Null: the load decides."""
    target: Target = Target()
    hard_cap: HardCap = HardCap()
    scale_up: ScaleUp = ScaleUp()
    scale_down: ScaleDown = ScaleDown()
    drain: DrainRules = DrainRules()
    rebalance: Rebalance = Rebalance()
    upgrade: Upgrade = Upgrade()
    dry_run: bool = False
    """The plan goes into the status and the events; nothing is done."""
    paused: bool = False
    """Nothing is begun or taken away. A drain that runs goes on as it is granted, until its node is drained: half a
    drain helps nobody, and `abort` ends it."""
    template: dict[str, Any] = Field(default_factory=dict)
    """The pods' template, as a StatefulSet has it."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.hard_cap.connections_per_pod < self.target.connections_per_pod:
            raise ValueError(
                f"hardCap.connectionsPerPod {self.hard_cap.connections_per_pod} is less than "
                f"target.connectionsPerPod {self.target.connections_per_pod}"
            )
        return self

    @property
    def least(self) -> int:
        """Nodes that are wanted whatever the load is."""
        return min(max(self.slots.min, self.replicas or 0), self.slots.max)
