"""A locust User is a shard: it starts the child process that plays the chargers and replays what that tells."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import gevent
from locust import User, task
from locust.exception import StopUser

from voltring_loadtest.load.batches import Batch
from voltring_loadtest.load.recorder import Recorder
from voltring_loadtest.load.trial import ShardPlan, Trial

LAST_WORDS = 8.0
"""Seconds for a child to end its sessions and close its sockets."""
DIED = "a shard ended by itself: its log says why"


class Wrong(Exception):
    """A failure's name, as locust counts them."""


class Child:
    """The process of one shard."""

    def __init__(self, plan: ShardPlan, log: IO[bytes]) -> None:
        words = [sys.executable, "-m", "voltring_loadtest.load.shard"]
        # In a session of its own: Ctrl-C is for the one who started it, who then closes its input.
        self.process = subprocess.Popen(  # noqa: S603 - ourselves
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True
        )
        self._write(plan.encode())

    def say(self, word: str) -> None:
        """One word of `shard.WORDS`."""
        self._write(f"{word}\n".encode())

    def lines(self) -> Iterator[bytes]:
        """What it tells, until it ends."""
        assert self.process.stdout is not None
        yield from self.process.stdout

    def dismiss(self) -> None:
        """Ask it to end: by the end of its input."""
        assert self.process.stdin is not None
        if not self.process.stdin.closed:
            self.process.stdin.close()

    def end(self) -> None:
        """It has ended when this returns."""
        self.dismiss()
        try:
            self.process.wait(LAST_WORDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _write(self, text: bytes) -> None:
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(text)
            self.process.stdin.flush()
        except (BrokenPipeError, ValueError):
            # It has ended: whoever reads its lines finds that out, and says so.
            return


class Crew:
    """All shards of a run."""

    def __init__(self, trial: Trial, recorder: Recorder, log: Path) -> None:
        self.trial = trial
        self.recorder = recorder
        self.children: dict[int, Child] = {}
        self.is_ending = False
        self._log = log

    def start(self) -> int | None:
        """Start the next shard, and return its number; None when there are all."""
        number = len(self.children)
        if number >= self.trial.shards or self.is_ending:
            return None
        with self._log.open("ab") as log:
            self.children[number] = Child(self.trial.shard(number), log)
        return number

    def say(self, word: str) -> None:
        """To all."""
        for child in self.children.values():
            child.say(word)

    def end(self) -> None:
        """End all, side by side."""
        self.is_ending = True
        for child in self.children.values():
            child.dismiss()
        gevent.joinall([gevent.spawn(child.end) for child in self.children.values()])


def shard_user(crew: Crew) -> type[User]:
    """The class of locust's Users for this run."""

    class Shard(User):
        """Up to some hundred chargers."""

        @task
        def play(self) -> None:
            number = crew.start()
            if number is None:
                raise StopUser
            for line in crew.children[number].lines():
                batch = Batch.decode(line)
                crew.recorder.take(number, batch)
                self._replay(batch)
            crew.recorder.forget(number)
            if not crew.is_ending:
                crew.recorder.fail("loadtest", "shard", DIED, time.time())
                self._fire("loadtest", "shard", 0.0, 0, DIED, time.time())
            raise StopUser

        def _replay(self, batch: Batch) -> None:
            for kind, name, took, size, wrong in batch.samples:
                self._fire(kind, name, took, size, wrong, batch.at)

        def _fire(self, kind: str, name: str, took: float, size: int, wrong: str | None, at: float) -> None:
            self.environment.events.request.fire(
                request_type=kind,
                name=name,
                response_time=took,
                response_length=size,
                exception=None if wrong is None else Wrong(wrong),
                context={},
                start_time=at,
            )

    return Shard
