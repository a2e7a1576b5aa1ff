"""What tracing costs a message that is not traced, and one that is: nanoseconds in one process.

.venv/bin/python tests/bench/tracing_off.py
"""

import json
import logging
import sys
import timeit
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

from span_receiver import receiving

from voltring_core import tracing, tracing_export
from voltring_core.domain.chargers import Admission, Charger, Intervals
from voltring_core.domain.messages import Registration
from voltring_core.ocpp.versions import Version
from voltring_node.connection import Connection
from voltring_node.terms import Terms
from voltring_node.traced import TracedConnection

DECIDED = SimpleNamespace(reply='[3,"1",{}]', facts=())

TIMES, SOME, ROUNDS = 200_000, 1_000, 7
FEW = 100
"""Of what is kept until it is sent: more would be lost, and that costs another time."""


class Still:
    """A socket and a recorder that do nothing, so that what is measured is the connection's own."""

    heard_at, is_behind = 0.0, False

    def send_now(self, text: str) -> None: ...
    def hold(self, full: bool) -> None: ...
    def submit(self, asked: Any, done: Any) -> None:
        tracing.current()  # recorder.Recorder._put
        done(DECIDED)


def message(kind: type[Connection]) -> Callable[[], None]:
    """A StatusNotification on its way through a connection, from its frame to its answer."""
    charger = Charger("CP-1", Admission.REGISTERED, None, registration=Registration.ACCEPTED)
    still: Any = Still()
    ignore: Any = [lambda *_: None] * 4
    connection = kind(still, charger, Version.V16, "connection", still, Terms(Intervals(), 3), *ignore)
    payload = {"connectorId": 1, "errorCode": "NoError", "status": "Available"}
    text = json.dumps([2, "1", "StatusNotification", payload])
    return lambda: connection._receive(text)


def per_command() -> None:
    """The same of a command at its node."""
    tracing.now_ns()
    tracing.carried(None)
    for name in ("CALL", "record", "tell"):
        with tracing.span(name):
            pass
    tracing.traceparent()


def sampled() -> None:
    """A traced message: its span and the three within it."""
    with tracing.inside(tracing.begin("message", tracing.Kind.SERVER)) as span:
        for name in ("understand", "wait", "commit"):
            span.part(name, 1, 2, {"ocpp.charger.id": "CP-1"})


def asked() -> None:
    """The two questions that tracing asks of each message, the socket's and the recorder's."""
    tracing.samples()
    tracing.current()


def nanoseconds(work: Callable[[], object], times: int = TIMES, rounds: int = ROUNDS) -> float:
    """Of the quickest round: the others were disturbed."""
    return min(timeit.repeat(work, number=times, repeat=rounds)) / times * 1e9


def main() -> None:
    """Measure without a collector, with one and nothing sampled, and with everything sampled."""
    logging.disable(logging.CRITICAL)
    print(f"an empty call                            {nanoseconds(lambda: None):8.0f} ns")
    print(f"asked of a message, no collector         {nanoseconds(asked):8.0f} ns")
    print(f"a command's node, no collector           {nanoseconds(per_command):8.0f} ns")
    kinds = ("a connection", Connection), ("one that can trace", TracedConnection)
    works = {title: message(kind) for title, kind in kinds}
    with receiving() as receiver:
        tracing_export.begin(receiver.endpoint, 1e-9, "bench", "bench")
        print(f"asked of a message, a collector          {nanoseconds(asked):8.0f} ns")
        # In turns, so that what else the machine does is no difference between them.
        rounds = [[nanoseconds(work, SOME, 1) for work in works.values()] for _ in range(10 * ROUNDS)]
        for title, took in zip(works, zip(*rounds, strict=True), strict=True):
            print(f"a whole message, {title:23} {min(took):8.0f} ns")
        tracing.stop()
    with receiving() as receiver:
        tracing_export.begin(receiver.endpoint, 1.0, "bench", "bench")
        print(f"a traced message, four spans             {nanoseconds(sampled, FEW):8.0f} ns")
        tracing.stop()


if __name__ == "__main__":
    main()
