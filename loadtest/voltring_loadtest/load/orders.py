"""Which command operators send next, pure: every charger in turn, and for each the same round of steps."""

from dataclasses import dataclass
from typing import Any

from voltring_loadtest.load.trial import TOKENS, Trial


@dataclass(frozen=True, slots=True)
class Order:
    """One request to the REST API."""

    charger: str
    action: str
    """As the charger's version calls it."""
    path: str
    """After `/v1/chargers/{id}`."""
    body: dict[str, Any]


STEPS = ("heartbeat", "start", "read", "stop", "unlock", "read")
"""A charger's round: a session is started and stopped, its plug released, and something is read in between."""
_STARTS = {"1.6": "RemoteStartTransaction"}
_STOPS = {"1.6": "RemoteStopTransaction"}
VARIABLE = {"component": {"name": "OCPPCommCtrlr"}, "variable": {"name": "HeartbeatInterval"}}


def order(trial: Trial, number: int) -> Order:
    """The order of this number, from 0 on."""
    turn, index = divmod(number, trial.chargers)
    who, version = trial.identity(index + 1), trial.version(index + 1)
    match STEPS[turn % len(STEPS)]:
        case "start":
            token = f"{trial.id_token_prefix}{index % TOKENS + 1:04}"
            action = _STARTS.get(version, "RequestStartTransaction")
            return Order(who, action, "/remote-start", {"id_token": token, "evse_id": 1})
        case "stop":
            return Order(who, _STOPS.get(version, "RequestStopTransaction"), "/remote-stop", {})
        case "unlock":
            return Order(who, "UnlockConnector", "/unlock", {"evse_id": 1})
        case "heartbeat":
            return _command(who, "TriggerMessage", {"requestedMessage": "Heartbeat"})
        case _:
            if version == "1.6":
                return _command(who, "GetConfiguration", {"key": ["HeartbeatInterval"]})
            return _command(who, "GetVariables", {"getVariableData": [VARIABLE]})


def fault(status: int, state: object, action: str) -> str | None:
    """What is wrong in the API's answer; a charger that refuses is none: it was asked, and said no."""
    if status == 409 and action in ("RemoteStopTransaction", "RequestStopTransaction"):
        # Nothing runs there: its start was refused, or is not known yet.
        return None
    if status == 0:
        return "the API did not answer"
    if status != 200:
        return f"the API answered with status {status}"
    return None if state in ("ACCEPTED", "REJECTED", "COMPLETED") else f"the command is {state}"


def _command(who: str, action: str, payload: dict[str, Any]) -> Order:
    return Order(who, action, "/commands", {"action": action, "payload": payload})
