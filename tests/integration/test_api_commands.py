"""Remote commands, from the request to the outcome; a node by hand takes them, as a real one does."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from commanded import UID, charger, session

from voltring_core.cluster import keys, watching
from voltring_core.cluster.doorbells import Doorbells, listen
from voltring_core.store.commands import SQL
from voltring_core.testing import eventually


@pytest.fixture
async def node(api: Any) -> AsyncIterator[list[Any]]:
    """A node that answers every command with Accepted, and what it took."""
    taken: list[Any] = []

    async def work() -> None:
        async for rings in listen(api.parts.redis, UID):
            for ring in rings:
                async with api.parts.pool.acquire() as connection:
                    row = await connection.fetchrow(SQL["take"], ring.charger_id, 1, uuid4().hex, None, False)
                    if row is None:
                        continue
                    taken.append(row)
                    message_id = await connection.fetchval("SELECT message_id FROM commands WHERE id = $1", row["id"])
                    answer = {"status": "Accepted"}
                    await connection.fetchrow(SQL["finish"], row["id"], message_id, "ACCEPTED", answer, None, "")
                await Doorbells(api.parts.redis).answer(row["reply_to"], row["id"])

    working = asyncio.create_task(work(), name="node by hand")
    yield taken
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)


async def test_a_command_that_is_waited_for_comes_back_with_the_chargers_answer(api: Any, node: list[Any]) -> None:
    place = await charger(api)
    body = {"action": "Reset", "payload": {"type": "Soft"}}
    began = time.monotonic()
    done = await api.client.post(f"{place}/commands", json=body, headers={"Prefer": "wait=25"})
    assert time.monotonic() - began < 0.9, "the doorbells were not heard"
    command = done.json()
    assert (done.status_code, done.headers["Preference-Applied"]) == (200, "wait=25")
    assert done.headers["Location"] == f"/v1/commands/{command['id']}"
    assert (command["state"], command["response"], command["class"]) == ("ACCEPTED", {"status": "Accepted"}, "N")
    assert (command["attempts"], command["created_by"], command["error"]) == (1, "bootstrap", None)
    assert (await api.client.get(done.headers["Location"])).json() == command


async def test_an_answer_whose_doorbell_is_lost_is_found_within_two_seconds(api: Any) -> None:
    place = await charger(api)
    body = {"action": "ClearCache", "payload": {}}
    waiting = asyncio.create_task(api.client.post(f"{place}/commands", json=body, headers={"Prefer": "wait=20"}))
    await eventually(lambda: api.database.fetchval("SELECT count(*) FROM commands"))
    await api.database.execute("UPDATE commands SET state = 'REJECTED', response = '{\"status\": \"Rejected\"}'")
    async with asyncio.timeout(2):
        done = await waiting
    assert (done.status_code, done.json()["state"]) == (200, "REJECTED")


async def test_a_command_that_is_not_done_in_time_is_202_and_stays(api: Any) -> None:
    place = await charger(api)
    body = {"action": "Reset", "payload": {"type": "Hard"}}
    late = await api.client.post(f"{place}/commands", json=body, headers={"Prefer": "respond-async, wait=1"})
    assert (late.status_code, late.json()["state"]) == (202, "QUEUED")


async def test_without_wait_a_new_command_is_201_at_once(api: Any) -> None:
    place = await charger(api)
    new = await api.client.post(f"{place}/commands", json={"action": "ClearCache"})
    assert (new.status_code, new.json()["state"], new.json()["payload"]) == (201, "QUEUED", {})
    assert "Preference-Applied" not in new.headers


async def test_the_doorbell_rings_at_the_owner(api: Any) -> None:
    place = await charger(api)
    await api.client.post(f"{place}/commands", json={"action": "ClearCache"})
    rings = await api.parts.redis.xrange(keys.doorbells(UID))
    assert [entry["charger"] for _, entry in rings] == ["CP"]


async def test_the_stop_of_the_api_ends_a_wait(api: Any) -> None:
    place = await charger(api)
    body = {"action": "ClearCache"}
    waiting = asyncio.create_task(api.client.post(f"{place}/commands", json=body, headers={"Prefer": "wait=60"}))
    await eventually(lambda: api.database.fetchval("SELECT count(*) FROM commands"))
    api.parts.stopping.set()
    async with asyncio.timeout(2):
        assert (await waiting).status_code == 202


async def test_a_repeated_key_gets_the_same_command(api: Any) -> None:
    place = await charger(api)
    body = {"action": "Reset", "payload": {"type": "Soft"}}
    key = {"Idempotency-Key": "again"}
    answers = await asyncio.gather(*(api.client.post(f"{place}/commands", json=body, headers=key) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await api.database.fetchval("SELECT count(*) FROM commands") == 1


async def test_a_repeated_key_with_another_request_is_a_conflict_that_says_so(api: Any) -> None:
    place = await charger(api)
    key = {"Idempotency-Key": "again"}
    await api.client.post(f"{place}/commands", json={"action": "Reset", "payload": {"type": "Soft"}}, headers=key)
    other = await api.client.post(
        f"{place}/commands", json={"action": "Reset", "payload": {"type": "Hard"}}, headers=key
    )
    assert (other.status_code, "Idempotency-Key" in other.json()["detail"]) == (409, True)


async def test_keys_of_two_clients_do_not_meet(api: Any) -> None:
    place = await charger(api)
    headers = {"Idempotency-Key": "1"}
    async with api.client_of(await api.key("operator")) as client:
        first = await client.post(f"{place}/commands", json={"action": "ClearCache"}, headers=headers)
    second = await api.client.post(f"{place}/commands", json={"action": "ClearCache"}, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)


@pytest.mark.parametrize(
    ("version", "action", "payload", "field"),
    [
        ("1.6", "Reset", {"type": "Warm"}, "payload.type"),
        ("1.6", "Reset", {}, "payload.type"),
        ("1.6", "UnlockConnector", {"connectorId": "one"}, "payload.connectorId"),
        ("1.6", "Reset", {"type": "Soft", "extra": 1}, "payload.extra"),
        ("2.0.1", "RequestStartTransaction", {"remoteStartId": 1}, "payload.idToken"),
        ("2.0.1", "GetVariables", {"getVariableData": [{"component": {}}]}, "payload.getVariableData.0.variable"),
        ("1.6", "GetVariables", {}, "action"),
        ("2.0.1", "RemoteStartTransaction", {"idTag": "x"}, "action"),
        ("1.6", "BootNotification", {}, "action"),
        ("1.6", "Reset\n", {}, "action"),
    ],
)
async def test_what_the_chargers_version_does_not_know_is_422_by_field(
    api: Any, version: str, action: str, payload: Any, field: str
) -> None:
    place = await charger(api, version=version)
    refused = await api.client.post(f"{place}/commands", json={"action": action, "payload": payload})
    assert refused.status_code == 422
    assert field in [error["field"] for error in refused.json()["errors"]]
    assert await api.database.fetchval("SELECT count(*) FROM commands") == 0


@pytest.mark.parametrize("deadline", [0, 0.5, -1, 2_592_001, "soon", 1e300])
async def test_a_deadline_out_of_bounds_is_422(api: Any, deadline: Any) -> None:
    place = await charger(api)
    refused = await api.client.post(f"{place}/commands", json={"action": "ClearCache", "deadline_s": deadline})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "deadline_s")


async def test_a_deadline_is_kept_to(api: Any) -> None:
    place = await charger(api)
    await api.client.post(f"{place}/commands", json={"action": "ClearCache", "deadline_s": 90})
    seconds = await api.database.fetchval("SELECT extract(epoch FROM deadline_at - created_at) FROM commands")
    assert seconds == 90


async def test_who_can_not_be_commanded_is_told_why(api: Any) -> None:
    await charger(api, "FRESH", version=None)
    await charger(api, "STRANGE", status="quarantined")
    for charger_id, status, word in (("NOBODY", 404, "no charger"), ("FRESH", 409, "never"), ("STRANGE", 409, "admit")):
        for path, body in (("commands", {"action": "ClearCache"}), ("reset", {}), ("remote-start", {"id_token": "T"})):
            refused = await api.client.post(f"/v1/chargers/{charger_id}/{path}", json=body)
            assert (refused.status_code, word in refused.json()["detail"]) == (status, True), refused.text


async def test_a_queued_command_is_cancelled_and_a_sent_one_is_not(api: Any) -> None:
    place = await charger(api)
    command = (await api.client.post(f"{place}/remote-start", json={"id_token": "T"})).json()
    cancelled = await api.client.post(f"/v1/commands/{command['id']}/cancel")
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "CANCELLED")
    again = await api.client.post(f"/v1/commands/{command['id']}/cancel")
    assert (again.status_code, "CANCELLED" in again.json()["detail"]) == (409, True)
    sent = (await api.client.post(f"{place}/remote-start", json={"id_token": "T"})).json()
    await api.database.execute("UPDATE commands SET state = 'SENT' WHERE id = $1", UUID(sent["id"]))
    late = await api.client.post(f"/v1/commands/{sent['id']}/cancel")
    assert (late.status_code, "RemoteStopTransaction" in late.json()["detail"]) == (409, True)
    assert (await api.client.post(f"/v1/commands/{uuid4()}/cancel")).status_code == 404


async def test_a_cancelled_command_ends_the_wait_for_it(api: Any) -> None:
    place = await charger(api)
    body = {"action": "ClearCache"}
    waiting = asyncio.create_task(api.client.post(f"{place}/commands", json=body, headers={"Prefer": "wait=20"}))
    command_id = await eventually(lambda: api.database.fetchval("SELECT id FROM commands"))
    await api.client.post(f"/v1/commands/{command_id}/cancel")
    async with asyncio.timeout(2):
        assert (await waiting).json()["state"] == "CANCELLED"


async def test_commands_are_listed_newest_first_in_stable_pages(api: Any) -> None:
    place = await charger(api)
    made = [(await api.client.post(f"{place}/commands", json={"action": "ClearCache"})).json()["id"] for _ in range(5)]
    first = (await api.client.get("/v1/commands", params={"limit": 2, "charger_id": "CP"})).json()
    await api.client.post(f"{place}/commands", json={"action": "ClearCache"})
    rest = (await api.client.get("/v1/commands", params={"limit": 9, "cursor": first["next_cursor"]})).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None
    assert len((await api.client.get("/v1/commands", params={"state": "QUEUED"})).json()["items"]) == 6
    assert (await api.client.get("/v1/commands", params={"charger_id": "OTHER"})).json()["items"] == []
    assert (await api.client.get("/v1/commands", params={"state": "DONE"})).status_code == 422


@pytest.mark.parametrize(
    ("version", "path", "body", "action", "payload"),
    [
        (
            "1.6",
            "remote-start",
            {"id_token": "T", "evse_id": 2},
            "RemoteStartTransaction",
            {"idTag": "T", "connectorId": 2},
        ),
        ("1.6", "reset", {"type": "hard"}, "Reset", {"type": "Hard"}),
        ("1.6", "reset", None, "Reset", {"type": "Soft"}),
        ("1.6", "unlock", {"evse_id": 2}, "UnlockConnector", {"connectorId": 2}),
        ("2.0.1", "reset", {"type": "soft"}, "Reset", {"type": "OnIdle"}),
        ("2.1", "unlock", None, "UnlockConnector", {"evseId": 1, "connectorId": 1}),
    ],
)
async def test_a_friendly_form_speaks_the_chargers_version(
    api: Any, version: str, path: str, body: Any, action: str, payload: Any
) -> None:
    place = await charger(api, version=version)
    sent = await api.client.post(f"{place}/{path}", json=body)
    assert sent.status_code == 201, sent.text
    assert (sent.json()["action"], sent.json()["payload"]) == (action, payload)


async def test_a_remote_start_uses_the_registered_type_of_the_token(api: Any) -> None:
    place = await charger(api, version="2.0.1")
    await api.client.put("/v1/id-tokens/T", json={"type": "eMAID"})
    payload = (await api.client.post(f"{place}/remote-start", json={"id_token": "t", "evse_id": 1})).json()["payload"]
    assert payload["idToken"] == {"idToken": "t", "type": "eMAID"}
    assert payload["evseId"] == 1
    assert 0 < payload["remoteStartId"] < 2**31


async def test_a_repeated_remote_start_is_the_same_one_in_2_x_too(api: Any) -> None:
    place = await charger(api, version="2.0.1")
    key = {"Idempotency-Key": "start-1"}
    first = await api.client.post(f"{place}/remote-start", json={"id_token": "T"}, headers=key)
    second = await api.client.post(f"{place}/remote-start", json={"id_token": "T"}, headers=key)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    other = await api.client.post(f"{place}/remote-start", json={"id_token": "U"}, headers=key)
    assert other.status_code == 409


async def test_a_token_too_long_for_the_version_is_422(api: Any) -> None:
    place = await charger(api)
    refused = await api.client.post(f"{place}/remote-start", json={"id_token": "x" * 21})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "payload.idTag")


async def test_a_remote_stop_finds_the_only_session(api: Any) -> None:
    place = await charger(api)
    none = await api.client.post(f"{place}/remote-stop")
    assert (none.status_code, none.json()["detail"]) == (409, "No session runs on the charger 'CP'.")
    await session(api, "41", state="Ended")
    second = await session(api, "42")
    key = {"Idempotency-Key": "stop"}
    sent = await api.client.post(f"{place}/remote-stop", json={}, headers=key)
    assert (sent.status_code, sent.json()["payload"], sent.json()["class"]) == (201, {"transactionId": 42}, "R")
    await session(api, "43")
    several = await api.client.post(f"{place}/remote-stop", json={})
    assert (several.status_code, "transaction_id" in several.json()["detail"]) == (409, True)
    chosen = await api.client.post(f"{place}/remote-stop", json={"transaction_id": str(second)})
    assert chosen.json()["payload"] == {"transactionId": 42}
    await api.database.execute("UPDATE transactions SET state = 'Ended'")
    repeated = await api.client.post(f"{place}/remote-stop", json={}, headers=key)
    assert (repeated.status_code, repeated.json()["id"]) == (200, sent.json()["id"])


async def test_a_remote_stop_of_what_does_not_run_there_is_refused(api: Any) -> None:
    place = await charger(api)
    await charger(api, "OTHER")
    over, elsewhere = await session(api, "1", state="Ended"), await session(api, "2", "OTHER")
    odd = await session(api, "not-a-number")
    for identity, status in ((over, 409), (elsewhere, 404), (uuid4(), 404), (odd, 409)):
        refused = await api.client.post(f"{place}/remote-stop", json={"transaction_id": str(identity)})
        assert refused.status_code == status, refused.text


async def test_a_command_is_in_the_audit_log_and_on_the_live_feed_without_its_payload(api: Any) -> None:
    place = await charger(api)
    await watching.listen(api.parts.redis, None)

    async def is_listened_to() -> bool:
        return bool(api.parts.audience.looks.events)

    await eventually(is_listened_to)
    secret = "0123456789abcdef" * 2
    payload = {"key": "AuthorizationKey", "value": secret}
    command = await api.client.post(f"{place}/commands", json={"action": "ChangeConfiguration", "payload": payload})
    row = await api.database.fetchrow("SELECT * FROM audit_log")
    assert (row["action"], row["subject"]) == ("command.create", f"command:{command.json()['id']}")
    ((_, fields),) = await api.parts.redis.xrevrange(keys.EVENTS, count=1)
    (event,) = orjson.loads(fields["e"])
    assert (event["type"], event["command_id"], event["state"]) == ("command.updated", command.json()["id"], "QUEUED")
    assert secret not in f"{row}{event}"


async def test_a_command_that_is_replaced_says_by_which_and_ends_the_wait_for_it(api: Any) -> None:
    place = await charger(api)
    body = {"action": "ChangeConfiguration", "payload": {"key": "HeartbeatInterval", "value": "60"}}
    waiting = asyncio.create_task(api.client.post(f"{place}/commands", json=body, headers={"Prefer": "wait=20"}))
    await eventually(lambda: api.database.fetchval("SELECT id FROM commands"))
    body["payload"]["value"] = "90"  # type: ignore[index]
    newer = (await api.client.post(f"{place}/commands", json=body)).json()
    async with asyncio.timeout(2):
        replaced = (await waiting).json()
    assert (replaced["state"], replaced["replaced_by"]) == ("CANCELLED", newer["id"])
    assert (newer["state"], newer["replaced_by"]) == ("QUEUED", None)


async def test_the_secret_of_a_replaced_or_cancelled_command_is_not_kept(api: Any) -> None:
    place = await charger(api)
    for secret in ("0123456789abcdef", "fedcba9876543210", "00112233445566778899"):
        payload = {"key": "AuthorizationKey", "value": secret}
        made = await api.client.post(f"{place}/commands", json={"action": "ChangeConfiguration", "payload": payload})
        assert made.status_code == 201, made.text
    await api.client.post(f"/v1/commands/{made.json()['id']}/cancel")
    kept = await api.database.fetch("SELECT state, payload ->> 'value' AS value FROM commands")
    assert {tuple(row) for row in kept} == {("CANCELLED", "[redacted]")}
    assert len(kept) == 3


async def test_a_full_queue_is_429_and_says_what_to_do_but_takes_a_stop_and_a_repeated_key(api: Any) -> None:
    place = await charger(api)
    key = {"Idempotency-Key": "first"}
    first = await api.client.post(f"{place}/commands", json={"action": "ClearCache"}, headers=key)
    await api.database.execute(
        "INSERT INTO commands (id, charger_id, action, payload, class, request_hash, created_by, deadline_at)"
        " SELECT gen_random_uuid(), 'CP', 'ClearCache', '{}', 'R', '', 'test', now() + interval '1 hour'"
        " FROM generate_series(1, 99)"
    )
    full = await api.client.post(f"{place}/commands", json={"action": "ClearCache"})
    assert full.status_code == 429
    assert full.headers["Content-Type"] == "application/problem+json"
    assert "cancel what is not wanted" in full.json()["detail"]
    again = await api.client.post(f"{place}/commands", json={"action": "ClearCache"}, headers=key)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    stop = {"action": "RemoteStopTransaction", "payload": {"transactionId": 1}}
    assert (await api.client.post(f"{place}/commands", json=stop)).status_code == 201
