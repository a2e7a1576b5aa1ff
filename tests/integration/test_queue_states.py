"""The queue's SQL on a real PostgreSQL, driven at random: owners that come and go, answers that are late, operators.

After every step each row is compared with what it was: a step that `TRANSITIONS` does not have is a fault, and so is
whatever the rules below know of order, owners, attempts and time.
"""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Any, cast
from uuid import uuid4

import asyncpg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from queue_memory import Seen, Taken

from voltring_core.domain.commands import (
    FINAL,
    MAX_ATTEMPTS,
    MAX_STUMBLES,
    TRANSITIONS,
    Reason,
    State,
    after_silence,
    command_class,
    lane,
)
from voltring_core.errors import Conflict
from voltring_core.store.commands import SQL, Commands, NewCommand
from voltring_core.store.database import open_pool
from voltring_core.store.queries import load
from voltring_core.store.queue import Queue, Sendable

STATION = load("voltring_node", "writing_station.sql")
EVERY_ROW = "SELECT * FROM commands WHERE charger_id = $1 ORDER BY seq"  # in one order: draws pick by place
PATIENCE_S = 30.0
WANTS: list[tuple[str, dict[str, Any]]] = [
    ("Reset", {"type": "Soft"}),
    ("UnlockConnector", {"connectorId": 1}),
    ("GetConfiguration", {}),
    ("ChangeConfiguration", {"key": "A", "value": "1"}),
    ("UpdateFirmware", {"location": "x"}),
]
OWNERS = st.integers(0, 1)
PICK = st.integers(0, 1000)


class QueueMachine(RuleBasedStateMachine):
    """One charger, two owners."""

    pool: asyncpg.Pool
    runner: asyncio.Runner

    def go(self, work: Any) -> Any:
        return self.runner.run(work)

    @initialize()
    def begin(self) -> None:
        self.seen = Seen(f"CP-{uuid4().hex[:12]}")
        self.queue, self.commands = Queue(self.pool), Commands(self.pool)
        self.go(self.pool.execute("INSERT INTO chargers (id) VALUES ($1)", self.seen.charger_id))
        self.own(0, welcomes=True)

    # Operators

    @rule(wants=st.lists(st.sampled_from(WANTS), min_size=1, max_size=3))
    def order_some(self, wants: list[tuple[str, dict[str, Any]]]) -> None:
        for want in wants:
            self.order(want, has_key=False)

    @rule(want=st.sampled_from(WANTS), has_key=st.sampled_from([True, True, False]))
    def order(self, want: tuple[str, dict[str, Any]], has_key: bool) -> None:
        """The same key comes with the same request."""
        action, payload = want
        before = dict(self.seen.rows)
        used = f"{self.seen.charger_id}-{action}" if has_key else None
        new = NewCommand(
            uuid4(), self.seen.charger_id, action, payload, command_class(action), lane(action), 600, "t", used
        )
        row, created = self.go(self.commands.queue(new))
        self.look()
        assert created == (used not in self.seen.keys)
        if used is not None:
            assert self.seen.keys.setdefault(used, row["id"]) == row["id"]
        gone = {id for id, one in before.items() if one["state"] != self.seen.rows[id]["state"]}
        rivals = {
            id
            for id, one in before.items()
            if (one["state"], one["attempts"], one["supersede_key"]) == ("QUEUED", 0, row["supersede_key"])
        }
        replaced = rivals if created and row["supersede_key"] is not None else set()
        assert gone == replaced
        assert all(self.seen.rows[id]["replaced_by"] == row["id"] for id in gone)

    @precondition(lambda self: any(it["state"] == "QUEUED" for it in self.seen.rows.values()))
    @rule(pick=PICK)
    def cancel(self, pick: int) -> None:
        one = self.any_row(pick)
        try:
            state = self.go(self.commands.cancel(one["id"]))["state"]
        except Conflict:
            assert one["state"] != "QUEUED"
        else:
            # Whether what was taken and not given back was written nobody can know who finds it.
            assert state == ("UNKNOWN" if one["attempts"] else "CANCELLED")

    @precondition(lambda self: self.seen.rows)
    @rule(pick=PICK, state=st.sampled_from([State.COMPLETED, State.FAILED]))
    def resolve(self, pick: int, state: State) -> None:
        one = self.any_row(pick)
        try:
            self.go(self.commands.resolve(one["id"], state, "operator", "seen"))
        except Conflict:
            assert one["state"] not in ("UNKNOWN", "ACCEPTED")

    # Owners

    @rule(owner=OWNERS, welcomes=st.sampled_from([True, True, False]))
    def own(self, owner: int, welcomes: bool) -> None:
        """A new socket passes the fence; it settles what earlier ones left, unless it dies before."""
        self.seen.fence += 1
        self.seen.epochs[owner] = self.seen.fence
        self.go(
            self.pool.execute(
                "INSERT INTO charger_connection (charger_id, epoch, connection_id, node_uid, ocpp_version)"
                " VALUES ($1, $2, gen_random_uuid(), $3, '1.6') ON CONFLICT (charger_id) DO UPDATE SET"
                " epoch = excluded.epoch, node_uid = excluded.node_uid",
                self.seen.charger_id,
                self.seen.fence,
                f"node-{owner}",
            )
        )
        if welcomes:
            self.go(self.queue.give_up_older([(self.seen.charger_id, self.seen.fence)]))
            self.look()
            left = [it for it in self.seen.rows.values() if it["state"] == "SENT" and it["epoch"] < self.seen.fence]
            assert left == []

    @precondition(lambda self: any(it["state"] == "QUEUED" for it in self.seen.rows.values()))
    @rule(is_written=st.booleans())
    def take_in_turn(self, is_written: bool) -> None:
        """As an owner does: it takes the next command and writes its frame."""
        self.take(self.seen.epochs.index(self.seen.fence), is_lost=False, only=None)
        for one in self.seen.open:
            one.is_written = one.is_written or (is_written and one.epoch == self.seen.fence)

    @rule(owner=OWNERS, is_lost=st.booleans(), only=st.sampled_from([None, ["Reset", "GetConfiguration"]]))
    def take(self, owner: int, is_lost: bool, only: list[str] | None) -> None:
        """Also by an owner that was replaced; `is_lost`: PostgreSQL goes away with the result."""
        before, epoch, message_id = dict(self.seen.rows), self.seen.epochs[owner], str(uuid4())
        row = self.go(self.queue.take(self.seen.charger_id, epoch, message_id, Sendable(only)))
        self.look()
        now = datetime.now(UTC)
        waiting = [
            it
            for it in before.values()
            if it["state"] == "QUEUED" and it["deadline_at"] > now and (only is None or it["action"] in only)
        ]
        outstanding = any(it["state"] == "SENT" and it["epoch"] == epoch for it in before.values())
        if epoch != self.seen.fence or outstanding or not waiting:
            assert row is None
            return
        first = min(waiting, key=lambda it: (it["lane"], it["seq"]))
        assert row["id"] == first["id"]
        taken = Taken(row["id"], message_id, row["class"], row["attempts"], epoch)
        if is_lost:
            assert self.go(self.queue.give_back_lost(self.seen.charger_id, message_id))
            self.look(gives_back=True)
            assert self.seen.rows[row["id"]]["state"] == "QUEUED"
        else:
            self.seen.open.append(taken)
            self.seen.taken.append(taken)

    @precondition(lambda self: any(not it.is_written for it in self.seen.open))
    @rule(pick=PICK)
    def write(self, pick: int) -> None:
        """The frame leaves, if its owner has not settled it otherwise; a slow one does so after the sweeper came."""
        unwritten = [it for it in self.seen.open if not it.is_written]
        unwritten[pick % len(unwritten)].is_written = True

    @precondition(lambda self: any(not it.is_written for it in self.seen.open))
    @rule(pick=PICK, how=st.sampled_from(["give back", "refuse", "stumble", "poison"]))
    def not_written(self, pick: int, how: str) -> None:
        unwritten = [it for it in self.seen.open if not it.is_written]
        one = unwritten[pick % len(unwritten)]
        self.seen.open.remove(one)
        self.seen.taken.remove(one)
        before = self.seen.rows[one.command_id]
        if how == "give back":
            self.go(self.queue.give_back(one.command_id, one.message_id))
        elif how == "refuse":
            self.go(self.queue.refuse(one.command_id, one.message_id, {"code": "NotSent"}))
        else:
            values = (self.seen.charger_id, one.message_id, "ValueError", MAX_STUMBLES, how == "poison")
            self.go(self.pool.fetchrow(SQL["stumble"], *values))
        self.look(gives_back=True)
        after = self.seen.rows[one.command_id]
        if before["state"] == "SENT" and before["message_id"] == one.message_id:
            assert after["state"] != "SENT"
            assert after["attempts"] == before["attempts"] - 1
        if how == "poison" and after["stumbles"] > before["stumbles"]:
            assert after["state"] == "FAILED"
        assert after["stumbles"] <= MAX_STUMBLES

    @precondition(lambda self: any(it.is_written for it in self.seen.open))
    @rule(pick=PICK, reason=st.sampled_from([Reason.NO_ANSWER, Reason.SOCKET_LOST]))
    def silence(self, pick: int, reason: Reason) -> None:
        written = [it for it in self.seen.open if it.is_written]
        one = written[pick % len(written)]
        self.seen.open.remove(one)
        state = after_silence(one.kind, one.attempts)
        row = self.go(self.queue.give_up(one.command_id, one.message_id, state, reason))
        self.look()
        if row is not None and state is State.UNKNOWN:
            assert self.seen.rows[one.command_id]["outcome"]["reason"] == reason

    # The charger

    @precondition(lambda self: any(it.is_written for it in self.seen.taken))
    @rule(pick=PICK, state=st.sampled_from([State.ACCEPTED, State.REJECTED, State.CALLERROR, State.UNKNOWN]))
    def answer(self, pick: int, state: State) -> None:
        """To any frame that was ever written, however late, found by its message id."""
        written = [it for it in self.seen.taken if it.is_written]
        one = written[pick % len(written)]
        found = self.go(self.queue.of_message(self.seen.charger_id, one.message_id))
        assert found["id"] == one.command_id
        for of, message_id in (("CP-of-somebody-else", one.message_id), (self.seen.charger_id, str(uuid4()))):
            assert self.go(self.queue.of_message(of, message_id)) is None
        before = self.seen.rows[one.command_id]
        reason = Reason.SAID_NOTHING.value
        values = (one.command_id, one.message_id, state.value, {"status": "x"}, None, reason)
        row = self.go(self.pool.fetchrow(SQL["finish"], *values))
        assert (row is not None) == (
            before["state"] in ("SENT", "UNKNOWN", "QUEUED")
            or ((before["completed_at"] is not None or before["state"] == "ACCEPTED") and before["response"] is None)
        )
        if one in self.seen.open:
            self.seen.open.remove(one)

    @precondition(lambda self: self.seen.rows)
    @rule(pick=PICK, state=st.sampled_from([None, "ACCEPTED", "COMPLETED", "FAILED"]))
    def event(self, pick: int, state: str | None) -> None:
        """What the charger does tells what became of something that it got."""
        one = self.any_row(pick)
        if any(it.is_written and it.command_id == one["id"] for it in self.seen.taken):
            row = ([one["id"]], [state], [{"seen": True}], [datetime.now(UTC)])
            self.go(self.pool.execute(STATION["put_outcomes"], *row))

    # Time

    @precondition(lambda self: self.seen.rows)
    @rule(pick=PICK)
    def a_deadline_passes(self, pick: int) -> None:
        self.let_pass("deadline_at = now() - interval '1 second'", "id = $2", self.any_row(pick)["id"])

    @precondition(lambda self: any(it["state"] == "SENT" for it in self.seen.rows.values()))
    @rule(living=st.sampled_from([None, [], ["node-0"], ["node-1"]]))
    def sweep_after_their_patience(self, living: list[str] | None) -> None:
        self.sweep(patience_ends=True, deadlines_pass=False, living=living)

    @precondition(lambda self: any(it["attempts"] and it["state"] == "QUEUED" for it in self.seen.rows.values()))
    @rule(what=st.sampled_from(["sweep", "cancel", "order"]))
    def meet_what_is_to_be_repeated(self, what: str) -> None:
        rows = list(self.seen.rows.values())
        pick = next(at for at, it in enumerate(rows) if it["attempts"] and it["state"] == "QUEUED")
        if what == "sweep":
            self.sweep(patience_ends=False, deadlines_pass=True, living=[])
        elif what == "cancel":
            self.cancel(pick)
        else:
            self.order(next(want for want in WANTS if want[0] == rows[pick]["action"]), has_key=False)

    @rule(
        patience_ends=st.booleans(),
        deadlines_pass=st.sampled_from([False, False, True]),
        living=st.sampled_from([None, [], ["node-0"], ["node-0", "node-1"]]),
    )
    def sweep(self, patience_ends: bool, deadlines_pass: bool, living: list[str] | None) -> None:
        if patience_ends:
            self.let_pass("sent_at = sent_at - interval '10 minutes'", "state = 'SENT'")
        if deadlines_pass:
            self.let_pass("deadline_at = now() - interval '1 second'", "state = 'QUEUED'")
        self.look()
        self.go(self.pool.fetch(SQL["expire"]))
        reason = Reason.OWNER_DIED.value
        self.go(self.pool.fetch(SQL["give_up_late"], PATIENCE_S, MAX_ATTEMPTS, ["SendLocalList"], 90.0, living, reason))
        before = self.seen.rows
        self.look()
        now = datetime.now(UTC)
        for id, row in self.seen.rows.items():
            if row["state"] == "QUEUED" and row["deadline_at"] <= now:  # it was late under two heads at once
                assert before[id]["state"] == "SENT", row
            assert row["state"] != "SENT" or (now - row["sent_at"]).total_seconds() < 2 * PATIENCE_S + 1
            owner = f"node-{self.seen.epochs.index(row['epoch'])}" if row["epoch"] in self.seen.epochs else ""
            if before[id]["state"] == "SENT" and row["state"] == "QUEUED" and row["epoch"] == self.seen.fence:
                assert living is not None
                assert owner not in living, "queued again under the feet of its owner"

    def let_pass(self, what: str, which: str, *values: Any) -> None:
        self.go(
            self.pool.execute(
                f"UPDATE commands SET {what} WHERE charger_id = $1 AND {which}",  # noqa: S608
                self.seen.charger_id,
                *values,
            )
        )

    # What always holds

    def any_row(self, pick: int) -> Any:
        rows = list(self.seen.rows.values())
        return rows[pick % len(rows)]

    def look(self, *, gives_back: bool = False) -> None:
        """Read all rows; every change must be a step that there is. `gives_back`: by an owner that wrote nothing."""
        found = self.go(self.pool.fetch(EVERY_ROW, self.seen.charger_id))
        for row in found:
            before = self.seen.rows.get(row["id"])
            was, state = State(before["state"]) if before else State.QUEUED, State(row["state"])
            assert was is state or state in TRANSITIONS[was], f"{was} -> {state}"
            is_again = row["class"] == "N" and (was, state) == (State.SENT, State.QUEUED)
            assert not is_again or gives_back, "what runs at most once waits to be sent again"
        self.seen.rows = {row["id"]: row for row in found}

    @invariant()
    def all_is_well(self) -> None:
        if not hasattr(self, "seen"):
            return
        self.look()
        taken = Counter(it.command_id for it in self.seen.taken)
        for id, row in self.seen.rows.items():
            if row["class"] == "N":
                assert taken[id] <= 1, "a command that runs at most once was taken twice"
            assert taken[id] <= MAX_ATTEMPTS
            if row["state"] in ("CANCELLED", "EXPIRED"):
                assert taken[id] == 0, "it was SENT and may have run"
        sent = Counter(row["epoch"] for row in self.seen.rows.values() if row["state"] == "SENT")
        assert all(count == 1 for count in sent.values()), "two outstanding under one epoch"

    def teardown(self) -> None:
        """Long after: nothing waits for ever."""
        if not hasattr(self, "seen"):
            return
        self.let_pass("deadline_at = now() - interval '1 second'", "true")
        self.sweep(patience_ends=True, deadlines_pass=False, living=None)
        self.look()
        assert {State(row["state"]) for row in self.seen.rows.values()} <= FINAL


def test_every_step_of_a_command_is_one_that_the_table_has(postgres_dsn: str) -> None:
    with asyncio.Runner() as runner:
        pool = cast(asyncpg.Pool, runner.run(open_pool(postgres_dsn, size=2, name="states")))
        machine = type("Machine", (QueueMachine,), {"pool": pool, "runner": runner})
        try:
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=100,
                    stateful_step_count=40,
                    deadline=None,
                    print_blob=True,
                    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
                ),
            )
        finally:
            runner.run(pool.close())
