"""What chargers got acknowledged against what PostgreSQL holds, fact by fact, by its id."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import asyncpg

KINDS = {
    "StartTransaction": "SELECT charger_id, started_at AS at, ocpp_transaction_id::text AS own FROM transactions",
    "MeterValues": "SELECT m.charger_id, m.sampled_at AS at, t.ocpp_transaction_id::text AS own"
    " FROM meter_values m JOIN transactions t ON t.id = m.transaction_id"
    " WHERE m.measurand = 'Energy.Active.Import.Register' AND m.context = 'Sample.Periodic'",
    "StopTransaction": "SELECT charger_id, ended_at AS at, ocpp_transaction_id::text AS own FROM transactions",
}
"""Of each action: the charger, the time that the charger gave, and the session's id."""


async def compared(database: asyncpg.Pool, told: Iterable[tuple[str, str, str, str]]) -> list[str]:
    """Print how many of the acknowledged facts (charger, action, its time, transaction) are found; what is wrong."""
    wrong = []
    facts = list(told)
    for kind, statement in KINDS.items():
        there = Counter((row["charger_id"], row["at"], row["own"]) for row in await database.fetch(statement))
        times = [
            there[charger, datetime.fromisoformat(at), own] for charger, action, at, own in facts if action == kind
        ]
        print(
            f"  {kind}: {len(times):,} acknowledged, {sum(one == 1 for one in times):,} found once in PostgreSQL by id"
        )
        wrong += [f"{kind}: {count} are there {n} times" for n, count in Counter(times).items() if n != 1]
    return wrong
