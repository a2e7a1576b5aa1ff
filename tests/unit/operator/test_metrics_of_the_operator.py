"""The operator's labels have the words of its code."""

import inspect

from voltring_core.metrics.operator import DOINGS, ENDS, PHASES, REASONS
from voltring_operator import actions, drains
from voltring_operator.drains import DrainPhase, Reason


def test_actions_have_the_names_of_their_classes() -> None:
    own = {name for name, one in inspect.getmembers(actions, inspect.isclass) if one.__module__ == actions.__name__}
    assert set(DOINGS) == own | {"WriteStatus"}


def test_operations_have_the_words_of_their_reasons_and_phases() -> None:
    assert set(REASONS) == set(Reason)
    assert set(PHASES) == set(DrainPhase)
    assert set(ENDS) == set(drains.ENDED)
