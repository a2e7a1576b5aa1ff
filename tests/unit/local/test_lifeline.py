import os
from pathlib import Path

import pytest

from voltring_local import lifeline
from voltring_local.children import Child


def _child(log: Path) -> Child:
    return Child("room", ("/bin/true",), log)


def test_a_log_is_continued_at_the_next_start(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "room.log"
    for word in ("one", "two"):
        with lifeline.log_of(_child(log)) as descriptor:
            os.write(descriptor, f"{word}\n".encode())
    assert log.read_text() == "one\ntwo\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_a_large_log_is_set_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifeline, "LARGEST_LOG", 3)
    log = tmp_path / "room.log"
    log.write_text("long")
    with lifeline.log_of(_child(log)):
        assert log.read_text() == ""
    assert (tmp_path / "room.log.1").read_text() == "long"


def test_the_last_words_are_the_last_line_that_says_something(tmp_path: Path) -> None:
    log = tmp_path / "room.log"
    log.write_text("starting\nVOLTRING_X is not set\n\n")
    assert lifeline.last_line(log) == "VOLTRING_X is not set"
    log.write_text("\n")
    assert lifeline.last_line(log) == "it said nothing"
