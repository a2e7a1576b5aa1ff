"""Deciding a group of messages: pure, from what is known to what is to be written and answered.

The group is decided in order; each message sees the facts of those before it. A message that was said before in
the same words brings nothing and gets the answer that it got then (TX-01).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from voltring_core.domain.chargers import Intervals
from voltring_core.domain.messages import Booted
from voltring_core.domain.values import value
from voltring_core.ocpp.actions import TRANSACTION_ACTIONS
from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.frames import MessageType, encode_again, encode_error, encode_result
from voltring_node.facts import Fact, Message, Outcome, Refusal
from voltring_node.handlers import station
from voltring_node.handlers.route import NOTHING
from voltring_node.handlers.routes import route
from voltring_node.knowledge import Known, Wanted

logger = logging.getLogger("voltring.deciding")
REPEAT = "repeat"
FAULT = "handler_fault"
Key = tuple[str, bytes]
DEFAULT_INTERVALS = Intervals()


@value
class Asked:
    """A message that waits for its answer, and what its connection says to it."""

    message: Message
    intervals: Intervals = DEFAULT_INTERVALS
    """For a BootNotification's answer."""
    answered: str | None = None
    """The reply that was given already, or is given whatever happens; such a message is only kept."""
    only_kept: bool = False


@value
class Decided:
    """What a message brings: the row's reply and flags, and the facts."""

    asked: Asked
    reply: str | None
    facts: tuple[Fact, ...] = ()
    flags: tuple[str, ...] = ()
    is_repeat: bool = False

    @property
    def natural_key(self) -> bytes | None:
        """What the next repeat is recognised by: none where this is one, or where a fault of ours left it undone."""
        return None if self.is_repeat or FAULT in self.flags else self.asked.message.natural_key


@dataclass(slots=True)
class Needs:
    """What a whole group must know, and whose rows it must lock."""

    chargers: set[str] = field(default_factory=set)
    keys: set[Key] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    elsewhere: set[tuple[str, str]] = field(default_factory=set)
    """Chargers, and tokens (in lower case) that are shown there."""
    stopped: set[tuple[str, str]] = field(default_factory=set)
    """Transactions whose own tokens must be known."""
    transactions: set[tuple[str, str]] = field(default_factory=set)
    starts: set[Key] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    standings: set[str] = field(default_factory=set)
    commands: set[tuple[str, str]] = field(default_factory=set)
    reports: set[tuple[str, str, int]] = field(default_factory=set)
    records: set[tuple[str, str]] = field(default_factory=set)
    around: set[tuple[str, int, datetime]] = field(default_factory=set)
    fresh_ids: int = 0


def needs(group: Sequence[Asked]) -> Needs:
    """What to ask of PostgreSQL before the group can be decided."""
    all_needs = Needs()
    for asked in group:
        if asked.only_kept:
            continue
        message = asked.message
        all_needs.chargers.add(message.charger_id)
        if message.natural_key is not None:
            all_needs.keys.add((message.charger_id, message.natural_key))
        _add(all_needs, message.charger_id, _want(message))
    return all_needs


def _want(message: Message) -> Wanted:
    if isinstance(message.said, Booted):
        return station.want_boot(message.said)
    return route(message).want(message.said)


def _add(all_needs: Needs, charger_id: str, want: Wanted) -> None:
    if want is NOTHING:
        return
    if want.token is not None:
        all_needs.tokens.add(want.token.lower())
        if want.elsewhere:
            all_needs.elsewhere.add((charger_id, want.token.lower()))
        if want.stopped and want.transaction is not None:
            all_needs.stopped.add((charger_id, want.transaction))
    if want.transaction is not None:
        all_needs.transactions.add((charger_id, want.transaction))
    if want.start_key is not None:
        all_needs.starts.add((charger_id, want.start_key))
    if want.around is not None:
        all_needs.around.add((charger_id, *want.around))
    if want.active:
        all_needs.active.add(charger_id)
    if want.standing:
        all_needs.standings.add(charger_id)
    if want.report is not None:
        all_needs.reports.add((charger_id, *want.report))
    if want.commands:
        all_needs.commands.update((charger_id, action) for action in want.commands)
    if want.records:
        all_needs.records.update((charger_id, kind) for kind in want.records)
    all_needs.fresh_ids += want.new_id


def decide(group: Iterable[Asked], known: Known, replies: Mapping[Key, str | None]) -> list[Decided]:
    """Decide a group in order. `replies` are those given before to messages in the same words."""
    said_before = dict(replies)
    decided = []
    for asked in group:
        message = asked.message
        key = None if message.natural_key is None else (message.charger_id, message.natural_key)
        if asked.only_kept:
            one = Decided(asked, asked.answered)
        elif key is not None and key in said_before:
            one = Decided(asked, _again(said_before[key], message), flags=(REPEAT,), is_repeat=True)
        else:
            one = _decide_one(asked, known)
            known.learn(message.charger_id, one.facts)
            if key is not None and one.natural_key is not None:
                said_before[key] = one.reply
        decided.append(one)
    return decided


def _decide_one(asked: Asked, known: Known) -> Decided:
    message = asked.message
    try:
        outcome = _outcome(asked, known)
    except Exception:
        # A fault of ours must not stop the other chargers of the group; this one is told to try again. What belongs to
        # a session is not refused: without an answer the charger keeps it.
        logger.exception(
            "%s of %s can't be decided", message.action, message.charger_id, extra={"charger": message.charger_id}
        )
        if message.action in TRANSACTION_ACTIONS:
            return Decided(asked, None, flags=(FAULT,))
        outcome = Outcome(Refusal(Code.INTERNAL, "the message could not be handled"), flags=(FAULT,))
    return Decided(asked, encode(message, outcome), outcome.facts, outcome.flags)


def _outcome(asked: Asked, known: Known) -> Outcome:
    message = asked.message
    if isinstance(message.said, Booted):
        return station.boot(message, message.said, known, asked.intervals)
    return route(message).decide(message, message.said, known)


def encode(message: Message, outcome: Outcome) -> str | None:
    """The frame of an answer; None where the charger does not wait for one (type 6)."""
    if message.type == MessageType.SEND:
        return None
    assert message.message_id is not None
    if isinstance(outcome.answer, Refusal):
        return encode_error(message.message_id, outcome.answer.code, outcome.answer.description, message.version)
    return encode_result(message.message_id, outcome.answer)


def _again(reply: str | None, message: Message) -> str | None:
    """The answer that was given before, under the id of the repeat."""
    if message.type == MessageType.SEND:
        return None
    assert message.message_id is not None
    return encode_again(reply or "[3,null,{}]", message.message_id)
