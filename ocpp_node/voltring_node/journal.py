"""The message log: what becomes of each frame, in one word, with its error code, its latency and its session."""

from datetime import datetime
from uuid import UUID

from voltring_core.domain.kinds import Verdict
from voltring_core.ocpp.redaction import redact_frame
from voltring_core.ocpp.text import load
from voltring_node.deciding import FAULT, REPEAT, Decided
from voltring_node.facts import Message, ReadingsFact, TransactionFact
from voltring_node.storable import clean

COLUMNS = (
    "received_at charger_id direction message_type message_id action frame reply natural_key epoch flags"
    " verdict error_code latency_ms transaction_id"
).split()
MALFORMED, STRAY = "malformed", "stray"
UNREMARKABLE = frozenset({REPEAT, "signed", "late", "unknown_stream"})
"""Flags that do not mean that anything was mended."""
LONGEST_ID, LONGEST_CODE = 100, 50
CALLERROR = "[4,"


def verdict(one: Decided) -> tuple[Verdict, str | None]:
    """The word, and the code of a CALLERROR whoever sent it."""
    flags = (*one.asked.message.flags, *one.flags)
    code = one.asked.message.error_code or _code(one.reply)
    for flag, word in ((MALFORMED, Verdict.MALFORMED), (STRAY, Verdict.STRAY), (FAULT, Verdict.FAULT)):
        if flag in flags:
            return word, code
    if code is not None:
        return Verdict.REFUSED, code
    if one.is_repeat:
        return Verdict.REPEAT, None
    return (Verdict.OK if UNREMARKABLE.issuperset(flags) else Verdict.REPAIRED), None


def _code(reply: str | None) -> str | None:
    if reply is None or not reply.startswith(CALLERROR):
        return None
    array = load(reply)
    return str(array[2]) if len(array) > 2 else None


def row(one: Decided, now: datetime) -> tuple[object, ...]:
    """The frame as it is kept, in the order of COLUMNS; without secrets."""
    message = one.asked.message
    word, code = verdict(one)
    return (
        message.received_at,
        message.charger_id,
        message.direction,
        message.type,
        None if message.message_id is None else clean(str(message.message_id))[:LONGEST_ID],
        clean(message.action),
        clean(shown(message, message.frame)),
        clean(shown(message, one.reply)),
        one.natural_key,
        message.epoch,
        [*message.flags, *one.flags],
        word.value,
        code and clean(code)[:LONGEST_CODE],
        latency_ms(one, now),
        _session(one),
    )


def shown(message: Message, text: str | None) -> str | None:
    """The text of a frame without secrets."""
    return text and redact_frame(text, message.version, message.action)


def latency_ms(one: Decided, now: datetime) -> float | None:
    """How long the charger took to answer, or we until the answer was decided."""
    message = one.asked.message
    if message.latency_ms is not None or one.reply is None:
        return message.latency_ms
    return (now - message.received_at).total_seconds() * 1000


def _session(one: Decided) -> UUID | None:
    """The session that the message speaks of; one that it ends by starting another is named before that."""
    found: UUID | None = None
    for fact in one.facts:
        if isinstance(fact, TransactionFact):
            if fact.said is not None:
                return fact.transaction.id
            found = found or fact.transaction.id
        elif isinstance(fact, ReadingsFact) and fact.transaction is not None:
            found = found or fact.transaction.id
    return found
