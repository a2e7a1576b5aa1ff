"""Exhaustive exploration: every state that steps can reach, the shortest way to a broken one, and those that are stuck.

A step is (what happens, the state after it, whose doing it is): PROGRESS is what the system does by itself, WEATHER
is what is done to it (faults, chargers that come and go). A state is stuck when no progress leads from it to a goal:
whatever the weather did, the system has to mend itself.
"""

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

S = TypeVar("S", bound=Hashable)
PROGRESS, WEATHER = False, True


class Label(NamedTuple):
    """What happens, and to which socket (or node)."""

    what: str
    whom: int | None = None

    def __str__(self) -> str:
        return self.what if self.whom is None else f"{self.what} ({self.whom})"


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold, and the shortest way there."""

    invariant: str
    trace: list[Label]

    def __str__(self) -> str:
        steps = "\n".join(f"  {number:2}. {label}" for number, label in enumerate(self.trace, 1))
        return f"{self.invariant}, after {len(self.trace)} steps:\n{steps}"


@dataclass(slots=True)
class Explored(Generic[S]):
    """The states, in the order of their distance from the start, and the ways between them."""

    states: list[S] = field(default_factory=list)
    broken: Broken | None = None
    """The first invariant that broke: nothing beyond it was explored."""
    cut: set[int] = field(default_factory=set)
    """States beyond the bound of the exploration: what follows them was not looked at."""
    steps: Counter[str] = field(default_factory=Counter)
    """How often each step was taken."""
    seconds: float = 0.0
    progress: list[tuple[int, ...]] = field(default_factory=list)
    """Where the system comes from each state by itself."""
    _parents: list[int] = field(default_factory=lambda: [-1])
    _labels: list[Label | None] = field(default_factory=lambda: [None])

    def add(self, state: S, parent: int, label: Label) -> None:
        """One more state, and how it is reached."""
        self.states.append(state)
        self._parents.append(parent)
        self._labels.append(label)

    def trace(self, number: int) -> list[Label]:
        """The steps from the start to a state."""
        labels: list[Label] = []
        while (label := self._labels[number]) is not None:
            labels.append(label)
            number = self._parents[number]
        return labels[::-1]

    def stuck(self, goal: Callable[[S], bool], *, trusts_cut: bool = True) -> list[int]:
        """The states from which no progress leads to a goal, the nearest first.

        What follows a cut state is not known: it counts as a goal, or with `trusts_cut` false as none.
        """
        good = bytearray(goal(state) for state in self.states)
        for number in self.cut if trusts_cut else ():
            good[number] = True
        grew = True
        while grew:  # progress leads outwards: a few passes from the farthest states do
            grew = False
            for number in range(len(good) - 1, -1, -1):
                if not good[number] and any(good[after] for after in self.progress[number]):
                    good[number] = grew = True
        return [number for number, is_good in enumerate(good) if not is_good]


def explore(
    start: S,
    steps: Callable[[S], Iterable[tuple[Label, S, bool]]],
    check: Callable[[S, Label, S], str | None],
    is_beyond: Callable[[S], bool],
    say: Callable[[str], None] = lambda line: None,
) -> Explored[S]:
    """Breadth first from `start`; `check` names the invariant that a step breaks. Stops at the first one."""
    began = time.perf_counter()
    found: Explored[S] = Explored([start])
    numbers = {start: 0}
    for number, state in enumerate(found.states):  # it grows while it is walked
        if number % 50_000 == 49_999:
            say(f"{number + 1} of {len(found.states)} states, {time.perf_counter() - began:.1f} s")
        progress: list[int] = []
        if is_beyond(state):
            found.cut.add(number)
        else:
            for label, after, by_weather in steps(state):
                found.steps[label.what] += 1
                at = numbers.get(after)
                if at is None:
                    at = numbers[after] = len(found.states)
                    found.add(after, number, label)
                if not by_weather:
                    progress.append(at)
                if (invariant := check(state, label, after)) is not None:
                    found.broken = Broken(invariant, [*found.trace(number), label])
                    found.seconds = time.perf_counter() - began
                    return found
        found.progress.append(tuple(progress))
    found.seconds = time.perf_counter() - began
    return found
