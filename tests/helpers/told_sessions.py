"""Sessions as a node records them in PostgreSQL, message by message, at times of the test's own."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg

from voltring_core.domain.messages import Registration
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import Asked, Decided
from voltring_node.facts import Message
from voltring_node.recorder import Recorder
from voltring_node.understanding import Understood, understand

REGISTER = "Energy.Active.Import.Register"
POWER = "Power.Active.Import"


class Silent:
    """A publisher for whom nobody listens."""

    def committed(self, group: list[Decided]) -> None:
        pass


class Teller:
    """Chargers that tell a node of their sessions. `begun` is minute 0, some hours ago."""

    def __init__(self, pool: asyncpg.Pool, hours_ago: float = 2.0) -> None:
        self.pool = pool
        self.begun = (datetime.now(UTC) - timedelta(hours=hours_ago)).replace(microsecond=0)
        self.recorder = Recorder(pool, Silent(), window=0, most=50, patience=10.0)  # type: ignore[arg-type]
        self._numbers: Iterator[int] = count(1)

    def at(self, minute: float) -> datetime:
        """That minute."""
        return self.begun + timedelta(minutes=minute)

    async def say(
        self, charger: str, action: str, payload: dict[str, Any], minute: float, version: Version = Version.V16
    ) -> Any:
        """Record what a charger says, received a second after that minute; its answer's payload."""
        number = next(self._numbers)
        word = f"m{number}"
        found = understand(version, Registration.ACCEPTED, Called(word, action, payload))
        assert isinstance(found, Understood), found
        received_at = self.at(minute) + timedelta(seconds=1, microseconds=number)
        frame = json.dumps([2, word, action, payload])
        message = Message(charger, 1, version, received_at, "in", frame, 2, word, action, found.payload, found.said)
        decided = await self.recorder.record(Asked(message))
        assert decided is not None
        assert decided.reply is not None
        return json.loads(decided.reply)[2]

    async def start(self, charger: str = "CP", wh: int = 1000, minute: float = 0) -> int:
        """1.6: a session begins; its number."""
        await self.pool.execute("INSERT INTO chargers (id) VALUES ($1) ON CONFLICT DO NOTHING", charger)
        payload = {"connectorId": 1, "idTag": charger, "meterStart": wh, "timestamp": self.at(minute).isoformat()}
        return int((await self.say(charger, "StartTransaction", payload, minute))["transactionId"])

    async def read(
        self, number: int, minute: float, wh: int | None = None, watts: int | None = None, charger: str = "CP"
    ) -> None:
        """1.6: a reading comes."""
        values = [{"value": str(wh), "measurand": REGISTER}] if wh is not None else []
        values += [{"value": str(watts), "measurand": POWER, "unit": "W"}] if watts is not None else []
        group = [{"timestamp": self.at(minute).isoformat(), "sampledValue": values}]
        payload = {"connectorId": 1, "transactionId": number, "meterValue": group}
        await self.say(charger, "MeterValues", payload, minute)

    async def stop(self, number: int, minute: float, wh: int, charger: str = "CP") -> None:
        """1.6: it ends."""
        payload = {"transactionId": number, "meterStop": wh, "timestamp": self.at(minute).isoformat()}
        await self.say(charger, "StopTransaction", payload, minute)

    async def tell(
        self, seq_no: int, minute: float, wh: int | None = None, kind: str = "Updated", charger: str = "CP2"
    ) -> None:
        """2.0.1: a TransactionEvent."""
        await self.pool.execute("INSERT INTO chargers (id) VALUES ($1) ON CONFLICT DO NOTHING", charger)
        at = self.at(minute).isoformat()
        payload: dict[str, Any] = {
            "eventType": kind,
            "timestamp": at,
            "triggerReason": "MeterValuePeriodic",
            "seqNo": seq_no,
            "transactionInfo": {"transactionId": "t", "chargingState": "Charging"},
        }
        if kind == "Started":
            payload |= {"evse": {"id": 1, "connectorId": 1}, "idToken": {"idToken": charger, "type": "ISO14443"}}
        if wh is not None:
            payload["meterValue"] = [{"timestamp": at, "sampledValue": [{"value": wh, "measurand": REGISTER}]}]
        await self.say(charger, "TransactionEvent", payload, minute, Version.V201)

    async def session(self, charger: str = "CP") -> asyncpg.Record:
        """The charger's session."""
        return await self.pool.fetchrow("SELECT *, xmin AS version FROM transactions WHERE charger_id = $1", charger)

    async def account(self, charger: str = "CP") -> asyncpg.Record:
        """The account of the charger's session."""
        return await self.pool.fetchrow(
            "SELECT a.* FROM transaction_accounts a JOIN transactions t ON t.id = a.transaction_id"
            " WHERE t.charger_id = $1",
            charger,
        )

    async def id_of(self, charger: str = "CP") -> UUID:
        """The id of the charger's session."""
        found: UUID = (await self.session(charger))["id"]
        return found
