"""A charger, its session and a watchdog, written into real tables."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
from redis.asyncio import Redis

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.cluster.events import EventBus
from voltring_core.domain.commands import command_class, lane
from voltring_core.domain.watchdogs import Limits
from voltring_core.store.commands import Commands, NewCommand
from voltring_worker.watchdogs import Watchdogs

NODE = "node-0.x"


def ago(**how_long: float) -> datetime:
    """So long before now."""
    return datetime.now(UTC) - timedelta(**how_long)


class Scene:
    """What is in the tables: chargers by their ids, sessions of theirs."""

    def __init__(self, pool: Any, redis: Redis) -> None:
        self.pool = pool
        self.redis = redis

    def watchdogs(self, *, living: list[str] | None = None, **limits: float) -> Watchdogs:
        """A worker's watchdogs; the node `NODE` lives unless said otherwise."""
        nodes = [NODE] if living is None else living

        async def alive() -> list[str]:
            return nodes

        return Watchdogs(self.pool, Doorbells(self.redis), EventBus(self.redis), Limits(**limits), alive)

    async def charger(
        self,
        charger_id: str = "CP",
        *,
        connected: datetime | None = None,
        gone: datetime | None = None,
        booted: datetime | None = None,
        version: str = "1.6",
    ) -> None:
        """A charger that is connected since then, or was until `gone`."""
        await self.pool.execute(
            "INSERT INTO chargers (id, registration, booted_at) VALUES ($1, 'Accepted', $2)", charger_id, booted
        )
        await self.pool.execute(
            "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version, connected_at,"
            " disconnected_at, last_seen_at) VALUES ($1, 1, gen_random_uuid(), $2, $3, $4, $5, coalesce($5, now()))",
            charger_id,
            NODE,
            version,
            connected or ago(days=30),
            gone,
        )

    async def session(
        self,
        charger_id: str = "CP",
        *,
        begun: datetime | None = None,
        read: datetime | None = None,
        state: str = "Active",
        ended: datetime | None = None,
        version: str = "1.6",
        ocpp_id: str = "7",
        flags: tuple[str, ...] = (),
        **more: Any,
    ) -> UUID:
        """A session on EVSE 1, begun an hour ago, whose register was read just now."""
        begun = begun or ago(hours=1)
        values = {
            "id": uuid4(),
            "charger_id": charger_id,
            "ocpp_version": version,
            "ocpp_transaction_id": ocpp_id,
            "state": state,
            "evse_id": 1,
            "connector_id": 1,
            "id_token": "TAG",
            "started_at": begun,
            "start_received_at": begun,
            "ended_at": ended,
            "end_received_at": ended,
            "meter_start_wh": 1000,
            "register_wh": 5000,
            "register_at": read or ago(seconds=5),
            "energy_wh": 4000,
            "power_w": 7000,
            "flags": list(flags),
        } | more
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.pool.execute(
            f"INSERT INTO transactions ({', '.join(values)}) VALUES ({places})",  # noqa: S608 - of names written here
            *values.values(),
        )
        await self.said(values["id"], "Started", begun, charger_id=charger_id)
        return values["id"]

    async def said(
        self,
        session: UUID,
        kind: str,
        at: datetime,
        received: datetime | None = None,
        *,
        charger_id: str = "CP",
        payload: Any = None,
        offline: bool = False,
    ) -> None:
        """A message of the session."""
        await self.pool.execute(
            "INSERT INTO transaction_events (transaction_id, charger_id, kind, event_at, received_at, offline, payload)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            session,
            charger_id,
            kind,
            at,
            received or at,
            offline,
            payload or {},
        )

    async def status(self, status: str, at: datetime, charger_id: str = "CP") -> None:
        """What connector 1 says since then."""
        await self.pool.execute(
            "INSERT INTO connectors (charger_id, evse_id, connector_id, status, status_at) VALUES ($1, 1, 1, $2, $3)"
            " ON CONFLICT (charger_id, evse_id, connector_id) DO UPDATE SET status = $2, status_at = $3",
            charger_id,
            status,
            at,
        )

    async def command(
        self, action: str, payload: Any, state: str, sent: datetime, *, charger_id: str = "CP", outcome: Any = None
    ) -> UUID:
        """A command that came to that state when it was sent."""
        new = NewCommand(
            uuid4(), charger_id, action, payload, command_class(action), lane(action), 600, created_by="test"
        )
        await Commands(self.pool).queue(new)
        await self.pool.execute(
            "UPDATE commands SET state = $2, created_at = $3, sent_at = $3, finished_at = $3, outcome = $4"
            " WHERE id = $1",
            new.id,
            state,
            sent,
            outcome,
        )
        return new.id

    async def alarms(self, *, is_open: bool = True) -> list[tuple[str, str]]:
        """Rule and charger of the alarms that are open, or that were."""
        state = "IS NULL" if is_open else "IS NOT NULL"
        rows = await self.pool.fetch(
            f"SELECT rule, charger_id FROM alarms WHERE cleared_at {state} ORDER BY 1, 2"  # noqa: S608 - two words
        )
        return [(row["rule"], row["charger_id"]) for row in rows]

    async def asked(self) -> list[tuple[str, Any]]:
        """What chargers are asked that nobody of the operators asked."""
        rows = await self.pool.fetch("SELECT action, payload FROM commands WHERE created_by = 'voltring' ORDER BY seq")
        return [(row["action"], row["payload"]) for row in rows]

    async def told(self) -> list[tuple[str, str]]:
        """Kind and subject of the events that tell of alarms."""
        rows = await self.pool.fetch("SELECT kind, subject FROM station_events ORDER BY id")
        return [(row["kind"], row["subject"]) for row in rows]

    async def shown(self) -> list[str]:
        """The types of what went over the live feed."""
        entries: Any = await self.redis.xrange("events")
        return [event["type"] for _, fields in entries for event in orjson.loads(fields["e"])]
