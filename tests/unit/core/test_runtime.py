"""How a room runs: supervised loops that live on, sentences in the log, wrong starts in one line."""

import asyncio
import logging

import pytest

from voltring_core import runtime
from voltring_core.errors import SchemaOutdated, SettingsError
from voltring_core.runtime import every, run, supervise, wait


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(runtime, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(runtime, "LONGEST_PAUSE", 0.004)


@pytest.fixture
def stop():
    return asyncio.Event()


async def test_work_that_fails_is_logged_and_started_again(stop, caplog):
    runs = 0

    async def work():
        nonlocal runs
        runs += 1
        if runs == 3:
            stop.set()
            return
        raise RuntimeError("broken")

    async with asyncio.timeout(2):
        await supervise("the work", work, stop)
    assert runs == 3
    assert caplog.messages == ["the work failed and starts again"] * 2


async def test_work_that_ends_early_says_so_and_starts_again(stop, caplog):
    runs = 0

    async def work():
        nonlocal runs
        runs += 1
        if runs == 2:
            stop.set()

    async with asyncio.timeout(2):
        await supervise("the work", work, stop)
    assert (runs, caplog.messages) == (2, ["the work ended early and starts again"])


async def test_cancelled_work_is_not_started_again(stop):
    async def work():
        await asyncio.sleep(60)

    task = asyncio.create_task(supervise("the work", work, stop))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_waiting_ends_with_stop_or_with_the_time(stop):
    assert await wait(stop, 0.001) is False
    stop.set()
    assert await wait(stop, 60) is True


async def test_every_logs_the_sentence_of_a_cycle_unless_it_is_empty(stop, caplog):
    caplog.set_level(logging.INFO, "voltring.runtime")
    sentences = ["did something", "", "did more"]

    async def cycle():
        if len(sentences) == 1:
            stop.set()
        return sentences.pop(0)

    async with asyncio.timeout(2):
        await every(0.001, cycle, stop)
    assert caplog.messages == ["did something", "did more"]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SettingsError("VOLTRING_X is not set"), "voltring: VOLTRING_X is not set\n"),
        (SchemaOutdated(), "voltring: The database schema is older than this program: run `voltring migrate`.\n"),
        (ExceptionGroup("g", [ExceptionGroup("h", [SettingsError("port")])]), "voltring: port\n"),
    ],
)
def test_a_wrong_start_ends_with_status_2_and_one_sentence(error, sentence, capsys):
    async def main(stop):
        raise error

    with pytest.raises(SystemExit) as caught:
        run(main)
    assert caught.value.code == 2
    assert capsys.readouterr().err == sentence


def test_another_fault_is_not_hidden():
    async def main(stop):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)


@pytest.mark.parametrize(("limits", "asked"), [((1024, 4096), [(4096, 4096)]), ((4096, 4096), [])])
def test_a_room_may_open_as_many_files_as_the_machine_allows(monkeypatch, limits, asked):
    sets = []
    monkeypatch.setattr(runtime.resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(runtime.resource, "setrlimit", lambda _, wanted: sets.append(wanted))
    runtime._allow_open_files()
    assert sets == asked
