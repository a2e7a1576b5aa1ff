"""Answers that nobody waits for any more: to CALLs of this socket, of another one, of another node.

Chargers answer after their time, and after a cut on the next socket, wherever that is. The CALL is looked for by its
message id among the commands of the same charger, and never among another's.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from voltring_core.ocpp.actions import TO_CHARGER
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.quirks import Adapted
from voltring_core.ocpp.versions import Version
from voltring_core.store.queue import Queue
from voltring_node import spans
from voltring_node.connection import Connection
from voltring_node.outcomes import Outcomes, patiently
from voltring_node.settling import Sent

logger = logging.getLogger("voltring.late")
KEPT = 4096
AT_ONCE = 16
"""Answers of one socket that are looked for at a time: a charger that invents them costs no more."""
ID_LENGTH = 36
"""Of the ids that `commanding` gives: UUIDs."""
Keep = Callable[[str | None], None]
"""Keeps the frame in the message log, as the answer to this action or, with None, as one to nothing."""


class LateAnswers:
    """Settles what late answers answer."""

    def __init__(self, queue: Queue, outcomes: Outcomes) -> None:
        self._queue = queue
        self._outcomes = outcomes
        self._given_up: dict[tuple[str, str], Sent] = {}
        self._answered: dict[tuple[str, str], None] = {}
        self._looking: Counter[Connection] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    def remember(self, message_id: str, sent: Sent) -> None:
        """This was given up. What is remembered here is not looked for, and knows the password that it was to set."""
        self._given_up[sent.charger_id, message_id] = sent
        if len(self._given_up) > KEPT:
            del self._given_up[next(iter(self._given_up))]

    def answered(self, charger_id: str, message_id: str) -> None:
        """This has its answer, perhaps not written down yet: another one to it changes nothing."""
        self._answered[charger_id, message_id] = None
        if len(self._answered) > KEPT:
            del self._answered[next(iter(self._answered))]

    def heard(self, connection: Connection, answer: Answered, keep: Keep = lambda action: None) -> None:
        """An answer came, to nothing that is waited for."""
        message_id = answer.call.message_id
        is_second = (connection.id, message_id) in self._answered
        if is_second or len(message_id) != ID_LENGTH or self._looking[connection] >= AT_ONCE:
            keep(None)
            return
        self.answered(connection.id, message_id)
        self._looking[connection] += 1
        task = asyncio.create_task(self._settle(connection, answer, keep), name=f"late answer {connection.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _settle(self, connection: Connection, answer: Answered, keep: Keep) -> None:
        try:
            sent = await self._find(connection, answer.call.message_id)
            keep(None if sent is None else sent.action)
            if sent is not None:
                call = replace(answer.call, action=sent.action)
                with spans.late(sent):
                    await self._outcomes.answered(sent, replace(answer, call=call))
        except Exception:
            logger.exception("%s: a late answer is not settled", connection.id, extra={"charger": connection.id})
        finally:
            self._looking[connection] -= 1
            if not self._looking[connection]:
                del self._looking[connection]

    async def _find(self, connection: Connection, message_id: str) -> Sent | None:
        # What the answer means is written by the socket that it came by: the epoch of the other one counts no longer.
        remembered = self._given_up.pop((connection.id, message_id), None)
        if remembered is not None:
            return replace(remembered, epoch=connection.epoch)
        what = f"a late answer of {connection.id}"
        row = await patiently(what, lambda: self._queue.of_message(connection.id, message_id))
        return None if row is None else _sent(connection, row)


def _sent(connection: Connection, row: Any) -> Sent:
    """The command as it was sent, as far as that is known."""
    action, version = row["action"], _version(connection.version, row["action"])
    adapted = connection.quirks.outbound(version, action, row["payload"])
    payload = adapted.payload if isinstance(adapted, Adapted) else row["payload"]
    trace = row.get("traceparent")
    return Sent(row["id"], connection.id, version, connection.epoch, action, payload, traceparent=trace)


def _version(present: Version, action: str) -> Version:
    """What the charger spoke when it was sent this: perhaps not what it speaks now."""
    return next((one for one in (present, *Version) if action in TO_CHARGER[one]), present)
