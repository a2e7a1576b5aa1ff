"""What is done to the system: chargers that come and go, nodes that crash, a Redis that forgets."""

from collections.abc import Iterator

from model_commands import rung
from model_explore import WEATHER, Label
from model_handover import Step
from model_protocol import Setting
from model_state import Socket, State, pair


class Weather:
    """The steps that nobody wants. Chargers come and go as the setting has sockets; faults are counted."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def steps(self, state: State) -> Iterator[Step]:
        """What may come next."""
        yield from self._connect(state)
        for number, one in enumerate(state.sockets):
            if one.is_alive:
                dead = one._replace(is_alive=False, frames=(), answers=())
                yield Label("is dead at the charger's end", number), self._put(state, number, dead), WEATHER
        if self._setting.loses_redis and state.faults and state.route is not state.replica:
            yield Label("Redis replicates"), state._replace(replica=state.route), WEATHER
        if state.faults:
            for label, after in self._faults(state):
                after = after._replace(faults=state.faults - 1)
                # What can't be brought back any more makes no difference.
                yield label, after if after.faults else after._replace(replica=None), WEATHER

    def _connect(self, state: State) -> Iterator[Step]:
        """The charger connects (once more), at any node that runs; the first of the two, where both are alike."""
        number = len(state.sockets)
        if number == self._setting.sockets:
            return
        for node in (0, 1) if number else (0,):
            if not state.crashed[node]:
                crashed = state.crashed if number + 1 < self._setting.sockets else (False, False)
                after = state._replace(sockets=(*state.sockets, Socket(node)), crashed=crashed)
                yield Label(f"connects to node {node}", number), after, WEATHER

    def _faults(self, state: State) -> Iterator[tuple[Label, State]]:
        for node in (0, 1):
            if any(one.node == node for one in state.sockets):
                yield Label("crashes", node), self._crashed(state, node)
        if self._setting.loses_redis:
            if state.route is not None:
                yield Label("Redis is wiped"), state._replace(route=None, kicks=(0, 0))
            if state.replica is not None and state.replica is not state.route:
                yield Label("Redis fails over to its replica"), state._replace(route=state.replica)
        if state.command is not None and (after := rung(state)) is not state:
            yield Label("a doorbell rings once more"), after

    def _crashed(self, state: State, node: int) -> State:
        """Its memory is gone and its sockets with it; what it wrote to them may still arrive."""
        for number, one in enumerate(state.sockets):
            if one.node == node:
                is_awaited = one.is_alive and bool(one.frames)
                gone = Socket(node, is_awaited, False, one.turn, "", frames=one.frames if is_awaited else ())
                state = self._put(state, number, gone)
        down = (node == 0 or state.crashed[0], node == 1 or state.crashed[1])
        is_known = len(state.sockets) < self._setting.sockets  # else nobody asks any more
        return state._replace(crashed=down if is_known else (False, False), kicks=pair(state.kicks, node, 0))

    def _put(self, state: State, number: int, one: Socket) -> State:
        return state._replace(sockets=state.put(number, one))
