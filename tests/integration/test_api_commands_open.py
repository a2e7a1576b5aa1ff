"""Commands whose end nobody knows: undone, listed, resolved by hand."""

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from commanded import charger


@pytest.mark.parametrize(
    ("action", "word"),
    [
        ("RemoteStartTransaction", "RemoteStopTransaction"),
        ("ReserveNow", "CancelReservation"),
        ("SetChargingProfile", "ClearChargingProfile"),
        ("ChangeConfiguration", "the value before"),
        ("ClearCache", "can't be called back."),
    ],
)
async def test_what_was_sent_is_not_cancelled_but_undone_by_another_command(api: Any, action: str, word: str) -> None:
    await charger(api)
    command = await given(api, action, "SENT")
    late = await api.client.post(f"/v1/commands/{command}/cancel")
    assert (late.status_code, word in late.json()["detail"]) == (409, True), late.text


async def given(api: Any, action: str, state: str, reason: str | None = None) -> UUID:
    """A command of CP in that state."""
    identity = uuid4()
    await api.database.execute(
        "INSERT INTO commands (id, charger_id, action, payload, class, request_hash, created_by, deadline_at, state,"
        " attempts, sent_at, outcome) VALUES ($1, 'CP', $2, '{}', 'N', '', 'test', now() + interval '1 hour', $3, 1,"
        " now(), $4)",
        identity,
        action,
        state,
        reason and orjson.dumps({"reason": reason}).decode(),
    )
    return identity


async def test_what_nobody_knows_the_end_of_is_an_inbox_newest_first_with_what_is_known(api: Any) -> None:
    await charger(api)
    made = [await given(api, "UnlockConnector", "UNKNOWN", reason) for reason in ("no answer", "owner died")]
    await given(api, "Reset", "ACCEPTED")
    first = (await api.client.get("/v1/commands", params={"state": "UNKNOWN", "limit": 1})).json()
    rest = (await api.client.get("/v1/commands", params={"state": "UNKNOWN", "cursor": first["next_cursor"]})).json()
    found = first["items"] + rest["items"]
    assert [item["id"] for item in found] == [str(one) for one in made[::-1]]
    assert [item["outcome"]["reason"] for item in found] == ["owner died", "no answer"]
    assert all(item["sent_at"] and item["charger_id"] == "CP" for item in found)
    assert rest["next_cursor"] is None


async def test_an_operator_resolves_what_is_unknown_once_with_a_note_that_is_kept_and_audited(api: Any) -> None:
    await charger(api)
    command = await given(api, "UnlockConnector", "UNKNOWN", "no answer")
    body = {"state": "COMPLETED", "note": "The driver has the cable."}
    async with api.client_of(await api.key("viewer")) as viewer:
        assert (await viewer.post(f"/v1/commands/{command}/resolution", json=body)).status_code == 403
    async with api.client_of(await api.key("operator")) as operator:
        done = await operator.post(f"/v1/commands/{command}/resolution", json=body)
    assert (done.status_code, done.json()["state"]) == (200, "COMPLETED")
    said = done.json()["outcome"]["resolution"]
    assert (said["note"], said["by"].startswith("operator-"), said["at"][-1]) == (body["note"], True, "Z")
    assert done.json()["outcome"]["reason"] == "no answer"
    row = await api.database.fetchrow("SELECT * FROM audit_log WHERE action = 'command.resolve'")
    assert (row["actor"], row["subject"]) == (said["by"], f"command:{command}")
    again = await api.client.post(f"/v1/commands/{command}/resolution", json=body)
    assert (again.status_code, "COMPLETED" in again.json()["detail"]) == (409, True)
    accepted = await given(api, "Reset", "ACCEPTED")
    failed = await api.client.post(f"/v1/commands/{accepted}/resolution", json=body | {"state": "FAILED"})
    assert (failed.status_code, failed.json()["state"]) == (200, "FAILED")


async def test_only_what_is_open_is_resolved_and_only_as_completed_or_failed(api: Any) -> None:
    await charger(api)
    body = {"state": "COMPLETED", "note": "x"}
    for state in ("QUEUED", "SENT", "REJECTED", "EXPIRED"):
        refused = await api.client.post(f"/v1/commands/{await given(api, 'Reset', state)}/resolution", json=body)
        assert (refused.status_code, state in refused.json()["detail"]) == (409, True)
    assert (await api.client.post(f"/v1/commands/{uuid4()}/resolution", json=body)).status_code == 404
    unknown = await given(api, "Reset", "UNKNOWN")
    for wrong in ({"state": "ACCEPTED", "note": "x"}, {"state": "FAILED"}, {"state": "FAILED", "note": ""}):
        assert (await api.client.post(f"/v1/commands/{unknown}/resolution", json=wrong)).status_code == 422
