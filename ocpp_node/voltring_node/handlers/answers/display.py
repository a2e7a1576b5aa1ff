"""Messages on a charger's display (O01..O06)."""

from voltring_core.domain.kinds import RecordKind
from voltring_core.ocpp.wire import whole
from voltring_node.facts import Fact, GoneFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import mapping
from voltring_node.knowledge import Known

MESSAGE = RecordKind.DISPLAY_MESSAGE


def message_set(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """SetDisplayMessage; the same id replaces."""
    message = mapping(said.asked.get("message"))
    number = whole(message.get("id"))
    if not said.is_accepted or number is None:
        return ()
    return (said.record(MESSAGE, str(number), message),)


def message_cleared(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """ClearDisplayMessage; `Unknown` says that there is none such."""
    number = whole(said.asked.get("id"))
    if said.status not in {"Accepted", "Unknown"} or number is None:
        return ()
    return (GoneFact(MESSAGE, (str(number),)),)


def nothing_reported(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetDisplayMessages: `Unknown`, where every message was asked for."""
    if said.status != "Unknown" or any(said.asked.get(name) for name in ("id", "priority", "state")):
        return ()
    return (GoneFact(MESSAGE, before=said.at),)
