"""What a station says of itself: it boots, lives, has a status, asks for a token, sends vendors' data."""

from voltring_core.domain.authorization import under_contract
from voltring_core.domain.chargers import UNKNOWN_STANDING, Intervals, RegistrationAnswer, jittered
from voltring_core.domain.kinds import StationEventKind
from voltring_core.domain.messages import (
    AuthorizeAsked,
    Booted,
    DataTransferred,
    Registration,
    StatusReported,
)
from voltring_core.domain.times import trusted
from voltring_core.ocpp import v2x, v16
from voltring_core.ocpp.redaction import redact_payload
from voltring_core.ocpp.wire import write_boot
from voltring_node.advice import Advice, advised
from voltring_node.facts import BootFact, EventFact, Message, Outcome, StatusFact
from voltring_node.handlers import consequences, tokens
from voltring_node.handlers.route import NOTHING
from voltring_node.knowledge import Known, Wanted

CONTRACT = frozenset({"certificate", "iso15118CertificateHashData"})
"""Fields of an Authorize by Plug and Charge."""
INFORMATIONAL = 8


def want_boot(said: Booted) -> Wanted:
    """BootNotification."""
    return Wanted(standing=True, commands=consequences.BOOTED)


def boot(message: Message, said: Booted, known: Known, intervals: Intervals) -> Outcome:
    """BootNotification: as operators have the charger now. Open transactions go on (TX-20)."""
    registration = known.standings.get(message.charger_id, UNKNOWN_STANDING).registration
    if registration is Registration.ACCEPTED:
        interval = intervals.heartbeat
    else:
        interval = jittered(intervals.pending, message.charger_id, message.received_at)
    answer = RegistrationAnswer(registration, message.received_at, interval)
    came = consequences.of_boot(message, said, known)
    return Outcome(write_boot(answer), (BootFact(said, registration), *came))


def want_status(said: StatusReported) -> Wanted:
    """StatusNotification."""
    commands = consequences.of_status(said)
    return Wanted(commands=commands) if commands else NOTHING


def status(message: Message, said: StatusReported, known: Known) -> Outcome:
    """StatusNotification; a time that can't be right is replaced by the receipt's."""
    at, _ = trusted(said.at, message.received_at)
    return Outcome({}, (StatusFact(said, at), *consequences.of_connector(message, said, known)))


def want_authorize(said: AuthorizeAsked) -> Wanted:
    """Authorize."""
    return Wanted(token=said.token.value, elsewhere=True)


def authorize(message: Message, said: AuthorizeAsked, known: Known) -> Outcome:
    """Authorize; a contract certificate that comes with it has the first word (SE-17)."""
    decision = tokens.asked(message, said.token, known)
    if not message.version.is_2x:
        return Outcome({"idTagInfo": v16.write_token(decision)})
    if not CONTRACT & message.payload.keys():
        return Outcome({"idTokenInfo": v2x.write_token(decision)})
    decision, certificate_status = under_contract(decision, advised(message).status)
    return Outcome({"idTokenInfo": v2x.write_token(decision), "certificateStatus": certificate_status})


def data_transfer(message: Message, said: DataTransferred, known: Known) -> Outcome:
    """DataTransfer: kept; answered by the vendor's extension where one is plugged in (P02)."""
    answer = {"status": "UnknownVendorId"}
    if isinstance(message.advice, Advice):
        answer = message.advice.payload(message.version)
    told = redact_payload(message.version, "DataTransfer", message.payload)
    event = EventFact(
        StationEventKind.DATA_TRANSFER,
        message.received_at,
        {**told, "status": answer["status"]},
        said.vendor_id,
        INFORMATIONAL,
    )
    return Outcome(answer, (event,))
