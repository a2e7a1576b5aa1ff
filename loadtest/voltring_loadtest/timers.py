"""What a charger does when a timer of `Station.set` is over."""

from collections.abc import Callable

from voltring_loadtest import answers, sessions
from voltring_loadtest.evse import Evse, Phase
from voltring_loadtest.jobs import Job
from voltring_loadtest.station import Station

BUSY_AGAIN = 5.0  # seconds until an installation looks again whether all outlets are idle


def run_due(station: Station, now: float) -> None:
    """Run every timer that is over, the oldest first; also those that these set for now."""
    while due := [key for key, at in station.timers.items() if at <= now]:
        kind, number = min(due, key=lambda key: (station.timers[key], key))
        del station.timers[kind, number]
        evse = station.evse(number)
        if evse is not None:
            OUTLET[kind](station, evse, now)
        else:
            STATION[kind](station, now)


def boot(station: Station) -> None:
    """Introduce the charger; until the answer it says nothing else."""
    station.registration = ""
    station.dialect.boot(station, early=True)


def _boot_again(station: Station, now: float) -> None:
    if station.online:
        boot(station)


def _heartbeat(station: Station, now: float) -> None:
    station.say("Heartbeat", {})
    station.set("heartbeat", 0, now + station.heartbeat_interval)


def _reset(station: Station, now: float) -> None:
    """Cut the power: what was not acknowledged is told after the restart."""
    station.registration = ""
    station.away = station.draw(station.profile.reboot)


def _upload(station: Station, now: float) -> None:
    job = station.upload
    if job is not None and not _step(station, job, "upload", now):
        station.upload = None


def _install(station: Station, now: float) -> None:
    job = station.firmware
    if job is None or not job.steps:
        station.firmware = None
    elif (job.steps[0] == "Installing" and not station.is_idle()) or not station.is_accepted:
        station.set("firmware", 0, now + BUSY_AGAIN)
    elif not _step(station, job, "firmware", now):
        station.firmware = None
    elif job.steps == ["Installed"]:
        station.firmware_version = job.version
        station.boot_reason = "FirmwareUpdate"
        station.set("reset", 0, now + answers.FLUSH)


def _step(station: Station, job: Job, timer: str, now: float) -> bool:
    """Report the next status; False when it was the last."""
    job.said = job.steps.pop(0)
    station.dialect.job_status(station, job)
    if job.steps:
        station.set(timer, 0, now + station.profile.job_step)
    return bool(job.steps)


def _unplug(station: Station, evse: Evse, now: float) -> None:
    if evse.phase in (Phase.FINISHING, Phase.PLUGGED):
        sessions.become_idle(station, evse, now)


OUTLET: dict[str, Callable[[Station, Evse, float], None]] = {
    "arrive": sessions.arrive,
    "card": sessions.present_card,
    "energize": sessions.energize,
    "tick": sessions.tick,
    "depart": sessions.depart,
    "unplug": _unplug,
    "reserved": answers.expire_reservation,
}
STATION: dict[str, Callable[[Station, float], None]] = {
    "boot": _boot_again,
    "heartbeat": _heartbeat,
    "reset": _reset,
    "upload": _upload,
    "firmware": _install,
}
