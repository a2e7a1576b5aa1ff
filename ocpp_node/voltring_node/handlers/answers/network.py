"""Network profiles by their slots (B09); passwords and keys in them are not kept."""

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import mapping
from voltring_node.knowledge import Known


def profile_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetNetworkProfile; the charger uses it when it next connects by this slot."""
    slot = whole(said.asked.get("configurationSlot"))
    if not said.is_accepted or slot is None:
        return ()
    return (said.record(RecordKind.NETWORK_PROFILE, str(slot), mapping(said.asked.get("connectionData"))),)
