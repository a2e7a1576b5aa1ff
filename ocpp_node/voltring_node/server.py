"""The node's WebSocket server: one coroutine per charger, from the handshake to the goodbye."""

import asyncio
import logging
import socket as sockets
import time
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast
from uuid import uuid4

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.typing import Subprotocol

from voltring_core import tracing
from voltring_core.cluster.doorbells import NOBODY
from voltring_core.domain.admission import Limits
from voltring_core.domain.chargers import Intervals
from voltring_core.domain.ownership import Fenced
from voltring_core.errors import SettingsError
from voltring_core.metrics import ACCEPTED, CLOSED, CONNECTIONS, FAULTS, HANDSHAKE_SECONDS, KICKS
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.wire import write_time
from voltring_core.saying import Saying
from voltring_core.settings import NodeSettings
from voltring_core.store.database import AWAY
from voltring_node.admission import Door
from voltring_node.commanding import Commander
from voltring_node.connection import Connection
from voltring_node.costs import Costs
from voltring_node.counting import HANDSHAKE
from voltring_node.gate import Gate, Guest
from voltring_node.owning import Outcome, Owner
from voltring_node.proving import Stalls, is_fresh, is_there
from voltring_node.publishing import Publisher
from voltring_node.recorder import Recorder
from voltring_node.sockets import DISMISSED, FOREIGN, GOING_AWAY, SUPERSEDED, TRY_LATER, Inflate, Socket
from voltring_node.terms import Terms
from voltring_node.traced import TracedConnection
from voltring_node.turns import Turns

logger = logging.getLogger("voltring.server")
BOOT_PATIENCE = 5.0
"""Seconds in which a reconnected charger may boot before it is commanded without (sharding: delivery)."""
BACKLOG = 4096
HANDSHAKE_TIMEOUT = 15.0
CLOSE_TIMEOUT = 5.0
PROOFS = 3
"""Claims of one socket that may have waited for too long since its last sign of life."""
GOODBYES = 20
"""Chargers cleaned up after in one turn of the loop: a router that restarts cuts thousands at once."""
ASKED_FOR = "Sec-WebSocket-Protocol"


class ChargerServer:
    """Accepts chargers and converses with them."""

    def __init__(
        self,
        settings: NodeSettings,
        door: Door,
        owner: Owner,
        recorder: Recorder,
        commander: Commander,
        publisher: Publisher,
        costs: Costs | None = None,
    ) -> None:
        self._settings = settings
        self._door = door
        self._owner = owner
        self._recorder = recorder
        self._commander = commander
        self._publisher = publisher
        intervals = Intervals(settings.heartbeat_interval, settings.pending_interval)
        self._terms = Terms(
            intervals,
            settings.inbox_limit,
            settings.ping_interval,
            settings.silence_limit,
            settings.call_timeout,
            costs=costs,
        )
        self.gate = Gate(_limits(settings))
        """Who may begin a handshake; a node that drains refuses here."""
        self.stalls = Stalls()
        self._away = Saying(logger)
        self._goodbyes = Turns(GOODBYES)
        self._closing: set[asyncio.Task[None]] = set()
        owner.on_superseded = self.supersede

    async def listen(self) -> Server:
        """Start to accept. Raises SettingsError when the port can't be had."""
        try:
            return await self._serve()
        except OSError as error:
            where = f"{self._settings.ocpp_port} on {self._settings.ocpp_host}"
            raise SettingsError(f"VOLTRING_OCPP_PORT {where} can't be used: {error.strerror or error}") from None

    async def _serve(self) -> Server:
        return await serve(
            self._converse,
            process_request=self._process_request,
            process_response=_agree,
            compression=None,
            extensions=[_deflate()],
            create_connection=cast(Any, self.gate.knock),  # its connection is a guest, once it is its turn
            ping_interval=None,  # liveness.py pings: one task for all sockets in place of one each
            max_size=self._settings.max_message_bytes,
            open_timeout=HANDSHAKE_TIMEOUT,
            close_timeout=CLOSE_TIMEOUT,
            server_header=None,
            backlog=BACKLOG,
            **self._place(),
        )

    def _place(self) -> dict[str, Any]:
        if self._settings.ocpp_listen_fd is not None:
            return {"sock": sockets.socket(fileno=self._settings.ocpp_listen_fd)}
        return {
            "host": self._settings.ocpp_host,
            "port": self._settings.ocpp_port,
            "reuse_port": self._settings.ocpp_reuse_port or None,
        }

    async def _process_request(self, socket: ServerConnection, request: Any) -> Any:
        assert isinstance(socket, Guest)
        return await self._door.process_request(socket, request)

    async def _converse(self, socket: ServerConnection) -> None:
        assert isinstance(socket, Socket)
        if socket.charger is None or socket.version is None:
            await socket.close(*FOREIGN)
            return
        connection = (TracedConnection if tracing.is_on() else Connection)(
            socket,
            socket.charger,
            socket.version,
            str(uuid4()),
            self._recorder,
            self._terms,
            self._answered,
            self._commander.strayed,
            self._commander.ready,
            self._commander.ask_for_boot,
        )
        try:
            is_owned = await self._own(connection)
        except Exception:
            FAULTS.labels(HANDSHAKE).inc()  # websockets logs it, and closes with 1011
            raise
        if is_owned:
            await self._live(connection)

    async def _own(self, connection: Connection) -> bool:
        """Become the charger's only socket; one whose other end is gone takes it from nobody."""
        socket, outcome = connection.socket, Outcome.UNPROVEN
        alive_at = 0.0 if self.stalls.may_hide(socket.asked_at) else socket.asked_at
        for _ in range(PROOFS):
            if not is_fresh(alive_at):
                self.gate.over(socket, accepted=True)  # others shake hands while this one's pong is on its way
                if not await is_there(socket):
                    break
                alive_at = time.monotonic()
            try:
                outcome = await self._owner.own(connection, connection.address, alive_at)
                self._away.over("chargers can be owned again")
            except AWAY as error:
                said, why = "%s can't be owned: %s", error or type(error).__name__
                self._away.met(said, connection.id, why, extra={"charger": connection.id})
                outcome = Outcome.REFUSED
            if outcome is not Outcome.UNPROVEN:
                break
        if outcome is not Outcome.OWNS:
            await self._turn_away(connection, outcome)
        return outcome is Outcome.OWNS

    async def _turn_away(self, connection: Connection, outcome: Outcome) -> None:
        CLOSED.labels(outcome.value).inc()
        self._owner.leave(connection)
        if outcome is Outcome.UNPROVEN:
            logger.info(
                "%s does not answer a ping and takes its charger from nobody",
                connection.id,
                extra={"charger": connection.id},
            )
            connection.socket.transport.abort()
        else:
            await connection.socket.close(*(SUPERSEDED if outcome is Outcome.OVERTAKEN else TRY_LATER))

    async def _live(self, connection: Connection) -> None:
        self.gate.over(connection.socket, accepted=True)
        version = connection.version.value
        ACCEPTED.labels(version).inc()
        if isinstance(connection.socket, Guest):
            HANDSHAKE_SECONDS.observe(self.gate.clock() - connection.socket.came_at)
        CONNECTIONS.labels(version).inc()
        self._show("charger.online", connection)
        # A charger that reconnects without booting stays accepted, and is commanded after a moment.
        # One that is told apart by its quirks has to speak first.
        ring = asyncio.get_running_loop().call_later(BOOT_PATIENCE, self._commander.ready, connection)
        try:
            await connection.read()
        finally:
            ring.cancel()
            CONNECTIONS.labels(version).dec()
            CLOSED.labels("ended").inc()
            self._owner.leave(connection)
            if connection.id not in self._owner.connections:
                self._show("charger.offline", connection)
            await self._goodbyes.take()
            await connection.settle()
            await self._commander.gone(connection)

    def supersede(self, connection: Connection) -> None:
        """Close a socket whose charger has a newer one."""
        CLOSED.labels("superseded").inc()
        self._close(connection, SUPERSEDED)

    def let_go(self, connection: Connection, fenced: Fenced | None) -> None:
        """Close a socket that does not own (any more): its charger has a newer one, or was deleted (None)."""
        if fenced is not None:
            self.supersede(connection)
        else:
            CLOSED.labels("dismissed").inc()
            self._close(connection, DISMISSED)

    def kicked(self, charger_id: str, epoch: int) -> None:
        """Another node owns the charger under `epoch`, or nobody is to own it any more."""
        KICKS.labels("heard").inc()
        connection = self._owner.connections.get(charger_id)
        if connection is None or not 0 < connection.epoch < epoch:
            return
        self.let_go(connection, None if epoch == NOBODY else Fenced("", epoch, True))

    def _close(self, connection: Connection, why: tuple[int, str]) -> None:
        task = asyncio.create_task(connection.socket.close(*why), name=f"close {connection.id}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close_all(self) -> None:
        """Say goodbye to everybody: they come back to another node."""
        if not self.gate.is_refusing:
            self.gate.refuse("the node stops")
        connections = list(self._owner.connections.values())
        closing = (connection.socket.close(*GOING_AWAY) for connection in connections)
        await asyncio.gather(*closing, return_exceptions=True)

    def _answered(self, connection: Connection, answer: Answered) -> None:
        self._commander.answered(connection, answer)

    def _show(self, kind: str, connection: Connection) -> None:
        self._publisher.put(
            {
                "type": kind,
                "charger_id": connection.id,
                "at": write_time(datetime.now(UTC)),
                "node": self._settings.node_name,
                "ocpp_version": connection.version.value,
            }
        )


def _limits(settings: NodeSettings) -> Limits:
    return Limits(
        settings.handshake_rate,
        settings.handshake_burst,
        settings.handshakes_at_once,
        settings.handshake_wait,
        settings.handshakes_waiting,
    )


def _agree(socket: ServerConnection, request: Any, response: Any) -> None:
    """What the charger asked for; who asked for nothing gets no header back (TR-07)."""
    assert isinstance(socket, Guest)
    if socket.version and response.status_code == HTTPStatus.SWITCHING_PROTOCOLS:
        if request.headers.get_all(ASKED_FOR):
            response.headers[ASKED_FOR] = socket.version.subprotocol
            socket.protocol.subprotocol = Subprotocol(socket.version.subprotocol)
        # Some chargers compress although nothing was negotiated.
        socket.protocol.extensions = socket.protocol.extensions or [Inflate()]


def _deflate() -> ServerPerMessageDeflateFactory:
    """Small windows and no context between messages: a charger that asks for deflate costs little memory (TR-27)."""
    return ServerPerMessageDeflateFactory(
        server_no_context_takeover=True,
        client_no_context_takeover=True,
        server_max_window_bits=10,
        client_max_window_bits=12,
        compress_settings={"memLevel": 2},
    )
