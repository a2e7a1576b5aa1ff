import os
from pathlib import Path

import pytest

from voltring_local.data_dir import hold
from voltring_local.errors import AlreadyRunning, StartFailed


def test_a_new_data_directory_is_closed_to_others(tmp_path: Path) -> None:
    with hold(tmp_path / "a" / "b") as directory:
        assert directory.stat().st_mode & 0o777 == 0o700


def test_two_can_not_hold_one_directory_and_the_first_is_named(tmp_path: Path) -> None:
    with hold(tmp_path), pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"), hold(tmp_path):
        pass


def test_a_directory_that_was_let_go_can_be_held_again(tmp_path: Path) -> None:
    for _ in range(2):
        with hold(tmp_path):
            pass


def test_a_place_that_is_no_directory_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(StartFailed, match=f"the data directory {file} can't be used"), hold(file):
        pass
