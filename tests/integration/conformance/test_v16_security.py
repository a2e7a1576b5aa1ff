"""OCPP 1.6, the security whitepaper. Cases of TLS itself need a router before the node: docs/conformance.md."""

from typing import Any

import pytest
from conformance_stage import NO, OK, PEM, Case, basic, now
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

HASH = {"hashAlgorithm": "SHA256", "issuerNameHash": "0a", "issuerKeyHash": "0b", "serialNumber": "0c"}
FIRMWARE = {
    "location": "https://files.example/fw.bin",
    "retrieveDateTime": now(),
    "signingCertificate": PEM,
    "signature": "c2lnbmF0dXJl",
}


async def status_of(case: Case, **options: Any) -> int:
    """The HTTP status of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{case.url}/{case.id}", subprotocols=[case.version.subprotocol], **options)
    return int(caught.value.response.status_code)


async def test_tc_073_a_new_password_is_taken_and_shown_to_nobody(unborn: Any) -> None:
    case: Case = unborn("1.6")
    old = await case.register()
    await case.connect(**basic(case.id, old))
    await case.boot()
    # The operator makes it; the socket that is open stays.
    new = (await case.post("secret", None)).json()["secret"]
    done = await case.order("ChangeConfiguration", {"key": "AuthorizationKey", "value": new})
    assert (done.asked["value"], done.state) == (new, "ACCEPTED")
    known = (await case.variables())["AuthorizationKey"]
    assert (known["value"], known["status"]) == (None, "Accepted")
    messages = await case.look(f"/v1/chargers/{case.id}/messages", direction="out")
    assert new not in str(await case.again(done)) + str(messages)
    await case.close()
    assert await status_of(case, **basic(case.id, old)) == 401
    # A charge point sends the key's bytes, or the digits that it was given.
    for password in (bytes.fromhex(new), new):
        await case.connect(**basic(case.id, password))
        assert (await case.says("Heartbeat", {}))["currentTime"]
        await case.close()


async def test_tc_074_a_certificate_request_is_refused_as_long_as_no_authority_is_there(v16: Case) -> None:
    done = await v16.order("ExtendedTriggerMessage", {"requestedMessage": "SignChargePointCertificate"})
    assert done.state == "ACCEPTED"
    assert await v16.says("SignCertificate", {"csr": "-----BEGIN CERTIFICATE REQUEST-----"}) == NO
    (event,) = await v16.events("CertificateRequest")
    assert event["content"]["status"] == "Rejected"
    # One that was signed elsewhere is brought by the operator.
    chain = await v16.order("CertificateSigned", {"certificateChain": PEM})
    assert (chain.asked, chain.state) == ({"certificateChain": PEM}, "ACCEPTED")


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("ManufacturerRootCertificate", id="TC_075_1"),
        pytest.param("CentralSystemRootCertificate", id="TC_075_2"),
    ],
)
async def test_tc_075_a_root_certificate_is_installed_and_listed(v16: Case, kind: str) -> None:
    empty = await v16.order("GetInstalledCertificateIds", {"certificateType": kind}, {"status": "NotFound"})
    assert empty.state == "ACCEPTED"
    wanted = {"certificateType": kind, "certificate": PEM}
    done = await v16.order("InstallCertificate", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    listed = OK | {"certificateHashData": [HASH]}
    assert (await v16.order("GetInstalledCertificateIds", {"certificateType": kind}, listed)).state == "ACCEPTED"
    (known,) = (await v16.records("Certificate")).values()
    assert (known["content"]["certificateType"], known["content"]["certificateHashData"]) == (kind, HASH)


async def test_tc_076_a_certificate_is_deleted_as_it_was_listed(v16: Case) -> None:
    asked = {"certificateType": "ManufacturerRootCertificate"}
    await v16.order("GetInstalledCertificateIds", asked, OK | {"certificateHashData": [HASH]})
    ((listed),) = (await v16.records("Certificate")).values()
    wanted = {"certificateHashData": listed["content"]["certificateHashData"]}
    done = await v16.order("DeleteCertificate", wanted)
    assert (done.asked, done.state) == ({"certificateHashData": HASH}, "ACCEPTED")
    assert await v16.records("Certificate") == {}


@pytest.mark.parametrize(
    ("action", "payload", "event"),
    [
        pytest.param("CertificateSigned", {"certificateChain": PEM}, "InvalidChargePointCertificate", id="TC_077"),
        pytest.param(
            "InstallCertificate",
            {"certificateType": "CentralSystemRootCertificate", "certificate": PEM},
            "InvalidCentralSystemCertificate",
            id="TC_078",
        ),
    ],
)
async def test_tc_077_078_a_certificate_that_is_refused_raises_an_alarm(
    v16: Case, action: str, payload: dict[str, Any], event: str
) -> None:
    done = await v16.order(action, payload, NO)
    assert done.state == "REJECTED"
    assert await v16.says("SecurityEventNotification", {"type": event, "timestamp": now()}) == {}
    (found,) = await v16.events("SecurityEvent")
    assert (found["subject"], found["severity"]) == (event, 2)
    assert await v16.records("Certificate") == {}


async def test_tc_079_the_security_log_is_uploaded(v16: Case) -> None:
    wanted = {"logType": "SecurityLog", "log": {"remoteLocation": "https://files.example/logs"}}
    done = await v16.order("GetLog", wanted, OK | {"filename": "security.log"})
    assert done.state == "ACCEPTED"
    for status in ("Uploading", "Uploaded"):
        told = {"status": status, "requestId": done.asked["requestId"]}
        assert await v16.says("LogStatusNotification", told) == {}
    found = await v16.again(done)
    assert (found["state"], found["outcome"]["state"]) == ("COMPLETED", "Uploaded")
    (log,) = (await v16.records("Log")).values()
    assert (log["content"]["filename"], log["state"]) == ("security.log", "Uploaded")


async def test_tc_080_a_signed_firmware_is_installed(v16: Case) -> None:
    done = await v16.order("SignedUpdateFirmware", {"firmware": FIRMWARE})
    assert (done.asked["firmware"], done.state) == (FIRMWARE, "ACCEPTED")
    for status in ("Downloading", "Downloaded", "SignatureVerified", "Installing", "InstallRebooting", "Installed"):
        if status == "Installed":
            assert (await v16.reboot(firmwareVersion="2.0"))["status"] == "Accepted"
            told = {"type": "FirmwareUpdated", "timestamp": now()}
            assert await v16.says("SecurityEventNotification", told) == {}
        told = {"status": status, "requestId": done.asked["requestId"]}
        assert await v16.says("SignedFirmwareStatusNotification", told) == {}
    assert (await v16.again(done))["state"] == "COMPLETED"
    assert (await v16.charger())["firmware_version"] == "2.0"


async def test_tc_081_a_firmware_whose_signature_is_wrong_raises_an_alarm(v16: Case) -> None:
    done = await v16.order("SignedUpdateFirmware", {"firmware": FIRMWARE})
    for status in ("Downloading", "Downloaded", "InvalidSignature"):
        told = {"status": status, "requestId": done.asked["requestId"]}
        assert await v16.says("SignedFirmwareStatusNotification", told) == {}
    told = {"type": "InvalidFirmwareSignature", "timestamp": now()}
    assert await v16.says("SecurityEventNotification", told) == {}
    found = await v16.again(done)
    assert (found["state"], found["outcome"]["state"]) == ("FAILED", "InvalidSignature")
    assert [event["severity"] for event in await v16.events("SecurityEvent")] == [2]
    assert (await v16.events("FirmwareStatus"))[-1]["severity"] == 2


async def test_tc_083_the_security_profile_is_raised_and_never_lowered(v16: Case) -> None:
    wanted = {"key": "SecurityProfile", "value": "2"}
    done = await v16.order("ChangeConfiguration", wanted)
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    lower = await v16.post("commands", {"action": "ChangeConfiguration", "payload": wanted | {"value": "1"}})
    assert (lower.status_code, lower.json()["errors"][0]["field"]) == (422, "payload.value")
    await v16.hears_nothing()


async def test_tc_085_only_its_own_name_and_password_let_a_charge_point_in(unborn: Any) -> None:
    case: Case = unborn("1.6")
    secret = await case.register()
    assert await status_of(case) == 401
    assert await status_of(case, **basic(case.id, "0123456789abcdef")) == 401
    assert await status_of(case, **basic("somebody-else", secret)) == 401
    await case.connect(**basic(case.id, secret))
    assert (await case.boot())["status"] == "Accepted"
    assert (await case.charger())["has_secret"] is True
    await case.close()


async def test_tc_088_a_subprotocol_that_nobody_speaks_opens_no_socket(unborn: Any) -> None:
    case: Case = unborn("1.6")
    for offered in (["ocpp0.1"], None):
        with pytest.raises(InvalidStatus) as caught:
            await connect(f"{case.url}/{case.id}", subprotocols=offered)
        assert caught.value.response.status_code == 400
    async with connect(f"{case.url}/{case.id}", subprotocols=["ocpp0.1", "ocpp1.6"]) as socket:
        assert socket.subprotocol == "ocpp1.6"
