"""Which reservation a session uses up, and whether it stands on a place that is kept for somebody else (H01, H03)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from voltring_core.domain.authorization import is_same


@dataclass(frozen=True, slots=True)
class Reserved:
    """A reservation that holds. `evse_id` is None where any EVSE will do; `until` is None where nothing tells."""

    key: str
    evse_id: int | None
    id_token: str
    group_id_token: str | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Comer:
    """Who starts a session, where and when."""

    evse_id: int
    id_token: str
    group_id_token: str | None
    at: datetime


def used_by(held: Iterable[Reserved], comer: Comer) -> Reserved | None:
    """The reservation that a session uses up: its token's rather than its group's, this EVSE's rather than any's."""
    here = (one for one in held if _holds(one, comer) and one.evse_id in (None, comer.evse_id))
    fitting = [one for one in here if _is_for(one, comer)]
    return min(fitting, key=lambda one: (one.evse_id is None, not is_same(one.id_token, comer.id_token)), default=None)


def is_for_other(held: Iterable[Reserved], comer: Comer) -> bool:
    """Whether the EVSE is reserved, and not for this token or its group."""
    here = [one for one in held if _holds(one, comer) and one.evse_id == comer.evse_id]
    return bool(here) and not any(_is_for(one, comer) for one in here)


def _holds(one: Reserved, comer: Comer) -> bool:
    return one.until is None or comer.at < one.until


def _is_for(one: Reserved, comer: Comer) -> bool:
    return is_same(one.id_token, comer.id_token) or is_same(one.group_id_token, comer.group_id_token)
