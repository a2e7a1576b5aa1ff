"""Saying seldom what goes wrong often: a server that is away is met at every try, and is news once.

A trouble is said when it begins, then every half minute with how often it was met, and once when it is over.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

EVERY_S = 30.0
"""Seconds between two lines about a trouble that goes on."""
FORGOTTEN_S = 60.0
"""Seconds without it, after which it begins anew although nobody said that it was over."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble, by a clock in seconds."""

    began: float
    said: float
    met: float
    unsaid: int = 0
    """How often it was met since it was said."""


def meet(before: Trouble | None, now: float) -> tuple[Trouble, bool]:
    """The trouble is met (again); whether it is to be said. `unsaid` of what is returned counts this time too."""
    if before is None or now - before.met > FORGOTTEN_S:
        return Trouble(now, now, now, 1), True
    met = replace(before, met=now, unsaid=before.unsaid + 1)
    return met, now - before.said >= EVERY_S


def say(trouble: Trouble, now: float) -> Trouble:
    """It was said."""
    return replace(trouble, said=now, unsaid=0)


class Saying:
    """One kind of trouble in the log."""

    def __init__(self, logger: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._clock = clock
        self._trouble: Trouble | None = None

    def met(self, sentence: str, *words: object, extra: Mapping[str, object] | None = None) -> None:
        """It goes wrong (again): a WARNING of `sentence % words`, if it is time for one."""
        now = self._clock()
        trouble, is_said = meet(self._trouble, now)
        self._trouble = trouble
        if not is_said:
            return
        if trouble.began < now:
            sentence, words = sentence + " (%d times in %.0f s)", (*words, trouble.unsaid, now - trouble.said)
        self._trouble = say(trouble, now)
        self._logger.warning(sentence, *words, extra=extra)

    def over(self, sentence: str, *words: object) -> None:
        """It goes well: an INFO of `sentence % words` if it went wrong before."""
        if self._trouble is None:
            return
        lasted, self._trouble = self._clock() - self._trouble.began, None
        self._logger.info(sentence + " (after %.1f s)", *words, lasted)
