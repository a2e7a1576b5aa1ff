"""The message log: what becomes of each frame, in one word, with its error code, its latency and its session."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from voltring_core.ocpp.redaction import redact_frame
from voltring_core.ocpp.text import load
from voltring_node.deciding import FAULT, REPEAT, Decided
from voltring_node.facts import ReadingsFact, TransactionFact
from voltring_node.storable import clean

COLUMNS = (
    "received_at charger_id direction message_type message_id action frame reply natural_key epoch flags"
    " verdict error_code latency_ms transaction_id"
).split()
MALFORMED, STRAY = "malformed", "stray"
UNREMARKABLE = frozenset({REPEAT, "signed"})
"""Flags that do not mean that anything was mended."""
LONGEST_ID, LONGEST_CODE = 100, 50
CALLERROR = "[4,"


class Verdict(StrEnum):
    """What became of a frame."""

    OK = "ok"
    REPAIRED = "repaired"
    REPEAT = "repeat"
    REFUSED = "refused"
    MALFORMED = "malformed"
    STRAY = "stray"
    FAULT = "fault"


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
    latency = message.latency_ms
    if latency is None and one.reply is not None:
        latency = (now - message.received_at).total_seconds() * 1000
    return (
        message.received_at,
        message.charger_id,
        message.direction,
        message.type,
        None if message.message_id is None else clean(str(message.message_id))[:LONGEST_ID],
        clean(message.action),
        clean(redact_frame(message.frame, message.version, message.action or "")),
        one.reply and clean(redact_frame(one.reply, message.version, message.action or "")),
        one.natural_key,
        message.epoch,
        [*message.flags, *one.flags],
        word.value,
        code and clean(code)[:LONGEST_CODE],
        latency,
        _session(one),
    )


def _session(one: Decided) -> UUID | None:
    for fact in one.facts:
        if isinstance(fact, TransactionFact):
            return fact.transaction.id
        if isinstance(fact, ReadingsFact) and fact.transaction is not None:
            return fact.transaction.id
    return None
