"""What the operator may do. Each action names what it was decided upon; if that has changed, it must not be done.

Whoever carries them out keeps their order, and stops at the first that is refused: the next look decides anew.
"""

from dataclasses import dataclass
from typing import Any

from voltring_core.domain.draining import Firmware
from voltring_core.domain.window import FLOOR_RATE
from voltring_operator.drains import DrainSpec, DrainStatus


@dataclass(frozen=True, slots=True)
class ApplyStatefulSet:
    """Make it, or give it another template. `manifest` has `replicas` only when it is made."""

    manifest: dict[str, Any]
    expecting_uid: str
    """Empty: there is none yet."""
    expecting_version: str

    def __str__(self) -> str:
        return "apply the template" if self.expecting_uid else f"make {self.manifest['spec']['replicas']} nodes"


@dataclass(frozen=True, slots=True)
class Scale:
    """Change the number of nodes, if it is `from_` and the StatefulSet is as it was.

    Fewer only by one, and only if the highest slot is drained: `pod_uid` is its pod, `node_uid` its process; whoever
    does it asks that process once more (I11).
    """

    to: int
    from_: int
    expecting_uid: str
    expecting_version: str
    reason: str
    pod_uid: str = ""
    node_uid: str = ""

    def __str__(self) -> str:
        return f"scale from {self.from_} to {self.to}: {self.reason}"


@dataclass(frozen=True, slots=True)
class CreateDrain:
    """Begin an operation. The name is made of what it is about: whoever plans the same again makes no second one."""

    name: str
    spec: DrainSpec
    why: str

    def __str__(self) -> str:
        return f"begin {self.name}: {self.why}"


@dataclass(frozen=True, slots=True)
class WriteDrain:
    """Write down how an operation stands, if it is as it was."""

    name: str
    uid: str
    expecting_version: str
    status: DrainStatus

    def __str__(self) -> str:
        return f"{self.name} is {self.status.phase}" + (f": {self.status.note}" if self.status.note else "")


@dataclass(frozen=True, slots=True)
class DeleteDrain:
    """Tidy up an operation that is long over."""

    name: str
    uid: str

    def __str__(self) -> str:
        return f"forget {self.name}"


@dataclass(frozen=True, slots=True)
class OrderDrain:
    """`POST /drain` at the slot's node, if it is that pod and that process; posted again it renews the grant."""

    slot: int
    pod_uid: str
    node_uid: str
    reason: str
    rate: float
    window: int | None
    """Null: the node knows."""
    until_s: float
    deadline_s: float
    firmware: Firmware
    floor_rate: float = FLOOR_RATE
    """Closes a second when nobody renews the grant, or the node hears of no other."""

    def __str__(self) -> str:
        return f"drain slot {self.slot} at {self.rate:g} a second"


@dataclass(frozen=True, slots=True)
class Undrain:
    """`POST /undrain`, if it is that process and its drain still has that reason."""

    slot: int
    pod_uid: str
    node_uid: str
    reason: str

    def __str__(self) -> str:
        return f"let slot {self.slot} serve again"


@dataclass(frozen=True, slots=True)
class Recall:
    """`POST /recall` at the slot's node: idle chargers that the router would send elsewhere are closed; nobody is
    refused there."""

    slot: int
    pod_uid: str
    node_uid: str
    reason: str
    rate: float
    until_s: float
    deadline_s: float

    def __str__(self) -> str:
        return f"send misplaced chargers of slot {self.slot} home at {self.rate:.3g} a second"


@dataclass(frozen=True, slots=True)
class DeletePod:
    """Delete it, if it is that one. `node_uid`: its process is asked once more whether it is drained; empty: it has
    none, or nobody else could take its chargers."""

    name: str
    slot: int
    uid: str
    node_uid: str
    why: str

    def __str__(self) -> str:
        return f"delete {self.name}: {self.why}"


Action = ApplyStatefulSet | Scale | CreateDrain | WriteDrain | DeleteDrain | OrderDrain | Undrain | Recall | DeletePod


@dataclass(frozen=True, slots=True)
class Event:
    """A Kubernetes Event: what happened or will not, and what that means."""

    reason: str
    note: str
    is_warning: bool = False
    about: str = ""
    """An OcppDrain's name; empty: the fleet."""
