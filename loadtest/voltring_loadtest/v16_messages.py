"""The charger's own messages in OCPP 1.6."""

from voltring_core.ocpp.versions import Version
from voltring_loadtest.evse import ChargingState, Evse, Phase, Session, Stop
from voltring_loadtest.jobs import Job
from voltring_loadtest.meter import Reading
from voltring_loadtest.outbox import Message, Payload
from voltring_loadtest.samples import Sample, samples
from voltring_loadtest.station import Station
from voltring_loadtest.times import stamp

REASONS = {
    Stop.LOCAL: "Local",
    Stop.EV_DISCONNECTED: "EVDisconnected",
    Stop.REMOTE: "Remote",
    Stop.UNLOCK: "UnlockCommand",
    Stop.SOFT_RESET: "SoftReset",
    Stop.HARD_RESET: "HardReset",
    Stop.DEAUTHORIZED: "DeAuthorized",
    Stop.POWER_LOSS: "PowerLoss",
}
NEVER_STARTED = -1
"""The transactionId of a transaction whose start the CSMS never confirmed (TX-08)."""


class V16:
    """`station.Dialect` for OCPP 1.6."""

    version = Version.V16

    def boot(self, station: Station, early: bool) -> None:
        hardware = station.hardware
        payload = {
            "chargePointVendor": hardware.vendor,
            "chargePointModel": hardware.model,
            "chargePointSerialNumber": serial(station),
            "firmwareVersion": station.firmware_version,
            "meterType": "MID 3~" if hardware.phases else "MID DC",
        }
        station.say("BootNotification", payload, then="boot", early=early)

    def station_status(self, station: Station, now: float) -> None:
        self._status(station, 0, "Available" if station.operative else "Unavailable", now)

    def status_of(self, evse: Evse) -> str:
        if evse.phase in (Phase.PLUGGED, Phase.AWAITED):
            return "Preparing"
        if evse.phase is Phase.CHARGING and evse.session is not None:
            state = evse.session.state
            return "Preparing" if state is ChargingState.EV_CONNECTED else state.value
        if evse.phase is Phase.FINISHING:
            return "Finishing"
        if not evse.operative:
            return "Unavailable"
        return "Reserved" if evse.reservation else "Available"

    def status(self, station: Station, evse: Evse, now: float) -> None:
        self._status(station, evse.number, self.status_of(evse), now)

    def authorize(self, station: Station, evse: Evse) -> None:
        assert evse.token is not None
        station.say("Authorize", {"idTag": evse.token.text}, then="authorize", evse=evse.number)

    def token_status(self, answer: Payload) -> str | None:
        """`idTagInfo.status`, None where the answer has none."""
        info = answer.get("idTagInfo")
        return info.get("status") if isinstance(info, dict) else None

    def started(self, station: Station, evse: Evse, now: float) -> None:
        session = _session(evse)
        payload: Payload = {
            "connectorId": evse.number,
            "idTag": session.token.text,
            "meterStart": session.start_wh,
            "timestamp": stamp(now),
        }
        if session.reservation_id is not None:
            payload["reservationId"] = session.reservation_id
        station.say("StartTransaction", payload, then="started", evse=evse.number, kept=True, session=session)

    def updated(self, station: Station, evse: Evse, trigger: str, reading: Reading, now: float) -> None:
        """1.6 tells charging states by StatusNotification: only samples are messages of their own."""
        if trigger in ("MeterValuePeriodic", "Trigger"):
            context = "Sample.Periodic" if trigger == "MeterValuePeriodic" else "Trigger"
            payload = {"connectorId": evse.number, "meterValue": [meter_value(reading, context)]}
            station.say("MeterValues", payload, kept=True, session=_session(evse), droppable=True)

    def ended(self, station: Station, evse: Evse, stop: Stop, reading: Reading, now: float) -> None:
        session = _session(evse)
        payload: Payload = {
            "meterStop": reading.register_wh,
            "timestamp": stamp(now),
            "reason": REASONS[stop],
            "transactionData": [meter_value(reading, "Transaction.End")],
        }
        if stop is Stop.LOCAL:
            payload["idTag"] = session.token.text
        station.say("StopTransaction", payload, kept=True, session=session)

    def sampled(self, station: Station, evse: Evse, reading: Reading, context: str) -> None:
        payload = {"connectorId": evse.number, "meterValue": [meter_value(reading, context)]}
        station.say("MeterValues", payload)

    def job_status(self, station: Station, job: Job) -> None:
        payload: Payload = {"status": job.said}
        if job.request_id is not None:
            payload["requestId"] = job.request_id
        station.say(job.action, payload)

    def reservation_over(self, station: Station, reservation_id: int, why: str) -> None:
        """1.6 has no message for it: the status tells."""

    def complete(self, message: Message) -> Payload:
        """The payload as it goes out: the transactionId is known only now."""
        session = message.session
        if session is None or message.action == "StartTransaction":
            return message.payload
        return message.payload | {"transactionId": NEVER_STARTED if session.number is None else session.number}

    def _status(self, station: Station, connector: int, status: str, now: float) -> None:
        payload = {"connectorId": connector, "errorCode": "NoError", "status": status, "timestamp": stamp(now)}
        station.say("StatusNotification", payload)


def serial(station: Station) -> str:
    """A serial number for the identity; at most 25 characters in every version."""
    return f"VS-{station.identity}"[:25]


def meter_value(reading: Reading, context: str) -> Payload:
    """One MeterValue with everything that the meter shows."""
    return {
        "timestamp": stamp(reading.at),
        "sampledValue": [_sample(sample, context) for sample in samples(reading)],
    }


def _sample(sample: Sample, context: str) -> Payload:
    written: Payload = {
        "value": str(sample.value),
        "context": context,
        "measurand": sample.measurand,
        "location": sample.location,
        "unit": sample.unit,
    }
    return written | {"phase": sample.phase} if sample.phase else written


def _session(evse: Evse) -> Session:
    assert evse.session is not None
    return evse.session
