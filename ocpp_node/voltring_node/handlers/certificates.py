"""Certificates that a station asks for or asks about: SignCertificate (A02, A03), Get15118EVCertificate (M01, M02),
GetCertificateStatus (M06), GetCertificateChainStatus (2.1). The answers are providers' words (`advice.py`)."""

from datetime import timedelta
from typing import Any

from voltring_core.domain.kinds import StationEventKind
from voltring_core.domain.messages import Told
from voltring_core.ocpp.wire import write_time
from voltring_node.advice import Advice, advised
from voltring_node.facts import EventFact, Message, Outcome
from voltring_node.handlers.words import Payload, without
from voltring_node.knowledge import Known

WARNING, INFORMATIONAL = 6, 8
ASK_AGAIN = timedelta(hours=1)
"""When a station may ask again for a status that nobody could tell."""


def sign(message: Message, said: Told, known: Known) -> Outcome:
    """SignCertificate: whether an authority takes the CSR; the chain comes as a command of its own (SE-11)."""
    usual = "ChargingStationCertificate" if message.version.is_2x else "ChargePointCertificate"
    return _asked(message, said.payload, said.payload.get("certificateType", usual))


def contract(message: Message, said: Told, known: Known) -> Outcome:
    """Get15118EVCertificate: what the contract pool says; its EXI is only passed on (SE-18)."""
    return _asked(message, without(said.payload, "exiRequest"), f"{said.action}.{said.payload['action']}")


def status(message: Message, said: Told, known: Known) -> Outcome:
    """GetCertificateStatus: an OCSP response, or Failed."""
    return _asked(message, said.payload, said.action)


def _asked(message: Message, content: Payload, subject: str) -> Outcome:
    advice = advised(message)
    return Outcome(advice.payload(message.version), (_event(message, content, subject, advice.status),))


def _event(message: Message, content: Payload, subject: str, status: str) -> EventFact:
    severity = INFORMATIONAL if status in ("Accepted", "Good") else WARNING
    told = {**content, "status": status}
    return EventFact(StationEventKind.CERTIFICATE_REQUEST, message.received_at, told, subject, severity)


def chain_status(message: Message, said: Told, known: Known) -> Outcome:
    """GetCertificateChainStatus: a status for each certificate; Failed for those that nobody told."""
    advice = advised(message)
    asked = said.payload["certificateStatusRequests"]
    told = _told(advice)
    answer = [told.get(_identity(one)) or _unknown(message, one) for one in asked]
    words = {one["status"] for one in answer}
    event = _event(message, said.payload, said.action, words.pop() if len(words) == 1 else "Mixed")
    return Outcome({"certificateStatus": answer}, (event,))


def _told(advice: Advice) -> dict[Any, Any]:
    return {_identity(one): one for one in advice.more.get("certificateStatus", ())}


def _identity(one: Payload) -> tuple[Any, ...]:
    which = one["certificateHashData"]
    return which["issuerNameHash"], which["issuerKeyHash"], which["serialNumber"], one["source"]


def _unknown(message: Message, asked: Payload) -> Payload:
    return {
        "certificateHashData": asked["certificateHashData"],
        "source": asked["source"],
        "status": "Failed",
        "nextUpdate": write_time(message.received_at + ASK_AGAIN),
    }
