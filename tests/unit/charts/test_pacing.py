"""The script that lets a router's chargers go, against a double of HAProxy's runtime socket."""

import contextlib
import importlib.util
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from router_form import PACING

WITHIN_S = 60.0


class Runtime:
    """HAProxy, as far as it answers by its runtime socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.sessions: dict[str, str] = {}
        """Ids, and what stands behind them."""
        self.asked: list[list[str]] = []
        """Line by line, with the questions of each."""
        self.is_stopping = False
        self.piece = 65536
        """Bytes that are sent at once."""
        self.on_line: Callable[[list[str]], None] = lambda questions: None
        self.greeted = threading.Event()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def connect(self, count: int, frontend: str = "chargers", backend: str = "nodes") -> list[str]:
        """So many more sessions; their ids."""
        made = [f"0x{len(self.sessions) + number:012x}" for number in range(1, count + 1)]
        for one in made:
            self.sessions[one] = f"{one}: proto=tcpv4 src=127.0.0.1:4242 fe={frontend} be={backend} srv=node-0 ts=00"
        return made

    def hang_up(self) -> None:
        """Close every conversation, and take no new one."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits in it
        self._listener.close()
        self.path.unlink(missing_ok=True)
        for one in self._open:
            with contextlib.suppress(OSError):  # it was the other one's end
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                found, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(found)
            threading.Thread(target=self._converse, args=(found,), daemon=True).start()

    def _converse(self, asking: socket.socket) -> None:
        lines = asking.makefile("r", encoding="ascii")
        try:
            for line in lines:
                questions = line.strip().split(";")
                self.asked.append(questions)
                self.on_line(questions)
                said = "".join(f"{self._answer(one)}\n> " for one in questions).encode()
                for start in range(0, len(said), self.piece):
                    asking.sendall(said[start : start + self.piece])
        except (OSError, ValueError):  # hung up
            return
        finally:
            lines.close()
            asking.close()

    def _answer(self, question: str) -> str:
        match question.split():
            case ["prompt"]:
                self.greeted.set()
            case ["show", "sess"]:
                return "".join(f"{line}\n" for line in self.sessions.values())
            case ["show", "info"]:
                return f"Name: HAProxy\nStopping: {int(self.is_stopping)}\n"
            case ["shutdown", "session", one]:
                self.sessions.pop(one, None)
        return ""

    @property
    def closed(self) -> list[str]:
        """Who was closed, in order."""
        asked = [one for line in self.asked for one in line]
        return [one.rpartition(" ")[2] for one in asked if one.startswith("shutdown session ")]


@pytest.fixture
def runtime(tmp_path: Path) -> Iterator[Runtime]:
    made = Runtime(tmp_path / "haproxy.sock")
    yield made
    made.hang_up()


@pytest.fixture
def ticks() -> list[int]:
    """How many were closed by each tick."""
    return []


@pytest.fixture
def pacing(runtime: Runtime, ticks: list[int]) -> ModuleType:
    """The script as a module whose time does not pass."""
    spec = importlib.util.spec_from_file_location("pacing_under_test", PACING)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.time = SimpleNamespace(sleep=lambda seconds: ticks.append(len(runtime.closed)))  # type: ignore[attr-defined]
    return module


@pytest.fixture
def conversation(runtime: Runtime, pacing: ModuleType) -> Iterator[Any]:
    """With the runtime socket."""
    made = pacing.Conversation(str(runtime.path))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("chargers", "seconds", "by_tick"),
    [
        (10, 5, [2, 4, 6, 8, 10]),
        (7, 3, [3, 5, 7]),
        (3, 20, [1, 2, 3]),
        (1, 1, [1]),
        (0, 20, []),
    ],
)
def test_chargers_are_let_go_evenly_and_all_of_them_in_the_time_there_is(
    runtime: Runtime,
    pacing: ModuleType,
    ticks: list[int],
    chargers: int,
    seconds: int,
    by_tick: list[int],
    conversation: Any,
) -> None:
    runtime.connect(chargers)
    assert pacing.let_go(conversation, seconds) == chargers
    assert ticks == by_tick
    assert runtime.sessions == {}


def test_only_chargers_that_are_at_a_node_are_let_go(runtime: Runtime, pacing: ModuleType, conversation: Any) -> None:
    others = runtime.connect(2, frontend="admin", backend="<NONE>") + runtime.connect(1, backend="<NONE>")
    mine = runtime.connect(4)
    assert pacing.let_go(conversation, 2) == 4
    assert runtime.closed == mine
    assert list(runtime.sessions) == others


def test_who_goes_by_himself_is_not_waited_for_and_the_others_keep_their_pace(
    runtime: Runtime, pacing: ModuleType, ticks: list[int], conversation: Any
) -> None:
    mine = runtime.connect(12)
    looks = 0

    def leave(questions: list[str]) -> None:
        nonlocal looks
        looks += questions == ["show sess"]
        if looks == 2:
            for one in mine[-6:]:
                runtime.sessions.pop(one, None)

    runtime.on_line = leave
    assert pacing.let_go(conversation, 4) == 6
    assert ticks == [3, 4, 5, 6]


def test_many_are_closed_by_a_few_lines_of_a_length_that_haproxy_takes(
    runtime: Runtime, pacing: ModuleType, conversation: Any
) -> None:
    mine = runtime.connect(450)
    assert pacing.let_go(conversation, 1) == 450
    assert sorted(runtime.closed) == sorted(mine)
    lengths = [len(line) for line in runtime.asked if line[0].startswith("shutdown")]
    assert lengths == [200, 200, 50]
    assert max(len(";".join(line)) for line in runtime.asked) < 16_384, "HAProxy's buffer"


def test_an_answer_that_comes_in_pieces_is_read_whole(runtime: Runtime, pacing: ModuleType, conversation: Any) -> None:
    runtime.piece = 1
    mine = runtime.connect(2)
    said = conversation.ask("show sess", "show info")
    assert said.count(pacing.PROMPT) == 2
    assert [one.decode() for one in pacing.OURS.findall(said)] == mine
    assert said.endswith(b"Stopping: 0\n\n> ")


def test_it_waits_until_haproxy_is_told_as_well(
    runtime: Runtime, pacing: ModuleType, ticks: list[int], conversation: Any
) -> None:
    def stop(questions: list[str]) -> None:
        runtime.is_stopping = len(ticks) == 3

    runtime.on_line = stop
    assert pacing.is_stopping(conversation)
    assert len(ticks) == 3


def test_a_haproxy_that_is_not_told_keeps_its_chargers(
    runtime: Runtime, pacing: ModuleType, ticks: list[int], conversation: Any
) -> None:
    assert not pacing.is_stopping(conversation)
    assert len(ticks) == pacing.STOPS_S


def test_a_haproxy_that_hangs_up_ends_the_conversation_with_an_error(
    runtime: Runtime, pacing: ModuleType, conversation: Any
) -> None:
    runtime.hang_up()
    with pytest.raises(OSError, match=r"."):
        conversation.ask("show info")


def held(pacing: ModuleType, path: Path, over: threading.Event) -> tuple[threading.Thread, list[object]]:
    """`held`, begun; what it returns."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(pacing.held(str(path), over)), daemon=True)
    thread.start()
    return thread, found


def test_a_haproxy_that_comes_late_or_again_is_found(pacing: ModuleType, tmp_path: Path) -> None:
    pacing.TICK_S = 0.05  # type: ignore[attr-defined]
    path, over = tmp_path / "late.sock", threading.Event()
    thread, found = held(pacing, path, over)
    for _ in range(2):
        runtime = Runtime(path)
        assert runtime.greeted.wait(WITHIN_S)
        runtime.hang_up()
    last = Runtime(path)
    assert last.greeted.wait(WITHIN_S)
    over.set()
    thread.join(WITHIN_S)
    (conversation,) = found
    assert isinstance(conversation, pacing.Conversation)
    assert b"Stopping: 0" in conversation.ask("show info")
    conversation.close()
    last.hang_up()


def test_without_a_haproxy_there_is_nothing_to_hold(pacing: ModuleType, tmp_path: Path) -> None:
    pacing.TICK_S = 0.05  # type: ignore[attr-defined]
    over = threading.Event()
    thread, found = held(pacing, tmp_path / "nowhere.sock", over)
    over.set()
    thread.join(WITHIN_S)
    assert found == [None]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_begins_the_end_and_it_says_how_many_went(runtime: Runtime, number: signal.Signals) -> None:
    runtime.connect(2)
    command = [sys.executable, str(PACING), str(runtime.path), "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert runtime.greeted.wait(WITHIN_S)
            assert len(runtime.sessions) == 2
            runtime.is_stopping = True
            process.send_signal(number)
            said, wrong = process.communicate(timeout=WITHIN_S)
        finally:
            process.kill()
    assert (process.returncode, wrong) == (0, "")
    assert said == "2 connections were closed one after the other\n"
    assert runtime.sessions == {}


def test_a_haproxy_that_is_gone_before_the_end_is_no_error(runtime: Runtime) -> None:
    def vanish(questions: list[str]) -> None:
        if questions == ["show info"]:
            runtime.hang_up()

    runtime.on_line = vanish
    command = [sys.executable, str(PACING), str(runtime.path), "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert runtime.greeted.wait(WITHIN_S)
            process.send_signal(signal.SIGTERM)
            said, wrong = process.communicate(timeout=WITHIN_S)
        finally:
            process.kill()
    assert (process.returncode, said, wrong) == (0, "", "")
