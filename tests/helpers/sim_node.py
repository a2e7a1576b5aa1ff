"""A node of the simulation: the product's own `app.run`, on doubles of its servers, with links for sockets."""

import asyncio
import contextlib

from sim_loop import HERE
from sim_postgres import SimPool
from sim_recording import know, lock, repeats, write, write_station
from sim_redis import SimRedis
from sim_socket import Knocking, SimSocket
from websockets.datastructures import Headers
from websockets.http11 import Request
from websockets.protocol import State

from voltring_core.cluster import watching
from voltring_core.settings import NodeSettings
from voltring_node import alarms, app, isolation, reading, recorder, sampling, server, settling, standing
from voltring_node.gate import Knock

HANDSHAKE_S = 15.0
CALL_TIMEOUT = 10.0
SETTINGS = {
    "postgres_dsn": "postgres://simulated",
    "redis_url": "redis://simulated",
    "ping_interval": 10.0,
    "silence_limit": 30.0,
    "call_timeout": CALL_TIMEOUT,
    "audit_seconds": 30.0,
    "status_patience": 30.0,
    "isolation_seconds": 12.0,
    "answer_deadline": 20.0,
}


class SimNode:
    """One node by name; each start is another incarnation of it."""

    def __init__(self, world, name):
        self.world = world
        self.name = name
        self.starts = 0
        self.place = None
        self.server = None
        self.accepts = False
        self.stop = None
        self.task = None
        self.conversations = set()

    @property
    def is_up(self):
        """Whether its process runs."""
        return self.place is not None and not self.place.is_dead and not self.task.done()

    def is_fine(self, leases):
        """Whether it is one of these, and says that its PostgreSQL answers."""
        is_one = any(lease.name == self.name for lease in leases)
        return is_one and self.is_up and not self.place.is_stalled and not self.world.postgres.is_away(self.place)

    def start(self):
        """Start the next incarnation."""
        self.starts += 1
        self.place = self.world.place(f"{self.name}.{self.starts}")
        self.place.node = self
        self.accepts, self.server, self.conversations = False, None, set()
        self.world.story.tell(None, "starts", self.place)
        self.place.context.run(self._start)

    def _start(self):
        self.stop = asyncio.Event()
        settings = NodeSettings(**self.world.settings, node_name=self.name)
        self.task = self.world.loop.create_task(app.run(settings, self.stop), name=f"node {self.place}")

    def crash(self, quietly):
        """kill -9, or the whole machine is gone (`quietly`: nobody is told)."""
        self.world.story.tell(None, "machine is lost" if quietly else "is killed", self.place)
        self._die(quietly)

    def _die(self, quietly):
        """Its process is over: the kernel closes what it left open, if the machine is there still."""
        self.place.die()
        self.accepts = False
        for link in [one for one in self.world.links if one.node is self]:
            self.world.links.pop(link, None)
            if quietly:
                link.mute()
            else:
                link.cut_by_node()

    def end(self):
        """SIGTERM."""
        self.world.story.tell(None, "is asked to stop", self.place)
        self.place.context.run(self.stop.set)
        self.task.add_done_callback(self._ended, context=self.world.street.context)

    def _ended(self, task):
        if task is self.task and not self.world.witness.is_over:
            self.world.story.tell(None, "has stopped", self.place)
            self._die(quietly=False)
            self.world.loop.call_later(
                self.world.dice.uniform(0.5, 10), self._restart, context=self.world.street.context
            )

    def _restart(self):
        if not self.is_up:
            self.start()

    def accept(self, link):
        """A charger's connection arrives."""
        if not self.accepts or self.server is None:
            link.refuse(502)
            return
        transport = link.transport = Knocking(link)
        transport.knock = knock = Knock(self.server.gate, None, lambda: _Shaking(self, link))
        knock.connection_made(transport)
        knock.data_received(f"GET /ocpp/{link.charger_end.id} HTTP/1.1\r\n\r\n".encode())

    def serve(self, link, asked_at):
        """It is this connection's turn."""
        link.socket = SimSocket(link, self.world.loop)
        link.socket.asked_at = asked_at
        task = self.world.loop.create_task(self._serve(link), name=f"conversation {link.number}")
        self.conversations.add(task)
        task.add_done_callback(self.conversations.discard)

    async def _serve(self, link):
        """As websockets does: the handshake, the handler, the goodbye."""
        socket = link.socket
        headers = Headers({"Sec-WebSocket-Protocol": "ocpp1.6"})
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                refused = await self.server._process_request(socket, Request(f"/ocpp/{link.charger_end.id}", headers))
        except TimeoutError:
            link.cut_by_node()
            socket.ended()
            return
        if refused is not None:
            self.server.gate.over(socket)
            link.refuse(int(refused.status_code))
            return
        if link.is_cut or socket.state is not State.CONNECTING:
            socket.ended()
            return
        socket.opened()
        link.welcome()
        try:
            await self.server._converse(socket)
        finally:
            await socket.close()

    def listen(self, charger_server):
        """The node's own server is ready."""
        self.server, self.accepts = charger_server, True
        return Listener(self)


class _Shaking:
    """What the gate makes of a connection at its turn."""

    def __init__(self, node, link):
        self._node = node
        self._link = link
        self.asked_at = 0.0

    def connection_made(self, transport):
        return None

    def data_received(self, data):
        self._node.serve(self._link, self.asked_at)


class Listener:
    """What `websockets.serve` gives back."""

    def __init__(self, node):
        self._node = node

    def close(self, close_connections=True):
        self._node.accepts = False

    async def wait_closed(self):
        while self._node.conversations:
            await asyncio.wait(list(self._node.conversations))


class Admin:
    """An admin port that nobody asks."""

    def __init__(self, *args, **kwargs):
        return None

    async def start(self, group):
        return "http://simulated"

    async def stop(self):
        return None


@contextlib.contextmanager
def doubled(world):
    """Have the node's module use the doubles of a world."""

    async def open_pool(*args, **kwargs):
        return SimPool(world.postgres, world.tables)

    async def anyone_is_fine(others):
        await asyncio.sleep(0.05)
        return any(node.is_fine(others) for node in world.nodes)

    async def listen(self):
        return HERE.get().node.listen(self)

    changes = [
        (app, "open_pool", open_pool),
        (app, "open_redis", lambda *args, **kwargs: SimRedis(world.redis, world.data)),
        (app, "AdminServer", Admin),
        (app, "spare_the_collector", lambda: None),
        (server.ChargerServer, "listen", listen),
        (isolation, "anyone_is_fine", anyone_is_fine),
        (reading, "lock", lock),
        (reading, "repeats", repeats),
        (reading, "know", know),
        (recorder, "write", write),
        (settling, "write_station", write_station),
        (alarms, "write_station", write_station),
        # What only costs turns of the loop here.
        (recorder, "STOP_CHECK", 5.0),
        (watching, "FOLLOW_S", 60.0),
        (sampling, "NAP_S", 5.0),
        (standing, "SAMPLE_S", 5.0),
        (standing, "PROBE_S", 2.0),
        (standing, "version", lambda name: "simulated"),
    ]
    before = [(where, name, getattr(where, name)) for where, name, _ in changes]
    for where, name, double in changes:
        setattr(where, name, double)
    try:
        yield
    finally:
        for where, name, real in before:
            setattr(where, name, real)
