"""The spans of commands and of groups, where they are sampled (docs/tracing.md).

A command's trace begins at the API and comes with its row, so that it goes on whenever the command is sent. A message's
begins here (`traced.py`).
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from voltring_core import tracing
from voltring_core.ocpp.conversation import Answered
from voltring_core.ocpp.versions import Version
from voltring_core.tracing import Kind, Parent

CHARGER, VERSION, ACTION, MESSAGE = "ocpp.charger.id", "ocpp.version", "ocpp.action", "ocpp.message.id"
COMMAND, STATE, ATTEMPT = "voltring.command.id", "voltring.command.state", "voltring.command.attempt"
OUTCOME, GROUP = "voltring.outcome", "voltring.group.size"


@contextmanager
def command(charger_id: str, version: Version, row: Any, message_id: str, began_ns: int) -> Iterator[None]:
    """From the take (since `began_ns`) to the outcome; nothing where the row has no trace."""
    parent = tracing.carried(row.get("traceparent"))
    if parent is None:
        with tracing.within(None):  # who rang may have been traced for something else
            yield
        return
    taken_ns = tracing.now_ns()
    about = about_ocpp(charger_id, version, row["action"]) | {
        MESSAGE: message_id,
        COMMAND: str(row["id"]),
        ATTEMPT: row["attempts"],
    }
    span = tracing.begin(f"command {row['action']}", Kind.CONSUMER, parent, about, began_ns=began_ns)
    span.part("take: QUEUED to SENT, committed", began_ns, taken_ns, {CHARGER: charger_id})
    with tracing.inside(span):
        yield


def said(answer: object) -> None:
    """Note in the span of a CALL how it ended."""
    span = tracing.current()
    if span is None:
        return
    if isinstance(answer, Answered):
        span.note({OUTCOME: (answer.code or "CALLRESULT")[:50]})
    else:
        span.note({OUTCOME: str(answer)})
        span.fail(str(answer))


def settled(row: Mapping[str, Any]) -> None:
    """Note what became of the command."""
    span = tracing.current()
    if span is not None:
        span.note({STATE: str(row["state"])})


@contextmanager
def late(sent: Any) -> Iterator[None]:
    """An answer that nobody waits for any more goes on with its command's trace."""
    parent = tracing.carried(sent.traceparent)
    if parent is None:
        yield
        return
    about = about_ocpp(sent.charger_id, sent.version, sent.action) | {COMMAND: str(sent.command_id)}
    with tracing.inside(tracing.begin(f"late answer to {sent.action}", Kind.CONSUMER, parent, about)):
        yield


def about_ocpp(charger_id: str, version: Version, action: str) -> dict[str, str | int | float | bool]:
    """What is said of a message or a command of OCPP."""
    return {CHARGER: charger_id, VERSION: version.value, ACTION: action}


def committed(group: list[Any], patience: float, began: float, ended: float) -> None:
    """The traced messages of a group that is committed now: how long each has waited for it, and the group itself.

    Times on the monotonic clock; `patience` are the seconds from an entry's coming to its deadline. The group is a
    trace of its own, linked to its messages' and they to it.
    """
    if not tracing.is_on():
        return
    traced = [one for one in group if one.trace is not None]
    if not traced:
        return
    wall = tracing.now_ns() - int(time.monotonic() * 1e9)
    began_ns, ended_ns = wall + int(began * 1e9), wall + int(ended * 1e9)
    links: list[Parent] = [one.trace.place for one in traced]
    whole = tracing.begin("commit a group", Kind.INTERNAL, None, {GROUP: len(group)}, links, began_ns)
    for one in traced:
        submitted_ns = min(wall + int((one.deadline - patience) * 1e9), began_ns)
        one.trace.part("wait for the group", submitted_ns, began_ns, {})
        one.trace.part("decide and commit", began_ns, ended_ns, {GROUP: len(group)}, whole.place)
    whole.end(ended_ns)
