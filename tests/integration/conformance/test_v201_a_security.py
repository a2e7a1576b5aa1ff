"""OCPP 2.0.1 and 2.1, block A (security). Cases of TLS itself need a router before the node: docs/conformance.md."""

from typing import Any

import pytest
from conformance_stage import NO, OK, PEM, Case, about, basic, now
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

CSR = "-----BEGIN CERTIFICATE REQUEST-----\nMAMCAQE=\n-----END CERTIFICATE REQUEST-----\n"


async def turned_away(case: Case, username: str, password: str) -> int:
    """The HTTP status for this user name and password."""
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"{case.url}/{case.id}", subprotocols=[case.version.subprotocol], **basic(username, password))
    assert "Basic" in caught.value.response.headers["WWW-Authenticate"]
    return int(caught.value.response.status_code)


async def test_tc_a_01_the_right_name_and_password_open_the_door(newcomer: Case) -> None:
    case = newcomer
    secret = await case.register()
    await case.connect(**basic(case.id, secret))
    assert (await case.boot())["status"] == "Accepted"
    assert await case.is_online()
    await case.close()


@pytest.mark.parametrize(
    ("own_name", "own_password"), [pytest.param(False, True, id="TC_A_02"), pytest.param(True, False, id="TC_A_03")]
)
async def test_tc_a_02_03_a_wrong_name_or_password_is_turned_away(
    newcomer: Case, own_name: bool, own_password: bool
) -> None:
    case = newcomer
    secret = await case.register()
    username = case.id if own_name else f"{case.id}-other"
    assert await turned_away(case, username, secret if own_password else "0123456789abcdef") == 401
    found = await case.charger()
    assert (found["online"], found["ocpp_version"]) == (False, None)


def password_set(value: str) -> dict[str, Any]:
    return {"setVariableData": [about("SecurityCtrlr", "BasicAuthPassword", attributeValue=value)]}


def result(status: str) -> dict[str, Any]:
    return {"setVariableResult": [about("SecurityCtrlr", "BasicAuthPassword", attributeStatus=status)]}


async def test_tc_a_09_a_new_password_is_taken_and_the_old_one_is_dead(newcomer: Case) -> None:
    case = newcomer
    old = await case.register()
    await case.connect(**basic(case.id, old))
    await case.boot()
    # The operator makes it; the socket that is open stays.
    made = await case.post("secret", None)
    new = made.json()["secret"]
    done = await case.order("SetVariables", password_set(new), result("Accepted"))
    assert (done.asked["setVariableData"][0]["attributeValue"], done.state) == (new, "ACCEPTED")
    assert (await case.variables())["BasicAuthPassword"]["value"] is None
    assert new not in str(await case.again(done)) + str(await case.look(f"/v1/chargers/{case.id}/messages"))
    await case.close()
    assert await turned_away(case, case.id, old) == 401
    await case.connect(**basic(case.id, new))
    assert (await case.says("Heartbeat", {}))["currentTime"]
    await case.close()


async def test_tc_a_10_a_new_password_that_is_rejected_leaves_the_old_one(newcomer: Case) -> None:
    case = newcomer
    old = await case.register()
    await case.connect(**basic(case.id, old))
    await case.boot()
    done = await case.order("SetVariables", password_set("0123456789abcdefghij"), result("Rejected"))
    assert done.state == "REJECTED"
    await case.close()
    await case.connect(**basic(case.id, old))
    assert (await case.says("Heartbeat", {}))["currentTime"]
    await case.close()


@pytest.mark.parametrize(
    ("trigger", "kind"),
    [
        pytest.param("SignChargingStationCertificate", "ChargingStationCertificate", id="TC_A_11"),
        pytest.param("SignV2GCertificate", "V2GCertificate", id="TC_A_12"),
    ],
)
async def test_tc_a_11_12_a_certificate_request_is_refused_as_long_as_no_authority_is_there(
    v2x: Case, trigger: str, kind: str
) -> None:
    done = await v2x.order("TriggerMessage", {"requestedMessage": trigger})
    assert done.state == "ACCEPTED"
    answer = await v2x.says("SignCertificate", {"csr": CSR, "certificateType": kind})
    assert (answer["status"], answer["statusInfo"]["reasonCode"]) == ("Rejected", "NotEnabled")
    (event,) = await v2x.events("CertificateRequest")
    assert (event["subject"], event["content"]["status"]) == (kind, "Rejected")
    # One that was signed elsewhere is brought by the operator.
    chain = {"certificateChain": PEM, "certificateType": kind}
    assert (await v2x.order("CertificateSigned", chain)).asked == chain
    assert (await v2x.records("Certificate"))[kind]["state"] == "Signed"


async def test_tc_a_14_a_signed_certificate_that_is_refused_raises_an_alarm(v2x: Case) -> None:
    chain = {"certificateChain": PEM, "certificateType": "ChargingStationCertificate"}
    assert (await v2x.order("CertificateSigned", chain, NO)).state == "REJECTED"
    told = {"type": "InvalidChargingStationCertificate", "timestamp": now()}
    assert await v2x.says("SecurityEventNotification", told) == {}
    assert [(event["subject"], event["severity"]) for event in await v2x.events("SecurityEvent")] == [
        ("InvalidChargingStationCertificate", 2)
    ]
    assert await v2x.records("Certificate") == {}


async def test_tc_a_19_the_way_to_a_higher_security_profile_is_prepared(v2x: Case) -> None:
    data = {
        "ocppVersion": "OCPP20",
        "ocppTransport": "JSON",
        "ocppCsmsUrl": "wss://csms.example/ocpp",
        "messageTimeout": 30,
        "securityProfile": 2,
        "ocppInterface": "Wired0",
    }
    profile = {"configurationSlot": 2, "connectionData": data}
    assert (await v2x.order("SetNetworkProfile", profile, OK)).asked == profile
    unsafe = profile | {"connectionData": data | {"ocppCsmsUrl": "ws://csms.example/ocpp"}}
    assert (await v2x.post("commands", {"action": "SetNetworkProfile", "payload": unsafe})).status_code == 422
    entry = about("OCPPCommCtrlr", "NetworkConfigurationPriority")
    wanted = {"setVariableData": [entry | {"attributeValue": "2,1"}]}
    answer = {"setVariableResult": [entry | {"attributeStatus": "RebootRequired"}]}
    assert (await v2x.order("SetVariables", wanted, answer)).state == "ACCEPTED"
    reset = await v2x.ask("reset", {"type": "soft"}, "Reset", OK)
    assert reset.asked == {"type": "OnIdle"}
    assert (await v2x.reboot())["status"] == "Accepted"
