"""Input that no honest client sends: always a 4xx that says what is wrong, never a 500."""

import itertools
from typing import Any
from urllib.parse import quote

import pytest

BAD_JSON = {
    "NUL": rb'"a\u0000b"',
    "lone surrogate": rb'"\ud800"',
    "reversed surrogates": rb'"\udc00\ud800"',
    "raw surrogate bytes": b'"\xed\xa0\x80"',
    "not UTF-8": b'"\xff\xfe"',
    "raw NUL": b'"\x00"',
    "NaN": b"NaN",
    "infinite": b"1e999",
    "beyond 64 bits": b"123456789012345678901234567890",
    "negative beyond 64 bits": b"-99999999999999999999",
    "deep": b"[" * 100 + b"]" * 100,
    "very deep": b"[" * 100_000 + b"]" * 100_000,
}
PLACES = [
    ("POST", "/v1/chargers", b'{"id": %b}'),
    ("POST", "/v1/chargers", b'{"id": "X", "description": %b}'),
    ("POST", "/v1/chargers", b'{"id": "X", %b: 1}'),
    ("PATCH", "/v1/chargers/CP", b'{"description": %b}'),
    ("POST", "/v1/chargers/CP/commands", b'{"action": %b}'),
    ("POST", "/v1/chargers/CP/commands", b'{"action": "DataTransfer", "payload": {"vendorId": "v", "data": %b}}'),
    ("POST", "/v1/chargers/CP/commands", b'{"action": "DataTransfer", "payload": {"vendorId": "v", "x": [{"y": %b}]}}'),
    ("POST", "/v1/chargers/CP/remote-start", b'{"id_token": %b}'),
    ("POST", "/v1/chargers/CP/remote-stop", b'{"transaction_id": %b}'),
    ("POST", "/v1/chargers/CP/unlock", b'{"evse_id": %b}'),
    ("PUT", "/v1/id-tokens/T", b'{"group_id_token": %b}'),
    ("PUT", "/v1/id-tokens/T", b'{"expires_at": %b}'),
    ("POST", "/v1/api-keys", b'{"name": %b}'),
]
VALUES = [
    None, True, False, 0, -1, 2**31, 2**63 - 1, -(2**63), 1.5, 1e300, "", " ", "\t", "\u202e", "😀" * 300, "x" * 2000,
    [], [[]], {}, {"a": None}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z",
]  # fmt: skip
FIELDS = [
    ("POST", "/v1/chargers", ["id", "description"]),
    ("PATCH", "/v1/chargers/CP", ["description"]),
    ("POST", "/v1/chargers/CP/commands", ["action", "payload", "deadline_s"]),
    ("POST", "/v1/chargers/CP/remote-start", ["id_token", "evse_id", "connector_id", "deadline_s"]),
    ("POST", "/v1/chargers/CP/remote-stop", ["transaction_id"]),
    ("POST", "/v1/chargers/CP/reset", ["type", "evse_id"]),
    ("POST", "/v1/chargers/CP/unlock", ["evse_id", "connector_id"]),
    ("POST", "/v1/id-tokens", ["id_token", "type", "status", "group_id_token", "expires_at", "description"]),
    ("POST", "/v1/api-keys", ["name", "role", "expires_at"]),
]
GOOD = {"id": "X", "description": "", "action": "ClearCache", "id_token": "T", "type": "soft", "name": "n"}
SEGMENTS = ["%00", "a%00b", "%ED%A0%80", "%FF", "%C0%80", "a%ff"]
PATHS = [
    "chargers/{}", "chargers/{}/messages", "id-tokens/{}", "transactions/{}", "transactions/{}/meter-values",
    "commands/{}", "api-keys/{}", "chargers?q={}", "chargers?cursor={}", "transactions?charger_id={}",
    "commands?charger_id={}", "chargers/CP/messages?action={}", "events?charger_id={}", "nothing/{}",
]  # fmt: skip


@pytest.fixture(autouse=True)
async def charger(api: Any) -> None:
    """One charger that can be commanded."""
    await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ('CP', '1.6')")


async def test_json_that_can_not_be_kept_is_422_wherever_it_stands(api: Any) -> None:
    for (method, path, body), (flaw, value) in itertools.product(PLACES, BAD_JSON.items()):
        refused = await api.client.request(method, path, content=body % value)
        assert refused.status_code == 422, (path, body, flaw, refused.text)
        assert refused.headers["Content-Type"] == "application/problem+json"
        assert refused.json()["errors"], (path, flaw)


async def test_any_value_in_any_field_is_taken_or_refused_but_never_a_fault(api: Any) -> None:
    for method, path, fields in FIELDS:
        for field, value in itertools.product(fields, VALUES):
            needed = {name: GOOD[name] for name in fields if name in GOOD}
            answer = await api.client.request(method, path, json=needed | {field: value})
            assert answer.status_code in (200, 201, 409, 422), (path, field, value, answer.text)


async def test_addresses_that_are_not_text_are_422(api: Any) -> None:
    for path, segment in itertools.product(PATHS, SEGMENTS):
        refused = await api.client.get("/v1/" + path.format(segment))
        assert refused.status_code == 422, (path, segment, refused.text)


@pytest.mark.parametrize("path", ["transactions/x", "transactions/x/meter-values", "commands/1", "api-keys/bootstrap"])
async def test_what_is_no_uuid_is_422(api: Any, path: str) -> None:
    assert (await api.client.get(f"/v1/{path}")).status_code == 422


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"5", b'"x"', b"id=CP", b"<xml/>", b'{"id": "A"} {"id": "B"}']
)
async def test_a_body_that_is_not_an_object_is_422(api: Any, body: bytes) -> None:
    refused = await api.client.post("/v1/chargers", content=body)
    assert (refused.status_code, bool(refused.json()["errors"])) == (422, True)


async def test_json_needs_no_content_type(api: Any) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await api.client.post("/v1/chargers", content=b'{"id": "CURL"}', headers=headers)).status_code == 201


async def test_a_body_that_is_too_long_is_413(api: Any) -> None:
    refused = await api.client.post("/v1/chargers", content=b" " * 1_048_577)
    assert (refused.status_code, refused.json()["status"]) == (413, 413)


@pytest.mark.parametrize("key", ["", "x" * 201, "é", "a\tb"])
async def test_an_idempotency_key_that_is_no_plain_text_is_422(api: Any, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    refused = await api.client.post("/v1/chargers/CP/commands", json={"action": "ClearCache"}, headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "idempotency-key")


@pytest.mark.parametrize(
    "prefer", ["wait", "wait=", "wait=-1", "wait=x", "wait=1e3", ",;,", "\xff", "wait=99999999999"]
)
async def test_a_preference_that_is_not_understood_is_ignored(api: Any, prefer: str) -> None:
    headers = [(b"Prefer", prefer.encode("latin-1"))]
    answer = await api.client.post("/v1/chargers/CP/commands", json={"action": "ClearCache"}, headers=headers)
    assert answer.status_code == 201


async def test_an_unexpected_error_has_an_id_that_is_in_the_log(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    await api.database.execute("ALTER TABLE id_tokens RENAME COLUMN description TO told")
    failed = await api.client.get("/v1/id-tokens?q=confidential")
    problem = failed.json()
    assert (failed.status_code, failed.headers["Content-Type"]) == (500, "application/problem+json")
    (record,) = [record for record in caplog.records if record.message == "unexpected error"]
    assert record.error_id == problem["error_id"]  # type: ignore[attr-defined]
    assert problem["error_id"] in problem["detail"]
    assert "confidential" not in str(record.__dict__["path"])


@pytest.mark.parametrize(
    "path", ["/v1", "/v1/", "/v1/nothing", "/v1/chargers/", "/v1/chargers/a%2Fb", "/nothing", "/v1x"]
)
async def test_an_unknown_route_is_a_problem(api: Any, path: str) -> None:
    missing = await api.client.get(path)
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/problem+json")


async def test_a_wrong_method_is_a_problem_that_names_the_right_one(api: Any) -> None:
    refused = await api.client.put("/v1/fleet", json={})
    assert (refused.status_code, refused.headers["Allow"], refused.json()["status"]) == (405, "GET", 405)


async def test_ids_are_data_and_never_part_of_a_statement(api: Any) -> None:
    hostile = "x' OR '1'='1"
    assert (await api.client.get(f"/v1/chargers/{quote(hostile)}")).status_code == 404
    assert (await api.client.get("/v1/chargers", params={"q": hostile})).json()["items"] == []
