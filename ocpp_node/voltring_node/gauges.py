"""What is looked at only when Prometheus asks: what waits here, for how long, and how the node stands."""

from collections.abc import Callable, Mapping

from prometheus_client import Gauge

from voltring_core.metrics.chargers import MISPLACED
from voltring_core.metrics.draining import RECALL_LIMBO
from voltring_core.metrics.messages import AWAY_SECONDS, OLDEST_WAIT_SECONDS, READY, WAITING
from voltring_node.alarms import Alarms
from voltring_node.commanding import Commander
from voltring_node.gate import Gate
from voltring_node.owning import Owner
from voltring_node.publishing import Publisher
from voltring_node.recorder import Recorder
from voltring_node.standing import Standing

Look = Callable[[], float]


def show_queues(
    recorder: Recorder, gate: Gate, commander: Commander, publisher: Publisher, owner: Owner, alarms: Alarms
) -> None:
    """From now on the gauges of queues tell of these."""
    _bind(
        WAITING,
        {
            "commit": lambda: len(recorder),
            "handshake": lambda: gate.status().waiting,
            "command": lambda: commander.dispatching,
            "live feed": lambda: publisher.waiting,
            "departure": lambda: owner.departing,
            "alarm": lambda: alarms.waiting,
        },
    )
    _bind(
        OLDEST_WAIT_SECONDS,
        {"commit": lambda: recorder.oldest_wait_s, "handshake": lambda: gate.status().longest_wait_s},
    )


def show_standing(standing: Standing) -> None:
    """From now on the gauges of a node's standing tell of this one."""
    READY.set_function(lambda: not standing.reasons())
    MISPLACED.set_function(lambda: standing.misplacing.count or 0)
    RECALL_LIMBO.set_function(lambda: len(standing.recaller.limbo))
    away = standing.away
    _bind(AWAY_SECONDS, {server: away[server].seconds for server in away})


def _bind(gauge: Gauge, looks: Mapping[str, Look]) -> None:
    for label, look in looks.items():
        gauge.labels(label).set_function(look)
