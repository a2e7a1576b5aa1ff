"""What a charger says of a transaction when it is asked (E14)."""

from voltring_node.facts import Fact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.knowledge import Known


def status(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetTransactionStatus: whether it runs (None: no transaction was named), and whether messages still wait."""
    ongoing, waiting = said.answer.get("ongoingIndicator"), said.answer.get("messagesInQueue")
    if not isinstance(waiting, bool):
        return ()
    return (said.outcome(ongoing=ongoing if isinstance(ongoing, bool) else None, messages_in_queue=waiting),)
