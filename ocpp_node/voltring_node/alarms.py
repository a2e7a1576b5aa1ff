"""Alarms that no charger tells: two of them seem to go by one identity (TR-30), one does not know its secret
(SE-02) or comes with a new one (SE-04)."""

import asyncio
import logging
import time
from datetime import UTC, datetime

import asyncpg

from voltring_core.domain.kinds import StationEventKind
from voltring_core.domain.messages import Booted
from voltring_core.domain.takeovers import ALARMING
from voltring_core.metrics import DUPLICATES
from voltring_core.saying import Saying
from voltring_core.store.database import AWAY
from voltring_node.connection import Connection
from voltring_node.facts import EventFact, Place
from voltring_node.publishing import Publisher
from voltring_node.writing_station import write_station

logger = logging.getLogger("voltring.alarms")
ALERT, WARNING, NOTICE = 2, 6, 7
"""By OCPP's scale, on which 2 is a hardware failure."""
PAUSE_S = 1.0
MINUTE = 60.0
MOST_WAITING = 1000


class Alarms:
    """Writes alarms down and shows them."""

    def __init__(self, pool: asyncpg.Pool, publisher: Publisher) -> None:
        self._away = Saying(logger)
        self._pool = pool
        self._publisher = publisher
        self._waiting: list[tuple[Place, EventFact]] = []
        self._filled = asyncio.Event()
        self._alarmed: dict[tuple[str, str], float] = {}
        self._swapped: dict[str, tuple[float, str]] = {}  # who took over of late: when, and the serial number before

    @property
    def waiting(self) -> int:
        """Alarms that are to be written down."""
        return len(self._waiting)

    def swapped(self, connection: Connection, swaps: int) -> None:
        """A socket took over from one that was open; one alarm a minute for a charger."""
        if (serial := connection.charger.serial_number) is not None:
            self._swapped[connection.id] = (time.monotonic(), serial)
            if len(self._swapped) > MOST_WAITING:
                del self._swapped[next(iter(self._swapped))]
        if swaps < ALARMING or self._is_known(("swaps", connection.id), time.monotonic()):
            return
        DUPLICATES.inc()
        logger.warning(
            "%s: %d sockets within a minute; do two chargers go by this identity?",
            connection.id,
            swaps,
            extra={"charger": connection.id},
        )
        now = datetime.now(UTC)
        place = Place(connection.id, connection.epoch, now)
        content = {"swaps": swaps, "seconds": 60, "remoteAddress": connection.address}
        fact = EventFact(StationEventKind.DUPLICATE_IDENTITY, now, content, "several sockets", ALERT)
        self._put(place, fact)

    def booted(self, charger_id: str, boot: Booted) -> None:
        """A charger booted: with another serial number, just after it took over, it is another one."""
        swapped_at, before = self._swapped.pop(charger_id, (-MINUTE, ""))
        is_late = swapped_at <= time.monotonic() - MINUTE
        if is_late or boot.serial_number in (None, before) or self._is_known(("serial", charger_id), time.monotonic()):
            return
        DUPLICATES.inc()
        logger.warning(
            "%s took over and has another serial number: two chargers go by this identity",
            charger_id,
            extra={"charger": charger_id},
        )
        now = datetime.now(UTC)
        content = {"serialNumber": boot.serial_number, "serialNumberBefore": before}
        fact = EventFact(StationEventKind.DUPLICATE_IDENTITY, now, content, "another serial number", ALERT)
        self._put(Place(charger_id, 0, now), fact)

    def refused(self, charger_id: str, address: str) -> None:
        """A known charger, or somebody in its name, came with a wrong secret; one alarm a minute for a charger."""
        if self._is_known(("refused", charger_id), time.monotonic()):
            return
        now = datetime.now(UTC)
        content = {"remoteAddress": address}
        fact = EventFact(StationEventKind.LOGON_REFUSED, now, content, "wrong credentials", WARNING)
        self._put(Place(charger_id, 0, now), fact)

    def secret_changed(self, charger_id: str, address: str) -> None:
        """A charger logged on with the new secret that it was sent: the old one is dead."""
        now = datetime.now(UTC)
        content = {"remoteAddress": address}
        fact = EventFact(StationEventKind.SECRET_CHANGED, now, content, "new credentials used", NOTICE)
        self._put(Place(charger_id, 0, now), fact)

    def _put(self, place: Place, fact: EventFact) -> None:
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append((place, fact))
            self._filled.set()

    def _is_known(self, alarm: tuple[str, str], now: float) -> bool:
        known = self._alarmed.get(alarm, -MINUTE) > now - MINUTE
        if not known:
            self._alarmed = {one: at for one, at in self._alarmed.items() if at > now - MINUTE} | {alarm: now}
        return known

    async def run(self) -> None:
        """Write for ever; to be supervised."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            batch, self._waiting = self._waiting, []
            try:
                async with self._pool.acquire() as connection, connection.transaction():
                    await write_station(connection, batch)
            except AWAY as error:
                self._away.met("%d alarms wait for PostgreSQL: %s", len(batch), error or type(error).__name__)
                self._waiting += batch
                self._filled.set()
                await asyncio.sleep(PAUSE_S)
                continue
            self._away.over("alarms are written down again")
            for place, fact in batch:
                self._publisher.show(place, fact)
