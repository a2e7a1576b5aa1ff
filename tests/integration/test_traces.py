"""One trace from a request over Redis and the node to the charger and back, of real processes and as it is sent."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from span_receiver import Receiver, receiving
from websockets.asyncio.client import connect

from voltring_core.testing import PATIENCE_S, Room, Wire, eventually, free_port

TOKEN = "a-bootstrap-token-of-the-traces-0123456789"
CLIENT_TRACE, CLIENT_SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
ASKED = f"00-{CLIENT_TRACE}-{CLIENT_SPAN}-01"
OF_A_COMMAND = (
    "POST /v1/chargers/{charger_id}/commands",
    "queue the command",
    "ring for the charger",
    "hear the doorbell",
    "command Reset",
    "take: QUEUED to SENT, committed",
    "CALL Reset",
    "record the answer",
    "tell the API",
    "hear the outcome",
)


class Street:
    """An API and a node, as processes."""

    def __init__(self, node: Any, api: Room, port: int) -> None:
        self.node, self.api = node, api
        self.url = f"http://127.0.0.1:{port}"

    @asynccontextmanager
    async def charger(self, identity: str = "CP-1", version: str = "1.6") -> AsyncIterator[Wire]:
        """A charger that has booted."""
        async with connect(f"{self.node.ocpp}/{identity}", subprotocols=[f"ocpp{version}"]) as socket:
            wire = Wire(socket)
            await wire.boot()
            yield wire

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """A request of an operator."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(base_url=self.url, timeout=PATIENCE_S) as client:
            authorized = {"Authorization": f"Bearer {TOKEN}"} | headers
            return await client.post(path, json=body, headers=authorized)

    async def reset(self, kind: str = "Soft", **headers: str) -> httpx.Response:
        """Order a reset of CP-1."""
        order = {"action": "Reset", "payload": {"type": kind}}
        return await self.post("/v1/chargers/CP-1/commands", order, **headers)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def start(
    start_node: Callable[..., Any], postgres_dsn: str, redis_url: str, tmp_path: Path
) -> Iterator[Callable[..., Street]]:
    """Starts a street; settings of both rooms by name without the prefix."""
    started: list[Room] = []

    def build(**settings: str) -> Street:
        port = free_port()
        given = {
            "POSTGRES_DSN": postgres_dsn,
            "REDIS_URL": redis_url,
            "API_PORT": str(port),
            "ADMIN_PORT": str(free_port()),
            "BOOTSTRAP_TOKEN": TOKEN,
        } | settings
        started.append(Room("api", given, tmp_path / "api.log"))
        node = start_node(**settings)
        started[0].wait_ready(f"{started[0].admin}/readyz")
        return Street(node, started[0], port)

    yield build
    for room in started:
        room.stop()


async def answered(charger: Wire) -> None:
    """The charger gets its CALL and accepts it."""
    call = await charger.receive()
    await charger.send([3, call[1], {"status": "Accepted"}])


@pytest.mark.parametrize(("version", "kind"), [("1.6", "Soft"), ("2.0.1", "OnIdle"), ("2.1", "OnIdle")])
async def test_a_command_is_one_trace_from_the_request_to_the_charger_and_back(
    start: Callable[..., Street], receiver: Receiver, version: str, kind: str
) -> None:
    street = start(OTLP_ENDPOINT=receiver.endpoint, TRACE_SAMPLE="0")
    async with street.charger(version=version) as charger:
        asking = street.reset(kind, Prefer="wait=30", traceparent=ASKED)
        answer, _ = await asyncio.gather(asking, answered(charger))
    assert answer.json()["state"] == "ACCEPTED"
    spans = await receiver.whole(CLIENT_TRACE, *OF_A_COMMAND)
    assert sorted(spans) == sorted(OF_A_COMMAND)
    request, command = spans[OF_A_COMMAND[0]], spans["command Reset"]
    assert answer.headers["traceresponse"] == request.traceparent
    parents = {name: next((n for n, p in spans.items() if p.id == one.parent), "client") for name, one in spans.items()}
    assert request.parent == CLIENT_SPAN
    assert parents == {
        OF_A_COMMAND[0]: "client",
        "queue the command": OF_A_COMMAND[0],
        "ring for the charger": OF_A_COMMAND[0],
        "hear the doorbell": "ring for the charger",
        "command Reset": "queue the command",
        "take: QUEUED to SENT, committed": "command Reset",
        "CALL Reset": "command Reset",
        "record the answer": "command Reset",
        "tell the API": "command Reset",
        "hear the outcome": "tell the API",
    }
    rooms = {name: one.room for name, one in spans.items()}
    assert {name for name, room in rooms.items() if room == "api"} == {*OF_A_COMMAND[:3], "hear the outcome"}
    assert command.attributes["voltring.command.id"] == answer.json()["id"]
    assert command.attributes["ocpp.charger.id"] == request.attributes["ocpp.charger.id"] == "CP-1"
    assert command.attributes["ocpp.version"] == version
    assert command.attributes["voltring.command.state"] == "ACCEPTED"
    assert spans["CALL Reset"].attributes["voltring.outcome"] == "CALLRESULT"
    assert request.attributes["http.response.status_code"] == 200
    assert command.resource["service.instance.id"] == "node-0"
    assert all(one.began <= one.ended and not one.is_error for one in spans.values())


async def test_a_command_for_a_charger_that_is_away_goes_on_with_its_trace_when_it_is_back(
    start: Callable[..., Street], receiver: Receiver
) -> None:
    street = start(OTLP_ENDPOINT=receiver.endpoint, TRACE_SAMPLE="0")
    async with street.charger():
        pass
    queued = await street.reset(traceparent=ASKED)
    assert queued.json()["state"] == "QUEUED"
    before = await receiver.whole(CLIENT_TRACE, "queue the command")
    assert "command Reset" not in before
    async with street.charger() as charger:
        await answered(charger)
        spans = await receiver.whole(CLIENT_TRACE, "queue the command", "command Reset", "CALL Reset", "tell the API")
    assert spans["command Reset"].parent == spans["queue the command"].id
    assert spans["command Reset"].began >= spans["queue the command"].ended


async def test_a_sampled_message_is_traced_from_its_coming_to_its_answer(
    start: Callable[..., Street], receiver: Receiver
) -> None:
    street = start(OTLP_ENDPOINT=receiver.endpoint, TRACE_SAMPLE="1")
    async with street.charger() as charger:
        await charger.call("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
        await charger.call("Heartbeat", {})
        await charger.call("Nonsense", {})

    async def came() -> Any:
        return {one.name: one for one in receiver.spans if one.name.startswith("message ")}.keys() >= {
            "message BootNotification",
            "message StatusNotification",
            "message Heartbeat",
            "message Nonsense",
        }

    await eventually(came)
    (status,) = [one for one in receiver.spans if one.name == "message StatusNotification"]
    parts = await receiver.whole(status.trace, "understand", "wait for the group", "decide and commit")
    assert {one.parent for name, one in parts.items() if name != status.name} == {status.id}
    assert (status.parent, status.attributes["ocpp.charger.id"], status.attributes["voltring.outcome"]) == (
        "",
        "CP-1",
        "CALLRESULT",
    )
    (linked,) = parts["decide and commit"].links
    (group,) = [one for one in receiver.spans if one.id == linked]
    assert (group.name, status.id in group.links, group.parent) == ("commit a group", True, "")
    outcomes = {one.name: one.attributes.get("voltring.outcome") for one in receiver.spans}
    assert (outcomes["message Heartbeat"], outcomes["message Nonsense"]) == ("CALLRESULT", "CALLERROR")
    parents = {one.trace for one in receiver.spans if one.name.startswith("message ")}
    assert len(parents) == sum(one.name.startswith("message ") for one in receiver.spans)


async def test_what_is_not_sampled_sends_nothing_and_the_answer_names_no_trace(
    start: Callable[..., Street], receiver: Receiver
) -> None:
    street = start(OTLP_ENDPOINT=receiver.endpoint, TRACE_SAMPLE="0")
    async with street.charger() as charger:
        answer, _ = await asyncio.gather(street.reset(Prefer="wait=30"), answered(charger))
        unsampled = await street.post("/v1/chargers/NOBODY/commands", {}, traceparent=ASKED[:-1] + "0")
    assert answer.json()["state"] == "ACCEPTED"
    assert "traceresponse" not in answer.headers
    assert "trace_id" not in unsampled.json()
    assert street.node.room.stop() == 0  # what is left is sent at the end
    assert street.api.stop() == 0
    assert receiver.bodies == []


async def test_an_error_names_the_trace_that_has_its_story_and_who_has_no_key_makes_none(
    start: Callable[..., Street], receiver: Receiver
) -> None:
    street = start(OTLP_ENDPOINT=receiver.endpoint, TRACE_SAMPLE="0")
    wrong = await street.post("/v1/chargers/NOBODY/reset", traceparent=ASKED)
    assert (wrong.status_code, wrong.json()["trace_id"]) == (404, CLIENT_TRACE)
    stranger = ASKED.replace("0af7", "1bf7")
    refused = await street.post("/v1/chargers/NOBODY/reset", Authorization="Bearer nobody", traceparent=stranger)
    assert refused.status_code == 401
    spans = await receiver.whole(CLIENT_TRACE, "POST /v1/chargers/{charger_id}/reset")
    assert spans["POST /v1/chargers/{charger_id}/reset"].attributes["http.response.status_code"] == 404
    assert street.api.stop() == 0
    assert {one.trace for one in receiver.spans} == {CLIENT_TRACE}


async def test_without_its_collector_commands_are_answered_and_rooms_end_in_time(start: Callable[..., Street]) -> None:
    street = start(OTLP_ENDPOINT=f"http://127.0.0.1:{free_port()}", TRACE_SAMPLE="1", STOP_SECONDS="0")
    async with street.charger() as charger:
        for _ in range(3):
            answer, _ = await asyncio.gather(street.reset(Prefer="wait=30"), answered(charger))
            assert answer.json()["state"] == "ACCEPTED"

        async def warned() -> bool:
            return "did not reach" in street.node.room.log.read_text()

        await eventually(warned)
    began = time.monotonic()
    assert (street.api.stop(), street.node.room.stop()) == (0, 0)
    assert time.monotonic() - began < PATIENCE_S / 2
    for log in (street.node.room.log, street.api.log):
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        away = [line for line in lines if "did not reach" in line["message"]]
        assert [line["level"] for line in away] == ["WARNING"]
        assert not [line for line in lines if line["logger"].startswith(("opentelemetry", "urllib3"))]


async def test_a_log_line_within_a_trace_names_it_the_room_and_the_charger(
    start: Callable[..., Street], receiver: Receiver
) -> None:
    street = start(OTLP_ENDPOINT=receiver.endpoint, TRACE_SAMPLE="0")
    async with street.charger() as charger:
        await charger.send([3, "0" * 36, {}])  # an answer to nothing

        async def logged() -> Any:
            lines = [json.loads(line) for line in street.node.room.log.read_text().splitlines()]
            return [line for line in lines if line.get("charger") == "CP-1"]

        lines = await eventually(logged)
    assert {(line["room"], line["node"]) for line in lines} == {("node", "node-0")}
