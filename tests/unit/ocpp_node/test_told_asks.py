"""What needs somebody else's word: certificates, contracts, receipts, VAT numbers, vendors' extensions."""

from dataclasses import replace

import pytest

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.kinds import StationEventKind
from voltring_core.domain.messages import TokenStatus
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_node.advice import Advice
from voltring_node.facts import EventFact

V16, V201, V21 = Version
HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "a", "issuerKeyHash": "b", "serialNumber": "c"}
OCSP = HASH | {"responderURL": "https://ocsp.example.org"}
CONTRACT = {"iso15118SchemaVersion": "urn:iso:15118:2:2013:MsgDef", "action": "Install", "exiRequest": "RVhJ"}


@pytest.fixture
def tell(ask, base, answer):
    """`tell(version, action, payload, advice)`: the answer, which keeps its schema, and the event."""

    def told(version, action, payload, advice=None):
        asked = ask(version, action, payload)
        (decided,) = base.group(replace(asked, message=replace(asked.message, advice=advice)))
        assert violations(version, action, answer(decided), "response") == []
        event = next((fact for fact in decided.facts if isinstance(fact, EventFact)), None)
        return answer(decided), event

    return told


def test_without_an_authority_a_csr_is_refused_and_kept(tell):
    told, event = tell(V16, "SignCertificate", {"csr": "PEM"})
    assert told == {"status": "Rejected"}
    assert (event.kind, event.subject) == (StationEventKind.CERTIFICATE_REQUEST, "ChargePointCertificate")
    assert (event.content, event.severity) == ({"csr": "PEM", "status": "Rejected"}, 6)
    told, event = tell(V201, "SignCertificate", {"csr": "PEM", "certificateType": "V2GCertificate"})
    assert (told["statusInfo"]["reasonCode"], event.subject) == ("NotEnabled", "V2GCertificate")


def test_an_authority_that_takes_a_csr_accepts_it(tell):
    told, event = tell(V21, "SignCertificate", {"csr": "PEM", "requestId": 3}, Advice("Accepted"))
    assert (told, event.severity, event.subject) == ({"status": "Accepted"}, 8, "ChargingStationCertificate")


@pytest.mark.parametrize("version", [V201, V21])
def test_a_contract_is_the_pools_or_failed_with_nothing_in_it(tell, version):
    told, event = tell(version, "Get15118EVCertificate", CONTRACT)
    assert (told["status"], told["exiResponse"]) == ("Failed", "")
    assert (event.subject, "exiRequest" in event.content) == ("Get15118EVCertificate.Install", False)
    given = Advice("Accepted", more={"exiResponse": "RVhJ"})
    assert tell(version, "Get15118EVCertificate", CONTRACT, given)[0] == {"status": "Accepted", "exiResponse": "RVhJ"}


def test_in_21_remaining_contracts_are_counted_down(tell):
    given = Advice("Accepted", more={"exiResponse": "RVhJ", "remainingContracts": 1})
    told, _ = tell(V21, "Get15118EVCertificate", CONTRACT | {"maximumContractCertificateChains": 2}, given)
    assert told["remainingContracts"] == 1


def test_a_certificates_status_is_the_responders_or_failed(tell):
    assert tell(V201, "GetCertificateStatus", {"ocspRequestData": OCSP})[0]["status"] == "Failed"
    given = Advice("Accepted", more={"ocspResult": "T0NTUA=="})
    told, event = tell(V201, "GetCertificateStatus", {"ocspRequestData": OCSP}, given)
    assert (told["ocspResult"], event.content["status"]) == ("T0NTUA==", "Accepted")


def test_each_certificate_of_a_chain_has_its_status_and_failed_where_nobody_told(tell):
    asked = [
        {"certificateHashData": HASH | {"serialNumber": number}, "source": "OCSP", "urls": ["https://x.example.org"]}
        for number in ("c", "d")
    ]
    told, event = tell(V21, "GetCertificateChainStatus", {"certificateStatusRequests": asked})
    assert [one["status"] for one in told["certificateStatus"]] == ["Failed", "Failed"]
    assert told["certificateStatus"][0]["nextUpdate"] == "2026-01-01T13:00:00.000Z"
    assert event.content["status"] == "Failed"
    good = {"certificateHashData": asked[1]["certificateHashData"], "source": "OCSP", "status": "Good"}
    advice = Advice("", more={"certificateStatus": [good | {"nextUpdate": "2026-02-01T00:00:00Z"}]})
    told, _ = tell(V21, "GetCertificateChainStatus", {"certificateStatusRequests": asked}, advice)
    assert [(one["certificateHashData"]["serialNumber"], one["status"]) for one in told["certificateStatus"]] == [
        ("c", "Failed"),
        ("d", "Good"),
    ]


SETTLEMENT = {
    "transactionId": "tx",
    "pspRef": "psp-1",
    "status": "Settled",
    "settlementAmount": 12.5,
    "settlementTime": "2026-01-01T11:59:00Z",
}


def test_a_settlement_is_kept_and_answered_with_the_receipt_if_there_is_one(tell):
    told, event = tell(V21, "NotifySettlement", SETTLEMENT)
    assert (told, event.subject, event.severity, event.ocpp_transaction_id) == ({}, "Settled", 8, "tx")
    assert (event.content["pspRef"], event.at.isoformat()) == ("psp-1", "2026-01-01T11:59:00+00:00")
    receipt = Advice("", more={"receiptUrl": "https://example.org/r", "receiptId": "1"})
    told, event = tell(V21, "NotifySettlement", SETTLEMENT | {"status": "Failed", "pspRef": "psp-2"}, receipt)
    assert (told, event.severity) == (dict(receipt.more), 4)


def test_a_vat_number_comes_back_with_its_evse_and_the_verdict(tell):
    asked = {"vatNumber": "NL1", "evseId": 2}
    told, event = tell(V21, "VatNumberValidation", asked)
    assert (told["status"], told["vatNumber"], told["evseId"]) == ("Rejected", "NL1", 2)
    assert (event.kind, event.evse_id) == (StationEventKind.VAT_NUMBER, 2)
    company = {"name": "N", "address1": "A", "city": "C", "country": "NL"}
    told, _ = tell(V21, "VatNumberValidation", {"vatNumber": "NL1"}, Advice("Accepted", more={"company": company}))
    assert told == {"status": "Accepted", "vatNumber": "NL1", "company": company}


@pytest.mark.parametrize("version", Version)
def test_vendors_data_are_kept_and_the_vendor_is_unknown_without_an_extension(tell, version):
    told, event = tell(version, "DataTransfer", {"vendorId": "acme", "messageId": "m", "data": "d"})
    assert told == {"status": "UnknownVendorId"}
    assert (event.subject, event.content["data"], event.content["status"]) == ("acme", "d", "UnknownVendorId")


@pytest.mark.parametrize("version", Version)
def test_a_vendors_extension_has_the_word(tell, version):
    given = Advice("UnknownMessageId", "NotFound")
    told, event = tell(version, "DataTransfer", {"vendorId": "acme"}, given)
    assert (told["status"], "statusInfo" in told) == ("UnknownMessageId", version.is_2x)
    assert event.content["status"] == "UnknownMessageId"
    given = Advice("Accepted", more={"data": "pong"})
    assert tell(version, "DataTransfer", {"vendorId": "acme"}, given)[0] == {"status": "Accepted", "data": "pong"}


def authorize(**more):
    return {"idToken": {"idToken": "NLABC123", "type": "eMAID"}} | more


@pytest.mark.parametrize("version", [V201, V21])
@pytest.mark.parametrize("field", [{"certificate": "PEM"}, {"iso15118CertificateHashData": [OCSP]}])
@pytest.mark.parametrize(
    ("certificate", "token", "told"),
    [
        ("Accepted", TokenStatus.ACCEPTED, ("Accepted", "Accepted")),
        ("Accepted", TokenStatus.BLOCKED, ("ContractCancelled", "Blocked")),
        ("Accepted", TokenStatus.EXPIRED, ("ContractCancelled", "Expired")),
        ("Accepted", None, ("ContractCancelled", "Unknown")),
        ("CertificateExpired", TokenStatus.ACCEPTED, ("CertificateExpired", "Expired")),
        ("CertificateRevoked", TokenStatus.ACCEPTED, ("CertificateRevoked", "Invalid")),
        ("CertChainError", TokenStatus.ACCEPTED, ("CertChainError", "Invalid")),
        ("ContractCancelled", TokenStatus.ACCEPTED, ("ContractCancelled", "Invalid")),
        ("ContractCancelled", TokenStatus.BLOCKED, ("ContractCancelled", "Blocked")),
        (None, TokenStatus.ACCEPTED, ("CertChainError", "Invalid")),
    ],
)
def test_a_contract_may_charge_when_certificate_and_token_both_may(
    base, tell, version, field, certificate, token, told
):
    if token is not None:
        base.known.tokens["nlabc123"] = KnownToken("NLABC123", token, None, None)
    advice = None if certificate is None else Advice(certificate)
    found, _ = tell(version, "Authorize", authorize(**field), advice)
    assert (found["certificateStatus"], found["idTokenInfo"]["status"]) == told


@pytest.mark.parametrize("version", [V201, V21])
def test_without_a_certificate_there_is_no_certificate_status(base, tell, version):
    base.known.tokens["nlabc123"] = KnownToken("NLABC123", TokenStatus.ACCEPTED, "GROUP", None)
    told, _ = tell(version, "Authorize", authorize())
    group = {"idToken": "GROUP", "type": "Central"}
    assert told == {"idTokenInfo": {"status": "Accepted", "groupIdToken": group}}


@pytest.mark.parametrize("version", [V201, V21])
@pytest.mark.parametrize(
    ("kind", "status"), [("NoAuthorization", "Accepted"), ("Central", "Unknown"), ("KeyCode", "Unknown")]
)
def test_who_needs_no_token_is_accepted_and_who_is_not_known_is_unknown(tell, version, kind, status):
    token = {"idToken": "" if kind == "NoAuthorization" else "x", "type": kind}
    assert tell(version, "Authorize", {"idToken": token})[0] == {"idTokenInfo": {"status": status}}
