"""Functional blocks E, F, G (1.6: Core, Remote Trigger): sessions, plugs, availability, triggers."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.rules.checks import at_least, filled, one_of
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.profiles import TX, profile_faults

_NO_TOKEN = "NoAuthorization"  # noqa: S105 - a kind of token


def token(value: Mapping[str, Any], at: str) -> Iterator[Fault]:
    """2.x: a token is empty only where nobody authorizes."""
    if not value["idToken"].strip() and value["type"] != _NO_TOKEN:
        yield Fault(f"{at}idToken", f"is empty, which only a token of type {_NO_TOKEN} may be: fill it in")


def start(asked: Asked) -> Iterator[Fault]:
    """A place from 1, a token, and a TxProfile that names no session: there is none yet (F01, 1.6 5.11)."""
    yield from at_least(asked.payload, 1, "connectorId" if asked.v16 else "evseId")
    yield from filled(asked.payload, "idTag")
    if not asked.v16:
        yield from token(asked.payload["idToken"], "idToken.")
    profile = asked.payload.get("chargingProfile")
    if profile is None:
        return
    yield from profile_faults(asked, profile, "chargingProfile.")
    if profile["chargingProfilePurpose"] != TX:
        yield Fault("chargingProfile.chargingProfilePurpose", f"must be {TX}: the profile is for this session")
    if "transactionId" in profile:
        yield Fault("chargingProfile.transactionId", "is given, and the session has no id yet: leave it out")
    if not asked.v16 and len(profile["chargingSchedule"]) > 1:
        yield Fault("chargingProfile.chargingSchedule", "has several schedules: at a start give one")


def of_a_session(asked: Asked) -> Iterator[Fault]:
    """2.x: a session's id is a text that is not empty."""
    if not asked.v16:
        yield from filled(asked.payload, "transactionId")


def unlock(asked: Asked) -> Iterator[Fault]:
    """A plug is at a connector, from 1."""
    yield from at_least(asked.payload, 1, "connectorId")
    yield from at_least(asked.payload, 1, "evseId")


def trigger(asked: Asked) -> Iterator[Fault]:
    """Where a message is triggered for (F06.FR.12 and 13), and what is refused for sure (F06.FR.17)."""
    wanted = asked.payload["requestedMessage"]
    if asked.v16:
        yield from at_least(asked.payload, 1, "connectorId")
        return
    evse = asked.payload.get("evse", {})
    if wanted == "StatusNotification" and not (evse.get("id", 0) >= 1 and "connectorId" in evse):
        yield Fault("evse", "is incomplete: a StatusNotification is of one connector, so give evse.id and connectorId")
    if wanted == "BootNotification" and asked.station.registration == "Accepted":
        yield Fault("requestedMessage", "is refused by a charger that was accepted: use Reset to have it boot again")
    yield from _custom(asked, wanted)


def _custom(asked: Asked, wanted: str) -> Iterator[Fault]:
    custom = asked.payload.get("customTrigger")
    if wanted == "CustomTrigger" and custom is None:
        yield Fault("customTrigger", "is missing: say which custom trigger")
    elif wanted != "CustomTrigger" and custom is not None:
        yield Fault("customTrigger", "belongs to requestedMessage CustomTrigger only: leave it out")
    elif custom is not None:
        yield from one_of(custom, asked.station.custom_triggers, "customTrigger", "custom triggers")


RULES: Rules = MappingProxyType(
    {
        "ExtendedTriggerMessage": (trigger,),
        "GetTransactionStatus": (of_a_session,),
        "RemoteStartTransaction": (start,),
        "RequestStartTransaction": (start,),
        "RequestStopTransaction": (of_a_session,),
        "TriggerMessage": (trigger,),
        "UnlockConnector": (unlock,),
    }
)
