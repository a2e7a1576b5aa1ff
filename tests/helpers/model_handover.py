"""Ownership, step by step: claim, fence, announce, kick; close; and the audit that mends what was lost.

Each step is one atomic action on Redis, on PostgreSQL or in a node's memory; a stalled node is one whose steps come
late. Epochs are small numbers: the clock of Redis says the past, the present (the highest epoch there is) or the
future, as it hurts most.
"""

from collections.abc import Iterator

from model_explore import PROGRESS, Label
from model_protocol import Protocol, Setting
from model_state import NOBODY, NODES, Socket, State, closed, connection, fenced, pair

from voltring_core.domain.ownership import Remedy, RouteState

Step = tuple[Label, State, bool]


class Handover:
    """The steps of the nodes for one charger's sockets."""

    def __init__(self, protocol: Protocol, setting: Setting) -> None:
        self._protocol = protocol
        self._has_command = setting.command is not None
        self._writes_status = setting.writes_status
        self._knows_turns = not setting.loses_redis
        self._by_name = {
            "claim": self._claim,
            "fence": self._fence,
            "refused": self._refused,
            "announce": self._announce,
            "kick": self._kick,
            "refence": self._refence,
            "reassert": self._reassert,
        }

    def steps(self, state: State) -> Iterator[Step]:
        """What the nodes may do next."""
        for number, me in enumerate(state.sockets):
            if me.doing in self._by_name:
                yield from self._by_name[me.doing](state, number, me)
            if me.leaving:
                yield self._leave(state, number, me)
            if me.is_open and me.epoch:
                if not me.is_alive:
                    yield Label("notices that it is dead", number), self._close(state, number, me), PROGRESS
                if not me.doing and self._protocol.has_anti_entropy:
                    yield from self._audit(state, number, me)
                if self._writes_status:
                    yield from self._status(state, number, me)
        yield from self._hear_kicks(state)

    def _claim(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        turn = (me.turn or 1 + max(one.turn for one in state.sockets)) if self._knows_turns else 0
        outcomes = set()
        for now in (0, state.top, state.top + 1):
            route = self._protocol.claim(state.route, NODES[me.node], connection(number), me.over, now)
            assert route is not None
            outcomes.add(route)
        for route in sorted(outcomes, key=lambda one: one.epoch):
            told = self._protocol.to_kick(state.route, route)
            kick = me.kick if told in (None, NODES[me.node]) else NODES.index(told)
            claimed = me._replace(doing="fence", bid=route.epoch, turn=turn, kick=kick, over=0)
            yield Label("claims", number), state._replace(route=route, sockets=state.put(number, claimed)), PROGRESS

    def _fence(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        if self._protocol.passes(state.fence, me.bid):
            after = self._passed(state, number, me._replace(doing="announce"))
            for other, one in enumerate(state.sockets):
                if other != number and one.node == me.node and one.is_open and one.epoch:
                    after = self._close(after, other, one)  # its own node knows at once
            yield Label("passes the fence", number), after, PROGRESS
        else:
            assert state.fence is not None
            least = state.fence.epoch + 1 if self._protocol.floor_after_refusal else 0
            refused = me._replace(doing="refused", over=least)
            yield Label("is refused by the fence", number), state._replace(sockets=state.put(number, refused)), PROGRESS

    def _passed(self, state: State, number: int, me: Socket) -> State:
        # Where the socket closed while the statement was under way, what that wrote down has to be taken back.
        leaving = me.leaving if me.is_open else "release"
        passed = me._replace(epoch=me.bid, bid=0, over=0, leaving=leaving)
        fence = fenced(connection(number), me.bid, True, me.first_epoch or None)
        return state._replace(fence=fence, sockets=state.put(number, passed))

    def _refused(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        """A node tries three times, then its charger knocks again: to the model that is the same socket."""
        if self._protocol.is_overtaken(state.route, state.fence, connection(number), me.bid):
            yield Label("gives way to a newer claim", number), self._close(state, number, me), PROGRESS
        else:
            again = me._replace(doing="claim")
            yield (
                Label("will claim above the fence", number),
                state._replace(sockets=state.put(number, again)),
                PROGRESS,
            )

    def _announce(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        route = self._protocol.moved(state.route, connection(number), me.epoch, RouteState.LIVE)
        announced = me._replace(doing="kick" if me.kick != NOBODY else self._last)
        after = state._replace(route=route or state.route, sockets=state.put(number, announced))
        yield Label("says that it is live", number), after, PROGRESS

    @property
    def _last(self) -> str:
        return "older" if self._has_command else ""

    def _kick(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        kicks = pair(state.kicks, me.kick, max(state.kicks[me.kick], me.epoch))
        told = state.put(number, me._replace(doing=self._last, kick=NOBODY))
        yield Label("kicks the node before", number), state._replace(kicks=kicks, sockets=told), PROGRESS
        if state.faults:
            lost = state._replace(sockets=told, faults=state.faults - 1)
            yield Label("kicks, and the kick is lost", number), lost, not PROGRESS

    def _hear_kicks(self, state: State) -> Iterator[Step]:
        for node, epoch in enumerate(state.kicks):
            if epoch:
                after = state._replace(kicks=pair(state.kicks, node, 0))
                for number, one in enumerate(state.sockets):
                    if one.node == node and one.is_open and one.epoch and self._protocol.is_kicked(one.epoch, epoch):
                        after = self._close(after, number, one)
                yield Label("hears a kick", node), after, PROGRESS

    def _audit(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        found = self._protocol.audit(connection(number), me.epoch, state.route, state.fence, is_heard=me.is_alive)
        if found is Remedy.LET_GO:
            yield Label("finds that a newer one owns", number), self._close(state, number, me), PROGRESS
        elif found is Remedy.REASSERT:
            after = state.put(number, me._replace(doing="reassert"))
            yield Label("finds its route lost", number), state._replace(sockets=after), PROGRESS
        elif found is Remedy.RECLAIM:
            assert state.fence is not None
            bid = self._protocol.reclaiming(me.epoch, state.route, state.fence)
            after = state.put(number, me._replace(doing="refence", bid=bid, over=state.fence.epoch))
            yield Label("finds its route taken by one that is stuck", number), state._replace(sockets=after), PROGRESS

    def _refence(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        if self._protocol.passes(state.fence, me.bid, me.over):
            back = me._replace(doing="reassert", first_epoch=me.first_epoch or me.epoch)
            after = self._passed(state, number, back)
            yield Label("passes the fence again", number), after, PROGRESS
        else:
            refused = state.put(number, me._replace(doing="", bid=0, over=0))
            yield Label("is refused, for a newer one owns", number), state._replace(sockets=refused), PROGRESS

    def _reassert(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        route = self._protocol.reasserted(state.route, NODES[me.node], connection(number), me.epoch)
        after = state._replace(route=route or state.route, sockets=state.put(number, me._replace(doing="")))
        yield Label("puts its route back", number), after, PROGRESS

    def _leave(self, state: State, number: int, me: Socket) -> Step:
        if me.leaving == "release":
            route = self._protocol.released(state.route, connection(number), me.epoch or me.bid)
            after = state.put(number, me._replace(leaving="disconnect" if me.epoch else ""))
            return Label("releases", number), state._replace(route=route or state.route, sockets=after), PROGRESS
        fence = state.fence
        if fence is not None and (fence.epoch == me.epoch or not self._protocol.disconnects_only_its_own):
            fence = fenced(fence.connection_id, fence.epoch, False, fence.first_epoch)
        after = state.put(number, me._replace(leaving=""))
        return Label("writes down that it is closed", number), state._replace(fence=fence, sockets=after), PROGRESS

    def _status(self, state: State, number: int, me: Socket) -> Iterator[Step]:
        """Mutable state is written under the epoch of its socket, where the fence still says so."""
        assert state.fence is not None
        if state.fence.epoch == me.epoch or not self._protocol.writes_only_as_owner:
            yield Label("writes its status", number), state._replace(status=me.epoch), PROGRESS

    def _close(self, state: State, number: int, me: Socket) -> State:
        return state._replace(sockets=state.put(number, closed(me)))
