"""What operators set of a charger: its registration, its rules, its times; and when it counts as online."""

from typing import Any

import pytest

from voltring_core.cluster.leases import NodeLease, renew

NODE = NodeLease("node-0~1", "node-0", 1, False, "http://127.0.0.1:1", "0")
PLACE = "/v1/chargers/CP"


@pytest.fixture(autouse=True)
async def charger(api: Any) -> None:
    """A charger that is connected to a node that lives."""
    await renew(api.parts.redis, NODE, 60)
    await api.database.execute("INSERT INTO chargers (id, ocpp_version) VALUES ('CP', '2.0.1')")
    await api.database.execute(
        "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version, online_limit_s)"
        " VALUES ('CP', 1, gen_random_uuid(), $1, '2.0.1', 100)",
        NODE.uid,
    )


async def be(api: Any, registration: str) -> None:
    await api.database.execute("UPDATE chargers SET registration = $1", registration)


async def want(api: Any, status: str) -> dict[str, Any]:
    answer = await api.client.put(f"{PLACE}/registration", json={"status": status})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_charger_that_waits_and_is_to_be_accepted_is_asked_to_boot(api: Any) -> None:
    await be(api, "Pending")
    told = await want(api, "Accepted")
    assert (told["registration"], told["registration_wanted"]) == ("Pending", "Accepted")
    command = (await api.client.get(f"/v1/commands/{told['command_id']}")).json()
    assert (command["action"], command["payload"]) == ("TriggerMessage", {"requestedMessage": "BootNotification"})


@pytest.mark.parametrize(
    ("now", "wanted"), [("Accepted", "Pending"), ("Rejected", "Accepted"), ("Pending", "Rejected")]
)
async def test_any_other_change_waits_for_the_next_boot_and_leaves_the_charger_alone(
    api: Any, now: str, wanted: str
) -> None:
    await be(api, now)
    told = await want(api, wanted)
    assert (told["command_id"], "boots next" in told["takes_effect"]) == (None, True)
    read = (await api.client.get(PLACE)).json()
    assert (read["registration"], read["registration_wanted"]) == (now, wanted)
    assert await api.database.fetchval("SELECT count(*) FROM commands") == 0


async def test_a_charger_that_waits_and_is_away_is_not_asked(api: Any) -> None:
    await be(api, "Pending")
    await api.database.execute("UPDATE charger_connection SET disconnected_at = now()")
    assert (await want(api, "Accepted"))["command_id"] is None


async def test_a_quarantined_charger_keeps_waiting_for_its_admission(api: Any) -> None:
    await api.database.execute("UPDATE chargers SET registration = 'Pending', status = 'quarantined'")
    told = await want(api, "Accepted")
    assert (told["command_id"], "admitted" in told["takes_effect"]) == (None, True)


async def test_a_change_of_registration_is_in_the_audit_log(api: Any) -> None:
    await want(api, "Pending")
    row = await api.database.fetchrow("SELECT * FROM audit_log WHERE action = 'charger.registration'")
    assert (row["subject"], row["detail"]) == ("charger:CP", '{"status":"Pending"}')


async def test_a_registration_that_can_not_be_or_of_nobody_is_refused(api: Any) -> None:
    for body in ({"status": "none"}, {"status": "accepted"}, {}, {"status": "Accepted", "when": "now"}):
        assert (await api.client.put(f"{PLACE}/registration", json=body)).status_code == 422
    nobody = await api.client.put("/v1/chargers/NOBODY/registration", json={"status": "Pending"})
    assert nobody.status_code == 404


async def test_a_viewer_changes_neither_registration_nor_settings(api: Any) -> None:
    async with api.client_of(await api.key("viewer")) as viewer:
        assert (await viewer.put(f"{PLACE}/registration", json={"status": "Pending"})).status_code == 403
        assert (await viewer.patch(PLACE, json={"ping_interval_s": 20})).status_code == 403
        assert (await viewer.get("/v1/quirks")).status_code == 200


async def test_settings_are_changed_one_by_one_and_taken_back_with_null(api: Any) -> None:
    await api.client.patch(PLACE, json={"description": "yard", "quirks": {"lenient_boot": True}})
    changed = (await api.client.patch(PLACE, json={"ping_interval_s": 20.5, "call_timeout_s": 0.5 + 60})).json()
    assert (changed["description"], changed["quirks"]) == ("yard", {"lenient_boot": True})
    assert (changed["ping_interval_s"], changed["call_timeout_s"], changed["silence_limit_s"]) == (20.5, 60.5, None)
    back = (await api.client.patch(PLACE, json={"ping_interval_s": None, "quirks": {}})).json()
    assert (back["ping_interval_s"], back["call_timeout_s"], back["quirks"]) == (None, 60.5, {})


async def test_the_rules_in_effect_are_those_of_the_vendor_as_operators_have_changed_them(api: Any) -> None:
    assert (await api.client.get(PLACE)).json()["quirks_in_effect"] == {}
    changed = (await api.client.patch(PLACE, json={"quirks": {"no_clock": True}})).json()
    assert changed["quirks_in_effect"] == {"no_clock": True}


async def test_the_rules_are_listed_with_what_they_take(api: Any) -> None:
    rules = {it["name"]: it for it in (await api.client.get("/v1/quirks")).json()["items"]}
    assert rules["lenient_boot"]["takes"] == "true"
    assert rules["lenient_boot"]["does"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "body"),
        ({"quirks": {"lenient_bot": True}}, "quirks"),
        ({"quirks": {"time_zone": "Mars/Olympus"}}, "quirks"),
        ({"quirks": None}, "quirks"),
        ({"ping_interval_s": 0}, "ping_interval_s"),
        ({"ping_interval_s": 1e9}, "ping_interval_s"),
        ({"call_timeout_s": 601}, "call_timeout_s"),
        ({"silence_limit_s": 59}, "silence_limit_s"),
        ({"silence_limit_s": 60, "ping_interval_s": 31}, "silence_limit_s"),
        ({"description": None}, "description"),
    ],
)
async def test_a_setting_that_can_not_be_is_refused_by_name_and_nothing_is_changed(
    api: Any, body: dict[str, Any], field: str
) -> None:
    before = (await api.client.get(PLACE)).json()
    refused = await api.client.patch(PLACE, json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert (await api.client.get(PLACE)).json() == before


async def test_a_short_silence_goes_with_short_pings(api: Any) -> None:
    changed = await api.client.patch(PLACE, json={"silence_limit_s": 20, "ping_interval_s": 10})
    assert (changed.status_code, changed.json()["silence_limit_s"]) == (200, 20)
    assert (await api.client.patch(PLACE, json={"ping_interval_s": None})).status_code == 422


async def test_a_charger_that_is_silent_for_longer_than_its_limit_is_offline_everywhere(api: Any) -> None:
    await api.database.execute("UPDATE charger_connection SET last_seen_at = now() - interval '99 seconds'")
    assert (await api.client.get(PLACE)).json()["online"] is True
    await api.database.execute("UPDATE charger_connection SET last_seen_at = now() - interval '101 seconds'")
    assert (await api.client.get(PLACE)).json()["online"] is False
    assert (await api.client.get("/v1/chargers", params={"online": "true"})).json()["items"] == []
    assert len((await api.client.get("/v1/chargers", params={"online": "false"})).json()["items"]) == 1
    fleet = (await api.client.get("/v1/fleet")).json()
    assert (fleet["online"], fleet["by_node"]) == (0, {"node-0": 0})


async def test_a_device_model_that_a_new_firmware_made_doubtful_is_marked(api: Any) -> None:
    assert (await api.client.get(PLACE)).json()["device_model_stale"] is False
    await api.database.execute("UPDATE chargers SET device_model_stale = true")
    assert (await api.client.get(PLACE)).json()["device_model_stale"] is True
