"""Chargers and sessions that commands are for, as rows."""

from typing import Any
from uuid import UUID, uuid4

from voltring_core.cluster import keys

UID = "node-0~by-hand"


async def charger(api: Any, charger_id: str = "CP", version: str | None = "1.6", status: str = "registered") -> str:
    """A charger that has connected with that version; its owner is the node by hand."""
    await api.database.execute(
        "INSERT INTO chargers (id, ocpp_version, status) VALUES ($1, $2, $3)", charger_id, version, status
    )
    if version is not None:
        await api.database.execute(
            "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version)"
            " VALUES ($1, 1, gen_random_uuid(), $2, $3)",
            charger_id,
            UID,
            version,
        )
        await api.parts.redis.hset(keys.owner(charger_id), mapping={"node": UID, "ep": 1})
    return f"/v1/chargers/{charger_id}"


async def session(api: Any, ocpp_id: str, charger_id: str = "CP", state: str = "Active") -> UUID:
    identity = uuid4()
    await api.database.execute(
        "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, start_received_at)"
        " VALUES ($1, $2, '1.6', $3, $4, now())",
        identity,
        charger_id,
        ocpp_id,
        state,
    )
    return identity
