"""`OcppDrain`: one operation on one slot, from its order to its end; it says all that is needed to go on with it.

    Pending ─> Cordoned ─> Propagating ─> Draining ─> Quiescing ─> Drained ─> Finalising ─> Done
                 (as the node says: docs/node-status.md)                        after: Delete, Return
       └── Aborted: it was given up, and the node serves again; Failed: the same, and somebody should look why

A rebalance and a recall cordon nobody: they are Draining, then Done.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from voltring_core.domain.draining import Firmware
from voltring_operator.form import Form


class DrainPhase(StrEnum):
    """Where the operation stands."""

    PENDING = "Pending"
    CORDONED = "Cordoned"
    PROPAGATING = "Propagating"
    DRAINING = "Draining"
    QUIESCING = "Quiescing"
    DRAINED = "Drained"
    FINALISING = "Finalising"
    """What comes after the drain goes on. Written down before anything is taken away."""
    DONE = "Done"
    ABORTED = "Aborted"
    FAILED = "Failed"


ENDED = frozenset({DrainPhase.DONE, DrainPhase.ABORTED, DrainPhase.FAILED})


class Reason(StrEnum):
    """Why a slot is drained; the first ones go before the others."""

    NODE_DRAIN = "NodeDrain"
    """A cluster administrator has cordoned the machine below it."""
    UPGRADE = "Upgrade"
    SCALE_DOWN = "ScaleDown"
    MANUAL = "Manual"
    REBALANCE = "Rebalance"


class After(StrEnum):
    """What happens to the drained slot."""

    DELETE = "Delete"
    """The fleet gets smaller by it: only the highest slot can go."""
    RETURN = "Return"
    """Its pod is replaced, and gets its own chargers back."""
    NONE = "None"
    """It stays drained until this object is deleted."""


class Selector(Form):
    """Whom the operation is about."""

    only_misplaced: bool = False
    """Idle chargers that the router would send elsewhere; nobody is refused."""


class DrainSpec(Form):
    """`OcppDrain.spec`."""

    fleet: str
    slot: Annotated[int, Field(ge=0)]
    pod_uid: str = ""
    """The pod that is meant; empty: the one that is there when the operation begins."""
    reason: Reason = Reason.MANUAL
    after: After = After.NONE
    selector: Selector = Selector()
    rate: Annotated[float, Field(gt=0)] | None = None
    """Closes a second at most; null: what the fleet says."""
    deadline_seconds: Annotated[int, Field(ge=30, le=86_400)] | None = None
    firmware_policy: Firmware | None = None
    abort: bool = False
    """Somebody wants the node back."""


class DrainStatus(Form):
    """`OcppDrain.status`."""

    phase: DrainPhase = DrainPhase.PENDING
    pod_uid: str = ""
    node_uid: str = ""
    """The incarnation of the process that was ordered."""
    initial: int | None = None
    remaining: int | None = None
    in_transaction: int | None = None
    in_firmware: int | None = None
    closed: int | None = None
    returned: int | None = None
    limbo: int | None = None
    rate_now: float | None = None
    started_at: datetime | None = None
    deadline_at: datetime | None = None
    gone_at: datetime | None = None
    """When its pod was seen to be gone."""
    ready_at: datetime | None = None
    """When the pod that came in its place was ready."""
    finished_at: datetime | None = None
    note: str = ""
    """What it waits for, or why it ended."""


class DrainState(Form):
    """One OcppDrain, as it was observed."""

    name: str
    uid: str
    resource_version: str
    created_at: datetime
    spec: DrainSpec
    status: DrainStatus = DrainStatus()
    is_being_deleted: bool = False

    @property
    def is_active(self) -> bool:
        """Whether something is still to be done for it."""
        return self.status.phase not in ENDED and not self.is_being_deleted

    @property
    def gave_up(self) -> bool:
        """Whether it ended without what it was for."""
        return self.status.phase in (DrainPhase.ABORTED, DrainPhase.FAILED)

    @property
    def pod_uid(self) -> str:
        """The pod that it is about; empty until it begins."""
        return self.spec.pod_uid or self.status.pod_uid

    @property
    def order(self) -> str:
        """The reason that its orders to the node carry: whose drain it is can be seen there."""
        return f"{ORDER}{self.name[:100]}/{self.uid}"


ORDER = "OcppDrain/"


def turn(drain: DrainState) -> tuple[bool, datetime, str]:
    """For sorting: what was begun is ended first, then the older one."""
    return drain.status.phase is DrainPhase.PENDING and not drain.status.started_at, drain.created_at, drain.name
