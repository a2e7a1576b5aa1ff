"""One CALL of ours to one charger: adapted to its quirks, at its pace, with its patience (TR-22, TR-24)."""

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voltring_core.domain.commands import ANSWER_TIMEOUT, Reason, answer_timeout_s
from voltring_core.ocpp.conversation import Answered
from voltring_node.connection import Connection

logger = logging.getLogger("voltring.calling")
TRIGGERED = {
    "FirmwareStatusNotification": frozenset({"FirmwareStatusNotification", "SignedFirmwareStatusNotification"}),
    "SignChargePointCertificate": frozenset({"SignCertificate"}),
    "SignChargingStationCertificate": frozenset({"SignCertificate"}),
    "SignCombinedCertificate": frozenset({"SignCertificate"}),
    "SignV2GCertificate": frozenset({"SignCertificate"}),
    "SignV2G20Certificate": frozenset({"SignCertificate"}),
}
"""What a trigger makes a charger say, where that is not the trigger's own name."""
TRIGGERS = frozenset({"TriggerMessage", "ExtendedTriggerMessage"})


def expected_after(action: str, payload: Mapping[str, Any]) -> frozenset[str]:
    """What a charger may say because of this CALL, although it is not accepted yet (B02.FR.02)."""
    if action not in TRIGGERS:
        return frozenset()
    name = str(payload.get("requestedMessage"))
    return TRIGGERED.get(name, frozenset({name}))


def patience(connection: Connection, action: str) -> float:
    """Seconds that the charger has to answer: the node's or its own, and as much more as the action takes longer."""
    return connection.call_timeout + answer_timeout_s(action) - ANSWER_TIMEOUT


@dataclass(frozen=True, slots=True)
class Opened:
    """A CALL of ours that is open, and its frame, which is still to be written."""

    frame: str
    deadline: float
    """On the monotonic clock."""


def open_call(
    connection: Connection, action: str, payload: Mapping[str, Any], message_id: str, flags: tuple[str, ...] = ()
) -> Opened:
    """Open a CALL and keep it. Nothing is open when this raises.

    `flags` say how the payload was adapted to the charger.
    """
    deadline = time.monotonic() + patience(connection, action)
    expected = expected_after(action, payload)
    frame = connection.conversation.call(message_id, action, payload, deadline)
    try:
        connection.keep_own(frame, message_id, action, flags)
    except Exception:
        connection.conversation.expire(deadline)
        raise
    connection.expected |= expected
    return Opened(frame, deadline)


async def exchange(
    connection: Connection, opened: Opened, answer: asyncio.Future[Answered | None]
) -> Answered | Reason:
    """Write the frame and wait for `answer`; why there is none, if none came in time or none can come any more."""
    try:
        await connection.write(opened.frame)
        async with asyncio.timeout(opened.deadline - time.monotonic()):
            return await answer or Reason.SOCKET_LOST
    except TimeoutError:
        return Reason.NO_ANSWER
    except Exception:  # perhaps it was written: as if it had been
        logger.exception("%s: a CALL of ours is given up", connection.id, extra={"charger": connection.id})
        return Reason.NO_ANSWER
    finally:
        connection.conversation.expire(opened.deadline)
