"""What chargers tell beside their sessions: variables, reports, events, what holds, values of streams."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from voltring_api.resources.records import NAMES

SECRET = "5365637265743031323334353637383941424344"  # hexadecimal, as 1.6 wants it
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LISTS = ["variables", "reports", "events", "records", "messages", "event-streams/1/values", *NAMES]


@pytest.fixture(autouse=True)
async def chargers(api: Any) -> None:
    """Two chargers that nobody has asked anything."""
    await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ('CP', '2.0.1'), ('OTHER', '1.6')")


async def pages(api: Any, path: str, **params: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await api.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        if (cursor := answer.json()["next_cursor"]) is None:
            return found
        params["cursor"] = cursor


async def variable(api: Any, component: str, name: str, value: str | None, charger: str = "CP", **more: Any) -> None:
    await api.database.execute(
        "INSERT INTO variables (charger_id, component, evse_id, variable, attribute, value, mutability, source, at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, 'NotifyReport', $8)",
        charger,
        component,
        more.get("evse_id", 0),
        name,
        more.get("attribute", "Actual"),
        value,
        more.get("mutability", "ReadWrite"),
        NOON,
    )


async def record(api: Any, kind: str, key: str, content: str = "{}", charger: str = "CP", **more: Any) -> None:
    await api.database.execute(
        "INSERT INTO station_records (charger_id, kind, key, evse_id, state, content, source, at)"
        " VALUES ($1, $2, $3, $4, $5, $6::text::json, 'NotifyEvent', $7)",
        charger,
        kind,
        key,
        more.get("evse_id"),
        more.get("state"),
        content,
        NOON,
    )


async def event(api: Any, kind: str, severity: int | None = None, charger: str = "CP", minute: int = 0) -> None:
    at = NOON + timedelta(minutes=minute)
    await api.database.execute(
        "INSERT INTO station_events (received_at, charger_id, kind, at, severity, subject, content)"
        " VALUES ($4, $1, $2, $4, $3, 'subject', '{}')",
        charger,
        kind,
        severity,
        at,
    )


async def report(api: Any, action: str, parts: dict[int, str], last: int | None, **more: Any) -> UUID:
    identity: UUID = more.get("identity") or uuid4()
    await api.database.execute(
        "INSERT INTO reports (id, charger_id, action, request_id, command_id, state, seqs, last_seq, started_at,"
        " updated_at) VALUES ($1, 'CP', $2, 7, $3, $4, $5, $6, $7, $7)",
        identity,
        action,
        more.get("command_id"),
        more.get("state", "Complete"),
        list(parts),
        last,
        NOON + timedelta(minutes=more.get("minute", 0)),
    )
    for seq_no, content in parts.items():
        await api.database.execute(
            "INSERT INTO report_parts VALUES ($1, $2, $3, $4::text::json)", identity, seq_no, NOON, content
        )
    return identity


@pytest.mark.parametrize("name", LISTS)
async def test_a_charger_without_any_is_an_empty_list_and_an_unknown_one_is_404(api: Any, name: str) -> None:
    assert (await api.client.get(f"/v1/chargers/CP/{name}")).json() == {"items": [], "next_cursor": None}
    assert (await api.client.get(f"/v1/chargers/NOBODY/{name}")).status_code == 404


@pytest.mark.parametrize("name", [*LISTS, "local-list"])
async def test_a_viewer_may_read_it_and_nobody_without_a_key(api: Any, name: str) -> None:
    await record(api, "LocalList", "")
    async with api.client_of(await api.key("viewer")) as viewer, api.client_of(None) as stranger:
        assert (await viewer.get(f"/v1/chargers/CP/{name}")).status_code == 200
        assert (await stranger.get(f"/v1/chargers/CP/{name}")).status_code == 401


@pytest.mark.parametrize("name", LISTS)
async def test_a_cursor_of_another_list_is_refused(api: Any, name: str) -> None:
    for number in range(3):
        await api.client.put(f"/v1/id-tokens/T{number}", json={})
    cursor = (await api.client.get("/v1/id-tokens", params={"limit": 1})).json()["next_cursor"]
    refused = await api.client.get(f"/v1/chargers/CP/{name}", params={"cursor": cursor})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "cursor")


async def test_variables_are_paged_in_order_and_narrowed_by_name_evse_and_word(api: Any) -> None:
    for evse_id in range(3):
        await variable(api, "EVSE", "Power", str(evse_id), evse_id=evse_id)
        await variable(api, "EVSE", "Power", "22000", evse_id=evse_id, attribute="MaxSet")
    await variable(api, "OCPPCommCtrlr", "HeartbeatInterval", "300")
    await variable(api, "", "MeterValueSampleInterval", "60", charger="OTHER")
    place = "/v1/chargers/CP/variables"
    found = await pages(api, place, limit=2)
    assert [(it["component"], it["evse_id"], it["attribute"]) for it in found] == [
        *((("EVSE", evse_id, attribute)) for evse_id in range(3) for attribute in ("Actual", "MaxSet")),
        ("OCPPCommCtrlr", 0, "Actual"),
    ]
    assert [it["variable"] for it in await pages(api, place, component="ocppcommctrlr")] == ["HeartbeatInterval"]
    assert [it["value"] for it in await pages(api, place, variable="POWER", evse_id=1)] == ["1", "22000"]
    assert [it["value"] for it in await pages(api, place, q="heartb")] == ["300"]
    assert [it["evse_id"] for it in await pages(api, place, q="22000")] == [0, 1, 2]
    assert [it["component"] for it in await pages(api, "/v1/chargers/OTHER/variables")] == [""]


async def test_a_secret_variable_is_listed_without_its_value_and_not_found_by_it(api: Any) -> None:
    await variable(api, "SecurityCtrlr", "BasicAuthPassword", "swordfish-1")
    await variable(api, "Vendor", "Code", "swordfish-2", mutability="WriteOnly")
    await variable(api, "", "AuthorizationKey", "swordfish-3", charger="OTHER")
    for charger in ("CP", "OTHER"):
        answer = await api.client.get(f"/v1/chargers/{charger}/variables")
        assert "swordfish" not in answer.text
        assert {it["value"] for it in answer.json()["items"]} == {None}
        assert await pages(api, f"/v1/chargers/{charger}/variables", q="swordfish") == []
    assert len(await pages(api, "/v1/chargers/CP/variables", q="password")) == 1


async def test_reports_are_listed_newest_first_and_narrowed(api: Any) -> None:
    made = [str(await report(api, "NotifyReport", {0: "{}"}, 0, minute=minute)) for minute in range(5)]
    part = str(await report(api, "NotifyMonitoringReport", {1: "{}"}, None, minute=9, state="Incomplete"))
    found = await pages(api, "/v1/chargers/CP/reports", limit=2)
    assert [it["id"] for it in found] == [part, *reversed(made)]
    assert "content" not in found[0]
    assert [it["id"] for it in await pages(api, "/v1/chargers/CP/reports", state="Incomplete")] == [part]
    assert len(await pages(api, "/v1/chargers/CP/reports", action="NotifyReport")) == 5
    assert (await api.client.get("/v1/chargers/CP/reports", params={"state": "Lost"})).status_code == 422


async def test_a_report_is_read_as_one_with_the_numbers_that_are_missing(api: Any) -> None:
    parts = {seq: f'{{"seqNo": {seq}, "requestId": 7, "reportData": [{{"n": {seq}}}]}}' for seq in (3, 0, 1)}
    identity = await report(api, "NotifyReport", parts, 3, state="Incomplete")
    read = (await api.client.get(f"/v1/reports/{identity}")).json()
    assert read["content"] == {"reportData": [{"n": 0}, {"n": 1}, {"n": 3}]}
    assert (read["parts"], read["missing"], read["state"], read["text"]) == (3, [2], "Incomplete", None)
    assert (await api.client.get(f"/v1/reports/{uuid4()}")).status_code == 404
    assert (await api.client.get("/v1/reports/7")).status_code == 422


async def test_customer_information_is_one_text(api: Any) -> None:
    parts = {0: '{"seqNo": 0, "data": "Jane"}', 1: '{"seqNo": 1, "data": " Doe"}'}
    identity = await report(api, "NotifyCustomerInformation", parts, 1)
    assert (await api.client.get(f"/v1/reports/{identity}")).json()["text"] == "Jane Doe"


async def test_a_command_names_what_came_of_it_and_its_report(api: Any) -> None:
    command = uuid4()
    identity = await report(api, "NotifyReport", {0: "{}"}, 0, command_id=command)
    await api.database.execute(
        "INSERT INTO commands (id, charger_id, action, payload, class, request_hash, created_by, deadline_at, state,"
        " request_id, outcome, completed_at) VALUES ($1, 'CP', 'GetBaseReport', '{}', 'R', '', 'me', now(),"
        " 'COMPLETED', 7, json_build_object('report_id', $2::text), $3)",
        command,
        str(identity),
        NOON,
    )
    read = (await api.client.get(f"/v1/commands/{command}")).json()
    assert (read["state"], read["request_id"], read["completed_at"]) == ("COMPLETED", 7, "2026-05-01T12:00:00Z")
    assert read["outcome"] == {"report_id": str(identity)}
    assert (await api.client.get(f"/v1/reports/{read['outcome']['report_id']}")).json()["command_id"] == str(command)
    listed = (await api.client.get("/v1/commands")).json()["items"][0]
    assert (listed["request_id"], listed["outcome"]) == (7, read["outcome"])


async def test_a_command_shows_no_secret_where_it_is_read_and_where_it_is_listed(api: Any) -> None:
    body = {"action": "ChangeConfiguration", "payload": {"key": "AuthorizationKey", "value": SECRET}}
    made = await api.client.post("/v1/chargers/OTHER/commands", json=body)
    assert made.status_code == 201, made.text
    for answer in (
        made,
        await api.client.get(made.headers["Location"]),
        await api.client.get("/v1/commands"),
        await api.client.post(f"{made.headers['Location']}/cancel"),
    ):
        assert SECRET not in answer.text
        assert "AuthorizationKey" in answer.text


async def test_events_come_newest_first_and_are_narrowed_by_kind_severity_time_and_charger(api: Any) -> None:
    for minute, severity in enumerate((None, 0, 3, 4, 9)):
        await event(api, "DeviceEvent", severity, minute=minute)
    await event(api, "SecurityEvent", None, minute=5)
    await event(api, "DERAlarm", 2, charger="OTHER", minute=6)
    mine, fleet = "/v1/chargers/CP/events", "/v1/station-events"
    assert [it["severity"] for it in await pages(api, mine, limit=2)] == [None, 9, 4, 3, 0, None]
    assert [it["severity"] for it in await pages(api, mine, severity=3)] == [3, 0]
    assert [it["severity"] for it in await pages(api, mine, severity=4, limit=1)] == [4, 3, 0]
    assert [it["kind"] for it in await pages(api, mine, kind="SecurityEvent")] == ["SecurityEvent"]
    assert [it["severity"] for it in await pages(api, mine, since="2026-05-01T12:04:00Z")] == [None, 9]
    assert [it["charger_id"] for it in await pages(api, fleet, severity=3, limit=1)] == ["OTHER", "CP", "CP"]
    assert len(await pages(api, fleet, charger_id="CP", limit=4)) == 6
    assert await pages(api, fleet, charger_id="NOBODY") == []


@pytest.mark.parametrize(
    "wrong", [{"severity": 10}, {"severity": -1}, {"kind": "Party"}, {"since": "yesterday"}, {"since": "2026-05-01"}]
)
async def test_a_filter_of_events_that_can_not_be_is_refused_by_name(api: Any, wrong: dict[str, Any]) -> None:
    for path in ("/v1/chargers/CP/events", "/v1/station-events"):
        refused = await api.client.get(path, params=wrong)
        assert refused.status_code == 422
        assert [error["field"] for error in refused.json()["errors"]] == list(wrong)


async def test_each_kind_of_record_is_listed_under_its_name_and_all_together(api: Any) -> None:
    kinds = [kind.value for kinds in NAMES.values() for kind in kinds]
    for number, kind in enumerate(kinds):
        await record(api, kind, str(number))
    assert sorted(it["kind"] for it in await pages(api, "/v1/chargers/CP/records", limit=3)) == sorted(kinds)
    for name, those in NAMES.items():
        found = await pages(api, f"/v1/chargers/CP/{name}", limit=1)
        assert [it["kind"] for it in found] == sorted(those), name
        assert found[0]["source"] == "NotifyEvent"


async def test_records_are_narrowed_by_kind_evse_and_state(api: Any) -> None:
    await record(api, "Reservation", "1", evse_id=1, state="Accepted")
    await record(api, "Reservation", "2", evse_id=2, state="Expired")
    await record(api, "ChargingLimit", "1", evse_id=1)
    place = "/v1/chargers/CP/records"
    assert [it["key"] for it in await pages(api, place, kind="Reservation", limit=1)] == ["1", "2"]
    assert [it["kind"] for it in await pages(api, place, evse_id=1)] == ["ChargingLimit", "Reservation"]
    assert [it["key"] for it in await pages(api, place, state="Expired")] == ["2"]
    assert [it["key"] for it in await pages(api, "/v1/chargers/CP/reservations", evse_id=2)] == ["2"]
    assert (await api.client.get(place, params={"kind": "Wish"})).status_code == 422


async def test_a_network_profile_is_shown_without_its_passwords(api: Any) -> None:
    await record(api, "NetworkProfile", "1", '{"ocppCsmsUrl": "wss://a", "apn": {"apnPassword": "swordfish"}}')
    shown = await api.client.get("/v1/chargers/CP/network-profiles")
    assert "swordfish" not in shown.text
    assert shown.json()["items"][0]["content"]["ocppCsmsUrl"] == "wss://a"


async def test_the_local_list_is_one_object_and_404_while_nothing_is_known_of_it(api: Any) -> None:
    unknown = await api.client.get("/v1/chargers/CP/local-list")
    assert (unknown.status_code, "local list" in unknown.json()["detail"]) == (404, True)
    await record(api, "LocalList", "", '{"versionNumber": 4}')
    assert (await api.client.get("/v1/chargers/CP/local-list")).json()["content"] == {"versionNumber": 4}
    nobody = await api.client.get("/v1/chargers/NOBODY/local-list")
    assert (nobody.status_code, "NOBODY" in nobody.json()["detail"]) == (404, True)


async def test_values_of_a_stream_come_newest_first_each_once_and_of_a_time(api: Any) -> None:
    rows = [("CP", 1, NOON + timedelta(seconds=number // 2), str(number)) for number in range(9)]
    rows += [("CP", 2, NOON, "other stream"), ("OTHER", 1, NOON, "other charger")]
    await api.database.executemany(
        "INSERT INTO stream_values (received_at, charger_id, stream_id, at, value) VALUES ($3, $1, $2, $3, $4)", rows
    )
    place = "/v1/chargers/CP/event-streams/1/values"
    found = [it["value"] for it in await pages(api, place, limit=2)]
    assert found == [str(number) for number in reversed(range(9))]
    since = await pages(api, place, since="2026-05-01T12:00:01Z", until="2026-05-01T12:00:02Z")
    assert [it["value"] for it in since] == ["3", "2"]
    assert (await api.client.get("/v1/chargers/CP/event-streams/x/values")).status_code == 422
