"""One CALL of ours to one charger: adapted to its quirks, at its pace, with its patience (TR-22, TR-24)."""

import asyncio
import time
from collections.abc import Mapping
from typing import Any

from voltring_core.domain.commands import ANSWER_TIMEOUT, answer_timeout_s
from voltring_core.ocpp.conversation import Answered
from voltring_node.connection import Connection

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


async def call(
    connection: Connection,
    answer: asyncio.Future[Answered | None],
    action: str,
    payload: Mapping[str, Any],
    message_id: str,
    flags: tuple[str, ...] = (),
) -> Answered | None:
    """Write the frame and wait for `answer`; None when none came in time, or none can come any more.

    `flags` say how the payload was adapted to the charger.
    """
    if connection.quirks.one_message_at_a_time:
        await connection.idle()
    seconds = patience(connection, action)
    deadline = time.monotonic() + seconds
    connection.expected |= expected_after(action, payload)
    frame = connection.conversation.call(message_id, action, payload, deadline)
    connection.keep_own(frame, message_id, action, flags)
    await connection.write(frame)
    try:
        async with asyncio.timeout(seconds):
            return await answer
    except TimeoutError:
        connection.conversation.expire(deadline)
        return None
