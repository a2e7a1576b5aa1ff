"""Children that are real processes, but small ones: no servers, no rooms."""

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from voltring_local.children import Child
from voltring_local.errors import StartFailed
from voltring_local.keeper import Observer
from voltring_local.probes import Ends, Ready, Runs
from voltring_local.supervisor import Supervisor


class Diary(Observer):
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.pids: list[int] = []
        self.again = asyncio.Event()

    async def ended(self, child: Child, how: str) -> None:
        self.lines.append(f"{child.name} {how}")

    def ready(self, child: Child, pid: int) -> None:
        self.pids.append(pid)
        if len(self.pids) > 1:
            self.again.set()


def _child(tmp_path: Path, program: str, name: str = "room", ready: Ready | None = None, **more: float) -> Child:
    argv = (sys.executable, "-c", program)
    return Child(name, argv, tmp_path / f"{name}.log", ready=ready or Runs(), **more)  # type: ignore[arg-type]


SLEEPS = "import time; time.sleep(60)"


async def test_a_child_that_dies_is_started_again_and_its_death_is_told(tmp_path: Path) -> None:
    diary = Diary()
    async with Supervisor(diary) as supervisor:
        await supervisor.start([_child(tmp_path, "raise SystemExit(3)")])
        await asyncio.wait_for(diary.again.wait(), 10)
    assert diary.lines[0] == "room ended with status 3"


async def test_a_step_that_succeeds_is_not_repeated(tmp_path: Path) -> None:
    diary = Diary()
    async with Supervisor(diary) as supervisor:
        await supervisor.start([_child(tmp_path, "", ready=Ends())])
    assert len(diary.pids) == 1
    assert diary.lines == []


async def test_a_failed_start_says_the_last_words_of_the_child(tmp_path: Path) -> None:
    step = _child(tmp_path, "import sys; sys.exit('VOLTRING_X is not set')", "migrate", Ends())
    with pytest.raises(StartFailed, match=r"migrate ended with status 1 \(VOLTRING_X is not set\); see"):
        async with Supervisor(Diary()) as supervisor:
            await supervisor.start([step])


async def test_one_failure_of_a_stage_stops_the_others(tmp_path: Path) -> None:
    diary = Diary()
    stage = [_child(tmp_path, SLEEPS, "good"), _child(tmp_path, "raise SystemExit(1)", "bad", Ends())]
    with pytest.raises(StartFailed, match="bad ended with status 1"):
        async with Supervisor(diary) as supervisor:
            await supervisor.start(stage)
    assert not _runs(diary.pids[0])
    assert diary.lines == []


async def test_a_program_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = Child("room", ("/nowhere/program",), tmp_path / "room.log", ready=Ends())
    with pytest.raises(StartFailed, match="/nowhere/program can't be started: No such file or directory"):
        async with Supervisor(Diary()) as supervisor:
            await supervisor.start([missing])


async def test_children_stop_in_the_reverse_order_of_their_start(tmp_path: Path) -> None:
    order = tmp_path / "order"
    program = (
        "import pathlib, signal, sys, time\n"
        "def bye(*_):\n"
        f"    open({str(order)!r}, 'a').write(sys.argv[1] + ' ')\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, bye)\n"
        f"pathlib.Path({str(tmp_path)!r}, sys.argv[1]).touch()\n"
        "time.sleep(60)"
    )
    async with Supervisor(Diary()) as supervisor:
        for name in ("server", "room", "charger"):
            argv = (sys.executable, "-c", program, name)
            await supervisor.start([Child(name, argv, tmp_path / "log")])
            await _until((tmp_path / name).exists)
    assert order.read_text().split() == ["charger", "room", "server"]


async def test_a_child_that_does_not_heed_its_signal_is_killed(tmp_path: Path) -> None:
    diary = Diary()
    program = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEPS}"
    async with Supervisor(diary) as supervisor:
        await supervisor.start([_child(tmp_path, program, stop_within=0.2)])
        await _until(lambda: (tmp_path / "room.log").read_text() == "deaf\n")
    assert not _runs(diary.pids[0])


async def test_hard_waits_for_nobody(tmp_path: Path) -> None:
    diary = Diary()
    program = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); {SLEEPS}"
    async with asyncio.timeout(20), Supervisor(diary) as supervisor:
        await supervisor.start([_child(tmp_path, program, stop_within=60)])
        await _until(lambda: (tmp_path / "room.log").read_text() == "deaf\n")
        supervisor.hard.set()
    assert not _runs(diary.pids[0])


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
