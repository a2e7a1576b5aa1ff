"""A collector of traces in the test's own process: it takes OTLP over HTTP and keeps the spans."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from voltring_core.testing import eventually, free_port

ERROR = 2


@dataclass(frozen=True)
class Got:
    """One span as it came."""

    name: str
    trace: str
    id: str
    parent: str
    room: str
    attributes: dict[str, Any]
    links: tuple[str, ...]
    began: int
    ended: int
    is_error: bool
    resource: dict[str, Any]

    @property
    def traceparent(self) -> str:
        """As a client has it."""
        return f"00-{self.trace}-{self.id}-01"


@dataclass
class Receiver:
    """What came so far."""

    endpoint: str
    spans: list[Got] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def of(self, trace: str) -> list[Got]:
        """The spans of one trace, in the order in which they began."""
        return sorted((one for one in self.spans if one.trace == trace), key=lambda one: (one.began, -one.ended))

    async def whole(self, trace: str, *names: str) -> dict[str, Got]:
        """The spans of one trace by name, once these have come: rooms send them in the background."""

        async def look() -> bool:
            return {one.name for one in self.of(trace)} >= set(names)

        try:
            await eventually(look)
        except AssertionError:
            came = sorted(one.name for one in self.of(trace))
            raise AssertionError(f"{set(names) - set(came)} did not come, but {came}") from None
        return {one.name: one for one in self.of(trace)}


def _value(one: Any) -> Any:
    return getattr(one, one.WhichOneof("value"))


def _read(body: bytes) -> Iterator[Got]:
    for part in ExportTraceServiceRequest.FromString(body).resource_spans:
        resource = {one.key: _value(one.value) for one in part.resource.attributes}
        for span in (span for scope in part.scope_spans for span in scope.spans):
            yield Got(
                span.name,
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                resource["service.name"].removeprefix("voltring-"),
                {one.key: _value(one.value) for one in span.attributes},
                tuple(one.span_id.hex() for one in span.links),
                span.start_time_unix_nano,
                span.end_time_unix_nano,
                span.status.code == ERROR,
                resource,
            )


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A collector on loopback."""
    got = Receiver(f"http://127.0.0.1:{free_port()}")

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.bodies.append(body)
            got.spans.extend(_read(body))
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.end_headers()

        def log_message(self, *said: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", int(got.endpoint.rpartition(":")[2])), Taking)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield got
    server.shutdown()
    server.server_close()
    thread.join()
