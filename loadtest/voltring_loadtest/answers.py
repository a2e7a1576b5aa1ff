"""What a charger does when the CSMS asks for it, whatever the version: the station changes, a status comes back.

What follows from an answer is queued here, or put on a timer, so that the answer itself always goes first.
"""

from typing import Any

from voltring_loadtest import sessions, smart
from voltring_loadtest.evse import Evse, Phase, Reservation, Stop, Token
from voltring_loadtest.jobs import FIRMWARE_STEPS, SIGNED_FIRMWARE_STEPS, UPLOAD_STEPS, Job, next_firmware
from voltring_loadtest.station import LocalList, Station

OK = "Accepted"
NO = "Rejected"
FLUSH = 1.0  # seconds between an accepted reset and the cut: what is queued gets out, as it does in the field


def remote_start(
    station: Station,
    number: int | None,
    token: Token,
    now: float,
    remote_start_id: int | None = None,
    profile: dict[str, Any] | None = None,
) -> str:
    """Start a session at an outlet, at any free one without a number."""
    evse = _free(station, number, token)
    if evse is None or not station.is_accepted:
        return NO
    if profile is not None:
        if profile["chargingProfilePurpose"] != smart.TX:
            return NO
        try:
            station.limits = smart.installed(station.limits, smart.read(evse.number, profile))
        except ValueError:
            return NO
    station.remember(token.text)
    sessions.begin(station, evse, token, now, remote_start_id)
    return OK


def remote_stop(station: Station, evse: Evse | None, now: float) -> str:
    """Stop the session of an outlet that was found by its transaction id."""
    if evse is None or evse.session is None:
        return NO
    sessions.stop(station, evse, Stop.REMOTE, now)
    return OK


def reset(station: Station, why: Stop, now: float) -> str:
    """Stop what runs, then restart."""
    for evse in station.sessions():
        sessions.stop(station, evse, why, now)
    station.boot_reason = "RemoteReset"
    station.set("reset", 0, now + FLUSH)
    return OK


def reset_on_idle(station: Station, now: float) -> str:
    """Restart at once when nothing runs, else after the last session (B12)."""
    if station.is_idle():
        return reset(station, Stop.SOFT_RESET, now)
    station.boot_reason = "ScheduledReset"
    station.reset_when_idle = True
    return "Scheduled"


def reset_outlet(station: Station, evse: Evse | None, on_idle: bool, now: float) -> str:
    """Restart one EVSE: its transaction ends, the station stays."""
    if evse is None or (on_idle and evse.session is not None):
        return NO
    sessions.stop(station, evse, Stop.HARD_RESET, now)
    return OK


def unlock(station: Station, evse: Evse, now: float) -> None:
    """Release the plug; whatever ran there ends."""
    sessions.stop(station, evse, Stop.UNLOCK, now)
    if evse.phase is not Phase.IDLE:
        station.set("unplug", evse.number, now + 1.0)


def change_availability(station: Station, number: int, operative: bool, now: float) -> str:
    """Open or close an outlet, or the station with all of them (0); a running session ends first."""
    if number and station.evse(number) is None:
        return NO
    results = [_change(station, evse, operative, now) for evse in station.evses if number in (0, evse.number)]
    if number == 0 and station.operative is not operative:
        station.operative = operative
        station.dialect.station_status(station, now)
    return "Scheduled" if "Scheduled" in results else OK


def reserve(station: Station, number: int, reservation: Reservation, now: float) -> str:
    """Keep an outlet (0: any) for a token; the same id replaces its reservation."""
    if number and station.evse(number) is None:
        return NO
    if reservation.expires_at <= now:
        return NO
    cancel(station, reservation.id, now)
    chosen = [evse for evse in station.evses if number in (0, evse.number)]
    usable = [evse for evse in chosen if evse.operative and station.operative]
    if not usable:
        return "Unavailable"
    free = next((evse for evse in usable if evse.phase is Phase.IDLE and not evse.reservation), None)
    if free is None:
        return "Occupied"
    free.reservation = reservation
    station.set("reserved", free.number, reservation.expires_at)
    sessions.announce(station, free, now)
    return OK


def cancel(station: Station, reservation_id: int, now: float) -> str:
    """Take a reservation back."""
    for evse in station.evses:
        if evse.reservation and evse.reservation.id == reservation_id:
            evse.reservation = None
            station.clear("reserved", evse.number)
            sessions.announce(station, evse, now)
            return OK
    return NO


def expire_reservation(station: Station, evse: Evse, now: float) -> None:
    """Nobody came in time."""
    if evse.reservation:
        station.dialect.reservation_over(station, evse.reservation.id, "Expired")
        evse.reservation = None
        sessions.announce(station, evse, now)


def set_profile(station: Station, number: int, profile: dict[str, Any], transaction_fits: bool, now: float) -> str:
    """Install a charging profile; it acts at once. A TxProfile needs the transaction that it names."""
    purpose = profile["chargingProfilePurpose"]
    evse = station.evse(number)
    if number and evse is None:
        return NO
    if purpose not in smart.STATION | {smart.DEFAULT, smart.TX} or (purpose in smart.STATION and number):
        return NO
    if purpose == smart.TX and (evse is None or evse.session is None or not transaction_fits):
        return NO
    try:
        station.limits = smart.installed(station.limits, smart.read(number, profile))
    except ValueError:
        return NO
    sessions.limits_changed(station, now)
    return OK


def clear_profiles(station: Station, wanted: dict[str, Any], now: float) -> str:
    """Remove the profile of this `id`, or all that match the other criteria; none given means all."""
    kept = [limit for limit in station.limits if not _matches(limit, wanted)]
    if len(kept) == len(station.limits):
        return "Unknown"
    station.limits = kept
    sessions.limits_changed(station, now)
    return OK


def composite(station: Station, number: int, duration: int, unit: str, now: float) -> list[dict[str, Any]]:
    """The periods of a composite schedule; 0 is the whole station."""
    evse = station.evse(number) or station.evses[0]
    most = station.hardware.power_w * (1 if number else len(station.evses))
    found = smart.composite(station.limits, sessions.view(station, evse), most, now, duration, unit)
    return [{"startPeriod": offset, "limit": value} for offset, value in found]


def send_list(station: Station, version: int, is_full: bool, entries: list[tuple[str, str | None]]) -> str:
    """Take a local authorization list; an entry without a status is removed."""
    known = station.local_list or LocalList(0, {})
    if not is_full and version <= known.version:
        return "VersionMismatch"
    merged = {} if is_full else dict(known.entries)
    for token, status in entries:
        merged.pop(token, None)
        if status is not None:
            merged[token] = status
    station.local_list = LocalList(version, merged)
    return OK


def upload(station: Station, action: str, request_id: int | None, now: float) -> str:
    """Begin to upload a log; a running upload gives way."""
    was_running = station.upload is not None
    station.upload = Job(action, request_id, list(UPLOAD_STEPS))
    station.set("upload", 0, now + station.profile.job_step)
    return "AcceptedCanceled" if was_running else OK


def update_firmware(
    station: Station, action: str, request_id: int | None, at: float | None, is_signed: bool, now: float
) -> str:
    """Begin a firmware update at a time; it installs when no session runs, and restarts the charger."""
    was_running = station.firmware is not None
    steps = SIGNED_FIRMWARE_STEPS if is_signed else FIRMWARE_STEPS
    station.firmware = Job(action, request_id, list(steps), version=next_firmware(station.firmware_version))
    station.set("firmware", 0, max(now, at or now) + station.profile.job_step)
    return "AcceptedCanceled" if was_running else OK


def job_or_idle(job: Job | None, action: str) -> Job:
    """What a triggered status notification tells."""
    return job if job is not None and job.action.endswith(action) else Job(action, None)


def _free(station: Station, number: int | None, token: Token) -> Evse | None:
    for evse in station.evses:
        fits = number in (None, evse.number) and evse.phase in (Phase.IDLE, Phase.PLUGGED)
        mine = evse.reservation is None or evse.reservation.token == token.text
        if fits and mine and sessions.can_serve(station, evse):
            return evse
    return None


def _change(station: Station, evse: Evse, operative: bool, now: float) -> str:
    evse.closes_when_idle = False
    if not operative and evse.phase is not Phase.IDLE:
        evse.closes_when_idle = True
        return "Scheduled"
    evse.operative = operative
    sessions.announce(station, evse, now)
    return OK


def _matches(limit: smart.Limit, wanted: dict[str, Any]) -> bool:
    if "id" in wanted:
        return bool(limit.id == wanted["id"])
    facts = {"evse": limit.evse, "purpose": limit.purpose, "stack": limit.stack}
    return all(facts[name] == value for name, value in wanted.items())
