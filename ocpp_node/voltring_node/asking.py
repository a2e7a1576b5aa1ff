"""Asking for connectors' statuses: a charger that was accepted reports them by itself; one that did not within a
minute is asked, once (TR-34).

What is waited for is kept in memory: a node that restarts has its chargers boot, or go on without, and does not ask
those who go on.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from voltring_core.domain.commands import command_class, lane
from voltring_core.domain.messages import Registration
from voltring_core.errors import RequestError
from voltring_core.ocpp.quirks import Quirks, Refused
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import OURSELVES, NewCommand
from voltring_core.store.database import AWAY
from voltring_core.store.queue import Queue
from voltring_node.connection import Connection

logger = logging.getLogger("voltring.asking")
TRIGGER = "TriggerMessage"
DEADLINE_S = 60.0
AT_ONCE = 250
"""Asked in one cycle of five seconds: after a storm thousands booted in the same second."""


def due(waiting: Mapping[str, float], now: float) -> list[str]:
    """Those whose time is over, in the order of their boots."""
    found = []
    for charger_id, until in waiting.items():
        if until > now:
            break
        found.append(charger_id)
    return found


def status_trigger(version: Version, quirks: Quirks) -> dict[str, Any] | None:
    """The payload of the TriggerMessage; None where the charger is known not to stand it.

    1.6 is asked for all connectors at once. 2.x must name one (F06.FR.12): the first, which every station has.
    """
    wanted: dict[str, Any] = {"requestedMessage": "StatusNotification"}
    if version.is_2x:
        wanted["evse"] = {"id": 1, "connectorId": 1}
    return None if isinstance(quirks.outbound(version, TRIGGER, wanted), Refused) else wanted


def trigger(charger_id: str, wanted: Mapping[str, Any]) -> NewCommand:
    """A TriggerMessage that no operator asked for."""
    kind = command_class(TRIGGER)
    return NewCommand(uuid4(), charger_id, TRIGGER, wanted, kind, lane(TRIGGER), DEADLINE_S, created_by=OURSELVES)


class StatusAsker:
    """Waits for the first status after each accepted boot."""

    def __init__(
        self,
        queue: Queue,
        connections: Mapping[str, Connection],
        ring: Callable[[Connection], None],
        patience: float,
    ) -> None:
        """`connections` by charger, as they are at any time; `ring` has what is queued sent; `patience` in seconds."""
        self._queue = queue
        self._connections = connections
        self._ring = ring
        self._patience = patience
        self._waiting: dict[str, float] = {}

    def booted(self, charger_id: str, *, is_accepted: bool) -> None:
        """Its boot was answered."""
        self._waiting.pop(charger_id, None)  # to the end of the order
        if is_accepted:
            self._waiting[charger_id] = asyncio.get_running_loop().time() + self._patience

    def told(self, charger_id: str) -> None:
        """It has told a status."""
        self._waiting.pop(charger_id, None)

    async def cycle(self) -> str:
        """Ask those whose time is over; returns the sentence for the log, empty when nobody was asked."""
        asked = 0
        for charger_id in due(self._waiting, asyncio.get_running_loop().time())[:AT_ONCE]:
            try:
                asked += await self._ask(charger_id)
            except AWAY as error:
                return f"connectors are not asked for: {error}"
            except RequestError as error:  # deleted, or its queue is full
                logger.info("%s is not asked for its connectors: %s", charger_id, error, extra={"charger": charger_id})
            self._waiting.pop(charger_id, None)
        return f"{asked} chargers told no status after their boot and are asked for it" if asked else ""

    async def _ask(self, charger_id: str) -> bool:
        connection = self._connections.get(charger_id)
        if connection is None or not connection.is_open or connection.registration is not Registration.ACCEPTED:
            return False
        wanted = status_trigger(connection.version, connection.quirks)
        if wanted is None:
            return False
        await self._queue.add(trigger(charger_id, wanted))
        self._ring(connection)
        return True
