"""The charger's own messages in OCPP 2.0.1 and 2.1."""

from voltring_core.ocpp.versions import Version
from voltring_loadtest.evse import Evse, Phase, Session, Stop
from voltring_loadtest.jobs import Job
from voltring_loadtest.meter import Reading
from voltring_loadtest.outbox import Message, Payload
from voltring_loadtest.samples import Sample, samples
from voltring_loadtest.station import Station
from voltring_loadtest.times import stamp
from voltring_loadtest.v16_messages import serial

# Why it stops: stoppedReason and triggerReason.
REASONS = {
    Stop.LOCAL: ("Local", "StopAuthorized"),
    Stop.EV_DISCONNECTED: ("EVDisconnected", "EVCommunicationLost"),
    Stop.REMOTE: ("Remote", "RemoteStop"),
    Stop.UNLOCK: ("Other", "UnlockCommand"),
    Stop.SOFT_RESET: ("ImmediateReset", "ResetCommand"),
    Stop.HARD_RESET: ("ImmediateReset", "ResetCommand"),
    Stop.DEAUTHORIZED: ("DeAuthorized", "Deauthorized"),
    Stop.POWER_LOSS: ("PowerLoss", "AbnormalCondition"),
}
CONTEXTS = {"MeterValuePeriodic": "Sample.Periodic", "Trigger": "Trigger"}


class V2x:
    """`station.Dialect` for OCPP 2.0.1 and 2.1."""

    def __init__(self, version: Version) -> None:
        self.version = version

    def boot(self, station: Station, early: bool) -> None:
        machine = {
            "vendorName": station.hardware.vendor,
            "model": station.hardware.model,
            "serialNumber": serial(station),
            "firmwareVersion": station.firmware_version,
        }
        payload = {"reason": station.boot_reason, "chargingStation": machine}
        station.say("BootNotification", payload, then="boot", early=early)

    def station_status(self, station: Station, now: float) -> None:
        """2.x reports each connector; the station as a whole has no message of its own."""

    def status_of(self, evse: Evse) -> str:
        if evse.phase in (Phase.PLUGGED, Phase.CHARGING, Phase.FINISHING):
            return "Occupied"
        if not evse.operative:
            return "Unavailable"
        return "Reserved" if evse.reservation else "Available"

    def status(self, station: Station, evse: Evse, now: float) -> None:
        payload = {
            "timestamp": stamp(now),
            "connectorStatus": self.status_of(evse),
            "evseId": evse.number,
            "connectorId": 1,
        }
        station.say("StatusNotification", payload)

    def authorize(self, station: Station, evse: Evse) -> None:
        assert evse.token is not None
        token = {"idToken": evse.token.text, "type": evse.token.kind}
        station.say("Authorize", {"idToken": token}, then="authorize", evse=evse.number)

    def token_status(self, answer: Payload) -> str | None:
        """`idTokenInfo.status`, None where the answer has none."""
        info = answer.get("idTokenInfo")
        return info.get("status") if isinstance(info, dict) else None

    def started(self, station: Station, evse: Evse, now: float) -> None:
        session = _session(evse)
        is_remote = session.remote_start_id is not None
        payload = self._event(station, evse, "Started", "RemoteStart" if is_remote else "Authorized", now)
        payload["idToken"] = {"idToken": session.token.text, "type": session.token.kind}
        payload["meterValue"] = [_register(session, "Transaction.Begin")]
        if is_remote:
            payload["transactionInfo"]["remoteStartId"] = session.remote_start_id
        if session.reservation_id is not None:
            payload["reservationId"] = session.reservation_id
        station.say("TransactionEvent", payload, then="started", evse=evse.number, kept=True, session=session)

    def updated(self, station: Station, evse: Evse, trigger: str, reading: Reading, now: float) -> None:
        payload = self._event(station, evse, "Updated", trigger, now)
        payload["meterValue"] = [meter_value(reading, CONTEXTS.get(trigger, "Other"))]
        is_sample = trigger == "MeterValuePeriodic"
        station.say(
            "TransactionEvent", payload, then="event", evse=evse.number, kept=True, session=_session(evse),
            droppable=is_sample,
        )  # fmt: skip

    def ended(self, station: Station, evse: Evse, stop: Stop, reading: Reading, now: float) -> None:
        stopped, trigger = REASONS[stop]
        payload = self._event(station, evse, "Ended", trigger, now)
        payload["transactionInfo"]["stoppedReason"] = stopped
        payload["meterValue"] = [meter_value(reading, "Transaction.End")]
        if stop is Stop.LOCAL:
            token = _session(evse).token
            payload["idToken"] = {"idToken": token.text, "type": token.kind}
        station.say("TransactionEvent", payload, then="event", evse=evse.number, kept=True, session=_session(evse))

    def sampled(self, station: Station, evse: Evse, reading: Reading, context: str) -> None:
        payload = {"evseId": evse.number, "meterValue": [meter_value(reading, context)]}
        station.say("MeterValues", payload)

    def job_status(self, station: Station, job: Job) -> None:
        payload: Payload = {"status": job.said}
        if job.request_id is not None:
            payload["requestId"] = job.request_id
        station.say(job.action, payload)

    def reservation_over(self, station: Station, reservation_id: int, why: str) -> None:
        payload = {"reservationId": reservation_id, "reservationUpdateStatus": why}
        station.say("ReservationStatusUpdate", payload)

    def complete(self, message: Message) -> Payload:
        """2.x messages are complete when they are made."""
        return message.payload

    def _event(self, station: Station, evse: Evse, kind: str, trigger: str, now: float) -> Payload:
        session = _session(evse)
        info: Payload = {"transactionId": session.transaction_id, "chargingState": session.state.value}
        if session.energized_at is not None and kind != "Started":
            info["timeSpentCharging"] = int(now - session.energized_at)
        payload: Payload = {
            "eventType": kind,
            "timestamp": stamp(now),
            "triggerReason": trigger,
            "seqNo": session.seq_no,
            "transactionInfo": info,
            "evse": {"id": evse.number, "connectorId": 1},
        }
        if not station.online:
            payload["offline"] = True
        session.seq_no += 1
        return payload


V201 = V2x(Version.V201)
V21 = V2x(Version.V21)


def meter_value(reading: Reading, context: str) -> Payload:
    """One MeterValue with everything that the meter shows."""
    return {
        "timestamp": stamp(reading.at),
        "sampledValue": [_sample(sample, context) for sample in samples(reading)],
    }


def _register(session: Session, context: str) -> Payload:
    sample = Sample(session.start_wh, "Energy.Active.Import.Register", "Wh")
    return {"timestamp": stamp(session.started_at), "sampledValue": [_sample(sample, context)]}


def _sample(sample: Sample, context: str) -> Payload:
    written: Payload = {
        "value": sample.value,
        "context": context,
        "measurand": sample.measurand,
        "location": sample.location,
        "unitOfMeasure": {"unit": sample.unit},
    }
    return written | {"phase": sample.phase} if sample.phase else written


def _session(evse: Evse) -> Session:
    assert evse.session is not None
    return evse.session
