"""Plug and Charge over OCPP 1.6: messages of 2.0.1 inside DataTransfer, as the Open Charge Alliance wrote it down
("Using ISO 15118 Plug & Charge with OCPP 1.6", SE-17, SE-18). They are decided as in 2.0.1; the answer goes back the
same way, as text."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import orjson

from voltring_core.domain.kinds import StationEventKind
from voltring_core.domain.messages import AuthorizeAsked, Said, Told
from voltring_core.ocpp import schemas, v2x
from voltring_core.ocpp.versions import Version
from voltring_node.facts import EventFact, Message, Outcome
from voltring_node.handlers import certificates, station
from voltring_node.handlers.route import Route
from voltring_node.handlers.words import Payload, safe
from voltring_node.knowledge import Known, Wanted

VENDOR = "org.openchargealliance.iso15118pnc"
INFORMATIONAL = 8
_INSIDE: Mapping[str, Route] = MappingProxyType(
    {
        "Authorize": Route(station.authorize),
        "Get15118EVCertificate": Route(certificates.contract),
        "GetCertificateStatus": Route(certificates.status),
        "SignCertificate": Route(certificates.sign),
    }
)


def is_meant(version: Version, action: str, payload: Payload) -> bool:
    """Whether this message carries another one."""
    return action == "DataTransfer" and version is Version.V16 and payload["vendorId"] == VENDOR


def inside(payload: Payload) -> tuple[str, dict[str, Any]] | None:
    """The action and the 2.0.1 payload in a DataTransfer; None where there is none that can be read."""
    action = payload.get("messageId", "")
    try:
        found = orjson.loads(payload.get("data", ""))
    except orjson.JSONDecodeError:
        return None
    if action not in _INSIDE or not isinstance(found, dict):
        return None
    if isinstance(found.get("idToken"), str):  # the paper's own form
        found = found | {"idToken": {"idToken": found["idToken"], "type": "eMAID"}}
    if action == "SignCertificate":
        found = {"certificateType": "V2GCertificate"} | found
    return (action, found) if schemas.is_valid(Version.V201, action, found) else None


def unpacked(message: Message) -> Message | None:
    """The message inside, as a station of 2.0.1 would say it."""
    if not is_meant(message.version, message.action or "", message.payload):
        return None
    found = inside(message.payload)
    if found is None:
        return None
    action, payload = found
    said: Said = v2x.READ[action](payload) if action in v2x.READ else Told(action, payload)
    return replace(message, version=Version.V201, action=action, payload=payload, said=said)


def want(said: Told) -> Wanted:
    """The token of an Authorize."""
    found = inside(said.payload)
    asked = v2x.READ["Authorize"](found[1]) if found and found[0] == "Authorize" else None
    return station.want_authorize(asked) if isinstance(asked, AuthorizeAsked) else Wanted()


def transfer(message: Message, said: Told, known: Known) -> Outcome:
    """DataTransfer: Accepted with the answer inside; UnknownMessageId, or Rejected where it can't be read."""
    inner = unpacked(message)
    if inner is None:
        status = "Rejected" if said.payload.get("messageId", "") in _INSIDE else "UnknownMessageId"
        content = {**safe(message, said), "status": status}
        event = EventFact(StationEventKind.DATA_TRANSFER, message.received_at, content, VENDOR, INFORMATIONAL)
        return Outcome({"status": status}, (event,))
    outcome = _INSIDE[inner.action or ""].decide(inner, inner.said, known)
    return replace(outcome, answer={"status": "Accepted", "data": orjson.dumps(outcome.answer).decode()})
