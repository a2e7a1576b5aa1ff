"""What `voltring up` says while it works: a line per step with its time; on a terminal, a moving sign."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console, RenderableType
from rich.measure import Measurement

WIDEST = 1000
"""Columns; a link must stay in one line, however narrow the terminal."""


class Talk:
    """Speaks to the console. A console that is gone (a closed terminal) stops nothing."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextlib.contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Show that `what` is under way, then how long it took."""
        began = time.monotonic()
        sign = self._console.status(what, spinner="line")
        with contextlib.suppress(OSError):
            sign.start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                sign.stop()
        self.say(f"  {what:<42} {time.monotonic() - began:4.1f} s")

    def say(self, sentence: str) -> None:
        """One line, as it is."""
        with contextlib.suppress(OSError):
            self._console.print(sentence, markup=False, highlight=False, soft_wrap=True)

    def show(self, thing: RenderableType) -> None:
        """A table, as wide as it needs to be."""
        width = self._console.width
        needed = Measurement.get(self._console, self._console.options.update(width=WIDEST), thing).maximum
        self._console.width = max(needed, width)
        with contextlib.suppress(OSError):
            self._console.print(thing, crop=False)
        self._console.width = width
