"""How the fleet is, as far as it is known. What is not known stays so: a silent node is never one without chargers."""

from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass
from math import ceil

from voltring_core.domain.draining import LEAVING
from voltring_operator.model import Observed, Slot
from voltring_operator.report import NodeReport

BLIND = 0.2
"""Of the nodes: when more are silent, nothing is decided by what the others say."""
STORM = 0.7
"""Of what the fleet can accept: with more handshakes a second than this, chargers are on their way in masses."""
CAP_IN_DANGER = 0.8
"""Of the hard cap: a fleet this full grows even in a storm."""
STARTING_S = 180.0
"""A pod that was made so recently, and that was never ready, is starting: it has no chargers yet."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """Numbers are those of the whole fleet; None: not known."""

    known: tuple[tuple[Slot, NodeReport], ...]
    """Those that are to serve and have answered."""
    silent: tuple[Slot, ...]
    """Those that may have chargers, and have not."""

    @property
    def counted(self) -> int:
        """Nodes that may have chargers."""
        return len(self.known) + len(self.silent)

    @property
    def is_blind(self) -> bool:
        """Whether too little is known to decide anything by it."""
        return not self.known or len(self.silent) > BLIND * self.counted

    @property
    def reports(self) -> tuple[NodeReport, ...]:
        """What the nodes say."""
        return tuple(report for _, report in self.known)

    @property
    def charge(self) -> int | None:
        """Chargers that room has to be found for. Silent nodes are taken to have as many as the others."""
        return None if self.is_blind else ceil(self._whole(report.charge for report in self.reports))

    @property
    def cpu(self) -> float | None:
        """Cores in use."""
        told = [report.cpu for report in self.reports if report.cpu is not None]
        enough = not self.is_blind and len(told) >= (1 - BLIND) * self.counted
        return sum(told) * self.counted / len(told) if enough and told else None

    @property
    def fullest(self) -> int:
        """Chargers of the fullest node that is known."""
        return max((report.charge for report in self.reports), default=0)

    @property
    def mean(self) -> float:
        """Chargers of a node that is known."""
        return sum(report.charge for report in self.reports) / len(self.reports) if self.reports else 0.0

    @property
    def misplaced(self) -> int | None:
        """Chargers that the router would send elsewhere now; None when a node does not say."""
        told = [report.misplaced for report in self.reports]
        return None if self.silent or None in told else sum(one for one in told if one is not None)

    @property
    def is_storm(self) -> bool:
        """Whether chargers come in masses."""
        capacity = self._sum(lambda one: one.accepting.capacity_per_s)
        asking = self._sum(lambda one: one.accepting.arrivals_per_s + one.accepting.refused_per_s)
        return asking > STORM * capacity

    def accepts_per_s(self, ordinals: Container[int]) -> float:
        """What those of these slots can accept that serve."""
        serving = (report for slot, report in self.known if slot.serves and slot.ordinal in ordinals)
        return sum(report.accepting.capacity_per_s for report in serving)

    @property
    def without(self) -> str:
        """Which server a node lacks, and which node; empty when all have theirs."""
        for slot, report in self.known:
            for server, name in ((report.postgres, "PostgreSQL"), (report.redis, "Redis")):
                if server.away_since is not None:
                    return f"{slot.name} has had no {name} since {server.away_since:%H:%M:%S}"
        return ""

    def share(self, is_so: Callable[[NodeReport], bool]) -> float:
        """Of the nodes that are known, those for which it holds."""
        return sum(1 for one in self.reports if is_so(one)) / len(self.reports) if self.reports else 0.0

    def _sum(self, of: Callable[[NodeReport], float]) -> float:
        return sum(of(one) for one in self.reports)

    def _whole(self, numbers: Iterable[float]) -> float:
        return sum(numbers) * self.counted / len(self.known)


def assess(seen: Observed, now_s: float) -> Assessment:
    """`now_s`: seconds since the epoch."""
    with_pods = [slot for slot in seen.slots if not _has_none(slot, now_s)]
    known = tuple((slot, slot.report) for slot in with_pods if slot.report is not None)
    return Assessment(known, tuple(slot for slot in with_pods if slot.report is None))


def _has_none(slot: Slot, now_s: float) -> bool:
    """Whether there are no chargers for sure."""
    if slot.report is not None:
        return False
    if slot.is_empty:
        return True
    assert slot.pod is not None
    is_new = now_s - slot.pod.created_at.timestamp() < STARTING_S
    return is_new and not slot.pod.is_ready and slot.pod.ready_since is None and not slot.pod.restarts


def unready(slots: Iterable[Slot]) -> str:
    """Why the first of these that does not serve does not; empty when all serve."""
    for slot in slots:
        if not slot.serves:
            return f"{slot.name} {why_not(slot)}"
    return ""


def why_not(slot: Slot) -> str:
    """Why a slot does not serve, in words."""
    if slot.pod is None:
        return "has no pod yet"
    if slot.pod.is_leaving:
        return "is being stopped"
    if slot.report is None:
        return slot.pod.trouble or (slot.why_silent or "does not answer")
    if slot.report.phase in LEAVING:
        return f"drains ({slot.report.phase})"
    return "; ".join(slot.report.reasons) or "is not ready yet"
