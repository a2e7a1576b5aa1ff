"""What the simulation's PostgreSQL promises, a real one keeps: the same steps on both, and the same rows after them.

The statements of fence, queue, sweeper and drain are the product's; in the double each of them is a function.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from uuid import UUID

import pytest
from sim_real import double_of_postgres

from voltring_core.domain.commands import LONGEST_DEADLINE, Reason, State, command_class, lane
from voltring_core.errors import Conflict, TooMany
from voltring_core.store.commands import Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.store.fence import Fence, Post, Reclaim
from voltring_core.store.queries import load
from voltring_core.store.queue import Queue, Sendable

CHARGERS = ("CP-1", "CP-2")
NODES = ("node-a", "node-b")
STEPS = 250
ACTIONS = (
    ("UnlockConnector", {"connectorId": 1}),
    ("GetConfiguration", {}),
    ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}),
    ("RemoteStopTransaction", {"transactionId": 1}),
    ("TriggerMessage", {"requestedMessage": "BootNotification"}),
    ("RemoteStartTransaction", {"idTag": "TAG"}),
)
SQL, DRAIN = load("voltring_core.store", "commands.sql"), load("voltring_node", "draining.sql")


@dataclass
class Side:
    """One of the two, with what it was told so far."""

    pool: object
    dice: Random
    ids: list = field(default_factory=list)
    sent: list = field(default_factory=list)
    """(command, charger, message) of what was taken."""
    epochs: dict = field(default_factory=lambda: dict.fromkeys(CHARGERS, 0))


def _plain(value):
    """An answer without what only the clocks make different."""
    if isinstance(value, datetime):
        return "some time"
    if isinstance(value, UUID):
        return str(value)
    if hasattr(value, "keys"):
        fields = {name: value[name] for name in value.keys()}  # noqa: SIM118 - a record iterates over its values
        if fields.get("news") is not None:
            told = json.loads(fields["news"])
            fields["news"] = {name: bool(one) if name.endswith("_at") else one for name, one in told.items()}
        return {name: _plain(one) for name, one in fields.items() if name != "waited_s"}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, set):
        return sorted(value)
    return value


def _post(side, charger, epoch):
    connection = str(UUID(int=side.dice.getrandbits(128), version=4))
    return Post(charger, epoch, connection, "1.6", "192.0.2.1", 600.0, side.dice.choice((0, 0, 1)))


async def _take_over(side):
    charger = side.dice.choice(CHARGERS)
    epoch = side.epochs[charger] + side.dice.choice((-1, 0, 1, 1, 5))
    own = await Fence(side.pool).take(side.dice.choice(NODES), [_post(side, charger, epoch)])
    if own:
        side.epochs[charger] = epoch
    return own


async def _reclaim(side):
    charger = side.dice.choice(CHARGERS)
    over = side.epochs[charger] + side.dice.choice((-1, 0, 0))
    reclaim = Reclaim(_post(side, charger, over + 2), over, max(over - 1, 0))
    own = await Fence(side.pool).reclaim(side.dice.choice(NODES), [reclaim])
    if own:
        side.epochs[charger] = over + 2
    return own


async def _owners(side):
    owners = await Fence(side.pool).owners(CHARGERS)
    return [str(owners.get(one)) for one in CHARGERS]


def _someone(side):
    charger = side.dice.choice(CHARGERS)
    return charger, side.epochs[charger] + side.dice.choice((-1, 0, 0, 0))


async def _disconnect(side):
    return await Fence(side.pool).disconnect([_someone(side)])


async def _reopen(side):
    return await Fence(side.pool).reopen([_someone(side)])


async def _seen(side):
    return await Fence(side.pool).seen([(*_someone(side), datetime.now(UTC))])


async def _order(side):
    action, payload = side.dice.choice(ACTIONS)
    new = NewCommand(
        UUID(int=side.dice.getrandbits(128), version=4),
        side.dice.choice(CHARGERS),
        action,
        payload,
        command_class(action, payload),
        lane(action),
        side.dice.choice((-1.0, LONGEST_DEADLINE, LONGEST_DEADLINE)),
        "test",
        f"key {side.dice.randrange(3 * STEPS)}",
    )
    side.ids.append(new.id)
    try:
        row, is_new = await Commands(side.pool).queue(new)
    except (Conflict, TooMany) as error:
        return type(error).__name__
    return {**row, "replaced": sorted(one["id"] for one in row["replaced"] or ())} if is_new else {**row}


async def _cancel(side):
    if not side.ids:
        return None
    try:
        return await Commands(side.pool).cancel(side.dice.choice(side.ids))
    except Exception as error:
        return type(error).__name__


async def _take(side):
    charger, epoch = _someone(side)
    message = str(UUID(int=side.dice.getrandbits(128), version=4))
    may = side.dice.choice((Sendable(None), Sendable(None), Sendable(["TriggerMessage"], True)))
    row = await Queue(side.pool).take(charger, epoch, message, may)
    if row is not None:
        side.sent.append((row["id"], charger, message))
    return row


async def _with_sent(side, *ways):
    if not side.sent:
        return None
    return await side.dice.choice(ways)(*side.dice.choice(side.sent[-6:]))


async def _end(side):
    """What becomes of something that was sent."""
    queue, dice = Queue(side.pool), side.dice

    async def settle(id, charger, message):
        said = dice.choice((State.ACCEPTED, State.REJECTED, State.UNKNOWN)).value
        return await side.pool.fetchrow(SQL["finish"], id, message, said, {"status": said}, None, "said nothing")

    async def give_up(id, charger, message):
        return await queue.give_up(id, message, dice.choice((State.QUEUED, State.UNKNOWN)), Reason.NO_ANSWER)

    async def give_back(id, charger, message):
        return await queue.give_back(id, message)

    async def give_back_lost(id, charger, message):
        return await queue.give_back_lost(charger, message)

    async def refuse(id, charger, message):
        return await queue.refuse(id, message, {"code": "NotSent"})

    async def of_message(id, charger, message):
        return await queue.of_message(charger, message)

    return await _with_sent(side, settle, settle, give_up, give_up, give_back, give_back_lost, refuse, of_message)


async def _give_up_older(side):
    rows = await Queue(side.pool).give_up_older([_someone(side)])
    return sorted(json.dumps(_plain(row), sort_keys=True) for row in rows)


async def _waiting(side):
    return await Queue(side.pool).waiting(CHARGERS)


async def _sweep(side):
    living = side.dice.choice((None, ["node-a"], []))
    late = await side.pool.fetch(SQL["give_up_late"], 0.0, 3, [], 0.0, living, "owner died")
    expired = await side.pool.fetch(SQL["expire"]) if side.dice.random() < 0.3 else []
    overdue = await side.pool.fetch(SQL["overdue"], -1.0, living)
    return [sorted(json.dumps(_plain(row), sort_keys=True) for row in rows) for rows in (late, expired, overdue)]


async def _returned(side):
    rows = await side.pool.fetch(DRAIN["returned"], *([one] for one in _someone(side)))
    return [row["charger_id"] for row in rows]


WAYS = (
    (_take_over, 4), (_reclaim, 1), (_owners, 1), (_disconnect, 2), (_reopen, 1), (_seen, 1), (_order, 10),
    (_cancel, 2), (_take, 12), (_end, 10), (_give_up_older, 2), (_waiting, 2), (_sweep, 1), (_returned, 1),
)  # fmt: skip
COLUMNS = (
    "charger_id action payload class lane state epoch message_id attempts response error outcome supersede_key"
    " replaced_by earlier_message_ids stumbles".split()
)


@pytest.fixture
async def pools(postgres_dsn):
    """The real one and the double, with the same chargers."""
    real, double = await open_pool(postgres_dsn, size=2, name="contracts"), double_of_postgres()
    for charger in CHARGERS:
        await real.execute("INSERT INTO chargers (id) VALUES ($1)", charger)
        double.tables.add_charger(charger)
    yield real, double
    await real.close()


@pytest.mark.parametrize("seed", range(3))
async def test_the_double_does_what_postgresql_does(pools, seed):
    sides = [Side(pool, Random(seed)) for pool in pools]
    ways, weights = zip(*WAYS, strict=True)
    dice = Random(f"ways {seed}")
    for number in range(STEPS):
        way = dice.choices(ways, weights)[0]
        real, double = [_without_order(_plain(await way(side))) for side in sides]
        assert double == real, f"step {number}: {way.__name__}"
    rows = await pools[0].fetch("SELECT * FROM commands")
    assert len(rows) == len(pools[1].tables.commands) > 20
    for row in rows:
        mine = pools[1].tables.commands[row["id"]]
        assert {name: _plain(mine[name]) for name in COLUMNS} == {name: _plain(row[name]) for name in COLUMNS}
        assert (mine["finished_at"] is None, mine["sent_at"] is None) == (
            row["finished_at"] is None,
            row["sent_at"] is None,
        )


def _without_order(answer):
    """Numbers that a sequence gives also to what was not inserted after all."""
    if isinstance(answer, dict):
        return {name: value for name, value in answer.items() if name not in ("seq", "request_hash")}
    return answer


async def test_a_stumble_is_tried_again_and_then_fails(pools):
    seen = []
    for pool in pools:
        assert "CP-1" in await Fence(pool).take("node-a", [_post(Side(pool, Random(7)), "CP-1", 1)])
        new = NewCommand(UUID(int=1), "CP-1", "GetConfiguration", {}, "R", 1, 60.0, "test")
        await Commands(pool).queue(new)
        for number in range(3):
            await Queue(pool).take("CP-1", 1, f"message {number}", Sendable(None))
            row = await pool.fetchrow(SQL["stumble"], "CP-1", f"message {number}", "fault", 3, False)
            seen.append(_plain(row))
    assert seen[:3] == seen[3:]
    assert [row["state"] for row in seen[:3]] == ["QUEUED", "QUEUED", "FAILED"]
