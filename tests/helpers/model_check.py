"""One exploration: the protocol under a setting, from the first socket on."""

from collections.abc import Callable, Iterator

from model_commands import QUEUED, Commanding
from model_explore import Explored, explore
from model_handover import Handover, Step
from model_invariants import Invariants, has_done_its_work, is_settled
from model_protocol import Protocol, Setting
from model_state import Command, State
from model_weather import Weather

__all__ = ["is_settled", "run"]


def run(setting: Setting, protocol: Protocol, say: Callable[[str], None] = lambda line: None) -> Explored[State]:
    """Every state that the protocol reaches under this setting, up to the first broken invariant."""
    command = None if setting.command is None else Command(QUEUED, attempts=setting.attempts)
    parts = [Handover(protocol, setting).steps, Weather(setting).steps]
    if setting.command is not None:
        parts.append(Commanding(protocol, setting.command).steps)

    def steps(state: State) -> Iterator[Step]:
        if not has_done_its_work(state):
            for part in parts:
                yield from part(state)

    start = State(command=command, faults=setting.faults, runs=setting.attempts)
    return explore(start, steps, Invariants(setting).check, lambda state: state.top > setting.most_epoch, say)
