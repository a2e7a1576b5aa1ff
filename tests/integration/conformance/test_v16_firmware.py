"""OCPP 1.6, Firmware Management: updates without signature, diagnostics."""

import pytest
from conformance_stage import Case, now

SUCCESS = ["Downloading", "Downloaded", "Installing", "Installed"]


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        pytest.param(SUCCESS, "COMPLETED", id="TC_044_1"),
        pytest.param(["Downloading", "DownloadFailed"], "FAILED", id="TC_044_2"),
        pytest.param(["Downloading", "Downloaded", "Installing", "InstallationFailed"], "FAILED", id="TC_044_3"),
    ],
)
async def test_tc_044_a_firmware_update_ends_as_its_last_step_says(v16: Case, steps: list[str], state: str) -> None:
    wanted = {"location": "https://files.example/fw.bin", "retrieveDate": now(), "retries": 2, "retryInterval": 30}
    done = await v16.order("UpdateFirmware", wanted, {})
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    for step in steps:
        if step == "Installed":
            assert (await v16.reboot(firmwareVersion="2.0"))["status"] == "Accepted"
        assert await v16.says("FirmwareStatusNotification", {"status": step}) == {}
    found = await v16.again(done)
    assert (found["state"], found["outcome"]["state"]) == (state, steps[-1])
    assert [event["subject"] for event in await v16.events("FirmwareStatus")] == steps
    if steps == SUCCESS:
        assert (await v16.charger())["firmware_version"] == "2.0"


@pytest.mark.parametrize(
    ("steps", "state"),
    [
        pytest.param(["Uploading", "Uploaded"], "COMPLETED", id="TC_045_1"),
        pytest.param(["Uploading", "UploadFailed"], "FAILED", id="TC_045_2"),
    ],
)
async def test_tc_045_diagnostics_end_as_their_last_step_says(v16: Case, steps: list[str], state: str) -> None:
    wanted = {"location": "ftp://user:secret@files.example/logs/", "startTime": now(-3600), "stopTime": now()}
    done = await v16.order("GetDiagnostics", wanted, {"fileName": "diag.zip"})
    assert (done.asked, done.state) == (wanted, "ACCEPTED")
    for step in steps:
        assert await v16.says("DiagnosticsStatusNotification", {"status": step}) == {}
    found = await v16.again(done)
    assert (found["state"], found["outcome"]["state"]) == (state, steps[-1])
    (known,) = (await v16.records("Diagnostics")).values()
    assert (known["state"], known["content"]["fileName"]) == (steps[-1], "diag.zip")
    assert "secret" not in str(found) + str(known)


async def test_diagnostics_of_which_there_are_none_are_refused(v16: Case) -> None:
    done = await v16.order("GetDiagnostics", {"location": "ftp://files.example/"}, {})
    assert done.state == "REJECTED"
