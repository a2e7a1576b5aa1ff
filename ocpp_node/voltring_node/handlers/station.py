"""What a station says of itself: it boots, lives, has a status, asks for a token, sends vendors' data."""

from voltring_core.domain.authorization import decide
from voltring_core.domain.chargers import UNKNOWN_STANDING, Intervals, RegistrationAnswer, jittered
from voltring_core.domain.messages import (
    AuthorizeAsked,
    Booted,
    DataTransferred,
    Registration,
    StatusReported,
)
from voltring_core.domain.times import trusted
from voltring_core.ocpp import v2x, v16
from voltring_core.ocpp.wire import write_boot
from voltring_node.facts import BootFact, Message, Outcome, StatusFact
from voltring_node.knowledge import Known, Wanted


def want_boot(said: Booted) -> Wanted:
    """BootNotification."""
    return Wanted(standing=True)


def boot(message: Message, said: Booted, known: Known, intervals: Intervals) -> Outcome:
    """BootNotification: as operators have the charger now. Open transactions go on (TX-20)."""
    registration = known.standings.get(message.charger_id, UNKNOWN_STANDING).registration
    if registration is Registration.ACCEPTED:
        interval = intervals.heartbeat
    else:
        interval = jittered(intervals.pending, message.charger_id, message.received_at)
    answer = RegistrationAnswer(registration, message.received_at, interval)
    return Outcome(write_boot(answer), (BootFact(said, registration),))


def status(message: Message, said: StatusReported, known: Known) -> Outcome:
    """StatusNotification; a time that can't be right is replaced by the receipt's."""
    at, _ = trusted(said.at, message.received_at)
    return Outcome({}, (StatusFact(said, at),))


def want_authorize(said: AuthorizeAsked) -> Wanted:
    """Authorize."""
    return Wanted(token=said.token.value)


def authorize(message: Message, said: AuthorizeAsked, known: Known) -> Outcome:
    """Authorize."""
    decision = decide(said.token, known.token(said.token), message.received_at)
    if message.version.is_2x:
        return Outcome({"idTokenInfo": v2x.write_token(decision)})
    return Outcome({"idTagInfo": v16.write_token(decision)})


def data_transfer(message: Message, said: DataTransferred, known: Known) -> Outcome:
    """DataTransfer: no vendor's extension is plugged in."""
    return Outcome({"status": "UnknownVendorId"})
