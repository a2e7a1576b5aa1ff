"""`helm test`: a charger connects through the router, is told to start from afar, charges, and its session is kept.

Leaves the charger HELM-TEST and the token HELM-TEST registered; each run makes the charger a new secret.
"""

import base64
import json
import os
import ssl
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any

from websockets.sync.client import ClientConnection, connect

API, OCPP, TOKEN = os.environ["API"], os.environ["OCPP"], os.environ["TOKEN"]
PATIENCE = float(os.environ.get("PATIENCE", "120"))
NAME = "HELM-TEST"


def main() -> None:
    """Everything, in order; a failure ends it with one sentence."""
    secret = patiently("the API answers", register)
    api("PUT", f"/v1/id-tokens/{NAME}", {"description": "helm test"})
    with patiently("the router lets the charger in", lambda: charger(secret)) as socket:
        call(socket, "BootNotification", {"chargePointVendor": "Voltring", "chargePointModel": "helm test"})
        call(socket, "StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Available"})
        start_from_afar(socket)
        session(socket)
    found = patiently("the session is kept", ended_session)
    energy = found["energy_wh"]
    say(f"session {found['id']} is kept with {energy} Wh")
    if float(energy) != 1500:
        sys.exit(f"helm test: the session has {energy} Wh in place of 1500")


def register() -> str:
    """The charger's secret: a new one each time."""
    try:
        return str(api("POST", "/v1/chargers", {"id": NAME, "description": "helm test"})["secret"])
    except urllib.error.HTTPError as error:
        if error.code != 409:
            raise
        return str(api("POST", f"/v1/chargers/{NAME}/secret")["secret"])


def charger(secret: str) -> ClientConnection:
    """A charger's socket, OCPP 1.6."""
    shown = base64.b64encode(f"{NAME}:{secret}".encode()).decode()
    # Its own Service is not a name that the certificate is for; whom it reaches is not what is tested here.
    context = ssl._create_unverified_context() if OCPP.startswith("wss:") else None  # noqa: S323
    headers = {"Authorization": f"Basic {shown}"}
    return connect(f"{OCPP}/{NAME}", subprotocols=["ocpp1.6"], additional_headers=headers, ssl=context, proxy=None)  # type: ignore[list-item]


def start_from_afar(socket: ClientConnection) -> None:
    """A command from the API to the charger, and its answer back."""
    told: list[Any] = []

    def order() -> None:
        told.append(api("POST", f"/v1/chargers/{NAME}/remote-start", {"id_token": NAME, "evse_id": 1}, "wait=30"))

    waiting = threading.Thread(target=order, daemon=True)
    waiting.start()
    frame = json.loads(socket.recv(timeout=PATIENCE))
    if frame[2] != "RemoteStartTransaction":
        sys.exit(f"helm test: the charger was told {frame[2]}")
    socket.send(json.dumps([3, frame[1], {"status": "Accepted"}]))
    waiting.join(PATIENCE)
    if not told or told[0]["state"] not in ("ACCEPTED", "COMPLETED"):
        sys.exit(f"helm test: the command came to {told}")
    say(f"the command {told[0]['id']} was accepted")


def session(socket: ClientConnection) -> None:
    """1,500 Wh."""
    start = {"connectorId": 1, "idTag": NAME, "meterStart": 1000, "timestamp": now()}
    answer = call(socket, "StartTransaction", start)
    if answer["idTagInfo"]["status"] != "Accepted":
        sys.exit(f"helm test: the start was answered {answer}")
    number = answer["transactionId"]
    sample = {"timestamp": now(), "sampledValue": [{"value": "1700"}]}
    call(socket, "MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [sample]})
    call(socket, "StopTransaction", {"transactionId": number, "meterStop": 2500, "timestamp": now(), "idTag": NAME})


def ended_session() -> Any:
    """The newest session of the charger, once it is over."""
    newest = api("GET", f"/v1/transactions?charger_id={NAME}&limit=1")["items"][0]
    if newest["state"] != "Ended" or newest["energy_wh"] is None:
        raise RuntimeError(f"it is {newest['state']}")
    return newest


def call(socket: ClientConnection, action: str, payload: Any) -> Any:
    """A CALL and its answer; what the system asks meanwhile is answered as a charger without that feature."""
    number = f"{action}-{time.monotonic_ns()}"
    socket.send(json.dumps([2, number, action, payload]))
    while True:
        frame = json.loads(socket.recv(timeout=PATIENCE))
        if frame[0] == 2:
            socket.send(json.dumps([4, frame[1], "NotSupported", "", {}]))
        elif frame[0] == 3:
            say(f"{action} is acknowledged")
            return frame[2]
        else:
            sys.exit(f"helm test: {action} was answered {frame}")


def api(method: str, path: str, body: Any = None, prefer: str = "") -> Any:
    """A request to the API, as its first administrator."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    if prefer:
        headers["Prefer"] = prefer
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, headers, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def patiently(what: str, work: Any) -> Any:
    """Try until it works; what has just been installed takes its time."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except Exception as error:
            if time.monotonic() > deadline:
                sys.exit(f"helm test: not so within {PATIENCE:g} s: {what} ({error})")
            time.sleep(1)


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def say(words: str) -> None:
    print(f"helm test: {words}", flush=True)


if __name__ == "__main__":
    main()
