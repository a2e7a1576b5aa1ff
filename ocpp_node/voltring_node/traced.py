"""A charger's messages, traced where they are sampled: received, understood, committed, answered (docs/tracing.md).

Whether a message is traced is asked by plain code (`tracing.samples`), and only by connections that were made while
tracing was on: the others have no line of this on their way.
"""

from datetime import datetime
from typing import Any

from voltring_core import tracing
from voltring_core.ocpp.conversation import Called, Sent
from voltring_core.tracing import Kind, Span
from voltring_node.connection import WAITS, Connection
from voltring_node.spans import MESSAGE, OUTCOME, about_ocpp

INBOX_NS = 1_000_000
"""A wait in the inbox that is shorter is none."""
LONGEST = 50
"""Characters of what a charger may invent."""
FRAMES = {"3": "CALLRESULT", "4": "CALLERROR"}


class TracedConnection(Connection):
    """A connection of which some messages are traced: it is made in place of `Connection` while tracing is on."""

    __slots__ = ("_trace",)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._trace: Span | None = None
        """Of the first message of the inbox: no other one is at work."""

    # Not by `super()`, which costs as much as all the rest of what is done for a message that is not traced.
    def _handled(self, event: Called | Sent, text: str, now: datetime) -> str | None:
        if not tracing.samples():
            return Connection._handled(self, event, text, now)
        came_ns, began_ns = int(now.timestamp() * 1e9), tracing.now_ns()
        action = event.action[:LONGEST]
        about = about_ocpp(self.id, self.version, action) | {MESSAGE: str(event.message_id)[:LONGEST]}
        trace = tracing.begin(f"message {action}", Kind.SERVER, None, about, began_ns=came_ns)
        self._trace = trace
        if began_ns - came_ns > INBOX_NS:
            trace.part("wait for the message before", came_ns, began_ns, {})
        with tracing.within(trace):
            reply = Connection._handled(self, event, text, now)
        if reply is WAITS:
            trace.part("understand", began_ns, tracing.now_ns(), {})
        return reply

    def _done(self, reply: str | None) -> None:
        if self._trace is not None:
            self._end(self._trace, reply)
        Connection._done(self, reply)

    def _end(self, trace: Span, reply: str | None) -> None:
        self._trace = None
        if reply:
            trace.note({OUTCOME: FRAMES.get(reply[1], reply[1])})
        elif isinstance(self._inbox[0][0], Called):
            trace.note({OUTCOME: "unanswered"})
            trace.fail("unanswered")
        trace.end()
