"""Id tokens, transactions, meter values and messages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


async def pages(api: Any, path: str, **params: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await api.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next_cursor"]
        if cursor is None:
            return found
        params["cursor"] = cursor


async def session(api: Any, number: int, charger_id: str = "CP", state: str = "Ended") -> UUID:
    identity = uuid4()
    await api.database.execute(
        "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, start_received_at,"
        " started_at, energy_wh, flags) VALUES ($1, $2, '1.6', $3, $4, $5, $5, 10.25, '{offline}')",
        identity,
        charger_id,
        str(number),
        state,
        NOON + timedelta(minutes=number // 2),
    )
    return identity


async def test_an_id_token_is_created_read_replaced_and_deleted(api: Any) -> None:
    new = {
        "id_token": "04AB",
        "type": "ISO15693",
        "group_id_token": "FAMILY",
        "expires_at": "2030-01-01T00:00:00+02:00",
    }
    made = await api.client.post("/v1/id-tokens", json=new)
    assert made.status_code == 201
    assert made.json() | {"created_at": 0, "updated_at": 0} == {
        "id_token": "04AB",
        "type": "ISO15693",
        "status": "Accepted",
        "group_id_token": "FAMILY",
        "expires_at": "2029-12-31T22:00:00Z",
        "concurrent": None,
        "description": "",
        "created_at": 0,
        "updated_at": 0,
    }
    assert (await api.client.post("/v1/id-tokens", json={"id_token": "04ab"})).status_code == 409
    replaced = await api.client.put("/v1/id-tokens/04ab", json={"status": "Blocked"})
    assert (replaced.status_code, replaced.json()["id_token"]) == (200, "04AB")
    read = (await api.client.get("/v1/id-tokens/04AB")).json()
    assert (read["status"], read["group_id_token"], read["expires_at"]) == ("Blocked", None, None)
    assert (await api.client.delete("/v1/id-tokens/04AB")).status_code == 204
    assert (await api.client.delete("/v1/id-tokens/04AB")).status_code == 404
    assert (await api.client.get("/v1/id-tokens/04AB")).status_code == 404


async def test_put_creates_a_token_of_any_spelling(api: Any) -> None:
    for token in ("a+b=c", "DE-ABC-1 2", "ünï", "00:11:22", "50%", "a?b#c"):
        place = f"/v1/id-tokens/{quote(token, safe='')}"
        assert (await api.client.put(place, json={})).status_code == 201
        assert (await api.client.get(place)).json()["id_token"] == token
    assert (await api.client.put("/v1/id-tokens/%20", json={})).status_code == 422
    assert (await api.client.put(f"/v1/id-tokens/{'x' * 256}", json={})).status_code == 422


async def test_id_tokens_are_listed_by_status_and_word(api: Any) -> None:
    for number in range(7):
        status = "Blocked" if number % 2 else "Accepted"
        await api.client.put(f"/v1/id-tokens/T{number}", json={"status": status, "description": f"card {number}"})
    assert [item["id_token"] for item in await pages(api, "/v1/id-tokens", limit=3)] == [f"T{n}" for n in range(7)]
    assert [item["id_token"] for item in await pages(api, "/v1/id-tokens", status="Blocked", limit=2)] == [
        "T1",
        "T3",
        "T5",
    ]
    assert [item["id_token"] for item in await pages(api, "/v1/id-tokens", q="CARD 4")] == ["T4"]


async def test_transactions_are_listed_newest_first_and_new_ones_do_not_disturb(api: Any) -> None:
    await api.database.execute("INSERT INTO chargers (id) VALUES ('CP'), ('OTHER')")
    made = [str(await session(api, number)) for number in range(9)]
    first = (await api.client.get("/v1/transactions", params={"limit": 4})).json()
    await session(api, 100)
    rest = await pages(api, "/v1/transactions", limit=4, cursor=first["next_cursor"])
    seen = [item["id"] for item in first["items"] + rest]
    assert sorted(seen) == sorted(made)
    assert seen[0] == made[8]
    running = str(await session(api, 50, "OTHER", "Active"))
    assert [item["id"] for item in await pages(api, "/v1/transactions", charger_id="OTHER")] == [running]
    assert [item["id"] for item in await pages(api, "/v1/transactions", state="Active")] == [running]
    assert (await api.client.get("/v1/transactions", params={"state": "Running"})).status_code == 422


async def test_a_transaction_is_read_with_numbers_and_times(api: Any) -> None:
    await api.database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    identity = await session(api, 0)
    read = (await api.client.get(f"/v1/transactions/{identity}")).json()
    assert (read["energy_wh"], read["flags"], read["started_at"]) == (10.25, ["offline"], "2026-05-01T12:00:00Z")
    assert (await api.client.get(f"/v1/transactions/{uuid4()}")).status_code == 404
    assert (await api.client.get(f"/v1/transactions/{uuid4()}/meter-values")).status_code == 404


async def test_meter_values_come_oldest_first_and_each_once_whatever_the_page(api: Any) -> None:
    await api.database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    identity = await session(api, 0)
    rows = [
        (NOON, "CP", identity, NOON + timedelta(seconds=30 * (number // 3)), measurand, unit, value, str(value))
        for number in range(12)
        for measurand, unit, value in (("Energy.Active.Import.Register", "Wh", 100 * number), ("Voltage", "V", 230))
    ]
    await api.database.executemany(
        "INSERT INTO meter_values (received_at, charger_id, transaction_id, sampled_at, measurand, unit, value, raw)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        rows,
    )
    await api.database.execute(
        "INSERT INTO meter_values (received_at, charger_id, transaction_id, sampled_at, measurand, unit, value, raw)"
        " SELECT now(), 'CP', $1, now(), 'SoC', 'Percent', value::numeric, raw"
        " FROM (VALUES (NULL, 'many'), ('NaN', 'NaN')) AS v (value, raw)",
        identity,
    )
    place = f"/v1/transactions/{identity}/meter-values"
    found = await pages(api, place, limit=5)
    assert [(item["at"], item["measurand"]) for item in found[:2]] == [
        ("2026-05-01T12:00:00Z", "Energy.Active.Import.Register"),
        ("2026-05-01T12:00:00Z", "Voltage"),
    ]
    energies = [item["value"] for item in found if item["measurand"].startswith("Energy")]
    assert energies == [100.0 * number for number in range(12)]
    assert len(found) == 26
    assert [(item["value"], item["raw"]) for item in found[-2:]] == [(None, "many"), (None, "NaN")]
    assert len(await pages(api, place, measurand="Voltage", limit=5)) == 12


async def test_messages_come_newest_first_with_their_replies(api: Any) -> None:
    await api.database.execute("INSERT INTO chargers (id) VALUES ('CP')")
    await api.database.executemany(
        "INSERT INTO ocpp_messages"
        " (received_at, charger_id, direction, message_type, message_id, action, frame, reply, epoch)"
        " VALUES (now(), 'CP', 'in', 2, $1, $2, $3, '[3]', 1)",
        [(str(number), "Heartbeat" if number % 2 else "MeterValues", f'[2,"{number}"]') for number in range(9)],
    )
    found = await pages(api, "/v1/chargers/CP/messages", limit=4)
    assert [item["message_id"] for item in found] == [str(number) for number in range(8, -1, -1)]
    assert (found[0]["direction"], found[0]["reply"], found[0]["frame"], found[0]["flags"]) == (
        "in",
        "[3]",
        '[2,"8"]',
        [],
    )
    beats = await pages(api, "/v1/chargers/CP/messages", action="Heartbeat", limit=3)
    assert [item["message_id"] for item in beats] == ["7", "5", "3", "1"]
