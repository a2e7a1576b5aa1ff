"""Log lines: one JSON object each, with the room, the node, the charger and the trace."""

import json
import logging

import pytest
from spans_kept import Keeping

from voltring_core import tracing
from voltring_core.logs import JsonLines, configure_logging


def line(formatter=None, **given):
    record = logging.makeLogRecord({"name": "voltring.x", "levelname": "INFO", "msg": "said"} | given)
    return (formatter or JsonLines(room="node", node="node-0")).format(record)


@pytest.mark.parametrize("text", ["plain", 'quotes " and\nlines', "\0"])
def test_a_log_record_is_one_line_of_json_whatever_it_says(text):
    made = line(msg="said %s", args=(text,), charger="CP-1")
    assert "\n" not in made
    found = json.loads(made)
    assert (found["charger"], found["message"]) == ("CP-1", f"said {text}")


def test_each_line_names_its_room_and_its_node():
    found = json.loads(line())
    assert (found["room"], found["node"], found["level"], found["logger"]) == ("node", "node-0", "INFO", "voltring.x")


def test_a_log_record_holds_the_story_of_its_error():
    try:
        raise RuntimeError("why")
    except RuntimeError as error:
        made = line(exc_info=(type(error), error, error.__traceback__))
    assert "RuntimeError: why" in json.loads(made)["error"]


def test_outside_a_trace_a_line_names_none():
    assert not {"trace_id", "span_id"} & set(json.loads(line()))


def test_within_a_sampled_span_a_line_names_it():
    tracing.start(Keeping(), 1.0)
    try:
        with tracing.inside(tracing.begin("work")) as span:
            found = json.loads(line())
    finally:
        tracing.stop()
    assert (found["trace_id"], found["span_id"]) == (span.trace_id, span.span_id)
    assert len(found["trace_id"]) == 32


def test_levels_are_as_asked_for_and_libraries_speak_from_warning_on(capsys):
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogger("voltring").level)
    try:
        configure_logging("DEBUG", "api")
        logging.getLogger("voltring.y").debug("ours")
        logging.getLogger("library").info("theirs")
        logging.getLogger("library").warning("theirs too")
    finally:
        root.handlers[:], level, ours = before
        root.setLevel(level)
        logging.getLogger("voltring").setLevel(ours)
    lines = [json.loads(one) for one in capsys.readouterr().out.splitlines()]
    assert [(one["message"], one["room"]) for one in lines] == [("ours", "api"), ("theirs too", "api")]
