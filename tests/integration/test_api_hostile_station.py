"""Input that no honest client sends to what chargers told and what is set of them: a 4xx or an answer, never a 500."""

import itertools
from typing import Any

import pytest

VALUES = [
    None, True, 0, -1, 2**31, 2**63 - 1, 1.5, 1e300, "", "x" * 2000, "\u202e", [], [[]], {}, {"a": None}, {"a": [{}]},
    {"lenient_boot": {}}, {"time_zone": "../../etc/passwd"}, {"x" * 500: 1}, "0001-01-01T00:00:00+14:00",
]  # fmt: skip
FIELDS = ["description", "quirks", "ping_interval_s", "silence_limit_s", "call_timeout_s"]
QUERIES = [
    "",
    "x" * 3000,
    "%ED%A0%80",
    "%00",
    "-1",
    "99999999999999999999",
    "0001-01-01T00:00:00%2B14:00",
    "NaN",
    "%25_",
    "'",
]
LISTS = {
    "/v1/chargers/CP/variables": ["component", "variable", "evse_id", "q", "cursor", "limit"],
    "/v1/chargers/CP/reports": ["action", "state", "cursor", "limit"],
    "/v1/chargers/CP/events": ["kind", "severity", "since", "cursor"],
    "/v1/station-events": ["charger_id", "kind", "severity", "since", "cursor"],
    "/v1/chargers/CP/records": ["kind", "evse_id", "state", "cursor"],
    "/v1/chargers/CP/event-streams/1/values": ["since", "until", "cursor"],
    "/v1/chargers/CP/messages": [
        "direction",
        "action",
        "verdict",
        "error",
        "flag",
        "q",
        "since",
        "until",
        "message_id",
    ],
    "/v1/messages": ["charger_id", "transaction_id", "message_type", "error", "q", "since", "until", "cursor"],
}


@pytest.fixture(autouse=True)
async def charger(api: Any) -> None:
    """One charger."""
    await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ('CP', '1.6')")


async def test_any_setting_is_taken_or_refused_but_never_a_fault(api: Any) -> None:
    for field, value in itertools.product(FIELDS, VALUES):
        answer = await api.client.patch("/v1/chargers/CP", json={field: value})
        assert answer.status_code in (200, 422), (field, value, answer.text)
    for value in VALUES:
        answer = await api.client.put("/v1/chargers/CP/registration", json={"status": value})
        assert answer.status_code == 422, value


@pytest.mark.parametrize("path", LISTS)
async def test_any_filter_is_taken_or_refused_but_never_a_fault(api: Any, path: str) -> None:
    for name, value in itertools.product(LISTS[path], QUERIES):
        answer = await api.client.get(f"{path}?{name}={value}")
        assert answer.status_code in (200, 422), (name, value, answer.text)


async def test_a_forged_cursor_is_refused_or_leads_nowhere_but_is_never_a_fault(api: Any) -> None:
    await api.database.execute(
        "INSERT INTO stream_values (received_at, charger_id, stream_id, at, value)"
        " SELECT now(), 'CP', 1, now(), 'v' FROM generate_series(1, 3)"
    )
    path = "/v1/chargers/CP/event-streams/1/values"
    cursor = (await api.client.get(path, params={"limit": 1})).json()["next_cursor"]
    for place in range(0, len(cursor), 3):
        forged = cursor[:place] + "A" + cursor[place + 1 :]
        assert (await api.client.get(path, params={"cursor": forged})).status_code in (200, 422), forged
