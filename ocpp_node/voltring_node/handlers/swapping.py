"""Battery swapping (2.1, S01-S04): batteries go in and out; one request id holds a swap together."""

from voltring_core.domain.authorization import decide
from voltring_core.domain.commands import State
from voltring_core.domain.kinds import StationEventKind
from voltring_core.domain.messages import IdToken, Told
from voltring_core.ocpp.wire import whole
from voltring_node.facts import CommandFact, EventFact, Fact, Message, Outcome
from voltring_node.handlers.words import evse_of, safe
from voltring_node.knowledge import Known, Wanted

ALERT, WARNING, INFORMATIONAL = 5, 6, 8
_ENDS = {"BatteryOut": State.COMPLETED, "BatteryOutTimeout": State.FAILED}


def _token(said: Told) -> IdToken:
    token = said.payload["idToken"]
    return IdToken(token["idToken"], token["type"])


def want(said: Told) -> Wanted:
    """The driver's token, and the command that offered the swap."""
    return Wanted(token=_token(said).value, commands=frozenset({"RequestBatterySwap"}))


def swap(message: Message, said: Told, known: Known) -> Outcome:
    """BatterySwap: kept with what is known of the token; a swap that was asked for ends with the battery's leaving."""
    told, token = said.payload, _token(said)
    kind = told["eventType"]
    verdict = decide(token, known.token(token), message.received_at).status
    number = whole(told["requestId"])
    command = None if number is None else known.command(message.charger_id, ("RequestBatterySwap",), number)
    severity = WARNING if kind == "BatteryOutTimeout" else INFORMATIONAL if verdict == "Accepted" else ALERT
    event = EventFact(
        StationEventKind.BATTERY_SWAP,
        message.received_at,
        {**safe(message, said), "tokenStatus": verdict.value},
        kind,
        severity,
        evse_of(told["batteryData"][0]) or None,
        command_id=None if command is None else command.id,
    )
    facts: list[Fact] = [event]
    if command is not None:
        outcome = {"event": kind, "batteries": [one["serialNumber"] for one in told["batteryData"]]}
        facts.append(CommandFact(command.id, _ENDS.get(kind), outcome))
    return Outcome({}, tuple(facts))
