"""The composite schedule of an EVSE as the charger calculates it, and its priority charging."""

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import mapping, word
from voltring_node.knowledge import Known


def composite(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetCompositeSchedule, in the words of the version; a refusal takes nothing away."""
    is_16 = said.version is Version.V16
    evse = whole(said.asked.get("connectorId" if is_16 else "evseId"))
    schedule = mapping(said.answer.get("chargingSchedule" if is_16 else "schedule"))
    if not said.is_accepted or not schedule or evse is None:
        return ()
    content = {name: value for name, value in said.answer.items() if name != "status"} if is_16 else schedule
    return (said.record(RecordKind.COMPOSITE_SCHEDULE, str(evse), content, evse),)


def priority(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """UsePriorityCharging (K21)."""
    transaction_id, activated = word(said.asked.get("transactionId")), said.asked.get("activate") is True
    if not said.is_accepted or not transaction_id:
        return ()
    content = {"transactionId": transaction_id, "activated": activated}
    state = "Activated" if activated else "Deactivated"
    return (said.record(RecordKind.PRIORITY_CHARGING, transaction_id, content, state=state),)
