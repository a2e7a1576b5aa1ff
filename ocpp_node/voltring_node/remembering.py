"""Running sessions as this node wrote them last, so that a reading costs no reading of its session's row.

Every version of a row has the number of the PostgreSQL transaction that wrote it (`xmin`). What is remembered goes by
that number, and counts only while the row still has it: when another node, the API or an operator has written the
session since, when a commit failed or nobody knows whether it did, the number is another one and the row is read.
A session is taken out while it is worked on, and comes back after the commit; so what is over is forgotten by itself.
"""

from collections.abc import Iterable
from uuid import UUID

from voltring_core.domain.transactions import Transaction

MOST = 20_000
"""Sessions; about a kilobyte each."""


class Remembered:
    """Sessions by their id, each with the version of its row."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._sessions: dict[UUID, tuple[int, Transaction]] = {}

    def __len__(self) -> int:
        """How many sessions are remembered."""
        return len(self._sessions)

    def take(self, session_id: UUID, version: int) -> Transaction | None:
        """The session if its row still has the version that is remembered; it is forgotten in either case."""
        found = self._sessions.pop(session_id, None)
        return found[1] if found is not None and found[0] == version else None

    def put(self, sessions: Iterable[Transaction], version: int) -> None:
        """Remember sessions that were committed, as their rows hold them now; the oldest make room."""
        for one in sessions:
            self._sessions.pop(one.id, None)
            self._sessions[one.id] = version, one
        while len(self._sessions) > self._most:
            del self._sessions[next(iter(self._sessions))]
