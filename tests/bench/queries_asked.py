"""What `queries.py` asks: every list and every page behind the dashboard, of random chargers and sessions."""

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from queries_data import DAYS, Size

from voltring_api import cursors

COUNTED_EVERY_S = 1.05
"""The fleet is counted once a second: who asks sooner gets what was counted before."""


@dataclass(frozen=True)
class Asked:
    """One kind of request. `address` makes another path each time; `pace_s` lies between two of them."""

    name: str
    route: str
    address: Callable[[], str]
    pace_s: float = 0.0
    may_be_empty: bool = False


class Made:
    """What is known to be in the database."""

    def __init__(self, size: Size, seed: int) -> None:
        self.size = size
        self.any = random.Random(seed)

    def charger(self) -> str:
        return f"CP-{self.any.randrange(self.size.chargers):05}"

    def site(self) -> str:
        return f"site-{self.any.randrange(200):03}"

    def ended(self) -> str:
        """A session that is over, of any day."""
        while (number := self.any.randrange(1, self.size.sessions - self.size.chargers // 4)) % 500 == 0:
            pass
        return str(UUID(hashlib.md5(f"session{number}".encode(), usedforsecurity=False).hexdigest()))

    def running(self) -> str:
        number = self.any.randrange(self.size.sessions - self.size.chargers // 4 + 1, self.size.sessions)
        return str(UUID(hashlib.md5(f"session{number}".encode(), usedforsecurity=False).hexdigest()))

    def earlier(self, share: float = 0.95) -> str:
        """A moment within the days that the data has, for a cursor deep in a list."""
        return (datetime.now(UTC) - timedelta(days=DAYS * self.any.uniform(0.05, share))).isoformat()


NOBODY = str(UUID(int=2**128 - 1))


def kinds(made: Made) -> list[Asked]:
    """Everything that is asked."""
    return [*_fleet(made), *_chargers(made), *_sessions(made), *_session(made), *_books(made)]


def _fleet(made: Made) -> list[Asked]:
    path = "/v1/fleet"
    return [
        Asked("fleet, counted anew", path, lambda: path, COUNTED_EVERY_S),
        Asked("fleet, of one site", path, lambda: _with(path, site=made.site())),
        Asked("sites side by side, counted anew", f"{path}/sites", lambda: f"{path}/sites", COUNTED_EVERY_S),
    ]


def _chargers(made: Made) -> list[Asked]:
    path, one = "/v1/chargers", "/v1/chargers/{charger_id}"
    return [
        Asked("chargers, first page", path, lambda: path),
        Asked("chargers, deep", path, lambda: _with(path, cursor=cursors.encode("chargers", made.charger()))),
        Asked("chargers online", path, lambda: _with(path, online="true")),
        Asked("chargers offline", path, lambda: _with(path, online="false")),
        Asked("chargers charging", path, lambda: _with(path, state="charging")),
        Asked("chargers faulted", path, lambda: _with(path, state="faulted")),
        Asked("chargers of a site", path, lambda: _with(path, site=made.site())),
        Asked("chargers by a word", path, lambda: _with(path, q=made.charger()[:7])),
        Asked("chargers by a word that none has", path, lambda: _with(path, q="nobody"), may_be_empty=True),
        Asked("one charger", one, lambda: f"{path}/{made.charger()}"),
        Asked("its messages", f"{one}/messages", lambda: f"{path}/{made.charger()}/messages"),
        Asked("its commands", "/v1/commands", lambda: _with("/v1/commands", charger_id=made.charger())),
    ]


def _sessions(made: Made) -> list[Asked]:
    path = "/v1/transactions"

    def deep(**more: str) -> str:
        return _with(path, cursor=cursors.encode("transactions", made.earlier(), NOBODY), **more)

    return [
        Asked("sessions, newest", path, lambda: path),
        Asked("sessions, deep", path, deep),
        Asked("sessions, 500 on a page, deep", path, lambda: deep(limit="500")),
        Asked("sessions active", path, lambda: _with(path, state="Active")),
        Asked("sessions ended, deep", path, lambda: deep(state="Ended")),
        Asked("sessions orphaned", path, lambda: _with(path, state="Orphan")),
        Asked("sessions orphaned, deep", path, lambda: deep(state="Orphan")),
        Asked("sessions active, deep", path, lambda: deep(state="Active"), may_be_empty=True),
        Asked("sessions of a charger", path, lambda: _with(path, charger_id=made.charger())),
        Asked("sessions of a charger, deep", path, lambda: deep(charger_id=made.charger()), may_be_empty=True),
        Asked(
            "sessions orphaned of a charger",
            path,
            lambda: _with(path, charger_id=made.charger(), state="Orphan"),
            may_be_empty=True,
        ),
    ]


def _session(made: Made) -> list[Asked]:
    path, one = "/v1/transactions", "/v1/transactions/{transaction_id}"
    energy = "?measurand=Energy.Active.Import.Register"
    return [
        Asked("one session", one, lambda: f"{path}/{made.ended()}"),
        Asked("its readings", f"{one}/meter-values", lambda: f"{path}/{made.ended()}/meter-values?limit=500"),
        Asked(
            "its readings, one measurand", f"{one}/meter-values", lambda: f"{path}/{made.ended()}/meter-values{energy}"
        ),
        Asked("its messages (session)", f"{one}/messages", lambda: f"{path}/{made.ended()}/messages"),
        Asked("its timeline", f"{one}/timeline", lambda: f"{path}/{made.ended()}/timeline"),
        Asked("its timeline, running", f"{one}/timeline", lambda: f"{path}/{made.running()}/timeline"),
        Asked("its power and energy", f"{one}/series", lambda: f"{path}/{made.ended()}/series"),
        Asked("its cost", f"{one}/cost", lambda: f"{path}/{made.ended()}/cost"),
    ]


def _books(made: Made) -> list[Asked]:
    def records(**more: str) -> str:
        number = made.any.randrange(made.size.sessions // 2, made.size.sessions)
        return _with("/v1/cdrs", cursor=cursors.encode("cdrs", made.earlier(), number), **more)

    def alarms() -> str:
        ago = timedelta(minutes=made.any.uniform(2_000, 90_000))
        key = ((datetime.now(UTC) - ago).isoformat(), NOBODY)
        return _with("/v1/alarms", cursor=cursors.encode("alarms", *key))

    def held() -> str:
        return _with("/v1/billing/held", cursor=cursors.encode("held", made.earlier(), NOBODY))

    return [
        Asked("records (CDRs), newest", "/v1/cdrs", lambda: "/v1/cdrs"),
        Asked("records, deep", "/v1/cdrs", records),
        Asked("records of a charger", "/v1/cdrs", lambda: _with("/v1/cdrs", charger_id=made.charger())),
        Asked("bills that wait", "/v1/billing/held", lambda: "/v1/billing/held"),
        Asked("bills that wait, deep", "/v1/billing/held", held),
        Asked("alarms open", "/v1/alarms", lambda: _with("/v1/alarms", state="open")),
        Asked("alarms, deep", "/v1/alarms", alarms),
        Asked("inbox", "/v1/inbox", lambda: "/v1/inbox"),
        Asked("commands, newest", "/v1/commands", lambda: "/v1/commands"),
        Asked("commands unknown", "/v1/commands", lambda: _with("/v1/commands", state="UNKNOWN")),
    ]


def _with(path: str, **query: str) -> str:
    return f"{path}?{urlencode(query)}"
