"""How many entries of a stream its reader has not read yet. Pure.

Redis knows how many were ever added, and the id of the last one; the reader how many it has read, and the last one's
id. Whenever it has read the last one its count is set right, so whatever parts the two (a stream that was made anew, a
Redis that forgot) is wrong until the next time only.
"""

from dataclasses import dataclass

NOTHING = "0-0"


@dataclass(slots=True)
class Heard:
    """How far one stream is read."""

    last: str = NOTHING
    """The id of the entry that was read last."""
    entries: int = 0
    """How many were read, as the stream counts them."""

    def begin(self) -> None:
        """From the stream's beginning."""
        self.last, self.entries = NOTHING, 0

    def note(self, last: str, entries: int) -> None:
        """So many more were read."""
        self.last = last
        self.entries += entries


@dataclass(frozen=True, slots=True)
class Written:
    """A stream, as Redis has it (XINFO STREAM)."""

    last: str
    """The id of the entry that was added last."""
    added: int
    """Entries that were ever added."""
    length: int
    """Entries that are still there."""


def unread(heard: Heard, written: Written | None) -> int:
    """How many wait; `heard` is set right where that can be told. None: there is no such stream."""
    if written is None:
        heard.entries = 0  # the next one is made anew, and counts from nought
        return 0
    last, mine = _number(written.last), _number(heard.last)
    if last == mine:
        heard.entries = written.added
    if last <= mine:
        return 0
    if written.added <= heard.entries:  # it was made anew in the meantime
        heard.entries = 0
    return min(written.added - heard.entries, written.length)


def _number(entry_id: str) -> tuple[int, int]:
    time, _, sequence = entry_id.partition("-")
    return int(time), int(sequence or 0)
