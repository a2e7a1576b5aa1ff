"""An operator who does not give up: every command has an Idempotency-Key and is asked for until it was taken."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4

import httpx
from fault_chargers import identity
from fault_fleet import TOKEN

from voltring_core.domain.commands import CommandClass, command_class

PAUSE = 0.1


@dataclass(frozen=True)
class Order:
    """A command as the API took it."""

    id: str
    charger_id: str
    action: str
    payload: dict[str, Any]

    @property
    def identity(self) -> str:
        """By which the charger counts it."""
        return identity(self.action, self.payload)

    @property
    def kind(self) -> CommandClass:
        """R or N."""
        return command_class(self.action)


class Operator:
    """Posts commands over the REST API."""

    def __init__(self, api_url: str) -> None:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self.client = httpx.AsyncClient(base_url=api_url, headers=headers, timeout=60)
        self.orders: list[Order] = []
        self.ids_of_keys: dict[str, set[str]] = defaultdict(set)
        """All ids that the API gave for a key: one each, or a command was doubled."""
        self.retries = 0
        self._numbers = count(1)

    async def order(
        self, charger_id: str, action: str, payload: dict[str, Any], *, within: float = 90.0, **more: Any
    ) -> Order:
        """Post a command until it is taken; `more`: deadline_s, wait (seconds to wait for its outcome)."""
        wait = more.pop("wait", None)
        key = str(uuid4())
        headers = {"Idempotency-Key": key} | ({} if wait is None else {"Prefer": f"wait={wait}"})
        body = {"action": action, "payload": payload, **more}
        async with asyncio.timeout(within):
            while True:
                answer = await self._post(f"/v1/chargers/{charger_id}/commands", body, headers)
                if answer is not None:
                    break
                self.retries += 1
                await asyncio.sleep(PAUSE)
        taken = answer.json()
        self.ids_of_keys[key].add(taken["id"])
        order = Order(taken["id"], charger_id, action, payload)
        self.orders.append(order)
        return order

    async def _post(self, place: str, body: Any, headers: dict[str, str]) -> httpx.Response | None:
        try:
            answer = await self.client.post(place, json=body, headers=headers)
        except httpx.TransportError:
            return None
        if answer.status_code == 503:
            return None
        assert answer.is_success, answer.text
        return answer

    async def orders_of_every_class(self, charger_id: str) -> list[Order]:
        """One command of each sort that matters, at once."""
        number = next(self._numbers)
        wanted: list[tuple[str, dict[str, Any]]] = [
            ("RemoteStartTransaction", {"idTag": f"R{uuid4().hex[:12]}", "connectorId": 2}),
            ("UnlockConnector", {"connectorId": number}),
            ("Reset", {"type": "Soft"}),
            ("GetConfiguration", {"key": [f"K{number}"]}),
            ("ChangeConfiguration", {"key": f"K{number}", "value": "1"}),
        ]
        return list(await asyncio.gather(*(self.order(charger_id, *one) for one in wanted)))
