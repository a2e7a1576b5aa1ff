"""Commands that operators sent and that chargers got: what runs at most once must have been executed once."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from voltring_core.domain.commands import command_class


@dataclass(frozen=True, slots=True)
class Balance:
    """Commands of class N, by charger and action, summed up."""

    sent: int
    executed: int
    doubled: int
    """Executed more often than sent."""
    missing: int
    """Answered by the API as if the charger had answered, and never seen by the charger."""


class Ledger:
    """What was sent: as it happens."""

    def __init__(self) -> None:
        self._sent: Counter[tuple[str, str]] = Counter()
        self._answered: Counter[tuple[str, str]] = Counter()

    def sent(self, charger: str, action: str, *, answered: bool) -> None:
        """A command was taken by the API; `answered` when its charger's answer came back."""
        self._sent[charger, action] += 1
        if answered:
            self._answered[charger, action] += 1

    def balance(self, executed: Mapping[tuple[str, str], int]) -> Balance:
        """Hold it against what the chargers got."""
        once = {key: count for key, count in self._sent.items() if command_class(key[1]) == "N"}
        got = {key: count for key, count in executed.items() if command_class(key[1]) == "N"}
        return Balance(
            sent=sum(once.values()),
            executed=sum(got.values()),
            doubled=sum(max(0, count - once.get(key, 0)) for key, count in got.items()),
            missing=sum(max(0, count - got.get(key, 0)) for key, count in self._answered.items() if key in once),
        )
