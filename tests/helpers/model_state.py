"""The state of the model: one charger, its sockets at two nodes, its record in Redis, its rows in PostgreSQL.

All of it is immutable and hashable. Routes and fences are those of the product, each value once (`kept`), so that
they are hashed and compared by identity.
"""

from dataclasses import astuple, dataclass
from functools import cache
from typing import NamedTuple

from voltring_core.domain.commands import State as CommandState
from voltring_core.domain.ownership import Fenced, Route, RouteState

NODES = ("n0", "n1")
NOBODY = -1


@dataclass(frozen=True, eq=False)
class KeptRoute(Route):
    """A route of which there is only one: equal means the same."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


@dataclass(frozen=True, eq=False)
class KeptFence(Fenced):
    """What the fence says, of which there is only one."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


@cache
def _route(connection_id: str, epoch: int, state: RouteState, node: str | None) -> KeptRoute:
    return KeptRoute(connection_id, epoch, state, node)


@cache
def fenced(connection_id: str, epoch: int, is_open: bool, first_epoch: int | None = None) -> KeptFence:
    """The one value of the fence that says this."""
    return KeptFence(connection_id, epoch, is_open, first_epoch)


def kept(route: Route | None) -> KeptRoute | None:
    """The one value that is equal to this route."""
    return None if route is None else _route(*astuple(route))


def connection(number: int) -> str:
    """The connection id of a socket."""
    return f"s{number}"


class Socket(NamedTuple):
    """One socket of the charger: its two ends, and what its node remembers of it."""

    node: int
    is_alive: bool = True
    """The charger's end is there. When it is not and the node's is, the socket is half-open."""
    is_open: bool = True
    """The node's end is there."""
    turn: int = 0
    """Which of the sockets it was to claim, by its first claim; 0: it has not claimed."""
    doing: str = "claim"
    """The next step of its node for it: claim, fence, refused, announce, kick, older, refence, reassert, or none."""
    epoch: int = 0
    """Under which it passed the fence; 0: it has not."""
    first_epoch: int = 0
    """Under which it passed the fence first, where it took its charger back since."""
    bid: int = 0
    """With which it goes to the fence."""
    over: int = 0
    """The epoch that a claim is made above (`claim`), or has to find at the fence (`refence`)."""
    kick: int = NOBODY
    """The node that is to be told."""
    leaving: str = ""
    """What the close handler does next: release, disconnect, or nothing."""
    wants: bool = False
    """Whether its dispatch looks into the queue next."""
    line: str = ""
    """What became of the command taken for it: taken, written, or nothing is."""
    message: int = 0
    """The message id of that command."""
    frames: tuple[int, ...] = ()
    """CALLs on their way to the charger, by message id."""
    answers: tuple[int, ...] = ()
    """Answers on their way to the node."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more can come of it."""
        return not (self.is_open or self.doing or self.leaving or self.line or self.frames)


class Command(NamedTuple):
    """The row of the command."""

    state: CommandState
    epoch: int = 0
    message: int = 0
    attempts: int = 0


class State(NamedTuple):
    """Everything, at one moment."""

    route: KeptRoute | None = None
    replica: KeptRoute | None = None
    """What a failover of Redis brings back: the route of any earlier moment."""
    fence: KeptFence | None = None
    sockets: tuple[Socket, ...] = ()
    command: Command | None = None
    kicks: tuple[int, int] = (0, 0)
    """The epoch in the kick that waits in each node's stream; 0: none does."""
    runs: int = 0
    """How often the charger executed the command."""
    faults: int = 0
    """How many may still happen."""
    crashed: tuple[bool, bool] = (False, False)
    status: int = 0
    """The highest epoch under which mutable state was written."""

    def put(self, number: int, socket: Socket) -> tuple[Socket, ...]:
        """The sockets with this one at its place; one that is over keeps its turn only."""
        if socket.is_over:
            socket = Socket(NOBODY, False, False, socket.turn, "")
        return (*self.sockets[:number], socket, *self.sockets[number + 1 :])

    @property
    def top(self) -> int:
        """The highest epoch that anybody knows."""
        known = [record.epoch for record in (self.route, self.replica, self.fence) if record is not None]
        return max(known + [max(one.epoch, one.bid) for one in self.sockets] + list(self.kicks), default=0)


def pair(values: tuple[int, int], at: int, value: int) -> tuple[int, int]:
    """The pair with another value at one place."""
    return (value, values[1]) if at == 0 else (values[0], value)


def closed(socket: Socket) -> Socket:
    """The node's end goes: nothing new is begun for it; what is under way at the fence or in Redis still comes."""
    doing = "" if socket.doing in ("claim", "refused") else socket.doing
    return socket._replace(
        is_alive=socket.is_alive and bool(socket.frames),  # what is on its way to the charger still comes
        is_open=False,
        doing=doing,
        leaving="release" if socket.epoch else "",
        wants=False,
        answers=(),
    )
