"""What every fault test is judged by: executions, facts, outcomes, owners, in numbers.

a class N command is executed once at most, and exactly once where its row says that the charger answered;
a class R one MAX_ATTEMPTS times at most
what was acknowledged is in the database, and nothing is there twice
every command is terminal or UNKNOWN in time
every live socket is its charger's owner, in PostgreSQL and in Redis, in time
the epochs that passed the fence only grow, and each is one socket's
"""

import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
from fault_chargers import Charger, Fact
from fault_operator import Operator, Order
from redis.asyncio import Redis

from voltring_core.domain.commands import MAX_ATTEMPTS
from voltring_core.testing import eventually

ANSWERED = frozenset({"ACCEPTED", "REJECTED", "CALLERROR", "COMPLETED", "FAILED"})
NEVER_SENT = frozenset({"EXPIRED", "CANCELLED"})
ANYWHERE = "router"
"""The name of a place behind which any node may be: the charger can't know which."""


@dataclass
class Verdict:
    """How it went; `flaws` is empty when nothing is wrong."""

    commands: Counter[str]
    """By state."""
    most_executions: dict[str, int]
    """By class, of one command."""
    acknowledged: int
    """Facts."""
    takeovers: int
    """Claims that passed the fence, beyond each charger's first."""
    losses: int
    """Sockets that ended otherwise than by their charger's doing."""
    commands_s: float = 0.0
    """Until the last command was terminal or UNKNOWN."""
    owners_s: float = 0.0
    """Until every live socket was its charger's owner."""
    flaws: list[str] = field(default_factory=list)


async def open_commands(database: asyncpg.Pool, orders: Iterable[Order]) -> list[Any]:
    """Commands that are not over."""
    statement = "SELECT * FROM commands WHERE state IN ('QUEUED', 'SENT') AND id = ANY($1::uuid[])"
    rows = await database.fetch(statement, [order.id for order in orders])
    return [
        f"{row['action']} of {row['charger_id']} is {row['state']} after {row['attempts']} attempts" for row in rows
    ]


async def wrong_owners(database: asyncpg.Pool, redis: Redis, chargers: Iterable[Charger]) -> list[str]:
    """Chargers whose live socket is not the one that the fence, or the route, names."""
    wrong = []
    rows = {row["charger_id"]: row for row in await database.fetch("SELECT * FROM charger_connection")}
    for charger in chargers:
        if charger.owner is None:
            wrong.append(f"{charger.id} has no socket")
            continue
        row, route = rows.get(charger.id), await redis.hgetall(f"o:{{{charger.id}}}")
        fence = None if row is None else (row["node_uid"], str(row["connection_id"]), str(row["epoch"]))
        if fence is None or not (charger.owner == ANYWHERE or fence[0].startswith(f"{charger.owner}.")):
            wrong.append(f"{charger.id} is at {charger.owner}, the fence says {fence}")
        elif row["disconnected_at"] is not None:
            wrong.append(f"{charger.id} is at {charger.owner}, the fence says it left")
        elif (route.get("node"), route.get("cid"), route.get("ep"), route.get("st")) != (*fence, "live"):
            wrong.append(f"{charger.id} is at {charger.owner}, fence {fence}, route {route}")
    return wrong


async def judge(
    database: asyncpg.Pool,
    redis: Redis,
    chargers: Sequence[Charger],
    operator: Operator,
    *,
    off: Collection[str] = (),
    commands_within: float,
    owners_within: float,
) -> Verdict:
    """Wait until all is over and right, as long as each may take, and look. `off`: chargers that are switched off."""
    began, running = time.monotonic(), [charger for charger in chargers if charger.id not in off]
    flaws = []
    try:
        await eventually(lambda: _none(wrong_owners(database, redis, running)), owners_within)
    except AssertionError:
        flaws += await wrong_owners(database, redis, running)
    owners_s = time.monotonic() - began
    try:
        await eventually(lambda: _none(open_commands(database, operator.orders)), max(0.1, commands_within - owners_s))
    except AssertionError:
        flaws += await open_commands(database, operator.orders)
    commands_s = time.monotonic() - began
    states = {str(row["id"]): str(row["state"]) for row in await database.fetch("SELECT * FROM commands")}
    fenced = await database.fetch(
        "SELECT * FROM fenced WHERE charger_id = ANY($1) ORDER BY number", [charger.id for charger in chargers]
    )
    flaws += _keys(operator)
    flaws += _executions(operator.orders, states, chargers)
    ids = {charger.id for charger in chargers}
    for charger in chargers:
        flaws += await _facts(database, charger)
    flaws += await _doubles(database, sorted(ids))
    flaws += _epochs(fenced)
    return Verdict(
        Counter(states[order.id] for order in operator.orders),
        {kind: _most(operator.orders, chargers, kind) for kind in ("N", "R")},
        sum(len(charger.acknowledged) for charger in chargers),
        sum(not row["is_reopened"] for row in fenced) - len(ids),
        sum(charger.losses for charger in chargers),
        commands_s,
        owners_s,
        flaws,
    )


async def _none(found: Any) -> bool:
    return not await found


def _keys(operator: Operator) -> list[str]:
    return [f"the key {key} made {ids}" for key, ids in operator.ids_of_keys.items() if len(ids) > 1]


def _epochs(fenced: Sequence[Any]) -> list[str]:
    """Epochs that the fence let through and that do not grow; owners that had to be written down as there again."""
    flaws, last = [], dict[str, int]()
    for row in fenced:
        charger_id, epoch = row["charger_id"], row["epoch"]
        if row["is_reopened"]:
            flaws.append(f"{charger_id}: the owner of epoch {epoch} was written down as gone")
        elif epoch <= last.get(charger_id, -1):
            flaws.append(f"{charger_id}: the epoch {epoch} follows {last[charger_id]}")
        last[charger_id] = epoch
    return flaws


def _groups(orders: Iterable[Order]) -> dict[tuple[str, str], list[Order]]:
    """Commands that their charger can't tell apart, which only Resets are."""
    groups = defaultdict[tuple[str, str], list[Order]](list)
    for order in orders:
        groups[order.charger_id, order.identity].append(order)
    return groups


def _executed(group: tuple[str, str], chargers: Iterable[Charger]) -> int:
    return sum(one.executed[group[1]] for one in chargers if one.id == group[0])


def _most(orders: Iterable[Order], chargers: Sequence[Charger], kind: str) -> int:
    """Executions of one command; of several that look the same, the mean of them, rounded up."""
    groups = _groups(order for order in orders if order.kind == kind)
    return max((-(-_executed(group, chargers) // len(alike)) for group, alike in groups.items()), default=0)


def _executions(orders: Sequence[Order], states: dict[str, str], chargers: Sequence[Charger]) -> list[str]:
    flaws = []
    for group, alike in _groups(orders).items():
        found, times = Counter(states[order.id] for order in alike), _executed(group, chargers)
        each = 1 if alike[0].kind == "N" else MAX_ATTEMPTS
        least = sum(found[state] for state in ANSWERED)
        most = each * (len(alike) - sum(found[state] for state in NEVER_SENT))
        if not least <= times <= most:
            flaws.append(f"{group[1]} of {group[0]} is {dict(found)} and was executed {times} times")
    return flaws


async def _facts(database: asyncpg.Pool, charger: Charger) -> list[str]:
    """Acknowledged facts that are not in the database exactly once."""
    acknowledged = list(charger.acknowledged)  # it goes on while the database is read
    sessions = await database.fetch("SELECT * FROM transactions WHERE charger_id = $1", charger.id)
    starts = Counter((row["started_at"], str(row["ocpp_transaction_id"])) for row in sessions)
    stops = Counter((row["ended_at"], str(row["ocpp_transaction_id"])) for row in sessions)
    readings = Counter(
        row["sampled_at"]
        for row in await database.fetch("SELECT sampled_at FROM meter_values WHERE charger_id = $1", charger.id)
    )

    def times(fact: Fact) -> int:
        at, own = datetime.fromisoformat(fact.at), str(fact.session.get("id"))
        if fact.action == "MeterValues":
            return readings[at]
        return (starts if fact.action == "StartTransaction" else stops)[at, own]

    found = [(fact, times(fact)) for fact in acknowledged]
    return [f"{fact.action} at {fact.at} of {charger.id} is there {n} times" for fact, n in found if n != 1]


async def _doubles(database: asyncpg.Pool, charger_ids: Sequence[str]) -> list[str]:
    """Facts that are there more than once, acknowledged or not."""
    facts = {"transactions": "started_at", "meter_values": "sampled_at", "transaction_events": "event_at"}
    return [
        f"{table}: what {row['charger_id']} said at {row['at']} is there {row['times']} times"
        for table, at in facts.items()
        for row in await database.fetch(
            f"SELECT charger_id, {at} AS at, count(*) AS times FROM {table} "  # noqa: S608
            "WHERE charger_id = ANY($1) GROUP BY 1, 2 HAVING count(*) > 1",
            charger_ids,
        )
    ]
