"""By which tariff a session is priced: the one in force at its start, found once and frozen into its account, with the
site that the session had, which is frozen before: when the session is first looked at.

A session that has not said yet whose it is, or when it began, is priced by what would be in force for what is known of
it; it is frozen as soon as both are known, or when somebody lets it be billed all the same. Until then it is held. That
none was in force is frozen as well: what is assigned later does not make a session dearer than it was when it began.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from voltring_core.domain.authorization import NO_TOKEN_NEEDED
from voltring_core.domain.tariffs import Price, Tariff, parse, price
from voltring_core.domain.usage import Usage
from voltring_core.store.billing import SQL as BOOKS
from voltring_core.store.tariffs import SQL as TARIFFS
from voltring_core.store.tariffs import AtSite, in_force

Row = Mapping[str, Any]
NOWHERE: Mapping[str, Any] = {"site": None, "time_zone": "UTC"}
"""Of a session that is gone meanwhile."""
REMEMBERED = 1_000
_tariffs: dict[UUID, Tariff] = {}


@dataclass(frozen=True, slots=True)
class Terms:
    """Where a session was and by what it is priced. `site` has its id, name and place, None where there was none;
    `tariff` and `content` are None where none was in force."""

    time_zone: str
    site: Mapping[str, Any] | None = None
    tariff_id: UUID | None = None
    tariff: Tariff | None = None
    content: Mapping[str, Any] | None = None

    def priced(self, usage: Usage | None) -> Price | None:
        """What that costs; None where nothing prices it."""
        if usage is None or self.tariff is None:
            return None
        return price(usage, self.tariff, ZoneInfo(self.time_zone))


async def terms_of(connection: Any, session: Row, book: Row, at: datetime) -> Terms:
    """The terms of a session; frozen into its account, the `book`, when it is time.

    `session` has what is known of it under the names of its row; `at` is the earliest time known of it.
    """
    where = book["at_site"] or await connection.fetchval(BOOKS["freeze_site"], session["id"]) or NOWHERE
    site = where["site"]
    if book["time_zone"] is not None:
        return _of(book["time_zone"], site, book["tariff_id"], book["tariff"])
    token = session["id_token"]
    group = None if token is None else await connection.fetchval(TARIFFS["group_of"], token)
    begun_at, stood = session["started_at"] or at, AtSite(None if site is None else site["id"])
    found = await in_force(connection, session["charger_id"], group, begun_at, stood)
    known = (None, None) if found is None else (found.id, found.content)
    terms = _of(where["time_zone"], site, *known)
    if _is_known(session) or book["ruling"] is not None:
        await connection.execute(BOOKS["freeze"], session["id"], terms.tariff_id, terms.content, terms.time_zone)
    return terms


def _is_known(session: Row) -> bool:
    """Whether nothing is to be learnt any more that decides on the tariff."""
    has_token = session["id_token"] is not None or session["id_token_type"] in NO_TOKEN_NEEDED
    return has_token and session["started_at"] is not None


def _of(time_zone: str, site: Row | None, tariff_id: UUID | None, content: Mapping[str, Any] | None) -> Terms:
    if tariff_id is None or content is None:
        return Terms(time_zone, site)
    tariff = _tariffs.get(tariff_id)
    if tariff is None:
        if len(_tariffs) >= REMEMBERED:
            _tariffs.clear()
        # A tariff never changes, and parsing one takes longer than pricing by it.
        tariff = _tariffs[tariff_id] = parse(content)
    return Terms(time_zone, site, tariff_id, tariff, content)
