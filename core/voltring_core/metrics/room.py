"""What one room tells of all that is named."""

from collections.abc import Iterable
from importlib.metadata import version

from prometheus_client import REGISTRY, Metric
from prometheus_client.registry import Collector

from voltring_core.metrics.servers import BUILD, ROOMS, SHARED

ALL_ROOMS = (*ROOMS, "operator")
COMMON = frozenset(one._name for one in SHARED)


def introduce(name: str) -> None:
    """Say who tells, from now on."""
    BUILD.labels(name, version("voltring")).set(1)


class OfRoom(Collector):
    """What one room tells: its own metrics, those of its servers with its name, and those of the process.

    Every room knows all names. One that told zeros for another's would hide that the other is away.
    """

    def __init__(self, room: str, everything: Collector = REGISTRY) -> None:
        self._room, self._own, self._everything = room, f"voltring_{room}_", everything
        self._has_servers = room in ROOMS

    def collect(self) -> Iterable[Metric]:
        """As Prometheus asks."""
        for one in self._everything.collect():
            if one.name in COMMON:
                if self._has_servers:
                    yield self._named(one)
            elif not one.name.startswith("voltring_") or one.name.startswith(self._own):
                yield one

    def _named(self, one: Metric) -> Metric:
        one.samples = [sample._replace(labels={**sample.labels, "room": self._room}) for sample in one.samples]
        return one
