"""Frames of the live feed."""

import pytest

from voltring_api.streaming import as_frame, is_wanted


@pytest.mark.parametrize(
    ("kind", "charger_id", "asked", "messages", "wanted"),
    [
        ("charger.online", "A", None, False, True),
        ("charger.online", "A", "A", False, True),
        ("charger.online", "A", "B", False, False),
        ("message", "A", "A", True, True),
        ("message", "A", "A", False, False),
        ("message", "A", None, False, False),
        ("message", "B", "A", True, False),
    ],
)
def test_a_listener_gets_what_it_asked_for(
    kind: str, charger_id: str, asked: str | None, messages: bool, wanted: bool
) -> None:
    assert is_wanted({"type": kind, "charger_id": charger_id}, asked, messages) is wanted


def test_an_event_is_one_frame_whatever_is_in_it() -> None:
    frame = as_frame("1-0.0", {"type": "message", "charger_id": "Ü", "frame": "a\n\nb\r"})
    assert (
        frame
        == 'id: 1-0.0\nevent: message\ndata: {"type":"message","charger_id":"Ü","frame":"a\\n\\nb\\r"}\n\n'.encode()
    )
