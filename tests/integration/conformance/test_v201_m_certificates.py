"""OCPP 2.0.1 and 2.1, block M (certificates)."""

from typing import Any

import pytest
from conformance_stage import OK, PEM, Case

HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "0a", "issuerKeyHash": "0b", "serialNumber": "0c"}
CHILD = HASH | {"serialNumber": "0d"}
NOT_FOUND = {"status": "NotFound"}


def chain(kind: str, **more: Any) -> dict[str, Any]:
    return {"certificateType": kind, "certificateHashData": HASH, **more}


def listed(*chains: dict[str, Any]) -> dict[str, Any]:
    return OK | {"certificateHashDataChain": list(chains)}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("CSMSRootCertificate", id="TC_M_01"),
        pytest.param("ManufacturerRootCertificate", id="TC_M_02"),
        pytest.param("V2GRootCertificate", id="TC_M_03"),
        pytest.param("MORootCertificate", id="TC_M_04"),
    ],
)
async def test_tc_m_01_to_04_a_root_certificate_is_installed(v2x: Case, kind: str) -> None:
    wanted = {"certificateType": kind, "certificate": PEM}
    done = await v2x.order("InstallCertificate", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    await v2x.order("GetInstalledCertificateIds", {"certificateType": [kind]}, listed(chain(kind)))
    (known,) = (await v2x.records("Certificate")).values()
    assert (known["content"]["certificateType"], known["state"]) == (kind, "Reported")


@pytest.mark.parametrize("answer", [pytest.param("Failed", id="TC_M_05"), "Rejected"])
async def test_tc_m_05_a_certificate_that_is_not_stored_is_not_known(v2x: Case, answer: str) -> None:
    wanted = {"certificateType": "CSMSRootCertificate", "certificate": PEM}
    done = await v2x.order("InstallCertificate", wanted, {"status": answer})
    assert (done.state, done.command["response"]) == ("REJECTED", {"status": answer})
    assert await v2x.records("Certificate") == {}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("ManufacturerRootCertificate", id="TC_M_13"),
        pytest.param("V2GRootCertificate", id="TC_M_14"),
        pytest.param("V2GCertificateChain", id="TC_M_15"),
        pytest.param("MORootCertificate", id="TC_M_16"),
    ],
)
async def test_tc_m_13_to_16_certificates_of_a_kind_are_listed(v2x: Case, kind: str) -> None:
    more = {"childCertificateHashData": [CHILD]} if kind == "V2GCertificateChain" else {}
    wanted = {"certificateType": [kind]}
    done = await v2x.order("GetInstalledCertificateIds", wanted, listed(chain(kind, **more)))
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    (known,) = (await v2x.records("Certificate")).values()
    assert known["content"] == chain(kind, **more)


async def test_tc_m_18_all_certificates_are_listed(v2x: Case) -> None:
    kinds = ("CSMSRootCertificate", "ManufacturerRootCertificate", "V2GRootCertificate", "MORootCertificate")
    done = await v2x.order("GetInstalledCertificateIds", {}, listed(*(chain(kind) for kind in kinds)))
    assert (done.asked, done.state) == ({}, "ACCEPTED")
    found = {one["content"]["certificateType"] for one in (await v2x.records("Certificate")).values()}
    assert found == set(kinds)


async def test_tc_m_19_there_is_no_certificate_of_a_kind(v2x: Case) -> None:
    await v2x.order("GetInstalledCertificateIds", {}, listed(chain("CSMSRootCertificate")))
    done = await v2x.order("GetInstalledCertificateIds", {"certificateType": ["MORootCertificate"]}, NOT_FOUND)
    # An empty list is an answer, and takes nothing of the other kinds away.
    assert (done.state, len(await v2x.records("Certificate"))) == ("ACCEPTED", 1)
    everything = await v2x.order("GetInstalledCertificateIds", {}, NOT_FOUND)
    assert (everything.state, await v2x.records("Certificate")) == ("ACCEPTED", {})


@pytest.mark.parametrize(
    ("answer", "state", "left"),
    [pytest.param("Accepted", "ACCEPTED", 0, id="TC_M_20"), pytest.param("Failed", "REJECTED", 1, id="TC_M_21")],
)
async def test_tc_m_20_21_a_certificate_is_deleted_as_it_was_listed(
    v2x: Case, answer: str, state: str, left: int
) -> None:
    await v2x.order("GetInstalledCertificateIds", {}, listed(chain("ManufacturerRootCertificate")))
    (known,) = (await v2x.records("Certificate")).values()
    wanted = {"certificateHashData": known["content"]["certificateHashData"]}
    done = await v2x.order("DeleteCertificate", wanted, {"status": answer})
    assert (done.asked, done.state) == ({"certificateHashData": HASH}, state)
    assert len(await v2x.records("Certificate")) == left


async def test_tc_m_24_a_certificates_status_is_not_told_as_long_as_nobody_is_asked(v2x: Case) -> None:
    asked = {"ocspRequestData": HASH | {"responderURL": "https://ocsp.example"}}
    answer = await v2x.says("GetCertificateStatus", asked)
    assert (answer["status"], "ocspResult" in answer) == ("Failed", False)
    (event,) = await v2x.events("CertificateRequest")
    assert (event["subject"], event["content"]["status"]) == ("GetCertificateStatus", "Failed")


@pytest.mark.parametrize("action", [pytest.param("Install", id="TC_M_26"), pytest.param("Update", id="TC_M_28")])
async def test_tc_m_26_28_a_contract_certificate_is_refused_as_long_as_there_is_no_pool(v2x: Case, action: str) -> None:
    schema = "urn:iso:15118:2:2013:MsgDef"
    asked = {"iso15118SchemaVersion": schema, "action": action, "exiRequest": "gJgBAAAA"}
    answer = await v2x.says("Get15118EVCertificate", asked)
    assert (answer["status"], answer["exiResponse"]) == ("Failed", "")
    (event,) = await v2x.events("CertificateRequest")
    assert event["subject"] == f"Get15118EVCertificate.{action}"
