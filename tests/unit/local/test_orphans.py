import os
import subprocess
import sys
from pathlib import Path

import pytest

from voltring_local import orphans
from voltring_local.errors import StartFailed


def test_a_pid_file_whose_process_is_gone_is_left_for_the_server_to_judge(tmp_path: Path) -> None:
    file = tmp_path / "server.pid"
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    file.write_text(f"{gone.pid}\n/data\n")
    orphans.clear(file, "/data")
    assert file.exists()


def test_a_pid_that_now_belongs_to_a_stranger_does_not_hold_the_start_up(tmp_path: Path) -> None:
    file = tmp_path / "server.pid"
    file.write_text(f"{os.getpid()}\n")
    orphans.clear(file, str(tmp_path / "data"))
    assert not file.exists()


def test_a_server_that_does_not_end_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orphans, "PATIENCE", 0.1)
    file = tmp_path / "server.pid"
    program = "import sys; print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        file.write_text(str(server.pid))
        with pytest.raises(StartFailed, match=f"process {server.pid} of an earlier start still works on"):
            orphans.clear(file, str(tmp_path))
        server.communicate()


def test_no_pid_file_or_a_broken_one_means_nothing_is_left(tmp_path: Path) -> None:
    orphans.clear(tmp_path / "missing.pid", "/data")
    (tmp_path / "broken.pid").write_text("?")
    orphans.clear(tmp_path / "broken.pid", "/data")
    assert not (tmp_path / "broken.pid").exists()


def test_ps_is_understood_where_there_is_no_proc() -> None:
    assert sys.orig_argv[0] in orphans._as_ps_says(os.getpid())
