"""The table of contents of answers: action -> its meaning, whichever versions have it."""

from collections.abc import Mapping
from types import MappingProxyType

from voltring_node.handlers.answers import settings
from voltring_node.handlers.answers.answer import Meaning

MEANINGS: Mapping[str, Meaning] = MappingProxyType(
    {
        "GetConfiguration": Meaning(settings.configuration_read),
    }
)
