"""The straight way of a command and FastAPI's own: whatever is asked, both answer the same."""

import itertools
from typing import Any

import pytest
from fastapi.routing import APIRoute

from voltring_api.resources.sending import Straight
from voltring_core.cluster import keys

NUMBERS = itertools.count(1)
UNLOCK = b'{"action": "UnlockConnector", "payload": {"connectorId": 1}}'
ASKED: dict[str, tuple[bytes, dict[str, str]]] = {
    "plain": (UNLOCK, {}),
    "with a key": (UNLOCK, {"Idempotency-Key": "a key"}),
    "waited for": (UNLOCK, {"Prefer": "wait=1"}),
    "a preference that is none": (UNLOCK, {"Prefer": "wait=soon"}),
    "said to be a form": (UNLOCK, {"Content-Type": "application/x-www-form-urlencoded"}),
    "without a payload": (b'{"action": "ClearCache"}', {}),
    "with a deadline": (b'{"action": "ClearCache", "deadline_s": 60}', {}),
    "a deadline in words": (b'{"action": "ClearCache", "deadline_s": "60"}', {}),
    "a deadline that is too long": (b'{"action": "ClearCache", "deadline_s": 1e12}', {}),
    "a field too many": (b'{"action": "ClearCache", "payloads": {}}', {}),
    "no action": (b'{"payload": {}}', {}),
    "an empty action": (b'{"action": ""}', {}),
    "an unknown action": (b'{"action": "Dance"}', {}),
    "a payload that is a list": (b'{"action": "ClearCache", "payload": []}', {}),
    "a payload that breaks its schema": (b'{"action": "UnlockConnector", "payload": {"connectorId": "one"}}', {}),
    "a connector that there is not": (b'{"action": "UnlockConnector", "payload": {"connectorId": 0}}', {}),
    "a list": (b"[]", {}),
    "a number": (b"7", {}),
    "null": (b"null", {}),
    "no body": (b"", {}),
    "half a body": (b'{"action": "Cl', {}),
    "not UTF-8": (b'{"action": "\xff"}', {}),
    "an empty key": (UNLOCK, {"Idempotency-Key": ""}),
    "a key that is too long": (UNLOCK, {"Idempotency-Key": "k" * 201}),
    "a key with a tab in it": (UNLOCK, {"Idempotency-Key": "a\tkey"}),
}
OWN = ("id", "charger_id", "created_at", "deadline_at", "error_id")
"""What differs between two commands that are the same."""


async def said(api: Any, body: bytes, headers: dict[str, str], charger_id: str | None = None) -> Any:
    """Status, headers and body of the answer, without what is each command's own."""
    if charger_id is None:
        charger_id = f"CP-{next(NUMBERS)}"
        await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ($1, '1.6')", charger_id)
        if "Idempotency-Key" in headers and len(headers["Idempotency-Key"]) == len("a key"):
            headers = headers | {"Idempotency-Key": charger_id}
    given = {"Content-Type": "application/json"} | headers
    answer = await api.client.post(f"/v1/chargers/{charger_id}/commands", content=body, headers=given)
    told = {name: value for name, value in answer.headers.items() if name not in {"date", "location", "content-length"}}
    content = {name: value for name, value in answer.json().items() if name not in OWN}
    return answer.status_code, told, "location" in answer.headers, content


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
async def test_both_ways_answer_the_same(
    api: Any, monkeypatch: pytest.MonkeyPatch, asked: tuple[bytes, dict[str, str]]
) -> None:
    straight = await said(api, *asked)
    monkeypatch.setattr(Straight, "handle", APIRoute.handle)
    assert straight == await said(api, *asked)


@pytest.mark.parametrize("charger_id", ["nobody", "quarantined", "never-connected"])
async def test_both_ways_refuse_the_same_chargers(api: Any, monkeypatch: pytest.MonkeyPatch, charger_id: str) -> None:
    await api.database.execute("INSERT INTO chargers (id, status) VALUES ('quarantined', 'quarantined')")
    await api.database.execute("INSERT INTO chargers (id) VALUES ('never-connected')")
    straight = await said(api, UNLOCK, {}, charger_id)
    assert straight[0] in {404, 409}
    monkeypatch.setattr(Straight, "handle", APIRoute.handle)
    assert straight == await said(api, UNLOCK, {}, charger_id)


async def test_what_is_plainly_right_goes_straight(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none(*_: Any) -> None:
        raise AssertionError("FastAPI's way was taken")

    monkeypatch.setattr(APIRoute, "handle", none)
    await api.parts.redis.delete(keys.owner("CP"))
    assert (await said(api, UNLOCK, {"Idempotency-Key": "a key"}))[0] == 201


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_another_method_is_refused_as_everywhere(api: Any, method: str) -> None:
    answer = await api.client.request(method, "/v1/chargers/CP/commands", content=UNLOCK)
    assert answer.status_code == 405
    assert await api.database.fetchval("SELECT count(*) FROM commands") == 0
