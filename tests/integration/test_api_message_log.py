"""The message log: filters, answers joined to their calls, one charger's, one session's and everybody's."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from voltring_api.resources import looking_back

NOW = datetime.now(UTC).replace(microsecond=0)
CALL, RESULT, ERROR = 2, 3, 4


@pytest.fixture(autouse=True)
async def chargers(api: Any) -> None:
    """Two chargers."""
    await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ('CP', '1.6'), ('OTHER', '1.6')")


async def message(api: Any, direction: str, kind: int | None, identity: str | None, **more: Any) -> None:
    await api.database.execute(
        "INSERT INTO ocpp_messages (received_at, charger_id, direction, message_type, message_id, action, frame, reply,"
        " epoch, flags, verdict, error_code, latency_ms, transaction_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 1, $9, $10, $11, $12, $13)",
        more.get("at", NOW),
        more.get("charger", "CP"),
        direction,
        kind,
        identity,
        more.get("action"),
        more.get("frame", "[]"),
        more.get("reply"),
        more.get("flags", []),
        more.get("verdict"),
        more.get("error_code"),
        more.get("latency_ms"),
        more.get("transaction_id"),
    )


async def session(api: Any, identity: UUID) -> None:
    await api.database.execute(
        "INSERT INTO transactions (id, charger_id, ocpp_version, ocpp_transaction_id, state, start_received_at)"
        " VALUES ($1, 'CP', '1.6', '1', 'Active', now())",
        identity,
    )


async def ids(api: Any, path: str, **params: Any) -> list[str | None]:
    """The message ids of a list, page by page."""
    found: list[str | None] = []
    while True:
        answer = await api.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        found += [item["message_id"] for item in answer.json()["items"]]
        if (cursor := answer.json()["next_cursor"]) is None:
            return found
        params["cursor"] = cursor


async def test_a_call_of_ours_shows_the_chargers_answer_and_how_long_it_took(api: Any) -> None:
    await message(api, "out", CALL, "a", action="Reset", frame='[2,"a","Reset",{}]', verdict="ok")
    await message(api, "in", RESULT, "a", frame='[3,"a",{}]', latency_ms=12.3, at=NOW + timedelta(seconds=2))
    await message(api, "out", CALL, "b", action="ClearCache")
    await message(api, "in", ERROR, "b", frame='[4,"b","NotSupported","",{}]', error_code="NotSupported")
    await message(api, "out", CALL, "c", action="ClearCache")
    await message(api, "in", RESULT, "c", frame="of another charger", charger="OTHER")
    items = (await api.client.get("/v1/chargers/CP/messages", params={"direction": "out"})).json()["items"]
    shown = [(it["message_id"], it["reply"], it["latency_ms"], it["error_code"]) for it in items]
    assert shown == [
        ("c", None, None, None),
        ("b", '[4,"b","NotSupported","",{}]', None, "NotSupported"),
        ("a", '[3,"a",{}]', 12.3, None),
    ]


async def test_a_call_of_the_charger_that_nobody_answered_takes_no_answer_of_the_same_number(api: Any) -> None:
    await message(api, "in", RESULT, "7", frame="to a call of ours")
    await message(api, "in", CALL, "7", action="Heartbeat")
    items = (await api.client.get("/v1/chargers/CP/messages", params={"message_type": CALL})).json()["items"]
    assert [item["reply"] for item in items] == [None]


async def test_our_answer_to_a_call_of_the_charger_stands_beside_it(api: Any) -> None:
    await message(
        api, "in", CALL, "a", action="Heartbeat", reply='[3,"a",{}]', latency_ms=0.7, verdict="repaired", flags=["time"]
    )
    (item,) = (await api.client.get("/v1/chargers/CP/messages")).json()["items"]
    assert (item["reply"], item["latency_ms"], item["verdict"], item["flags"]) == (
        '[3,"a",{}]',
        0.7,
        "repaired",
        ["time"],
    )
    assert (item["charger_id"], item["at"], item["direction"]) == ("CP", NOW.isoformat().replace("+00:00", "Z"), "in")


async def test_messages_are_narrowed_by_everything_that_is_known_of_them(api: Any) -> None:
    running = uuid4()
    early = NOW - timedelta(hours=1)
    await message(api, "in", CALL, "boot", action="BootNotification", verdict="ok", at=early)
    await message(
        api, "in", CALL, "meter", action="MeterValues", verdict="repaired", flags=["a"], transaction_id=running
    )
    await message(api, "in", CALL, "odd", action="Nonsense", verdict="refused", error_code="NotImplemented")
    await message(api, "in", None, None, verdict="malformed", frame="%Garbage%", error_code="RpcFrameworkError")
    await message(api, "out", CALL, "reset", action="Reset", flags=["a", "b"])
    place = "/v1/chargers/CP/messages"
    assert await ids(api, place, direction="out") == ["reset"]
    assert await ids(api, place, action="MeterValues") == ["meter"]
    assert await ids(api, place, verdict="refused") == ["odd"]
    assert await ids(api, place, error="any", limit=1) == [None, "odd"]
    assert await ids(api, place, error="NotImplemented") == ["odd"]
    assert await ids(api, place, flag="a") == ["reset", "meter"]
    assert await ids(api, place, transaction_id=str(running)) == ["meter"]
    assert await ids(api, place, message_id="boot") == ["boot"]
    assert await ids(api, place, message_type=2, limit=2) == ["reset", "odd", "meter", "boot"]
    assert await ids(api, place, until=NOW.isoformat()) == ["boot"]
    assert await ids(api, place, since=NOW.isoformat(), limit=2) == ["reset", None, "odd", "meter"]
    assert await ids(api, place, q="gARBage%") == [None]
    assert await ids(api, place, q="gARBage_") == []
    assert await ids(api, place, direction="in", error="any", verdict="refused") == ["odd"]


@pytest.mark.parametrize(
    "wrong",
    [{"direction": "up"}, {"verdict": "fine"}, {"message_type": 9}, {"since": "now"}, {"transaction_id": "7"}],
)
async def test_a_filter_that_can_not_be_is_refused_by_name(api: Any, wrong: dict[str, Any]) -> None:
    for path in ("/v1/chargers/CP/messages", "/v1/messages"):
        refused = await api.client.get(path, params=wrong)
        assert refused.status_code == 422
        assert [error["field"] for error in refused.json()["errors"]] == list(wrong)


async def test_the_messages_of_a_session_are_listed_also_when_it_has_none(api: Any) -> None:
    running, silent = uuid4(), uuid4()
    await session(api, running)
    await session(api, silent)
    for number in range(5):
        await message(api, "in", CALL, str(number), action="MeterValues", transaction_id=running)
    await message(api, "in", CALL, "other", action="Heartbeat")
    assert await ids(api, f"/v1/transactions/{running}/messages", limit=2) == ["4", "3", "2", "1", "0"]
    assert await ids(api, f"/v1/transactions/{silent}/messages") == []
    assert (await api.client.get(f"/v1/transactions/{uuid4()}/messages")).status_code == 404


async def test_everybodys_messages_come_newest_first_each_once_over_hours_of_silence(api: Any) -> None:
    hours = [0, 0, 0, 1, 1, 30, 30, 300, 5000]
    for number, hour in enumerate(hours):
        charger = "CP" if number % 2 else "OTHER"
        at = NOW - timedelta(hours=hour)
        await message(api, "in", CALL, str(number), action="Heartbeat", charger=charger, at=at)
    order = ["2", "1", "0", "4", "3", "6", "5", "7", "8"]
    for limit in (1, 2, 4, 50):
        assert await ids(api, "/v1/messages", limit=limit) == order
    assert await ids(api, "/v1/messages", charger_id="CP", limit=2) == ["7", "5", "3", "1"]
    since = (NOW - timedelta(hours=30)).isoformat()
    assert await ids(api, "/v1/messages", since=since, limit=2) == order[:7]
    assert await ids(api, "/v1/messages", until=since, limit=1) == ["7", "8"]
    assert await ids(api, "/v1/messages", action="Nothing") == []


async def test_errors_and_sessions_are_found_over_all_chargers(api: Any) -> None:
    running = uuid4()
    await message(api, "in", CALL, "a", action="X", error_code="NotImplemented", at=NOW - timedelta(days=3))
    await message(api, "in", CALL, "b", action="X", charger="OTHER", error_code="InternalError", transaction_id=running)
    await message(api, "in", CALL, "c", action="X")
    assert await ids(api, "/v1/messages", error="any", limit=1) == ["b", "a"]
    assert await ids(api, "/v1/messages", error="NotImplemented") == ["a"]
    assert await ids(api, "/v1/messages", transaction_id=str(running)) == ["b"]


async def test_a_search_that_takes_long_gives_what_it_has_and_goes_on_from_there(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking_back, "PATIENCE_S", 0.0)
    for number in range(3):
        await message(api, "in", CALL, str(number), action="X", at=NOW - timedelta(hours=10 * number))
    first = (await api.client.get("/v1/messages")).json()
    assert len(first["items"]) < 3
    assert first["next_cursor"] is not None
    assert await ids(api, "/v1/messages") == ["0", "1", "2"]


async def test_a_viewer_reads_the_log_and_a_stranger_does_not(api: Any) -> None:
    async with api.client_of(await api.key("viewer")) as viewer, api.client_of(None) as stranger:
        for path in ("/v1/messages", "/v1/chargers/CP/messages"):
            assert (await viewer.get(path)).status_code == 200
            assert (await stranger.get(path)).status_code == 401


async def test_the_messages_of_a_charger_that_is_deleted_are_still_there(api: Any) -> None:
    await message(api, "in", CALL, "a", action="X")
    await api.client.delete("/v1/chargers/CP")
    assert await ids(api, "/v1/chargers/CP/messages") == ["a"]
