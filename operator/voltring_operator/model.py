"""What was observed of one fleet, at one moment: everything that a plan is made from, and nothing else."""

from dataclasses import dataclass, field
from datetime import datetime

from voltring_core.domain.draining import Phase
from voltring_operator.drains import DrainState, turn
from voltring_operator.fleet_status import FleetStatus
from voltring_operator.report import NodeReport
from voltring_operator.spec import FleetSpec


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of the fleet."""

    name: str
    ordinal: int
    uid: str
    revision: str
    """The template's that it was made from (`controller-revision-hash`)."""
    created_at: datetime
    is_ready: bool = False
    ready_since: datetime | None = None
    is_running: bool = False
    """Whether its process is there: without one it has no chargers."""
    is_leaving: bool = False
    """It was deleted, and has its grace period."""
    restarts: int = 0
    machine: str = ""
    """The Kubernetes node below it; empty until it is scheduled."""
    address: str = ""
    trouble: str = ""
    """What Kubernetes says that it waits for, as `ImagePullBackOff`."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in the router's ring."""

    ordinal: int
    pod: Pod | None = None
    report: NodeReport | None = None
    """None: it did not answer, or what it answered can't be read."""
    is_cordoned: bool = False
    """Whether the machine below it takes no more pods."""
    why_silent: str = ""

    @property
    def name(self) -> str:
        """As people call it."""
        return self.pod.name if self.pod is not None else f"slot {self.ordinal}"

    @property
    def serves(self) -> bool:
        """Whether new chargers may come to it, by its own word and by Kubernetes'."""
        report, pod = self.report, self.pod
        if report is None or pod is None or pod.is_leaving:
            return False
        return pod.is_ready and report.ready and report.phase is Phase.SERVING

    @property
    def is_empty(self) -> bool:
        """Whether there can be no charger: no process that could hold one. A silent process is not an empty one."""
        return self.pod is None or (not self.pod.is_running and not self.pod.is_leaving and self.report is None)


@dataclass(frozen=True, slots=True)
class StatefulSet:
    """The fleet's StatefulSet."""

    uid: str
    resource_version: str
    replicas: int
    revision: str
    """What new pods are made from (`status.updateRevision`)."""
    made_from: str = ""
    """The digest of what the operator applied last (annotation `voltring.io/digest`)."""
    is_settled: bool = True
    """Whether its controller has seen the last change."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The OcppFleet."""

    name: str
    namespace: str
    uid: str
    generation: int
    resource_version: str
    spec: FleetSpec
    status: FleetStatus = field(default_factory=FleetStatus)
    resume: str = ""
    """The revision whose upgrade somebody lets go on (annotation `voltring.io/resume-upgrade`)."""


@dataclass(frozen=True, slots=True)
class Observed:
    """One fleet, at one moment."""

    fleet: Fleet
    stateful_set: StatefulSet | None = None
    slots: tuple[Slot, ...] = ()
    """By ordinal, without gaps: as many as there are replicas, or more while pods beyond them end."""
    drains: tuple[DrainState, ...] = ()

    @property
    def spec(self) -> FleetSpec:
        """What is wanted."""
        return self.fleet.spec

    @property
    def replicas(self) -> int:
        """How many slots there are now."""
        return self.stateful_set.replicas if self.stateful_set is not None else 0

    @property
    def current(self) -> tuple[Slot, ...]:
        """The slots that are not on their way out."""
        return self.slots[: self.replicas]

    def slot(self, ordinal: int) -> Slot:
        """An empty one where there is none."""
        return self.slots[ordinal] if ordinal < len(self.slots) else Slot(ordinal)

    @property
    def active(self) -> tuple[DrainState, ...]:
        """Operations that are not over: the first one has the turn, the others wait for it."""
        return tuple(sorted((one for one in self.drains if one.is_active), key=turn))
