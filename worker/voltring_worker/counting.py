"""What is counted in PostgreSQL for the metrics: chargers, sessions, commands, alarms, bills that wait.

Every worker counts for itself: all of them tell the same.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence

import asyncpg
from prometheus_client import Gauge

from voltring_core.cluster.connection import AWAY as REDIS_AWAY
from voltring_core.domain.billing import Billing
from voltring_core.metrics.naming import OTHER
from voltring_core.metrics.sessions import (
    ALARMS_OPEN,
    BILL_REASONS,
    BILLS,
    CHARGER_STATES,
    CHARGERS,
    FLAGS,
    QUEUED_COMMANDS,
    RULES,
    SESSIONS,
    UNKNOWN_COMMANDS,
)
from voltring_core.store.queries import load

SQL = load("voltring_worker", "counting.sql")
BUDGET_S = 5.0
"""Seconds for each statement: what takes longer is too dear for a figure."""
ONE: Mapping[str, Gauge] = {"sessions": SESSIONS, "unknown": UNKNOWN_COMMANDS, "queued": QUEUED_COMMANDS}
BY_LABEL: Mapping[str, tuple[Gauge, Sequence[str]]] = {
    "alarms": (ALARMS_OPEN, RULES),
    "bills": (BILLS, (Billing.PROVISIONAL.value, Billing.HELD.value)),
    "reasons": (BILL_REASONS, FLAGS),
}


class Counting:
    """One count at a time."""

    def __init__(self, pool: asyncpg.Pool, living: Callable[[], Awaitable[Collection[str]]]) -> None:
        """`living` tells the uids of the nodes that live, or raises what says that Redis is away."""
        self._pool = pool
        self._living = living

    async def cycle(self) -> str:
        """Count everything once. Raises what PostgreSQL raises when it is away: the figures stay as they were."""
        for name, gauge in ONE.items():
            gauge.set(await self._pool.fetchval(SQL[name], timeout=BUDGET_S))
        for name, (gauge, values) in BY_LABEL.items():
            show(gauge, values, await self._pool.fetch(SQL[name], timeout=BUDGET_S))
        try:
            living: Collection[str] | None = await self._living()
        except REDIS_AWAY:
            living = None
        rows = await self._pool.fetch(SQL["chargers"], list(living or ()), living is None, timeout=BUDGET_S)
        show(CHARGERS, CHARGER_STATES, rows)
        return ""


def show(gauge: Gauge, values: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """Set the gauge for all of its label's values; what is none of them counts as another."""
    numbers: Counter[str] = Counter(dict.fromkeys(values, 0))
    for row in rows:
        label = str(row["label"])
        numbers[label if label in values else OTHER] += int(str(row["number"]))
    for label, number in numbers.items():
        gauge.labels(label).set(number)
