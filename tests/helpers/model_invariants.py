"""What holds in every state and with every step, and what the system comes to when nothing more is done to it.

The numbers are those of docs/ownership.md.
"""

from collections.abc import Callable

from model_explore import Label
from model_protocol import Setting
from model_state import State, connection

from voltring_core.domain.commands import FINAL, MAX_ATTEMPTS
from voltring_core.domain.commands import State as CommandState
from voltring_core.domain.ownership import RouteState

I1 = "I1: a command runs at most once, one that may be repeated at most three times"
I2 = "I2: mutable state is written under the newest epoch only"
I3 = "I3: no two sockets pass the fence with one epoch"
I4 = "I4: the epoch of the fence only grows"
I5 = "I5: a route, a fence or a socket is let go only by its own, or for a higher epoch"
I6 = "I6: what an owner has under way is settled by nobody else"
NEWEST = "the newest socket wins: none is let go for one that claimed before it"

FAULTS_OF_REDIS = frozenset({"Redis is wiped", "Redis fails over to its replica"})


class Invariants:
    """What a step must not do."""

    def __init__(self, setting: Setting) -> None:
        self._most_runs = MAX_ATTEMPTS if setting.command == "R" else 1
        self._keeps_order = not setting.loses_redis
        self._of_step: dict[str, Callable[[State, Label, State], str | None]] = {
            "executes": self._ran,
            "passes the fence": self._fenced,
            "passes the fence again": self._fenced,
            "writes its status": self._wrote,
            "hears a kick": self._let_go,
            "finds that a newer one owns": self._let_go,
            "gives way to a newer claim": self._let_go,
            "writes down that it is closed": self._disconnected,
            "settles what is older": self._settled,
        }

    def check(self, before: State, label: Label, after: State) -> str | None:
        """The invariant that the step breaks."""
        if after.route is not before.route and label.what not in FAULTS_OF_REDIS:
            broken = self._routed(before, label, after)
            if broken is not None:
                return broken
        of_step = self._of_step.get(label.what)
        return of_step(before, label, after) if of_step else None

    def _ran(self, before: State, label: Label, after: State) -> str | None:
        return I1 if after.runs > self._most_runs else None

    def _wrote(self, before: State, label: Label, after: State) -> str | None:
        return I2 if after.status < before.status else None

    def _fenced(self, before: State, label: Label, after: State) -> str | None:
        if before.fence is not None and after.fence is not None and after.fence.epoch <= before.fence.epoch:
            return I4
        epochs = [one.epoch for one in after.sockets if one.is_open and one.epoch]
        if len(epochs) != len(set(epochs)):
            return I3
        return NEWEST if self._keeps_order and self._beats_a_newer(before, label) else None

    def _beats_a_newer(self, before: State, label: Label) -> bool:
        assert label.whom is not None
        mine = before.sockets[label.whom].turn
        owners = [one for number, one in enumerate(before.sockets) if _owns(before, number) and one.is_open]
        return any(one.turn > mine for one in owners)

    def _routed(self, before: State, label: Label, after: State) -> str | None:
        """No step takes a route to a lower epoch, and only claims and reassertions touch one that is another's."""
        old, new = before.route, after.route
        if old is None:
            return None
        if new is None or new.epoch < old.epoch:
            return I5
        is_its = label.whom is not None and old.connection_id == connection(label.whom)
        return None if is_its or new.epoch > old.epoch else I5

    def _disconnected(self, before: State, label: Label, after: State) -> str | None:
        is_others = before.fence is not None and before.fence.connection_id != connection(label.whom or 0)
        return I5 if is_others and after.fence is not before.fence else None

    def _let_go(self, before: State, label: Label, after: State) -> str | None:
        for was, one in zip(before.sockets, after.sockets, strict=True):
            if was.is_open and not one.is_open:
                if was.epoch and (before.fence is None or before.fence.epoch <= was.epoch):
                    return I5
                if self._keeps_order and all(other.turn <= was.turn for other in before.sockets):
                    return NEWEST
        return None

    def _settled(self, before: State, label: Label, after: State) -> str | None:
        was = before.command
        is_theirs = was is not None and before.fence is not None and was.epoch == before.fence.epoch
        return I6 if is_theirs and after.command != was else None


def _owns(state: State, number: int) -> bool:
    return state.fence is not None and state.fence.connection_id == connection(number)


def has_done_its_work(state: State) -> bool:
    """The command is over and nothing of it under way: what follows is ownership alone, which is explored by itself."""
    if state.command is None or state.command.state not in FINAL:
        return False
    return not any(one.line or one.wants or one.frames or one.answers for one in state.sockets)


def is_settled(state: State) -> bool:
    """I12, I6: at most one socket is open, it owns and is routed to; the command is over, or has nobody to go to."""
    if has_done_its_work(state):
        return True
    open_ones = [number for number, one in enumerate(state.sockets) if one.is_open]
    command = state.command
    if not open_ones:
        return command is None or command.state in FINAL or command.state is CommandState.QUEUED
    if len(open_ones) > 1 or not _is_home(state, open_ones[0]):
        return False
    return command is None or command.state in FINAL


def _is_home(state: State, number: int) -> bool:
    me, fence, route = state.sockets[number], state.fence, state.route
    if fence is None or route is None or not me.is_alive:
        return False
    mine = (connection(number), me.epoch)
    owns = (fence.connection_id, fence.epoch) == mine
    return owns and (route.connection_id, route.epoch) == mine and route.state is RouteState.LIVE
