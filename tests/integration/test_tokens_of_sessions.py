"""Tokens of sessions with a real node and a real worker's chore: concurrent, blocked, of a group, signed for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ocpp.routing import on
from ocpp.v16 import ChargePoint as ChargePoint16
from ocpp.v16 import call as call16
from ocpp.v16 import call_result as result16
from ocpp.v201 import ChargePoint as ChargePoint201
from ocpp.v201 import call as call201
from ocpp.v201 import call_result as result201
from redis.asyncio import Redis
from websockets.asyncio.client import connect

from voltring_core.cluster.doorbells import Doorbells
from voltring_core.domain.folding import differences, fold
from voltring_core.store.database import open_pool
from voltring_core.store.evidence import load_stored
from voltring_core.store.tariffs import group_of
from voltring_core.testing import eventually
from voltring_worker.deauthorising import Deauthorising


class Charger16(ChargePoint16):  # type: ignore[misc]
    """Takes every remote stop."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.stopped: list[Any] = []

    @on("RemoteStopTransaction")
    def on_remote_stop(self, transaction_id: int, **_: Any) -> Any:
        self.stopped.append(transaction_id)
        return result16.RemoteStopTransaction("Accepted")


class Charger201(ChargePoint201):  # type: ignore[misc]
    """Takes every remote stop."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.stopped: list[Any] = []

    @on("RequestStopTransaction")
    def on_request_stop(self, transaction_id: str, **_: Any) -> Any:
        self.stopped.append(transaction_id)
        return result201.RequestStopTransaction("Accepted")


@asynccontextmanager
async def plugged(node: Any, name: str, kind: Any = Charger16) -> AsyncIterator[Any]:
    """A charger that has booted."""
    subprotocol = "ocpp1.6" if kind is Charger16 else "ocpp2.0.1"
    async with connect(f"{node.ocpp}/{name}", subprotocols=[subprotocol]) as socket:
        charger = kind(name, socket)
        listening = asyncio.create_task(charger.start(), name=name)
        if kind is Charger16:
            await charger.call(call16.BootNotification("Model", "Vendor"))
        else:
            await charger.call(call201.BootNotification({"model": "M", "vendor_name": "V"}, "PowerUp"))
        yield charger
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def moment(seconds: float = 0) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


async def register(api: Any, token: str, **values: Any) -> None:
    answer = await api.client.put(f"/v1/id-tokens/{token}", json=values)
    assert answer.status_code in (200, 201), answer.text


async def start(charger: Any, tag: str = "CARD", connector: int = 1, at: str = "") -> tuple[int, str]:
    """Its transaction id and what it was told of its token."""
    answer = await charger.call(call16.StartTransaction(connector, tag, 1000, at or moment()))
    return answer.transaction_id, answer.id_tag_info["status"]


async def flags(api: Any, charger: str) -> list[list[str]]:
    rows = await api.database.fetch(
        "SELECT flags FROM transactions WHERE charger_id = $1 ORDER BY start_received_at", charger
    )
    return [row["flags"] for row in rows]


@pytest.fixture
async def chore(postgres_dsn: str, redis: Redis) -> AsyncIterator[Deauthorising]:
    pool = await open_pool(postgres_dsn, size=2, name="chore")
    yield Deauthorising(pool, Doorbells(redis), stops=True)
    await pool.close()


async def test_a_token_charges_at_one_place_unless_it_may_at_several(api: Any, node: Any) -> None:
    await register(api, "CARD")
    await register(api, "SHARED", concurrent="allowed")
    told = [(await api.client.get(f"/v1/id-tokens/{token}")).json()["concurrent"] for token in ("CARD", "SHARED")]
    assert told == [None, "allowed"]
    wrong = await api.client.put("/v1/id-tokens/CARD", json={"concurrent": "sometimes"})
    assert wrong.status_code == 422
    async with plugged(node, "CP-1") as one, plugged(node, "CP-2") as other:
        number, told = await start(one)
        assert told == "Accepted"
        second, told = await start(other, "card")
        assert (told, await flags(api, "CP-2")) == ("ConcurrentTx", [["concurrent_token", "token_refused"]])
        assert second != number
        assert (await other.call(call16.Authorize("CARD"))).id_tag_info["status"] == "ConcurrentTx"
        assert (await one.call(call16.Authorize("CARD"))).id_tag_info["status"] == "ConcurrentTx"  # the other one runs
        await other.call(call16.StopTransaction(1000, moment(), second))
        assert (await one.call(call16.Authorize("CARD"))).id_tag_info["status"] == "Accepted"
        assert [told for _, told in (await start(one, "SHARED", 2), await start(other, "SHARED", 2))] == [
            "Accepted"
        ] * 2
        await one.call(call16.StopTransaction(1500, moment(), number))
        assert (await start(other))[1] == "Accepted"


async def test_a_session_that_nothing_was_heard_of_for_a_day_keeps_no_driver_from_charging(api: Any, node: Any) -> None:
    await register(api, "CARD")
    async with plugged(node, "CP-1") as one, plugged(node, "CP-2") as other:
        await start(one)
        await api.database.execute("UPDATE transactions SET updated_at = now() - interval '25 hours'")
        assert (await start(other))[1] == "Accepted"


async def test_a_group_that_counts_as_one_charges_once_and_a_start_of_hours_ago_is_taken_as_it_was(
    api: Any, node: Any
) -> None:
    for token in ("A", "B", "C"):
        await register(api, token, group_id_token="FLEET", concurrent="refused_in_group")
    assert await group_of(api.database, "a") == "FLEET"
    assert await group_of(api.database, "nobody") is None
    async with plugged(node, "CP-1") as one, plugged(node, "CP-2", Charger201) as other:
        await start(one, "A")
        about = {"transaction_id": "tx"}
        answer = await other.call(
            call201.TransactionEvent(
                "Started", moment(), "Authorized", 0, about, id_token={"id_token": "B", "type": "ISO14443"}
            )
        )
        assert answer.id_token_info["status"] == "ConcurrentTx"
        assert answer.id_token_info["group_id_token"]["id_token"] == "FLEET"
        assert (await start(one, "C", 2, moment(-7200)))[1] == "Accepted"


async def test_a_stop_by_another_of_the_group_is_kept_and_one_by_a_stranger_flagged(api: Any, node: Any) -> None:
    await register(api, "A", group_id_token="FLEET", concurrent="allowed")
    await register(api, "B", group_id_token="FLEET")
    async with plugged(node, "CP-1") as charger:
        for shown in ("B", "STRANGER"):
            number, _ = await start(charger, "A")
            await charger.call(call16.StopTransaction(2000, moment(61), number, id_tag=shown))
        rows = await api.database.fetch("SELECT id FROM transactions")
        stored = await load_stored(api.database, [row["id"] for row in rows])
        assert [differences(session, fold(evidence).transaction) for session, evidence in stored] == [(), ()]
        found = (await api.client.get("/v1/transactions?charger_id=CP-1")).json()["items"]
        assert [(one["stop_id_token"], "stopped_by_other" in one["flags"]) for one in found] == [
            ("STRANGER", True),
            ("B", False),
        ]


@pytest.mark.parametrize("how", ["blocked", "expired"])
async def test_a_token_that_may_not_charge_any_more_has_its_sessions_stopped_once(
    api: Any, node: Any, chore: Deauthorising, how: str
) -> None:
    for token in ("CARD", "OTHER"):
        await register(api, token, concurrent="allowed")
    async with plugged(node, "CP-1") as one, plugged(node, "CP-2", Charger201) as other:
        number, _ = await start(one)
        await start(one, "OTHER", 2)
        token = {"id_token": "card", "type": "ISO14443"}
        event = call201.TransactionEvent("Started", moment(), "Authorized", 0, {"transaction_id": "tx"}, id_token=token)
        await other.call(event)
        assert await chore.cycle() == ""
        values = {"status": "Blocked"} if how == "blocked" else {"expires_at": moment(-1)}
        await register(api, "CARD", concurrent="allowed", **values)
        assert await chore.cycle() == "2 running sessions deauthorised"

        async def both() -> bool:
            return (one.stopped, other.stopped) == ([number], ["tx"])

        assert await eventually(both)
        # What is heard of the session next comes over what the chore has written of it.
        reading = [{"timestamp": moment(), "sampledValue": [{"value": "1500"}]}]
        await one.call(call16.MeterValues(1, reading, number))
        assert await flags(api, "CP-1") == [["deauthorised"], []]
        assert await chore.cycle() == ""
        told = await other.call(
            call201.TransactionEvent("Updated", moment(), "Authorized", 1, {"transaction_id": "tx"}, id_token=token)
        )
        assert told.id_token_info["status"] == how.capitalize()
        commands = await api.database.fetch("SELECT created_by, charger_id FROM commands ORDER BY charger_id")
        assert [tuple(row) for row in commands] == [("voltring", "CP-1"), ("voltring", "CP-2")]


async def test_sessions_of_a_refused_token_are_stopped_after_a_grace_if_they_began_before_our_eyes(
    api: Any, node: Any, chore: Deauthorising
) -> None:
    await register(api, "CARD", status="Blocked")
    async with plugged(node, "CP-1") as charger:
        assert (await start(charger))[1] == "Blocked"
        await start(charger, "NOBODY", 2)
        await start(charger, "CARD", 3, moment(-7200))
        assert await chore.cycle() == ""
        await api.database.execute(
            "UPDATE transactions SET start_received_at = start_received_at - interval '2 minutes',"
            " started_at = started_at - interval '2 minutes'"
        )
        assert await chore.cycle() == "1 running sessions deauthorised"
        assert await flags(api, "CP-1") == [["token_refused", "deauthorised"], ["token_refused"], ["token_refused"]]


async def test_with_the_setting_off_a_session_is_only_flagged(
    api: Any, node: Any, postgres_dsn: str, redis: Redis
) -> None:
    await register(api, "CARD")
    pool = await open_pool(postgres_dsn, size=2, name="chore")
    async with plugged(node, "CP-1") as charger:
        await start(charger)
        await register(api, "CARD", status="Invalid")
        assert await Deauthorising(pool, Doorbells(redis), stops=False).cycle() == "1 running sessions deauthorised"
    assert await flags(api, "CP-1") == [["deauthorised"]]
    assert await api.database.fetchval("SELECT count(*) FROM commands") == 0
    await pool.close()


OCMF = 'OCMF|{"FV":"1.0","GI":"\N{DEGREE SIGN} ü\\\\\\"", "PG":"T1"}|{"SD":"30ab"}\t \n'


async def test_signed_readings_are_read_back_byte_for_byte_and_kept_once(api: Any, node: Any) -> None:
    signed = {"value": OCMF, "format": "SignedData", "context": "Transaction.End"}
    async with plugged(node, "CP-1") as charger:
        number, _ = await start(charger)
        reading = [{"timestamp": moment(), "sampledValue": [{"value": "1500"}, signed | {"context": "Sample.Clock"}]}]
        await charger.call(call16.MeterValues(1, reading, number))
        data = [{"timestamp": moment(1), "sampledValue": [signed]}]
        await charger.call(call16.StopTransaction(2000, moment(), number, transaction_data=data))
        await charger.call(call16.StopTransaction(2000, moment(2), number, transaction_data=data))
    async with plugged(node, "CP-2", Charger201) as charger:
        value = {"signed_meter_data": "b64=" * 2000, "signing_method": "", "encoding_method": "EDL", "public_key": "04"}
        sampled = [{"timestamp": moment(), "sampled_value": [{"value": 1.5, "signed_meter_value": value}]}]
        event = call201.TransactionEvent("Ended", moment(), "StopAuthorized", 0, {"transaction_id": "tx"})
        event.meter_value = sampled
        await charger.call(event, skip_schema_validation=True)
    sessions = {one["charger_id"]: one["id"] for one in (await api.client.get("/v1/transactions")).json()["items"]}
    place = f"/v1/transactions/{sessions['CP-1']}/signed-meter-values"
    first = (await api.client.get(place, params={"limit": 1})).json()
    rest = (await api.client.get(place, params={"cursor": first["next_cursor"]})).json()
    found = first["items"] + rest["items"]
    assert [(one["data"], one["encoding"], one["context"]) for one in found] == [
        (OCMF, "OCMF", "Sample.Clock"),
        (OCMF, "OCMF", "Transaction.End"),
    ]
    assert {one["measurand"] for one in found} == {"Energy.Active.Import.Register"}
    (one,) = (await api.client.get(f"/v1/transactions/{sessions['CP-2']}/signed-meter-values")).json()["items"]
    assert (one["data"], one["encoding"], one["public_key"]) == ("b64=" * 2000, "EDL", "04")
    story = (await api.client.get(f"/v1/transactions/{sessions['CP-1']}/timeline")).json()["session"]
    assert (story["signed_meter_values"], story["stop_id_token"]) == (2, None)
    nobody = await api.client.get("/v1/transactions/00000000-0000-4000-8000-000000000000/signed-meter-values")
    assert nobody.status_code == 404


async def test_times_without_a_zone_are_those_of_the_chargers_own(api: Any, node: Any) -> None:
    await api.database.execute("INSERT INTO chargers (id, time_zone) VALUES ('CP-1', 'Asia/Kolkata')")
    moment_ = datetime.now(UTC).replace(microsecond=0)
    local = (moment_ + timedelta(hours=5, minutes=30)).replace(tzinfo=None).isoformat()
    async with plugged(node, "CP-1") as charger:
        await start(charger, at=local)
    row = await api.database.fetchrow("SELECT started_at, flags FROM transactions")
    assert (row["started_at"], row["flags"]) == (moment_, ["token_refused"])
