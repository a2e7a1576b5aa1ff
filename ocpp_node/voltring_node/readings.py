"""Meter readings as lines of PostgreSQL's text COPY.

Readings are most of what is written, three to thirty for each message. As text their common columns are written down
once for a message; as values every one of them would be encoded anew for every row.
"""

from functools import lru_cache

from voltring_core.domain.messages import Sample
from voltring_node.facts import Message, ReadingsFact

COLUMNS = (
    "received_at charger_id transaction_id evse_id connector_id sampled_at measurand phase location context unit"
    " value raw".split()
)
NULL = r"\N"
SPECIAL = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r", "\0": "\N{SYMBOL FOR NULL}"})


def lines(message: Message, fact: ReadingsFact) -> str:
    """The rows of one message, each with its end of line."""
    charger, place = text(message.charger_id), f"{_or_null(fact.evse_id)}\t{_or_null(fact.connector_id)}"
    transaction = NULL if fact.transaction is None else str(fact.transaction.id)
    head = f"{message.received_at}\t{charger}\t{transaction}\t{place}\t"
    rows, at, start = [], None, ""
    for sample in fact.samples:
        if sample.at is not at:
            at = sample.at
            start = f"{head}{at}\t"
        rows.append(f"{start}{_kind(sample)}\t{_or_null(sample.value)}\t{text(sample.raw)}\n")
    return "".join(rows)


def _or_null(value: object) -> object:
    return NULL if value is None else value


def _kind(sample: Sample) -> str:
    return _words(sample.measurand, sample.phase, sample.location, sample.context, sample.unit)


@lru_cache(4096)
def _words(*values: str | None) -> str:
    return "\t".join(NULL if value is None else text(value) for value in values)


def text(value: str) -> str:
    """A text as a column: what means something to COPY is escaped, and a NUL is shown by its symbol."""
    if "\\" in value or "\t" in value or "\n" in value or "\r" in value or "\0" in value:
        return value.translate(SPECIAL)
    return value
