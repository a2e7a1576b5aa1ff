"""The queue of a charger's own CALLs: one open at a time, transaction messages kept until they are answered.

Kept messages go strictly in order, survive a cut connection with their timestamps and message ids, and are
repeated until answered. The others are sent once, and are dropped with the connection.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from voltring_loadtest.evse import Session

Payload = dict[str, Any]


@dataclass(slots=True)
class Message:
    """A CALL to make."""

    action: str
    payload: Payload
    then: str = ""
    """The charger's reaction to the answer."""
    evse: int = 0
    kept: bool = False
    """A transaction message."""
    early: bool = False
    """May go before the CSMS accepted the BootNotification."""
    session: Session | None = None
    droppable: bool = False
    """A sample in the middle of a transaction: the first to go when memory is short (TX-12)."""
    message_id: str = ""
    attempts: int = 0
    order: int = 0


class Outbox:
    """State of the queue; every method takes the caller's `now` where time matters."""

    __slots__ = ("_kept", "_not_before", "_order", "_others", "deadline", "misses", "open")

    def __init__(self) -> None:
        self._kept: list[Message] = []
        self._others: list[Message] = []
        self._order = 0
        self._not_before = 0.0
        self.open: Message | None = None
        """The CALL that waits for its answer."""
        self.deadline = inf
        self.misses = 0
        """CALLs in a row that were not answered in time."""

    def __len__(self) -> int:
        return len(self._kept) + len(self._others) + (self.open is not None and not self.open.kept)

    def put(self, message: Message, limit: int) -> None:
        """Queue a message; with `limit` kept ones a sample in the middle makes room."""
        self._order += 1
        message.order = self._order
        queue = self._kept if message.kept else self._others
        if message.kept and len(queue) >= limit:
            self._make_room()
        queue.append(message)

    def has_kept(self, transaction_id: str | None = None) -> bool:
        """Whether transaction messages wait; of one transaction when it is named (2.x)."""
        of = (message.session.transaction_id for message in self._kept if message.session)
        return bool(self._kept) if transaction_id is None else transaction_id in of

    def take(self, now: float, timeout: float, accepted: bool) -> Message | None:
        """Open the next CALL, if one may go now."""
        if self.open is not None:
            return None
        other = next((found for found in self._others if accepted or found.early), None)
        kept = self._kept[0] if accepted and self._kept and now >= self._not_before else None
        chosen = kept if kept and (other is None or kept.order < other.order) else other
        if chosen is None:
            return None
        if not chosen.kept:
            self._others.remove(chosen)
        chosen.attempts += 1
        self.open, self.deadline = chosen, now + timeout
        return chosen

    def settle(self, message_id: object) -> Message | None:
        """An answer came: return its message, also when it comes late for a kept one; None for a stray answer."""
        message = self.open
        if message is None or message.message_id != message_id:
            return self._settle_late(message_id)
        self._close()
        self.misses = 0
        if message.kept:
            self._kept.remove(message)
        return message

    def refuse(self, message_id: object, now: float, delay: Callable[[int], float | None]) -> Message | None:
        """A CALLERROR came: a kept message is repeated under a new id after `delay(attempts)`."""
        message = self.open
        if message is None or message.message_id != message_id:
            return None
        self._close()
        self.misses = 0
        message.message_id = ""
        self._postpone(message, now, delay)
        return message

    def expire(self, now: float, delay: Callable[[int], float | None]) -> Message | None:
        """Give up waiting for the open CALL when its time is over; a kept one keeps its id for a late answer."""
        message = self.open
        if message is None or now < self.deadline:
            return None
        self._close()
        self.misses += 1
        self._postpone(message, now, delay)
        return message

    def cut(self) -> None:
        """The connection is gone: what is not kept is dropped, what is kept may go at once on the next one."""
        self._others.clear()
        self._close()
        self._not_before = 0.0
        self.misses = 0

    def due(self, accepted: bool) -> float:
        """When `expire` or `take` will have something to do without any new event."""
        if self.open is not None:
            return self.deadline
        return self._not_before if accepted and self._kept else inf

    def _settle_late(self, message_id: object) -> Message | None:
        head = self._kept[0] if self._kept else None
        if head is None or not head.message_id or head.message_id != message_id:
            return None
        self._not_before = 0.0
        return self._kept.pop(0)

    def _postpone(self, message: Message, now: float, delay: Callable[[int], float | None]) -> None:
        if not message.kept:
            return
        pause = delay(message.attempts)
        if pause is None:
            self._kept.remove(message)
            if message.then == "started" and message.session is not None:
                message.session.number = -1
        else:
            self._not_before = now + pause

    def _make_room(self) -> None:
        for index, message in enumerate(self._kept):
            if message.droppable and message is not self.open:
                del self._kept[index]
                return

    def _close(self) -> None:
        self.open = None
        self.deadline = inf
