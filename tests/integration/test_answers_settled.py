"""A command's answer and its outcome, in every order, from one node or two."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import orjson
import pytest

from voltring_core.domain.commands import MAX_ATTEMPTS, State, command_class, lane
from voltring_core.ocpp.conversation import Answered, OwnCall
from voltring_core.ocpp.versions import Version
from voltring_core.store.commands import SQL, Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.testing import eventually
from voltring_node import settling
from voltring_node.deciding import Needs
from voltring_node.facts import CommandFact, Place
from voltring_node.handlers.answers.answer import Meaning
from voltring_node.reading import lock
from voltring_node.settling import Sent, settle
from voltring_node.writing_station import write_station

CHARGER = "CP-1"
OK, NO = {"status": "Accepted"}, {"status": "Rejected"}
RESERVE = {"reservationId": 5, "connectorId": 1, "expiryDate": "2026-01-01T13:00:00Z", "idTag": "A"}


class Base:
    """The database, and what nodes do with it."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def own(self, epoch: int) -> None:
        """A node owns the charger under a new epoch, and settles what an earlier one left."""
        await self.pool.execute("UPDATE charger_connection SET epoch = $2 WHERE charger_id = $1", CHARGER, epoch)
        await self.pool.fetch(SQL["give_up_older"], [CHARGER], [epoch], MAX_ATTEMPTS, "owner died")

    async def queue(self, action: str, payload: Any) -> None:
        """Queue a command."""
        kind = command_class(action)
        await Commands(self.pool).queue(NewCommand(uuid4(), CHARGER, action, payload, kind, lane(action), 60, "test"))

    async def send(self, epoch: int = 1) -> tuple[Sent, str]:
        """Take the next command, as its frame is written; with its message id."""
        message_id = str(uuid4())
        row = await self.pool.fetchrow(SQL["take"], CHARGER, epoch, message_id, None, False)
        return Sent(row["id"], CHARGER, Version.V16, epoch, row["action"], row["payload"]), message_id

    async def settle(self, sent: tuple[Sent, str], payload: Any, code: str = "") -> Any:
        """The charger's answer."""
        command, message_id = sent
        return await settle(
            self.pool, command, Answered(OwnCall(message_id, command.action, 0.0), payload, code, late=True)
        )

    async def outcome(self, command_id: UUID, state: State | None, **outcome: Any) -> None:
        """What a message of the charger brings for a command, as the recorder writes it."""
        async with self.pool.acquire() as connection, connection.transaction():
            await lock(connection, Needs(chargers={CHARGER}))
            await _write(connection, CommandFact(command_id, state, outcome))

    async def row(self, sent: tuple[Sent, str]) -> Any:
        """The command."""
        return await Commands(self.pool).get(sent[0].command_id)

    async def records(self) -> list[tuple[str, str]]:
        """Key and state of what holds."""
        return [tuple(row) for row in await self.pool.fetch("SELECT key, state FROM station_records ORDER BY key")]


async def _write(connection: Any, fact: CommandFact) -> None:
    await write_station(connection, [(Place(CHARGER, 1, datetime.now(UTC)), fact)])


@pytest.fixture
async def base(postgres_dsn: str) -> AsyncIterator[Base]:
    pool = await open_pool(postgres_dsn, size=5, name="settling")
    try:
        await pool.execute("INSERT INTO chargers (id) VALUES ($1)", CHARGER)
        await pool.execute(
            "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version)"
            " VALUES ($1, 1, $2, 'node', '1.6')",
            CHARGER,
            uuid4(),
        )
        yield Base(pool)
    finally:
        await pool.close()


@pytest.mark.parametrize(("answer", "state"), [(OK, "ACCEPTED"), (NO, "REJECTED")])
async def test_an_outcome_so_far_does_not_stand_in_the_way_of_the_answer(base: Base, answer: Any, state: str) -> None:
    await base.queue("ReserveNow", RESERVE)
    sent = await base.send()
    await base.outcome(sent[0].command_id, None, parts=1)
    assert (await base.settle(sent, answer))["state"] == state
    row = await base.row(sent)
    assert (row["response"], row["outcome"], row["completed_at"]) == (answer, {"parts": 1}, None)


@pytest.mark.parametrize("done", [State.COMPLETED, State.FAILED])
@pytest.mark.parametrize(("answer", "code"), [(OK, ""), (NO, ""), ({}, "NotSupported")])
async def test_what_has_come_about_is_not_taken_back_by_a_slower_answer(
    base: Base, done: State, answer: Any, code: str
) -> None:
    await base.queue("ReserveNow", RESERVE)
    sent = await base.send()
    await base.outcome(sent[0].command_id, done, parts=1)
    before = await base.row(sent)
    assert (await base.settle(sent, answer, code))["state"] == done
    row = await base.row(sent)
    assert row["state"] == done
    assert row["outcome"] == {"parts": 1}
    assert row["completed_at"] == before["completed_at"]
    assert row["response"] == (None if code else answer)
    assert (row["error"] or {}).get("code", "") == code


async def test_an_answer_is_settled_once(base: Base) -> None:
    await base.queue("ReserveNow", RESERVE)
    sent = await base.send()
    assert (await base.settle(sent, OK))["state"] == "ACCEPTED"
    assert await base.settle(sent, NO) is None
    assert (await base.row(sent))["response"] == OK


async def test_who_waits_is_told_the_row_only_where_nothing_more_of_it_changes(base: Base) -> None:
    for payload, is_told in (({"status": "Nonsense"}, False), (OK, True)):
        await base.queue("ClearCache", {})
        await base.pool.execute("UPDATE commands SET reply_to = 'api'")
        row = await base.settle(await base.send(), payload)
        news = row["news"] and orjson.loads(row["news"])
        assert (news is not None) is is_told
        if news:
            stored = dict(await base.pool.fetchrow("SELECT * FROM commands WHERE id = $1", row["id"]))
            assert {name: stored[name] for name in ("state", "response", "error", "outcome", "attempts")} == {
                name: news[name] for name in ("state", "response", "error", "outcome", "attempts")
            }
            assert datetime.fromisoformat(news["finished_at"]) == stored["finished_at"]


async def test_a_report_and_an_answer_at_the_same_time_both_stay(base: Base) -> None:
    await base.queue("ReserveNow", RESERVE)
    sent = await base.send()
    async with base.pool.acquire() as connection, connection.transaction():
        await lock(connection, Needs(chargers={CHARGER}))
        settled = asyncio.create_task(base.settle(sent, OK | {"more": 1}))
        await _is_waiting(base.pool)
        await _write(connection, CommandFact(sent[0].command_id, State.COMPLETED, {"parts": 1}))
    assert (await settled)["state"] == "COMPLETED"
    row = await base.row(sent)
    assert (row["state"], row["response"]) == ("COMPLETED", OK | {"more": 1})
    assert (row["outcome"]["parts"], row["outcome"]["flags"]) == (1, ["invalid_answer"])


async def _is_waiting(pool: asyncpg.Pool) -> None:
    """Somebody waits for a lock."""
    await eventually(lambda: pool.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))


async def test_an_answer_of_an_earlier_owner_settles_its_command_but_says_nothing_of_now(base: Base) -> None:
    await base.queue("ReserveNow", RESERVE)
    sent = await base.send()
    await base.own(2)
    assert (await base.row(sent))["state"] == "UNKNOWN"
    assert (await base.settle(sent, OK))["state"] == "ACCEPTED"
    assert (await base.row(sent))["response"] == OK
    assert await base.records() == []


async def test_a_command_that_the_next_owner_saw_come_about_gets_the_answer_of_the_first(base: Base) -> None:
    await base.queue("ReserveNow", RESERVE)
    sent = await base.send()
    await base.own(2)
    await base.outcome(sent[0].command_id, State.COMPLETED, parts=1)
    assert (await base.settle(sent, NO))["state"] == "COMPLETED"
    row = await base.row(sent)
    assert (row["state"], row["response"], row["outcome"]) == ("COMPLETED", NO, {"parts": 1})


async def test_the_answer_to_the_first_delivery_counts_and_the_one_to_the_second_changes_nothing(base: Base) -> None:
    await base.queue("CancelReservation", {"reservationId": 5})
    sent, message_id = await base.send()
    await base.own(2)
    again = await base.send(2)
    assert again[0].command_id == sent.command_id
    first = replace(sent, epoch=2), message_id  # it comes by the socket that owns now
    assert (await base.settle(first, OK))["state"] == "ACCEPTED"
    assert await base.records() == [("5", "Cancelled")]
    assert await base.settle(again, NO) is None  # there is nothing left to cancel
    assert (await base.row(again))["state"] == "ACCEPTED"


async def test_an_answer_that_was_faster_than_the_second_delivery_saves_it(base: Base) -> None:
    await base.queue("CancelReservation", {"reservationId": 5})
    first = await base.send()
    await base.pool.fetchrow(SQL["give_up"], first[0].command_id, first[1], "QUEUED", "no answer")
    assert (await base.settle(first, OK))["state"] == "ACCEPTED"
    assert await base.records() == [("5", "Cancelled")]


async def test_a_meaning_that_can_t_be_kept_is_flagged_and_the_command_settled(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(said: Any, known: Any) -> Any:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(settling, "MEANINGS", {"ReserveNow": Meaning(break_down)})
    await base.queue("ReserveNow", RESERVE)
    sent = await base.send()
    assert (await base.settle(sent, OK))["state"] == "ACCEPTED"
    assert (await base.row(sent))["outcome"] == {"flags": ["meaning_not_kept"]}


async def test_a_command_that_was_cancelled_by_another_fails_and_the_other_is_accepted(base: Base) -> None:
    for number in (7, 8):
        log = {"requestId": number, "logType": "SecurityLog", "log": {"remoteLocation": "https://h/"}}
        await base.queue("GetLog", log)
    first = await base.send()
    await base.settle(first, OK)
    second = await base.send()
    await base.settle(second, {"status": "AcceptedCanceled"})
    assert ((await base.row(first))["state"], (await base.row(second))["state"]) == ("FAILED", "ACCEPTED")
    assert await base.records() == [("7", "AcceptedCanceled"), ("8", "Accepted")]
