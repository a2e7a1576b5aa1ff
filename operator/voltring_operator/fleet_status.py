"""`OcppFleet.status`: what people see, and what the next look needs to remember of the earlier ones."""

from datetime import datetime
from typing import Literal

from voltring_operator.form import Form


class Peak(Form):
    """So many nodes were needed then."""

    at: datetime
    want: int


class Watch(Form):
    """What was needed over the last minutes (`watching.py`)."""

    since: datetime
    """From when on there was no gap."""
    at: datetime
    above_since: datetime | None = None
    """Since when more nodes are needed than there are."""
    peaks: tuple[Peak, ...] = ()
    """Each later one is lower: the first one within a window is its maximum."""


class Change(Form):
    """The number of nodes has changed."""

    time: datetime
    from_: int
    to: int
    reason: str = ""


class Intent(Form):
    """What was last asked for; when it is seen to be done, this says why."""

    to: int
    reason: str
    is_load: bool = False
    """Whether the load asked for it, and nobody else."""


class Rollout(Form):
    """An upgrade to one revision of the template."""

    revision: str
    started_at: datetime
    paused_at: datetime | None = None
    why: str = ""


class SlotStatus(Form):
    """One line of `kubectl describe`."""

    slot: int
    pod: str
    uid: str
    connections: int | None = None
    phase: str = ""
    accept_per_second: float | None = None
    lag_ms: float | None = None
    misplaced: int | None = None
    is_current: bool = True
    """Whether it was made from the template as it is now."""


class Condition(Form):
    """As Kubernetes has them."""

    type: str
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str = ""
    last_transition_time: datetime
    observed_generation: int | None = None


class FleetStatus(Form):
    """`OcppFleet.status`."""

    observed_generation: int | None = None
    replicas: int | None = None
    selector: str = ""
    """For `/scale`."""
    ready_replicas: int | None = None
    desired_replicas: int | None = None
    updated_replicas: int | None = None
    connections: int | None = None
    """Null: too many nodes are silent to say."""
    capacity: int | None = None
    """What the ready nodes are to carry by `target.connectionsPerPod`."""
    capacity_percent: int | None = None
    misplaced: int | None = None
    drain: str = ""
    version: str = ""
    message: str = ""
    """What is going on, in one sentence."""
    plan: tuple[str, ...] = ()
    """What is done now, or would be done."""
    slots: tuple[SlotStatus, ...] = ()
    conditions: tuple[Condition, ...] = ()
    watch: Watch | None = None
    last_scale: Change | None = None
    reversed_at: datetime | None = None
    """When the load made the fleet grow last after it had shrunk."""
    intent: Intent | None = None
    rollout: Rollout | None = None

    def condition(self, kind: str) -> Condition | None:
        """The condition of that type."""
        return next((one for one in self.conditions if one.type == kind), None)
