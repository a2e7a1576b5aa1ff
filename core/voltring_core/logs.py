"""Logs: one JSON object a line, which says of whom it is and in which trace (docs/tracing.md)."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from voltring_core import tracing


class JsonLines(logging.Formatter):
    """Time, level, logger, message, the room, the trace where one is recorded, and what the record has in `extra`."""

    STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

    def __init__(self, **always: str) -> None:
        """`always` is in each line: `room`, and the node's name where it has one."""
        super().__init__()
        self._always = always

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            **self._always,
            "logger": record.name,
            "message": record.getMessage(),
            **{key: value for key, value in record.__dict__.items() if key not in self.STANDARD},
        }
        if (span := tracing.current()) is not None:
            line |= {"trace_id": span.trace_id, "span_id": span.span_id}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


def configure_logging(level: str, room: str, **names: str) -> None:
    """Log JSON lines to standard output; libraries only from WARNING on. `names` are in each line, e.g. `node`."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonLines(room=room, **names))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    # Its pool tells of every try while PostgreSQL is away, with a traceback; the rooms say it in a sentence.
    logging.getLogger("asyncpg").setLevel(logging.ERROR)
    logging.getLogger("voltring").setLevel(level)
