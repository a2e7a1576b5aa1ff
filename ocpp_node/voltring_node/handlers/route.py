"""What the table of contents says of one action."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from voltring_node.facts import Message, Outcome
from voltring_node.knowledge import Known, Wanted

NOTHING = Wanted()


@dataclass(frozen=True, slots=True)
class Route:
    """What must be known of a message, and who decides it."""

    decide: Callable[[Message, Any, Known], Outcome]
    want: Callable[[Any], Wanted] = lambda said: NOTHING
