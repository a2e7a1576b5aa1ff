"""How far a metric moves while something is done."""

from prometheus_client import REGISTRY


class Moves:
    """Reads the registry before and after."""

    def __init__(self) -> None:
        self._before = _all()

    def of(self, name: str, **labels: str) -> float:
        """How far the sample has moved since this was made; 0 for one that is not there."""
        key = (name, tuple(sorted(labels.items())))
        return _all().get(key, 0.0) - self._before.get(key, 0.0)

    def moved(self, name: str) -> dict[tuple[str, ...], float]:
        """What has moved of this name, by its labels' values in the order of their names."""
        after = {key: value - self._before.get(key, 0.0) for key, value in _all().items() if key[0] == name}
        return {tuple(value for _, value in labels): much for (_, labels), much in after.items() if much}


def _all() -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    samples = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}
