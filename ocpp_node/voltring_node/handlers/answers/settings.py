"""Settings that were read or changed: 1.6's configuration keys, 2.x's variables."""

from voltring_core.ocpp.variables import read_keys
from voltring_node.facts import Fact, VariablesFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.knowledge import Known


def configuration_read(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetConfiguration: what came is known now; what was not asked for stays."""
    return (VariablesFact(read_keys(said.answer.get("configurationKey") or ()), said.action),)
