"""Firmware updates and log uploads: a list of statuses that follow each other."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Job:
    """What still has to be reported; `said` is the last status."""

    action: str
    """The notification that reports it, e.g. `LogStatusNotification`."""
    request_id: int | None
    """None where the version has none."""
    steps: list[str] = field(default_factory=list)
    said: str = "Idle"
    version: str = ""
    """Firmware only: the version after the installation."""


UPLOAD_STEPS = ("Uploading", "Uploaded")
FIRMWARE_STEPS = ("Downloading", "Downloaded", "Installing", "Installed")
SIGNED_FIRMWARE_STEPS = (
    "Downloading",
    "Downloaded",
    "SignatureVerified",
    "Installing",
    "InstallRebooting",
    "Installed",
)


def next_firmware(version: str) -> str:
    """The version that an update brings: the last number plus one."""
    head, _, tail = version.rpartition(".")
    return f"{head}.{int(tail) + 1}" if tail.isdigit() else f"{version}.1"
