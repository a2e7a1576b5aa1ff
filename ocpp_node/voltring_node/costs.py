"""Finding out what a session costs for the answer to TransactionEvent, where the charger shows it.

Who shows costs is looked up for all chargers at once, from time to time: a message of any other charger is asked for
nothing. For those that do, the cost so far is what the worker has found last; the final one is worked out here from the
session's whole evidence (`domain/billing_final.py`), with the message that ends it, before that is recorded. An answer
does not wait for it for longer than `LIMIT_S`, and what PostgreSQL does not say in time is left out.

Nothing is written here: the record of the session, and what the charger is told when this could not, is the worker's.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import asyncpg

from voltring_core.domain.billing_final import PricedBy, final_cost
from voltring_core.domain.evidence import Evidence, Heard
from voltring_core.domain.messages import EventKind, TransactionReported
from voltring_core.domain.tariffs import parse
from voltring_core.domain.values import changed
from voltring_core.store.database import AWAY
from voltring_core.store.evidence import load_stored, rated_powers
from voltring_core.store.queries import load
from voltring_node.facts import Message
from voltring_node.handlers.costs import Cost, has_place

logger = logging.getLogger("voltring.costs")
SQL = load("voltring_node", "costs.sql")
NEW_EVERY_S, ALL_EVERY_S = 5.0, 60.0
"""Who shows costs: newcomers are looked up soon, all others again once a minute."""
LIMIT_S = 3.0
"""An answer waits no longer; the charger has its own patience, of half a minute or so."""
AT_ONCE = 2
"""Asked of PostgreSQL at a time: the recorder's connection must not wait for these."""
MOST_READINGS = 2_000
"""A session of more readings would hold up others; its final cost follows once it is billed."""
LONGEST = timedelta(days=1)


class Costs:
    """Which chargers of this node show costs, and what is told to them."""

    def __init__(self, pool: asyncpg.Pool, stations: Callable[[], Iterable[str]]) -> None:
        """`stations`: the 2.x chargers that are here."""
        self._pool = pool
        self._stations = stations
        self._shown: dict[str, str | None] = {}  # with the currency that they show, as far as they say
        self._looked_up: set[str] = set()
        self._all_at = 0.0
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def cycle(self) -> str:
        """Look up who shows costs; returns the sentence for the log."""
        here = set(self._stations())
        is_due = time.monotonic() >= self._all_at
        wanted = here if is_due else here - self._looked_up
        if not wanted:
            return ""
        try:
            rows = await self._pool.fetch(SQL["showing"], list(wanted))
        except AWAY as error:
            return f"who shows costs is not looked up: {error}"
        before, found = len(self._shown), {row["id"]: row["currency"] for row in rows}
        if is_due:
            self._shown, self._looked_up, self._all_at = found, wanted, time.monotonic() + ALL_EVERY_S
        else:
            self._shown |= found
            self._looked_up |= wanted
        return "" if len(self._shown) == before else f"{len(self._shown)} chargers here show what a session costs"

    def are_told(self, message: Message) -> bool:
        """Whether the answer to this TransactionEvent is to say a cost, if one is known."""
        return message.charger_id in self._shown and has_place(message)

    async def find(self, message: Message) -> Cost | None:
        """The cost of the message's session; None where it is not certain, or not known in time. Never raises."""
        assert isinstance(message.said, TransactionReported)
        look = self._final if message.said.kind is EventKind.ENDED else self._running
        try:
            async with asyncio.timeout(LIMIT_S), self._turn:
                return await look(message, message.said)
        except TimeoutError:
            logger.info("%s: the cost was not known in time", message.charger_id, extra={"charger": message.charger_id})
        except AWAY as error:
            logger.info(
                "%s: the cost is not known: %s", message.charger_id, error, extra={"charger": message.charger_id}
            )
        except Exception:
            # The message is answered all the same, without it.
            logger.exception("%s: the cost can't be found", message.charger_id, extra={"charger": message.charger_id})
        return None

    async def _running(self, message: Message, said: TransactionReported) -> Cost | None:
        row = await self._pool.fetchrow(SQL["running"], message.charger_id, said.transaction_id)
        if row is None or not self._shows(message.charger_id, row["currency"]):
            return None
        return Cost(row["id"], row["total"], False)

    async def _final(self, message: Message, said: TransactionReported) -> Cost | None:
        limits = (MOST_READINGS + 1, LONGEST)
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await connection.fetchrow(SQL["ending"], message.charger_id, said.transaction_id, *limits)
            if row is None or row["readings"] > MOST_READINGS or not self._shows(message.charger_id, _currency(row)):
                return None
            ((_, before),) = await load_stored(connection, [row["id"]])
            rated = await rated_powers(connection, [message.charger_id])
        # Some milliseconds for a long session: other chargers are read meanwhile.
        total = await asyncio.to_thread(_total, row, before, message, rated.get((message.charger_id, row["evse_id"])))
        return None if total is None else Cost(row["id"], total, True)

    def _shows(self, charger_id: str, currency: str) -> bool:
        """Whether what the charger shows is in this currency, as far as it says: `totalCost` has none of its own."""
        shown = self._shown.get(charger_id)
        return shown is None or shown == currency


def _currency(row: Any) -> str:
    return str(row["tariff"]["currency"])


def _total(row: Any, before: Evidence, message: Message, rated_power_w: Decimal | None) -> Decimal | None:
    assert isinstance(message.said, TransactionReported)
    last = Heard(len(before.heard), message.received_at, message.said)
    evidence = changed(before, heard=(*before.heard, last))
    by = PricedBy(parse(row["tariff"]), row["time_zone"], row["is_registered"], rated_power_w)
    return final_cost(evidence, by)
