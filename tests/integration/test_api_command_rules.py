"""What operators may not send, seen through the API; numbers filled in; requests repeated by their key."""

import asyncio
from typing import Any

import pytest

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMAMBAgM=\n-----END CERTIFICATE-----"
REPORT = {"action": "GetBaseReport", "payload": {"reportBase": "FullInventory"}}


async def charger(api: Any, version: str, charger_id: str = "CP", **variables: str) -> str:
    """A charger of that version that was accepted and told these variables (1.6 keys, 2.x Component__Variable)."""
    await api.database.execute(
        "INSERT INTO chargers (id, ocpp_version, registration) VALUES ($1, $2, 'Accepted')", charger_id, version
    )
    for name, value in variables.items():
        component, _, variable = name.rpartition("__")
        variable, _, instance = variable.partition("_")
        await api.database.execute(
            "INSERT INTO variables (charger_id, component, variable, instance, value, source, at)"
            " VALUES ($1, $2, $3, $4, $5, 'test', now())",
            charger_id,
            component,
            variable,
            instance,
            value,
        )
    return f"/v1/chargers/{charger_id}/commands"


async def refused(api: Any, place: str, action: str, payload: Any) -> dict[str, str]:
    """The errors of a command that is refused: field -> message; nothing was queued."""
    answer = await api.client.post(place, json={"action": action, "payload": payload})
    assert answer.status_code == 422, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert await api.database.fetchval("SELECT count(*) FROM commands") == 0
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


PROFILE = {
    "chargingProfileId": 1,
    "stackLevel": 9,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "startSchedule": "2026-01-01T00:00:00Z",
        "chargingRateUnit": "W",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 1}, {"startPeriod": 0, "limit": 2}],
    },
}


async def test_a_profile_is_held_to_the_rules_and_to_what_the_charger_told(api: Any) -> None:
    place = await charger(api, "1.6", ChargeProfileMaxStackLevel="8", ChargingScheduleAllowedChargingRateUnit="Current")
    found = await refused(api, place, "SetChargingProfile", {"connectorId": 0, "csChargingProfiles": PROFILE})
    at = "payload.csChargingProfiles."
    assert set(found) == {
        f"{at}stackLevel",
        f"{at}chargingSchedule.chargingRateUnit",
        f"{at}chargingSchedule.chargingSchedulePeriod.1.startPeriod",
    }
    assert found[f"{at}stackLevel"] == "is 9: this charger takes 8 at most"


@pytest.mark.parametrize(
    ("version", "action", "payload", "field"),
    [
        ("1.6", "ChangeConfiguration", {"key": "AuthorizationKey", "value": "plain"}, "payload.value"),
        ("1.6", "UnlockConnector", {"connectorId": 0}, "payload.connectorId"),
        (
            "1.6",
            "ReserveNow",
            {"connectorId": 1, "expiryDate": "2020-01-01T00:00:00Z", "idTag": "T", "reservationId": 1},
            "payload.expiryDate",
        ),
        ("1.6", "CertificateSigned", {"certificateChain": "-----BEGIN PRIVATE KEY-----"}, "payload.certificateChain"),
        ("2.0.1", "TriggerMessage", {"requestedMessage": "BootNotification"}, "payload.requestedMessage"),
        ("2.0.1", "TriggerMessage", {"requestedMessage": "StatusNotification"}, "payload.evse"),
        ("2.0.1", "ClearChargingProfile", {}, "payload.chargingProfileId"),
        ("2.0.1", "CustomerInformation", {"report": True, "clear": False}, "payload.idToken"),
        ("2.0.1", "GetBaseReport", {"requestId": 0, "reportBase": "FullInventory"}, "payload.requestId"),
        ("2.1", "SetDERControl", {"isDefault": True, "controlId": "C", "controlType": "VoltWatt"}, "payload.curve"),
        (
            "2.1",
            "SetDefaultTariff",
            {"evseId": 0, "tariff": {"tariffId": "T", "currency": "eur"}},
            "payload.tariff.currency",
        ),
    ],
)
async def test_what_the_specification_forbids_is_422_by_field(
    api: Any, version: str, action: str, payload: Any, field: str
) -> None:
    found = await refused(api, await charger(api, version), action, payload)
    assert list(found) == [field]


async def test_a_request_larger_than_the_charger_takes_is_refused(api: Any) -> None:
    place = await charger(api, "2.0.1", DeviceDataCtrlr__ItemsPerMessage_GetVariables="1")
    two = [{"component": {"name": name}, "variable": {"name": "X"}} for name in "AB"]
    found = await refused(api, place, "GetVariables", {"getVariableData": two})
    assert "takes 1 in one message" in found["payload.getVariableData"]
    one = await api.client.post(place, json={"action": "GetVariables", "payload": {"getVariableData": two[:1]}})
    assert one.status_code == 201


async def test_a_local_list_goes_on_from_the_version_that_is_known(api: Any) -> None:
    place = await charger(api, "2.0.1")
    await api.database.execute(
        "INSERT INTO station_records (charger_id, kind, key, content, source, at)"
        " VALUES ('CP', 'LocalList', '', '{\"version\": 4}', 'test', now())"
    )
    change = {"versionNumber": 4, "updateType": "Differential"}
    found = await refused(api, place, "SendLocalList", change)
    assert "give 5 or more" in found["payload.versionNumber"]
    sent = await api.client.post(place, json={"action": "SendLocalList", "payload": change | {"versionNumber": 5}})
    assert sent.status_code == 201


async def test_a_request_id_that_is_left_out_is_chosen_and_kept_to_join_what_comes_of_it(api: Any) -> None:
    place = await charger(api, "2.0.1")
    first = (await api.client.post(place, json=REPORT)).json()
    second = (await api.client.post(place, json=REPORT)).json()
    numbers = [command["payload"]["requestId"] for command in (first, second)]
    assert numbers[0] != numbers[1]
    kept = await api.database.fetch("SELECT request_id FROM commands ORDER BY seq")
    assert [row["request_id"] for row in kept] == numbers


async def test_a_number_that_an_open_command_has_is_not_chosen_again_and_can_not_be(api: Any) -> None:
    place = await charger(api, "2.0.1")
    mine = {"action": "GetBaseReport", "payload": {"requestId": 1, "reportBase": "FullInventory"}}
    assert (await api.client.post(place, json=mine)).status_code == 201
    again = await api.client.post(place, json=mine)
    assert (again.status_code, again.json()["errors"][0]["field"]) == (422, "payload.requestId")
    chosen = await api.client.post(place, json=REPORT)
    assert chosen.json()["payload"]["requestId"] == 2
    await api.database.execute("UPDATE commands SET state = 'REJECTED'")
    assert (await api.client.post(place, json=mine)).status_code == 201
    elsewhere = await charger(api, "2.0.1", "OTHER")
    assert (await api.client.post(elsewhere, json=mine)).status_code == 201


async def test_a_start_gets_its_number_and_16_needs_none(api: Any) -> None:
    new = await charger(api, "2.0.1")
    token = {"idToken": {"idToken": "T", "type": "ISO14443"}}
    start = await api.client.post(new, json={"action": "RequestStartTransaction", "payload": token})
    number = start.json()["payload"]["remoteStartId"]
    assert await api.database.fetchval("SELECT request_id FROM commands") == number > 0
    old = await charger(api, "1.6", "OLD")
    start = await api.client.post(old, json={"action": "RemoteStartTransaction", "payload": {"idTag": "T"}})
    assert start.json()["payload"] == {"idTag": "T"}


async def test_a_repeated_key_finds_its_command_although_a_number_was_filled_in(api: Any) -> None:
    place, key = await charger(api, "2.0.1"), {"Idempotency-Key": "again"}
    answers = await asyncio.gather(*(api.client.post(place, json=REPORT, headers=key) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert len({answer.json()["payload"]["requestId"] for answer in answers}) == 1
    other = {"action": "GetBaseReport", "payload": {"reportBase": "SummaryInventory"}}
    assert (await api.client.post(place, json=other, headers=key)).status_code == 409


async def test_a_repeated_key_finds_its_command_although_it_could_not_be_sent_any_more(api: Any) -> None:
    place, key = await charger(api, "1.6"), {"Idempotency-Key": "again"}
    body = {"action": "UnlockConnector", "payload": {"connectorId": 2}}
    first = await api.client.post(place, json=body, headers=key)
    await api.database.execute(
        "INSERT INTO variables (charger_id, component, variable, value, source, at)"
        " VALUES ('CP', '', 'NumberOfConnectors', '1', 'test', now())"
    )
    again = await api.client.post(place, json=body, headers=key)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    fresh = await api.client.post(place, json=body)
    assert (fresh.status_code, fresh.json()["errors"][0]["field"]) == (422, "payload.connectorId")


async def test_a_number_of_ones_own_may_be_repeated_by_its_key(api: Any) -> None:
    place, key = await charger(api, "2.0.1"), {"Idempotency-Key": "again"}
    mine = {"action": "GetBaseReport", "payload": {"requestId": 9, "reportBase": "FullInventory"}}
    answers = await asyncio.gather(*(api.client.post(place, json=mine, headers=key) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]


async def test_a_certificate_in_good_form_is_sent(api: Any) -> None:
    place = await charger(api, "2.0.1")
    body = {"action": "CertificateSigned", "payload": {"certificateChain": CERTIFICATE}}
    assert (await api.client.post(place, json=body)).status_code == 201


async def test_a_full_list_that_names_only_tokens_says_what_they_may_do_as_registered(api: Any) -> None:
    await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ('L', '1.6')")
    await api.database.execute(
        "INSERT INTO id_tokens (id_token, status) VALUES ('GOOD', 'Accepted'), ('BAD', 'Blocked')"
    )
    tokens = [
        {"idTag": "good"},
        {"idTag": "BAD"},
        {"idTag": "NOBODY"},
        {"idTag": "X", "idTagInfo": {"status": "Expired"}},
    ]
    body = {
        "action": "SendLocalList",
        "payload": {"listVersion": 1, "updateType": "Full", "localAuthorizationList": tokens},
    }
    sent = await api.client.post("/v1/chargers/L/commands", json=body)
    assert sent.status_code == 201, sent.text
    told = sent.json()["payload"]["localAuthorizationList"]
    assert [one["idTagInfo"]["status"] for one in told] == ["Accepted", "Blocked", "Invalid", "Expired"]
