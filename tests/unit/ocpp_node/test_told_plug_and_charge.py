"""Plug and Charge of OCPP 1.6: 2.0.1's messages inside DataTransfer."""

import json
from dataclasses import replace

import pytest

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.messages import TokenStatus
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_node.advice import Advice
from voltring_node.deciding import needs
from voltring_node.facts import EventFact
from voltring_node.handlers.plug_and_charge import VENDOR
from voltring_node.providers import Nobody, Providers, consult

V16, V201, _ = Version
HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "c"}
OCSP = HASH | {"responderURL": "https://ocsp.example.org"}
EXI = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Install", "exiRequest": "RVhJ"}
CONTRACT = {"idToken": {"idToken": "NLABC", "type": "eMAID"}, "certificate": "PEM"}


@pytest.fixture
def wrapped(ask):
    """`wrapped(message_id, content)`: a DataTransfer with a message inside."""

    def make(inside, content):
        data = content if isinstance(content, str) else json.dumps(content)
        return ask(V16, "DataTransfer", {"vendorId": VENDOR, "messageId": inside, "data": data})

    return make


@pytest.fixture
def tell(base, answer, wrapped):
    def told(inside, content, advice=None):
        asked = wrapped(inside, content)
        (decided,) = base.group(replace(asked, message=replace(asked.message, advice=advice)))
        assert violations(V16, "DataTransfer", answer(decided), "response") == []
        return answer(decided), decided

    return told


@pytest.mark.parametrize("token", [CONTRACT["idToken"], "NLABC"])
def test_a_contract_is_authorized_as_in_201(base, tell, wrapped, token):
    assert needs([wrapped("Authorize", CONTRACT | {"idToken": token})]).tokens == {"nlabc"}
    base.known.tokens["nlabc"] = KnownToken("NLABC", TokenStatus.ACCEPTED, None, None)
    told, _ = tell("Authorize", CONTRACT | {"idToken": token}, Advice("Accepted"))
    assert told["status"] == "Accepted"
    assert json.loads(told["data"]) == {"idTokenInfo": {"status": "Accepted"}, "certificateStatus": "Accepted"}


@pytest.mark.parametrize(
    ("inside", "content", "expected"),
    [
        ("Authorize", CONTRACT, {"idTokenInfo": {"status": "Invalid"}, "certificateStatus": "CertChainError"}),
        ("Get15118EVCertificate", EXI, {"status": "Failed", "exiResponse": ""}),
        ("GetCertificateStatus", {"ocspRequestData": OCSP}, {"status": "Failed"}),
        ("SignCertificate", {"csr": "PEM"}, {"status": "Rejected"}),
    ],
)
def test_without_providers_each_message_has_its_refusal_inside(tell, inside, content, expected):
    told, _ = tell(inside, content)
    found = json.loads(told["data"])
    assert violations(V201, inside, found, "response") == []
    assert {name: found[name] for name in expected} == expected


def test_a_certificate_request_inside_is_an_event_like_any_other(tell):
    _, decided = tell("SignCertificate", {"csr": "PEM"})
    (event,) = (fact for fact in decided.facts if isinstance(fact, EventFact))
    assert (event.kind, event.subject) == ("CertificateRequest", "V2GCertificate")


@pytest.mark.parametrize(
    ("inside", "content", "status"),
    [
        ("Authorize", "no JSON", "Rejected"),
        ("Authorize", "[]", "Rejected"),
        ("Authorize", {"idToken": 7}, "Rejected"),
        ("GetCertificateStatus", {}, "Rejected"),
        ("Reset", {}, "UnknownMessageId"),
    ],
)
def test_what_can_not_be_read_is_kept_and_refused(tell, inside, content, status):
    told, decided = tell(inside, content)
    assert told == {"status": status}
    assert [fact.subject for fact in decided.facts] == [VENDOR]


def test_another_version_has_no_messages_inside(ask, base, answer):
    payload = {"vendorId": VENDOR, "messageId": "Authorize", "data": json.dumps(CONTRACT)}
    (decided,) = base.group(ask(V201, "DataTransfer", payload))
    assert answer(decided) == {"status": "UnknownVendorId"}


class Pool(Nobody):
    async def verify(self, message):
        assert (message.version, message.action, message.payload["certificate"]) == (V201, "Authorize", "PEM")
        return Advice("Accepted")


async def test_the_provider_is_asked_about_the_message_inside(wrapped):
    providers = Providers(contracts=Pool())
    assert await consult(providers, wrapped("Authorize", CONTRACT).message) == Advice("Accepted")
    assert await consult(providers, wrapped("Authorize", "no JSON").message) is None
