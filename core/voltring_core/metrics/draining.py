"""Of a node: its drain, and what a recall has sent home."""

from voltring_core.domain.draining import Phase, Rank
from voltring_core.metrics.naming import counter, gauge

RANKS = tuple(rank.name.lower() for rank in Rank)

DRAIN_PHASE = gauge(
    "voltring_node_drain_phase",
    "1 at the phase of the latest drain; Serving without one.",
    "Where a drain stands.",
    {"phase": tuple(phase.value for phase in Phase)},
)
DRAIN_REMAINING = gauge(
    "voltring_node_drain_remaining",
    "Chargers that are still here, by what goes on.",
    "Held ones wait for the deadline.",
    {"rank": RANKS},
)
DRAIN_LIMBO = gauge(
    "voltring_node_drain_limbo",
    "Chargers that a drain closed and that are not seen again yet.",
    "At the window the drain waits for them.",
)
DRAIN_WINDOW = gauge("voltring_node_drain_window", "How many may be in limbo.", "Widens as chargers come back.")
DRAIN_RATE = gauge(
    "voltring_node_drain_rate", "Closes a second that a drain may do now.", "Falls when others are slow.", unit="1/s"
)
DRAIN_CLOSED = counter(
    "voltring_node_drain_closed_total",
    "Chargers that drains asked to go elsewhere.",
    "Its rate is the drain's pace.",
    {"rank": RANKS},
)
DRAIN_RETURNED = counter(
    "voltring_node_drain_returned_total",
    "Of those, the ones that were seen again.",
    "Less than closed for long: chargers do not come back.",
)
RECALL_LIMBO = gauge(
    "voltring_node_recall_limbo",
    "Chargers that a recall closed and that are not seen again yet.",
    "As for a drain.",
)
