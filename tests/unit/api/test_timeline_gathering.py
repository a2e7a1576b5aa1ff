"""Reading frames for a timeline: their payloads, and the times in them, whatever they hold."""

from datetime import UTC, datetime
from typing import Any

import pytest

from voltring_api.resources.timeline_gathering import payload_of, time_behind


@pytest.mark.parametrize(
    ("frame", "payload"),
    [
        ('[2,"1","Heartbeat",{"a":1}]', {"a": 1}),
        ('[6,"1","NotifyPeriodicEventStream",{"a":1}]', {"a": 1}),
        ('[3,"1",{"status":"Accepted"}]', {"status": "Accepted"}),
        ('[4,"1","NotSupported","",{}]', {}),
        ('[2,"1"]', {}),
        ("{}", {}),
        ("[redacted]", {}),
        ("", {}),
        (None, {}),
        ('[2,"1","X",[1]]', {}),
    ],
)
def test_the_payload_of_a_frame_is_an_object_or_an_empty_one(frame: str | None, payload: Any) -> None:
    assert payload_of(frame) == payload


@pytest.mark.parametrize("text", [None, "", ":5}", ': "yesterday", "x"', ', "2026-01-01T00:00:00Z"', ':"', "null"])
def test_what_is_no_time_is_none(text: str | None) -> None:
    assert time_behind(text) is None


@pytest.mark.parametrize("text", [':"2026-01-01T00:00:00Z","connectorId":1', ' : "2026-01-01T00:00:00.000+00:00"}'])
def test_the_time_behind_its_name_is_read(text: str) -> None:
    assert time_behind(text) == datetime(2026, 1, 1, tzinfo=UTC)
