"""What a conformance case is played with: a charger by raw frames on one side, an operator over REST on the other.

Every answer of the CSMS and every CALL of the CSMS is held against the official schema on the way.
"""

import asyncio
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_core.testing import Wire, eventually

VALID, CHILD, SIBLING, PARENT = "CT-VALID", "CT-CHILD", "CT-SIBLING", "CT-PARENT"
BLOCKED, EXPIRED, INVALID, UNKNOWN = "CT-BLOCKED", "CT-EXPIRED", "CT-INVALID", "CT-NOBODY"
MASTER, MASTER_GROUP = "CT-MASTER", "CT-MASTER-GROUP"
TOKENS: dict[str, dict[str, Any]] = {
    VALID: {},
    CHILD: {"group_id_token": PARENT},
    SIBLING: {"group_id_token": PARENT},
    BLOCKED: {"status": "Blocked"},
    EXPIRED: {"expires_at": "2020-01-01T00:00:00Z"},
    INVALID: {"status": "Invalid"},
    MASTER: {"group_id_token": MASTER_GROUP},
}
"""The tokens of all cases, as an operator has registered them."""
OK = {"status": "Accepted"}
NO = {"status": "Rejected"}
DER = b64encode(bytes([0x30, 3, 2, 1, 1])).decode()
PEM = f"-----BEGIN CERTIFICATE-----\n{DER}\n-----END CERTIFICATE-----\n"
"""Has a certificate's form, which is all that can be checked of one that a charger is to judge."""
Answer = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]


def now(seconds: float = 0) -> str:
    """The time, or one so many seconds away."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def basic(username: str, password: str | bytes) -> dict[str, Any]:
    """Handshake options with this user name and password."""
    secret = password if isinstance(password, bytes) else password.encode()
    encoded = b64encode(username.encode() + b":" + secret).decode()
    return {"additional_headers": {"Authorization": f"Basic {encoded}"}}


def token(value: str, kind: str = "Central") -> dict[str, str]:
    """An idToken of 2.x."""
    return {"idToken": value, "type": kind}


def about(component: str, variable: str, **more: Any) -> dict[str, Any]:
    """A component and its variable."""
    return {"component": {"name": component}, "variable": {"name": variable}} | more


@dataclass(frozen=True)
class Error:
    """A charger's CALLERROR."""

    code: str


@dataclass(frozen=True)
class Done:
    """A command after the charger's answer: what the charger was sent, and what the operator got."""

    asked: dict[str, Any]
    command: dict[str, Any]

    @property
    def state(self) -> str:
        return str(self.command["state"])


class Case:
    """One charger and its operator."""

    wire: Wire

    def __init__(self, url: str, client: httpx.AsyncClient, identity: str, version: str) -> None:
        self.url = url
        self.client = client
        self.id = identity
        self.version = Version(version)

    async def register(self, wanted: str = "Accepted") -> str:
        """The operator registers the charger, and says what its boot is to be answered with; its secret."""
        made = await self.client.post("/v1/chargers", json={"id": self.id})
        assert made.status_code == 201, made.text
        await self.want(wanted)
        return str(made.json()["secret"])

    async def want(self, registration: str) -> None:
        """The operator says what the next BootNotification is to be answered with."""
        path = f"/v1/chargers/{quote(self.id)}/registration"
        changed = await self.client.put(path, json={"status": registration})
        assert changed.status_code == 200, changed.text

    async def connect(self, **options: Any) -> None:
        """Open a socket; handshake options as websockets has them."""
        self.wire = Wire(
            await connect(
                f"{self.url}/{quote(self.id)}",
                subprotocols=[Subprotocol(self.version.subprotocol)],
                compression=None,
                **options,
            )
        )

    async def close(self) -> None:
        """Close the socket."""
        await self.wire.socket.close()

    async def drop(self) -> None:
        """Lose the connection without a word."""
        self.wire.socket.transport.abort()
        await self.wire.socket.wait_closed()

    async def boot(self, reason: str = "PowerUp", **more: Any) -> dict[str, Any]:
        """BootNotification's answer."""
        if self.version is Version.V16:
            return await self.says("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", **more})
        station = {"model": "M", "vendorName": "V", **more}
        return await self.says("BootNotification", {"chargingStation": station, "reason": reason})

    async def reboot(self, reason: str = "RemoteReset", **more: Any) -> dict[str, Any]:
        """Lose the connection, come back, boot."""
        await self.drop()
        await self.connect()
        return await self.boot(reason, **more)

    async def says(self, action: str, payload: Any) -> dict[str, Any]:
        """A CALL of the charger; the CALLRESULT's payload."""
        frame = await self.wire.call(action, payload)
        assert frame[0] == 3, frame
        assert not violations(self.version, action, frame[2], "response"), frame
        answer: dict[str, Any] = frame[2]
        return answer

    async def refused(self, action: str, payload: Any) -> str:
        """A CALL of the charger that the CSMS must not take; the CALLERROR's code."""
        frame = await self.wire.call(action, payload)
        assert frame[0] == 4, frame
        return str(frame[2])

    async def hears(self, action: str, answer: Answer | Error = OK) -> dict[str, Any]:
        """The next CALL of the CSMS, answered; its payload."""
        frame = await self.wire.receive(10)
        assert (frame[0], frame[2]) == (2, action), frame
        assert not violations(self.version, action, frame[3]), frame
        if isinstance(answer, Error):
            await self.wire.send([4, frame[1], answer.code, "", {}])
        else:
            told = answer(frame[3]) if callable(answer) else answer
            assert not violations(self.version, action, told, "response"), "the case itself breaks the schema"
            await self.wire.send([3, frame[1], told])
        asked: dict[str, Any] = frame[3]
        return asked

    async def hears_nothing(self, seconds: float = 0.2) -> None:
        """The CSMS sends nothing meanwhile."""
        try:
            frame = await self.wire.receive(seconds)
        except (TimeoutError, ConnectionClosed):
            return
        raise AssertionError(f"the CSMS sent {frame}")

    async def order(self, action: str, payload: Any = None, answer: Answer | Error = OK) -> Done:
        """The operator sends a command, the charger gets it as it was sent, and answers."""
        body = {"action": action, "payload": payload or {}}
        done = await self.ask("commands", body, action, answer)
        assert payload is None or payload.items() <= done.asked.items(), done.asked
        return done

    async def ask(self, place: str, body: Any, action: str, answer: Answer | Error = OK) -> Done:
        """The operator posts to the charger, who gets `action` and answers."""
        sending = asyncio.create_task(self.post(place, body, wait=True))
        hearing = asyncio.create_task(self.hears(action, answer))
        await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
        if not hearing.done() and (await sending).is_error:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)
            raise AssertionError(f"the API did not send it: {(await sending).text}")
        asked = await hearing
        said = await sending
        assert said.status_code == 200, said.text
        return Done(asked, said.json())

    async def post(self, place: str, body: Any, *, wait: bool = False) -> httpx.Response:
        """What the API says to the operator."""
        headers = {"Prefer": "wait=20"} if wait else {}
        return await self.client.post(f"/v1/chargers/{quote(self.id)}/{place}", json=body, headers=headers)

    async def look(self, path: str, **query: Any) -> Any:
        """What the operator finds."""
        found = await self.client.get(path, params={name: value for name, value in query.items() if value is not None})
        assert found.status_code == 200, found.text
        return found.json()

    async def charger(self) -> dict[str, Any]:
        """The charger as the operator sees it."""
        found: dict[str, Any] = await self.look(f"/v1/chargers/{quote(self.id)}")
        return found

    async def is_online(self, wanted: bool = True) -> bool:
        """Wait until the operator sees the charger online, or offline."""

        async def look() -> bool:
            return bool((await self.charger())["online"]) is wanted

        return await eventually(look)

    async def connector(self, evse: int = 1, connector: int = 1) -> dict[str, Any]:
        """One connector as the operator sees it."""
        evses = {one["evse_id"]: one for one in (await self.charger())["evses"]}
        found = {one["connector_id"]: one for one in evses[evse]["connectors"]}
        return dict(found[connector])

    async def transactions(self) -> list[dict[str, Any]]:
        """The charger's sessions, the latest first."""
        return list((await self.look("/v1/transactions", charger_id=self.id))["items"])

    async def transaction(self) -> dict[str, Any]:
        """The charger's only session."""
        found = await self.transactions()
        assert len(found) == 1, found
        return found[0]

    async def meter_values(self, measurand: str | None = None) -> list[dict[str, Any]]:
        """Readings of the charger's only session."""
        session = await self.transaction()
        return list((await self.look(f"/v1/transactions/{session['id']}/meter-values", measurand=measurand))["items"])

    async def records(self, kind: str) -> dict[str, dict[str, Any]]:
        """What holds at the charger, of one kind, by key."""
        found = await self.look(f"/v1/chargers/{quote(self.id)}/records", kind=kind)
        return {one["key"]: one for one in found["items"]}

    async def events(self, kind: str) -> list[dict[str, Any]]:
        """What happened at the charger, of one kind, in order."""
        found = await self.look(f"/v1/chargers/{quote(self.id)}/events", kind=kind)
        return list(reversed(found["items"]))

    async def variables(self) -> dict[str, dict[str, Any]]:
        """What is known of the charger's variables, by name."""
        found = await self.look(f"/v1/chargers/{quote(self.id)}/variables")
        return {one["variable"]: one for one in found["items"]}

    async def again(self, done: Done) -> dict[str, Any]:
        """The command as it is now."""
        found: dict[str, Any] = await self.look(f"/v1/commands/{done.command['id']}")
        return found


class Point:
    """What an OCPP 1.6 charge point says in a session on one connector."""

    def __init__(self, case: Case, connector: int = 1) -> None:
        self.case = case
        self.connector = connector
        self.transaction_id = 0

    async def status(self, status: str, error: str = "NoError") -> None:
        """StatusNotification; the CSMS has nothing to say to it."""
        told = {"connectorId": self.connector, "errorCode": error, "status": status, "timestamp": now()}
        assert await self.case.says("StatusNotification", told) == {}

    async def authorize(self, tag: str = VALID) -> dict[str, Any]:
        """Authorize; the idTagInfo."""
        return dict((await self.case.says("Authorize", {"idTag": tag}))["idTagInfo"])

    async def start(self, tag: str = VALID, wh: int = 1000, at: str | None = None, **more: Any) -> dict[str, Any]:
        """StartTransaction; the idTagInfo."""
        told = {"connectorId": self.connector, "idTag": tag, "meterStart": wh, "timestamp": at or now(), **more}
        answer = await self.case.says("StartTransaction", told)
        self.transaction_id = answer["transactionId"]
        return dict(answer["idTagInfo"])

    async def meter(self, wh: int, **more: Any) -> None:
        """MeterValues of the session."""
        value = [{"timestamp": now(), "sampledValue": [{"value": str(wh), **more}]}]
        told = {"connectorId": self.connector, "transactionId": self.transaction_id, "meterValue": value}
        assert await self.case.says("MeterValues", told) == {}

    async def stop(self, wh: int = 3500, reason: str | None = None, at: str | None = None, **more: Any) -> Any:
        """StopTransaction; its answer."""
        told = {"transactionId": self.transaction_id, "meterStop": wh, "timestamp": at or now(), **more}
        return await self.case.says("StopTransaction", told | ({"reason": reason} if reason else {}))

    async def charging(self, tag: str = VALID) -> "Point":
        """A session that runs."""
        await self.status("Preparing")
        assert (await self.authorize(tag))["status"] == "Accepted"
        assert (await self.start(tag))["status"] == "Accepted"
        await self.status("Charging")
        return self


class Station:
    """What an OCPP 2.x charging station says in a session on one EVSE."""

    def __init__(self, case: Case, transaction_id: str = "TX-1", evse: int = 1) -> None:
        self.case = case
        self.id = transaction_id
        self.evse = evse
        self.seq_no = 0

    async def status(self, status: str, connector: int = 1) -> None:
        """StatusNotification."""
        told = {"timestamp": now(), "connectorStatus": status, "evseId": self.evse, "connectorId": connector}
        assert await self.case.says("StatusNotification", told) == {}

    async def authorize(self, value: str = VALID, **more: Any) -> dict[str, Any]:
        """Authorize; its answer."""
        return await self.case.says("Authorize", {"idToken": token(value), **more})

    async def event(
        self,
        kind: str,
        trigger: str,
        state: str | None = None,
        *,
        shown: str | None = None,
        wh: float | None = None,
        evse: bool = True,
        info: dict[str, Any] | None = None,
        **more: Any,
    ) -> dict[str, Any]:
        """TransactionEvent; its answer. `shown` is the token, `wh` a register value, `info` goes to transactionInfo."""
        told: dict[str, Any] = {
            "eventType": kind,
            "timestamp": now(),
            "triggerReason": trigger,
            "seqNo": self.seq_no,
            "transactionInfo": {
                "transactionId": self.id,
                **({"chargingState": state} if state else {}),
                **(info or {}),
            },
        }
        if evse:
            told["evse"] = {"id": self.evse, "connectorId": 1}
        if shown is not None:
            told["idToken"] = token(shown)
        if wh is not None:
            told["meterValue"] = [reading(wh, {"Started": "Transaction.Begin", "Ended": "Transaction.End"}.get(kind))]
        self.seq_no += 1
        return await self.case.says("TransactionEvent", told | more)

    async def started(self, trigger: str, state: str | None = None, **more: Any) -> dict[str, Any]:
        return await self.event("Started", trigger, state, **more)

    async def updated(self, trigger: str, state: str | None = None, **more: Any) -> dict[str, Any]:
        return await self.event("Updated", trigger, state, **more)

    async def ended(self, trigger: str, reason: str, state: str | None = None, **more: Any) -> dict[str, Any]:
        return await self.event("Ended", trigger, state, info={"stoppedReason": reason}, **more)

    async def charging(self, shown: str = VALID) -> "Station":
        """A session that runs."""
        await self.status("Occupied")
        await self.started("CablePluggedIn", "EVConnected", wh=1000)
        answer = await self.updated("Authorized", "EVConnected", shown=shown)
        assert answer["idTokenInfo"]["status"] == "Accepted"
        await self.updated("ChargingStateChanged", "Charging")
        return self


def reading(wh: float, context: str | None = None, **more: Any) -> dict[str, Any]:
    """A MeterValue of 2.x with one register value."""
    value = {"value": wh, **({"context": context} if context else {}), **more}
    return {"timestamp": now(), "sampledValue": [value]}
