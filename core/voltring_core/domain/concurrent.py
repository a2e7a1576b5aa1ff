"""Two starts of one token that two nodes have accepted at the same moment: neither saw what the other had not
committed yet. Nothing on a message's way waits for that; the worker finds such sessions afterwards, flags both
(`authorization.CONCURRENT`), and a person decides which bill is right.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

MOMENT = timedelta(minutes=1)
"""As long as a start may wait for its commit while PostgreSQL is away (`answer_deadline`). Whoever comes later meets a
session that is known, and is refused."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A session that was let charge. `key`: its token, or the group of which one may charge at a time; `at`: when its
    token was heard of."""

    session: UUID
    charger_id: str
    key: str
    at: datetime


def accepted_at_once(sessions: Iterable[Shown]) -> frozenset[UUID]:
    """Those that began at the same moment as another one of their key, at another charger."""
    found: set[UUID] = set()
    lately: list[Shown] = []
    for one in sorted(sessions, key=lambda one: (one.key, one.at)):
        lately = [other for other in lately if other.key == one.key and one.at - other.at <= MOMENT]
        for other in lately:
            if other.charger_id != one.charger_id:
                found.update((one.session, other.session))
        lately.append(one)
    return frozenset(found)
