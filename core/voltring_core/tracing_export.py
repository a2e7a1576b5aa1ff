"""The sending side of traces: OpenTelemetry's SDK and OTLP over HTTP, in a thread of its own.

Nothing waits for the collector. While it is away spans are kept up to a bound, then lost, and the log says so seldom.
"""

import logging
import threading
from collections.abc import Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from voltring_core import tracing
from voltring_core.errors import SettingsError
from voltring_core.saying import Saying
from voltring_core.tracing import Kind, Made, Parent

logger = logging.getLogger("voltring.tracing")
SETTING = "VOLTRING_OTLP_ENDPOINT"
MOST_WAITING = 4096
"""Spans; about 2 KiB each."""
BATCH = 512
SEND_EVERY_MS = 1_000
PATIENCE_S = 5.0
"""Seconds for one batch, the library's tries included."""
LAST_WORDS_S = 2.0
"""Seconds in which a room that ends sends what is left."""
PATH = "/v1/traces"
ENDED = "Failed to export spans batch due to timeout"


def begin(endpoint: str | None, ratio: float, room: str, instance: str) -> None:
    """Trace, if there is a collector to send to: `endpoint` is its address without `/v1/traces`.

    Raises SettingsError when the packages for it are missing.
    """
    if endpoint is None:
        return
    try:
        exporting = Exporting(endpoint, room, instance)
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"{SETTING} is set, but the package {error.name} is missing: install voltring[tracing]"
        ) from None
    tracing.start(exporting, ratio)
    logger.info("traces go to %s", _named(endpoint), extra={"sample": ratio})


def _named(endpoint: str) -> str:
    at = urlsplit(endpoint)
    return f"{at.hostname}:{at.port}" if at.port else str(at.hostname)


class Exporting:
    """Makes OpenTelemetry's spans and sends them."""

    def __init__(self, endpoint: str, room: str, instance: str) -> None:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_ON

        self._api = trace
        self._kinds = {kind: trace.SpanKind[kind.name] for kind in Kind}
        self._flags = trace.TraceFlags(trace.TraceFlags.SAMPLED)
        about = {
            "service.namespace": "voltring",
            "service.name": f"voltring-{room}",
            "service.instance.id": instance,
            "service.version": version("voltring"),
        }
        # What is sampled is decided before a span is made.
        self._provider = TracerProvider(ALWAYS_ON, Resource.create(about), shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint.rstrip("/") + PATH, timeout=PATIENCE_S)
        processor = BatchSpanProcessor(
            _Calm(exporter, _named(endpoint)),  # type: ignore[arg-type]
            max_queue_size=MOST_WAITING,
            schedule_delay_millis=SEND_EVERY_MS,
            max_export_batch_size=BATCH,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("voltring", version("voltring"))

    def make(
        self, name: str, kind: Kind, parent: Parent | None, links: Sequence[Parent], at_ns: int | None
    ) -> tuple[Made, Parent]:
        """Begin a span; a root where it has no parent."""
        api = self._api
        above = api.INVALID_SPAN if parent is None else api.NonRecordingSpan(self._context(parent))
        made: Any = self._tracer.start_span(
            name,
            api.set_span_in_context(above),
            self._kinds[kind],
            links=[api.Link(self._context(one)) for one in links],
            start_time=at_ns,
        )
        context = made.get_span_context()
        return made, Parent(context.trace_id, context.span_id)

    def fail(self, made: Any, why: str) -> None:
        """Give it the status of an error."""
        made.set_status(self._api.StatusCode.ERROR, why)

    def stop(self) -> None:
        """Send what is left, for LAST_WORDS_S at most: a collector that hangs keeps no room from its end."""
        ending = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        ending.start()
        ending.join(LAST_WORDS_S)

    def _context(self, place: Parent) -> Any:
        return self._api.SpanContext(place.trace_id, place.span_id, is_remote=True, trace_flags=self._flags)


class _Calm:
    """An exporter that tells of a collector that is away in one line, where the library has several for each batch."""

    def __init__(self, exporter: Any, where: str) -> None:
        self._exporter = exporter
        self._where = where
        self._saying = Saying(logger)
        self._last = _Last()
        library = logging.getLogger("opentelemetry")
        library.handlers[:], library.propagate = [self._last], False

    def export(self, spans: Any) -> Any:
        """Send a batch; what can't be sent is lost."""
        result = self._exporter.export(spans)
        if result.name == "SUCCESS":
            self._saying.over("spans reach %s again", self._where)
        else:
            self._saying.met("%d spans did not reach %s: %s", len(spans), self._where, self._last.said)
        return result

    def shutdown(self) -> None:
        """No more is sent."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing waits here."""
        return True


class _Last(logging.Handler):
    """Keeps why the library failed last: it warns of each try with its reason, and of the end of them without."""

    said = "it does not answer"

    def emit(self, record: logging.LogRecord) -> None:
        """Note it, shortened."""
        if record.levelno <= logging.WARNING or not record.getMessage().startswith(ENDED):
            self.said = record.getMessage()[:300]
