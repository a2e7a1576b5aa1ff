"""OCPP 2.0.1 and 2.1, block L (firmware management)."""

from typing import Any

import pytest
from conformance_stage import NO, OK, PEM, VALID, Case, Done, Station, now

FIRMWARE = {
    "location": "https://files.example/fw.bin",
    "retrieveDateTime": now(),
    "installDateTime": now(600),
    "signingCertificate": PEM,
    "signature": "c2lnbmF0dXJl",
}


async def update(case: Case, answer: dict[str, Any] = OK) -> Done:
    """The operator wants a firmware."""
    wanted = {"firmware": FIRMWARE, "retries": 1, "retryInterval": 10}
    done = await case.order("UpdateFirmware", wanted, answer)
    assert done.asked == wanted | {"requestId": done.asked["requestId"]}
    return done


async def tell(case: Case, done: Done, status: str) -> None:
    """One step of the update."""
    told = {"status": status, "requestId": done.asked["requestId"]}
    assert await case.says("FirmwareStatusNotification", told) == {}


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        pytest.param(
            "Downloading Downloaded SignatureVerified Installing InstallRebooting Installed", "COMPLETED", id="TC_L_01"
        ),
        pytest.param(
            "Downloading Downloaded SignatureVerified InstallScheduled Installing Installed", "COMPLETED", id="TC_L_02"
        ),
        pytest.param(
            "DownloadScheduled Downloading Downloaded SignatureVerified Installing Installed", "COMPLETED", id="TC_L_03"
        ),
        pytest.param("Downloading Downloaded InvalidSignature", "FAILED", id="TC_L_06"),
        pytest.param("Downloading DownloadFailed", "FAILED", id="TC_L_07"),
        pytest.param(
            "Downloading Downloaded SignatureVerified Installing InstallVerificationFailed", "FAILED", id="TC_L_08"
        ),
        pytest.param("Downloading Downloaded SignatureVerified Installing InstallationFailed", "FAILED", id="TC_L_09"),
    ],
)
async def test_tc_l_01_02_03_06_to_09_an_update_ends_as_its_last_step_says(v2x: Case, steps: str, state: str) -> None:
    done = await update(v2x)
    assert done.state == "ACCEPTED"
    for step in steps.split():
        if step == "Installed":
            assert (await v2x.reboot("FirmwareUpdate", firmwareVersion="2.0"))["status"] == "Accepted"
        await tell(v2x, done, step)
        if step == "InvalidSignature":
            told = {"type": "InvalidFirmwareSignature", "timestamp": now()}
            assert await v2x.says("SecurityEventNotification", told) == {}
            assert (await v2x.events("SecurityEvent"))[0]["severity"] == 2
    last = steps.split()[-1]
    found = await v2x.again(done)
    assert (found["state"], found["outcome"]["state"]) == (state, last)
    known = (await v2x.records("Firmware"))[str(done.asked["requestId"])]
    assert (known["state"], len(known["content"]["history"])) == (last, len(steps.split()))
    if state == "COMPLETED":
        assert (await v2x.charger())["firmware_version"] == "2.0"


@pytest.mark.parametrize(
    ("answer", "event"),
    [
        pytest.param("RevokedCertificate", "InvalidFirmwareSigningCertificate", id="TC_L_04"),
        pytest.param("InvalidCertificate", "InvalidFirmwareSigningCertificate", id="TC_L_05"),
    ],
)
async def test_tc_l_04_05_a_signing_certificate_that_is_not_taken(v2x: Case, answer: str, event: str) -> None:
    done = await update(v2x, {"status": answer})
    assert (done.state, done.command["response"]) == ("REJECTED", {"status": answer})
    assert await v2x.says("SecurityEventNotification", {"type": event, "timestamp": now()}) == {}
    assert [(one["subject"], one["severity"]) for one in await v2x.events("SecurityEvent")] == [(event, 2)]
    assert await v2x.records("Firmware") == {}


async def test_tc_l_10_a_second_update_cancels_the_first(v2x: Case) -> None:
    first = await update(v2x)
    await tell(v2x, first, "Downloading")
    second = await update(v2x, {"status": "AcceptedCanceled"})
    assert second.asked["requestId"] != first.asked["requestId"]
    for step in ("Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"):
        await tell(v2x, second, step)
    assert (await v2x.again(first))["state"] == "FAILED"
    assert (await v2x.again(first))["outcome"]["cancelled_by"] == second.command["id"]
    assert (await v2x.again(second))["state"] == "COMPLETED"


async def test_tc_l_11_a_second_update_that_is_rejected_leaves_the_first(v2x: Case) -> None:
    first = await update(v2x)
    await tell(v2x, first, "Downloading")
    second = await update(v2x, NO)
    assert second.state == "REJECTED"
    for step in ("Downloaded", "SignatureVerified", "Installing", "Installed"):
        await tell(v2x, first, step)
    assert (await v2x.again(first))["state"] == "COMPLETED"


async def test_tc_l_13_an_update_waits_for_the_session_and_other_evses_are_closed(v2x: Case) -> None:
    station = await Station(v2x).charging()
    done = await update(v2x)
    await tell(v2x, done, "DownloadScheduled")
    await Station(v2x, evse=2).status("Unavailable")
    assert (await v2x.transaction())["state"] == "Active"
    await station.updated("StopAuthorized", "EVConnected", shown=VALID)
    await station.ended("EVCommunicationLost", "Local", wh=2000)
    await station.status("Unavailable")
    for step in ("Downloading", "Downloaded", "SignatureVerified", "Installing", "Installed"):
        await tell(v2x, done, step)
    for evse in (1, 2):
        await Station(v2x, evse=evse).status("Available")
    assert (await v2x.transaction())["energy_wh"] == 1000
    assert (await v2x.again(done))["state"] == "COMPLETED"


async def test_a_firmware_with_a_certificate_and_no_signature_is_not_sent(v2x: Case) -> None:
    firmware = {name: value for name, value in FIRMWARE.items() if name != "signature"}
    said = await v2x.post("commands", {"action": "UpdateFirmware", "payload": {"firmware": firmware}})
    assert (said.status_code, said.json()["errors"][0]["field"]) == (422, "payload.firmware.signature")


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        (["Downloading", "Downloaded", "ChecksumVerified", "Published"], "COMPLETED"),
        (["Downloading", "DownloadFailed"], "FAILED"),
        (["Downloading", "Downloaded", "InvalidChecksum"], "FAILED"),
        (["Downloading", "Downloaded", "ChecksumVerified", "PublishFailed"], "FAILED"),
    ],
)
async def test_a_local_controller_publishes_a_firmware_and_takes_it_back(
    v2x: Case, steps: list[str], state: str
) -> None:
    wanted = {"location": "https://files.example/fw.bin", "checksum": "0123456789abcdef0123456789abcdef"}
    done = await v2x.order("PublishFirmware", wanted)
    number = done.asked["requestId"]
    assert done.asked == wanted | {"requestId": number}
    for step in steps:
        told: dict[str, Any] = {"status": step, "requestId": number}
        told |= {"location": ["https://controller.example/fw.bin"]} if step == "Published" else {}
        assert await v2x.says("PublishFirmwareStatusNotification", told) == {}
    assert (await v2x.again(done))["state"] == state
    gone = await v2x.order("UnpublishFirmware", {"checksum": wanted["checksum"]}, {"status": "Unpublished"})
    assert gone.state == "ACCEPTED"
    assert (await v2x.records("FirmwarePublication"))[str(number)]["state"] == "Unpublished"
