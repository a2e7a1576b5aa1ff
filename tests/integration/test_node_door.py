"""Who may connect, and what is refused before the upgrade."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from voltring_core.domain.secrets import digest
from voltring_core.testing import Wire, eventually

SECRET = "correct horse 16"


def basic(username: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{username}:{password}".encode()).decode()}


async def refused(url: str, **options: Any) -> Any:
    """The response of a handshake that is refused."""
    options.setdefault("subprotocols", ["ocpp1.6"])
    with pytest.raises(InvalidStatus) as caught:
        await connect(url, **options)
    return caught.value.response


@pytest.fixture
async def node(start_node: Callable[..., Any], database: Any) -> Any:
    await database.execute("INSERT INTO chargers (id, secret_hash) VALUES ('CP 1', $1)", digest(SECRET))
    return start_node(UNKNOWN_CHARGERS="reject")


async def test_only_the_registered_charger_with_its_secret_comes_in(node: Any, database: Any) -> None:
    url = f"{node.ocpp}/CP%201"
    assert (await refused(url)).status_code == 401
    wrong = await refused(url, additional_headers=basic("CP 1", "nonsense"))
    assert (wrong.status_code, wrong.headers["WWW-Authenticate"][:5]) == (401, "Basic")
    assert (await refused(url, additional_headers=basic("CP 2", SECRET))).status_code == 401
    assert (await refused(url, additional_headers={"Authorization": "Basic %%%"})).status_code == 401
    assert (await refused(f"{node.ocpp}/nobody")).status_code == 404
    await eventually(lambda: database.fetchval("SELECT id FROM station_events WHERE kind = 'LogonRefused'"))
    assert await database.fetchval("SELECT count(*) FROM station_events") == 1, "one alarm a minute"
    async with connect(url, subprotocols=["ocpp1.6"], additional_headers=basic("CP 1", SECRET)) as socket:
        assert (await Wire(socket).boot())[2]["status"] == "Accepted"
    hexed = basic("CP 1", SECRET.encode().hex())
    async with connect(url + "/", subprotocols=["ocpp1.6"], additional_headers=hexed) as socket:
        assert socket.subprotocol == "ocpp1.6"


async def test_a_foreign_or_missing_subprotocol_and_a_wrong_path_are_refused(town: Any) -> None:
    node = town
    assert (await refused(f"{node.ocpp}/X", subprotocols=None)).status_code == 400
    assert (await refused(f"{node.ocpp}/X", subprotocols=["ocpp2.0", "mqtt"])).status_code == 400
    assert (await refused(node.ocpp.replace("/ocpp", "/other") + "/X")).status_code == 404
    assert (await refused(f"{node.ocpp}/a%3Ab")).status_code == 404
    assert (await refused(f"{node.ocpp}/" + "x" * 49)).status_code == 404
    assert (await refused(f"{node.ocpp}/%FF")).status_code == 404


async def test_the_chargers_order_of_preference_decides_the_version(town: Any, identity: str) -> None:
    node = town
    for offered, chosen in [
        (["ocpp2.1", "ocpp1.6"], "ocpp2.1"),
        (["ocpp1.6", "ocpp2.1"], "ocpp1.6"),
        (["foo", "ocpp2.0.1"], "ocpp2.0.1"),
    ]:
        async with connect(f"{node.ocpp}/{identity}", subprotocols=offered) as socket:
            assert socket.subprotocol == chosen


async def test_deflate_only_where_the_charger_offers_it(town: Any, identity: str) -> None:
    node = town
    async with connect(f"{node.ocpp}/{identity}", subprotocols=["ocpp2.1"], compression="deflate") as socket:
        assert "permessage-deflate" in socket.response.headers["Sec-WebSocket-Extensions"]
        assert (await Wire(socket).boot())[2]["status"] == "Accepted"
    async with connect(f"{node.ocpp}/{identity}", subprotocols=["ocpp2.1"], compression=None) as socket:
        assert "Sec-WebSocket-Extensions" not in socket.response.headers


async def test_an_unknown_charger_waits_in_quarantine_until_an_operator_admits_it(
    start_node: Callable[..., Any], database: Any
) -> None:
    node = start_node(UNKNOWN_CHARGERS="quarantine", PENDING_INTERVAL="5")
    url, headers = f"{node.ocpp}/NEW", basic("NEW", SECRET)
    async with connect(url, subprotocols=["ocpp1.6"], additional_headers=headers) as socket:
        wire = Wire(socket)
        answer = (await wire.boot())[2]
        assert (answer["status"], answer["interval"]) == ("Pending", 5)
        assert (await wire.call("Authorize", {"idTag": "A"}))[2] == "SecurityError"
        assert (await refused(url, additional_headers=basic("NEW", "another one"))).status_code == 401
        await database.execute("UPDATE chargers SET status = 'registered' WHERE id = 'NEW'")
        assert (await wire.boot())[2]["status"] == "Accepted"


async def test_an_id_that_differs_only_by_case_stays_unknown(town: Any) -> None:
    node = town
    async with connect(f"{node.ocpp}/Garage", subprotocols=["ocpp1.6"]):
        assert (await refused(f"{node.ocpp}/garage")).status_code == 404


def test_a_wrong_setting_stops_the_start_with_one_sentence(start_node: Callable[..., Any], tmp_path: Any) -> None:
    with pytest.raises(AssertionError):
        start_node(UNKNOWN_CHARGERS="maybe")
    log = (tmp_path / "node-0.log").read_text()
    assert log.startswith("voltring: VOLTRING_UNKNOWN_CHARGERS is wrong: ")
    assert log.count("\n") == 1


async def test_ids_can_be_hidden_and_foreign_subprotocols_closed_where_operators_want_it(
    start_node: Callable[..., Any], database: Any
) -> None:
    await database.execute("INSERT INTO chargers (id, secret_hash) VALUES ('KNOWN', $1)", digest(SECRET))
    node = start_node(UNKNOWN_CHARGERS="reject", HIDE_UNKNOWN="true", FOREIGN_SUBPROTOCOL="close")
    for identity in ("KNOWN", "UNKNOWN"):
        answer = await refused(f"{node.ocpp}/{identity}", additional_headers=basic(identity, "wrong"))
        assert (answer.status_code, answer.headers["WWW-Authenticate"][:5]) == (401, "Basic")
    async with connect(f"{node.ocpp}/KNOWN", subprotocols=["ocpp2.0"]) as socket:
        await socket.wait_closed()
        assert (socket.close_code, socket.subprotocol) == (1002, None)
