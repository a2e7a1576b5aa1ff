"""A link between a charger and a node: texts in order each way, cut, or silent without a word (half open)."""

import asyncio

from websockets.exceptions import ConnectionClosedError
from websockets.protocol import State

from voltring_node.gate import Guest

LATENCY_S = (0.001, 0.06)
GOODBYE_S = 5.0
RESET = 1006


class SimSocket(Guest):
    """The node's end: what a connection wants of a socket, without a wire."""

    def __init__(self, link, loop):
        # Nothing of websockets is set up: each member that the node uses is here.
        self.link = link
        self.loop = loop
        self.heard_at = self.asked_at = loop.time()
        self._gate = link.node.server.gate
        self.in_progress = True
        self.began_at = self.came_at = self._gate.clock()
        self._pongs = []
        self.pinged_at = 0.0
        self.charger = None
        self.version = None
        self.transport = self
        self.own_call = None
        """The CALL of ours that waits: its message id and when it was written."""
        self._listener = None
        self._early = []
        self._full = False
        self._state = State.CONNECTING
        self._closed = loop.create_future()

    @property
    def state(self):
        return self._state

    @property
    def remote_address(self):
        return ("192.0.2.1", 1234)

    def is_closing(self):
        return self._state is not State.OPEN

    def opened(self):
        """The upgrade is done."""
        if self._state is State.CONNECTING:
            self._state = State.OPEN

    def arrive(self, text):
        """The charger's next text has come."""
        if self._closed.done():
            return
        self.heard_at = self.loop.time()
        self.link.world.node_heard(self, text)
        if self._listener is None or self._full:
            self._early.append(text)
        else:
            self._listener(text)

    def ended(self):
        """The socket is closed, whoever did it."""
        if not self._closed.done():
            self._state = State.CLOSED
            self._closed.set_result(None)
            self._gate.over(self)
            for pong in self._pongs:
                if not pong.done():
                    pong.set_exception(ConnectionClosedError(None, None))
                    pong.exception()
            self.link.node_end_closed()

    def listen(self, listener):
        self._listener = listener
        self._drain()

    def _drain(self):
        while self._early and not self._full:
            self._listener(self._early.pop(0))

    def hold(self, full):
        self._full = full
        if not full and self._listener is not None and self._early:
            # As the transport has it: reading goes on at the loop's next turn.
            self.loop.call_soon(self._drain)

    def send_now(self, text):
        if self._state is not State.OPEN:
            return False
        self.link.world.node_wrote(self, text)
        self.link.to_charger(text)
        return True

    async def say(self, text):
        await asyncio.sleep(0)
        return self.send_now(text)

    async def ping(self, data=None):
        if self._state is not State.OPEN:
            raise ConnectionClosedError(None, None)
        pong = self.loop.create_future()
        self._pongs.append(pong)
        self.link.ping(pong)
        return pong

    def pong_came(self, pong):
        if not self._closed.done():
            self.heard_at = self.loop.time()
            while self._pongs and not pong.done():
                older = self._pongs.pop(0)
                if not older.done():
                    older.set_result(0.0)

    def give_up(self, code, reason):
        self._listener = lambda text: None
        self._goodbye = self.loop.create_task(self.close(code, reason), name="goodbye")

    async def close(self, code=1000, reason=""):
        self._gate.over(self)
        if self._state in (State.OPEN, State.CONNECTING):
            self._state = State.CLOSING
            self.link.say_goodbye(code)
            self.loop.call_later(GOODBYE_S, self.ended)
        await self.wait_closed()

    async def wait_closed(self):
        await asyncio.shield(self._closed)

    def abort(self):
        self.link.cut_by_node()
        self.ended()


class Knocking:
    """The transport of a connection before its turn."""

    def __init__(self, link):
        self._link = link
        self.knock = None

    def pause_reading(self):
        return None

    resume_reading = pause_reading

    def set_protocol(self, protocol):
        self.knock = None

    def write(self, data):
        self._link.refuse(int(data.split()[1]))

    def close(self):
        knock, self.knock = self.knock, None
        if knock is not None:
            knock.connection_lost(None)

    def abort(self):
        self._link.refuse(0)


class Link:
    """One TCP connection; `charger_end` has `opened`, `refused`, `text`, `closed`."""

    def __init__(self, world, node, charger_end, number):
        self.world = world
        self.node = node
        self.number = number
        self.charger_end = charger_end
        self.socket = None
        self.transport = None
        self.is_mute = False
        """Half open: nothing goes through any more, and neither end is told."""
        self.is_cut = False
        self._to_node = self._to_charger = 0.0

    def _latency(self):
        return self.world.dice.uniform(*LATENCY_S)

    def _later_at_node(self, call, *args):
        at = self._to_node = max(self._to_node, self.world.loop.time() + self._latency())
        self.world.loop.call_at(at, self._if_alive, call, *args, context=self.node.place.context)

    def _later_at_charger(self, call, *args):
        at = self._to_charger = max(self._to_charger, self.world.loop.time() + self._latency())
        self.world.loop.call_at(at, self._if_alive, call, *args, context=self.world.street.context)

    def _if_alive(self, call, *args):
        if not self.is_mute:
            call(*args)

    def to_node(self, text):
        """A text of the charger sets out."""
        if not self.is_cut and self.socket is not None:
            self._later_at_node(self.socket.arrive, text)

    def to_charger(self, text):
        """A text of the node sets out."""
        if not self.is_cut:
            self._later_at_charger(self.charger_end.text, self, text)

    def welcome(self):
        """The upgrade is answered."""
        self._later_at_charger(self.charger_end.opened, self)

    def refuse(self, status):
        """The upgrade is refused."""
        self.world.links.pop(self, None)
        self._later_at_charger(self._is_refused, status)

    def _is_refused(self, status):
        self.is_cut = True
        self.charger_end.refused(self, status)

    def ping(self, pong):
        """The node pings; the charger's stack answers by itself."""
        if not self.is_cut:
            self._later_at_charger(self._later_at_node, self.socket.pong_came, pong)

    def say_goodbye(self, code):
        """The node closes; the charger answers by closing too."""
        self._later_at_charger(self._goodbye_heard, code)

    def _goodbye_heard(self, code):
        self._later_at_node(self.socket.ended)
        self._charger_closed(code)

    def cut_by_charger(self):
        """The charger closes or drops the connection; what it said before still arrives."""
        if not self.is_cut:
            self.is_cut = True
            self._later_at_node(self._gone)

    def _gone(self):
        """The node learns that the charger's end is gone, perhaps before its turn came."""
        if self.socket is not None:
            self.socket.ended()
            return
        self.world.links.pop(self, None)
        if self.transport is not None and self.transport.knock is not None:
            self.transport.knock.connection_lost(None)

    def cut_by_node(self):
        """The node drops the connection, or its process is gone; what it wrote before still arrives."""
        if not self.is_cut:
            self._later_at_charger(self._charger_closed, RESET)
            self.is_cut = True

    def break_(self):
        """The network breaks the connection: both ends are told, what is on its way is lost or not."""
        self.cut_by_node()
        self._later_at_node(self._gone)

    def mute(self):
        """The network goes away without a word."""
        self.is_mute = True

    def node_end_closed(self):
        """The node's end is closed."""
        self.world.links.pop(self, None)
        self.cut_by_node()

    def _charger_closed(self, code):
        self.is_cut = True
        self.charger_end.closed(self, code)
