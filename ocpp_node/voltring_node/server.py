"""The node's WebSocket server: one coroutine per charger, from the handshake to the goodbye."""

import asyncio
import logging
import socket as sockets
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory

from voltring_core.cluster.doorbells import NOBODY
from voltring_core.domain.chargers import Intervals
from voltring_core.errors import SettingsError
from voltring_core.metrics import ACCEPTED, CLOSED, CONNECTIONS
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.wire import write_time
from voltring_core.settings import NodeSettings
from voltring_core.store.database import AWAY
from voltring_node.admission import Door
from voltring_node.commanding import Commander
from voltring_node.connection import Connection
from voltring_node.owning import Owner
from voltring_node.publishing import Publisher
from voltring_node.recorder import Recorder
from voltring_node.sockets import DISMISSED, FOREIGN, GOING_AWAY, SUPERSEDED, TRY_LATER, Inflate, Socket
from voltring_node.terms import Terms

logger = logging.getLogger("voltring.server")
BOOT_PATIENCE = 5.0
"""Seconds in which a reconnected charger may boot before it is commanded without (sharding: delivery)."""
BACKLOG = 4096
HANDSHAKE_TIMEOUT = 15.0
CLOSE_TIMEOUT = 5.0


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
    ) -> None:
        self._settings = settings
        self._door = door
        self._owner = owner
        self._recorder = recorder
        self._commander = commander
        self._publisher = publisher
        intervals = Intervals(settings.heartbeat_interval, settings.pending_interval)
        self._terms = Terms(
            intervals, settings.inbox_limit, settings.ping_interval, settings.silence_limit, settings.call_timeout
        )
        self._closing: set[asyncio.Task[None]] = set()

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
            process_response=_read_compressed,
            select_subprotocol=_subprotocol,
            compression=None,
            extensions=[_deflate()],
            create_connection=Socket,
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
        assert isinstance(socket, Socket)
        return await self._door.process_request(socket, request)

    async def _converse(self, socket: ServerConnection) -> None:
        assert isinstance(socket, Socket)
        if socket.charger is None or socket.version is None:
            await socket.close(*FOREIGN)
            return
        connection = Connection(
            socket,
            socket.charger,
            socket.version,
            str(uuid4()),
            self._recorder,
            self._terms,
            self._answered,
            self._commander.ready,
            self._commander.ask_for_boot,
        )
        if not await self._own(connection):
            return
        await self._live(connection)

    async def _own(self, connection: Connection) -> bool:
        """Become the charger's only socket."""
        older = self._owner.connections.get(connection.id)
        self._owner.connections[connection.id] = connection
        if older is not None:
            self.supersede(older)
        try:
            owned = await self._owner.own(connection, connection.address, took_over=older is not None)
        except AWAY as error:
            logger.warning("%s can't be owned: %s", connection.id, error)
            owned = False
        if not owned or self._owner.connections.get(connection.id) is not connection:
            self._owner.leave(connection)
            await connection.socket.close(*(TRY_LATER if not owned else SUPERSEDED))
            return False
        return True

    async def _live(self, connection: Connection) -> None:
        version = connection.version.value
        ACCEPTED.labels(version).inc()
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
            await connection.settle()
            await self._commander.gone(connection)

    def supersede(self, connection: Connection) -> None:
        """Close a socket whose charger has a newer one."""
        CLOSED.labels("superseded").inc()
        self._close(connection, SUPERSEDED)

    def kicked(self, charger_id: str, epoch: int) -> None:
        """Another node owns the charger under `epoch`, or nobody is to own it any more."""
        connection = self._owner.connections.get(charger_id)
        if connection is None or not 0 < connection.epoch < epoch:
            return
        if epoch == NOBODY:
            CLOSED.labels("dismissed").inc()
            self._close(connection, DISMISSED)
        else:
            self.supersede(connection)

    def _close(self, connection: Connection, why: tuple[int, str]) -> None:
        task = asyncio.create_task(connection.socket.close(*why), name=f"close {connection.id}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close_all(self) -> None:
        """Say goodbye to everybody: they come back to another node."""
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


def _subprotocol(socket: ServerConnection, offered: Any) -> Any:
    """What the charger asked for; who asked for nothing gets no header back (TR-07)."""
    assert isinstance(socket, Socket)
    return socket.version.subprotocol if socket.version and offered else None


def _read_compressed(socket: ServerConnection, request: Any, response: Any) -> None:
    """Some chargers compress although nothing was negotiated."""
    if not socket.protocol.extensions:
        socket.protocol.extensions = [Inflate()]


def _deflate() -> ServerPerMessageDeflateFactory:
    """Small windows and no context between messages: a charger that asks for deflate costs little memory (TR-27)."""
    return ServerPerMessageDeflateFactory(
        server_no_context_takeover=True,
        client_no_context_takeover=True,
        server_max_window_bits=10,
        client_max_window_bits=12,
        compress_settings={"memLevel": 2},
    )
