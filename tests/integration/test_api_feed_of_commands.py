"""What the API itself does to a command is told on the live feed, also while it has not heard yet who listens."""

from typing import Any

import orjson
import pytest

from voltring_core.cluster import keys
from voltring_core.cluster.watching import Looks


@pytest.fixture(autouse=True)
async def unheard(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """This replica knows of nobody who listens."""
    await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ('CP', '1.6')")

    class Deaf:
        looks = Looks()

    monkeypatch.setattr(api.parts.dispatch, "_audience", Deaf())


async def told(api: Any) -> list[tuple[str, str]]:
    """Commands and their states, in the order in which they were published."""
    entries = await api.parts.redis.xrange(keys.EVENTS)
    events = [event for _, fields in entries for event in orjson.loads(fields["e"])]
    return [(event["command_id"], event["state"]) for event in events if event["type"] == "command.updated"]


async def send(api: Any, action: str = "ClearCache", **payload: Any) -> str:
    made = await api.client.post("/v1/chargers/CP/commands", json={"action": action, "payload": payload})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_a_command_that_is_queued_and_cancelled_is_told_twice(api: Any) -> None:
    made = await send(api)
    assert (await api.client.post(f"/v1/commands/{made}/cancel")).status_code == 200
    assert await told(api) == [(made, "QUEUED"), (made, "CANCELLED")]


async def test_a_command_that_another_one_replaces_is_told(api: Any) -> None:
    first = await send(api, "ChangeAvailability", connectorId=1, type="Operative")
    second = await send(api, "ChangeAvailability", connectorId=1, type="Inoperative")
    assert await told(api) == [(first, "QUEUED"), (first, "CANCELLED"), (second, "QUEUED")]


async def test_a_command_that_a_person_resolves_is_told(api: Any) -> None:
    made = await send(api)
    await api.database.execute("UPDATE commands SET state = 'UNKNOWN', finished_at = now()")
    resolved = await api.client.post(f"/v1/commands/{made}/resolution", json={"state": "COMPLETED", "note": "Seen."})
    assert resolved.status_code == 200, resolved.text
    assert await told(api) == [(made, "QUEUED"), (made, "COMPLETED")]


async def test_who_waits_for_a_command_is_not_kept_waiting_for_a_feed_that_nobody_hears(api: Any) -> None:
    asked = {"Prefer": "wait=1"}
    sent = await api.client.post("/v1/chargers/CP/commands", json={"action": "ClearCache"}, headers=asked)
    assert sent.status_code == 202
    assert await told(api) == []
