"""One child, kept running: started, watched until ready, started again when it dies, stopped when told."""

import asyncio
import contextlib
import os
import signal

from voltring_local import lifeline
from voltring_local.children import Child
from voltring_local.errors import StartFailed
from voltring_local.probes import Ends, is_ready

GLANCE = 0.05
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
STEADY = 10.0
"""Seconds after which a child counts as healthy again, and its next fall as a first one."""
START_PATIENCE = 45.0


class Observer:
    """What others do around a child's life. Each method may be left as it is."""

    def before(self, child: Child) -> None:
        """Called in a thread before every start. May raise StartFailed."""

    async def ended(self, child: Child, how: str) -> None:
        """Called when a child that should run has ended, before it is started again."""

    def ready(self, child: Child, pid: int) -> None:
        """Called whenever the child is ready, at its first start and after."""


class Keeper:
    """Keeps one child. `run()` goes in a task of its own; `stop()` makes it return."""

    def __init__(self, child: Child, observer: Observer, hard: asyncio.Event) -> None:
        self.child = child
        self.started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the child is ready for the first time; fails with StartFailed."""
        # Of several failures the first one is told; the others count as read.
        self.started.add_done_callback(lambda told: told.cancelled() or told.exception())
        self._observer = observer
        self._hard = hard
        self._stopping = asyncio.Event()
        self._late = False
        self._process: asyncio.subprocess.Process | None = None

    async def run(self) -> None:
        """Keep the child until `stop()`, or its first start has failed. Cancelled, it kills the child."""
        pause, failures = FIRST_PAUSE, 0
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            began = loop.time()
            how = await self._live()
            if self._stopping.is_set() or (self._is_step and self.started.done()):
                return
            if not self.started.done() and (failures := failures + 1) >= self.child.tries:
                self.started.set_exception(StartFailed(self._obituary(how)))
                return
            if self.started.done():
                await self._observer.ended(self.child, how)
            pause = FIRST_PAUSE if loop.time() - began > STEADY else pause
            await self._pause(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def stop(self) -> None:
        """End the child by its signal; when it takes too long, by SIGKILL. Returns when it is gone."""
        self._stopping.set()
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(self.child.stop_signal)
        if not await self._gone(process, self.child.stop_within):
            self._kill(process)
            await process.wait()

    @property
    def _is_step(self) -> bool:
        return isinstance(self.child.ready, Ends)

    async def _live(self) -> str:
        """One life of the child, from start to end; how it ended."""
        self._late = False
        try:
            await asyncio.to_thread(self._observer.before, self.child)
            process = self._process = await self._spawn()
        except StartFailed as error:
            return f"can't be started: {error.message}"
        except OSError as error:
            return f"can't be started: {error.strerror}"
        if self._stopping.is_set():
            # Told while it was being started: nobody else saw it.
            self._kill(process)
        try:
            await self._watch(process)
        except asyncio.CancelledError:
            self._kill(process)
            raise
        if self._late:
            return f"is not ready after {START_PATIENCE:.0f} s"
        return _how(process.returncode or 0)

    async def _spawn(self) -> asyncio.subprocess.Process:
        with lifeline.log_of(self.child) as log:
            launch = lifeline.launch(self.child, log)
            return await asyncio.create_subprocess_exec(*launch.argv, **launch.options)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        """Tell when it is ready; return when it has ended. One that never gets ready at first is killed."""
        ready = asyncio.create_task(self._until_ready(process), name=f"{self.child.name} ready")
        ended = asyncio.create_task(process.wait(), name=f"{self.child.name} ended")
        try:
            patience = None if self.started.done() else START_PATIENCE
            await asyncio.wait({ready, ended}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
            running = process.returncode is None
            if (ready.done() and running) or (self._is_step and process.returncode == 0):
                self._tell_ready(process)
            elif running:
                self._late = True
                self._kill(process)
            await ended
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.gather(ready, ended, return_exceptions=True)

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        while not await asyncio.to_thread(is_ready, self.child.ready, process.pid):  # noqa: ASYNC110
            await asyncio.sleep(GLANCE)  # another process has no Event to wait for

    def _tell_ready(self, process: asyncio.subprocess.Process) -> None:
        self._observer.ready(self.child, process.pid)
        if not self.started.done():
            self.started.set_result(None)

    async def _gone(self, process: asyncio.subprocess.Process, seconds: float) -> bool:
        """Wait until the process has ended, or `seconds` are over, or things must go hard; which of it?"""
        ended = asyncio.create_task(process.wait(), name=f"{self.child.name} ends")
        hard = asyncio.create_task(self._hard.wait(), name=f"{self.child.name} must end")
        await asyncio.wait({ended, hard}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, hard):
            task.cancel()
        return process.returncode is not None

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)

    def _kill(self, process: asyncio.subprocess.Process) -> None:
        """SIGKILL for the child and what it has started: it leads a process group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    def _obituary(self, how: str) -> str:
        words = lifeline.last_line(self.child.log)
        return f"{self.child.name} {how} ({words}); see {self.child.log}"


def _how(status: int) -> str:
    """How a process ended, for a sentence that begins with its name."""
    if status >= 0:
        return f"ended with status {status}"
    return f"was ended by {signal.Signals(-status).name}"
