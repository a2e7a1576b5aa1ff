"""Nodes restarted one after the other while chargers are connected: by a command, by their admin ports, or by somebody
else while this only measures."""

import json
import os
import shlex
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import gevent

from voltring_loadtest.load.recorder import Recorder
from voltring_loadtest.load.trial import Trial

PATIENCE = 300.0
"""Seconds for one restart."""
LOOK = 0.5
NUMBER = "VOLTRING_LOADTEST_RESTART"
"""What the command finds in its environment: 1 for the first restart."""


class Restarts:
    """What is restarted in a run, and how often it was."""

    def __init__(self, trial: Trial, recorder: Recorder, say: Callable[[str], None]) -> None:
        self.done = 0
        self._trial = trial
        self._recorder = recorder
        self._say = say

    def run(self) -> None:
        """All restarts, in a greenlet of its own."""
        trial = self._trial
        acts = self._by_command() if trial.restart_command else self._by_admin_port()
        if not acts:
            self._say("restart the nodes now, one after the other: the load test measures what their chargers notice")
        for number, act in enumerate(acts):
            if number:
                gevent.sleep(trial.restart_every)
            self._recorder.mark(time.time(), f"restart {number + 1}")
            wrong = act()
            if wrong is None:
                self.done += 1
            else:
                self._say(wrong)
                self._recorder.fail("loadtest", "restart", "a restart failed", time.time())

    def _by_command(self) -> list[Callable[[], str | None]]:
        return [lambda number=number: self._call(number) for number in range(1, self._trial.restarts + 1)]  # type: ignore[misc]

    def _call(self, number: int) -> str | None:
        words = shlex.split(self._trial.restart_command or "")
        self._say(f"restart {number}: {words[0]}")
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command
                words, env=os.environ | {NUMBER: str(number)}, capture_output=True, timeout=PATIENCE, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return f"the restart command failed: {error}"
        said = (done.stderr or done.stdout).decode(errors="replace").strip()[-300:]
        return f"the restart command ended with status {done.returncode}: {said}" if done.returncode else None

    def _by_admin_port(self) -> list[Callable[[], str | None]]:
        return [lambda url=url: self._drain(url) for url in self._trial.node_admins]  # type: ignore[misc]

    def _drain(self, url: str) -> str | None:
        """Drain the node, and let it serve again: for its chargers the same as a restart."""
        self._say(f"drain of {url}")
        deadline = time.monotonic() + PATIENCE
        try:
            self._ask("POST", f"{url}/drain", {})
            while (phase := self._ask("GET", f"{url}/status", None)["drain"]["phase"]) != "Drained":
                if time.monotonic() > deadline:
                    return f"{url} is still {phase} after {PATIENCE:.0f} s"
                gevent.sleep(LOOK)
            self._ask("POST", f"{url}/undrain", {})
        except urllib.error.HTTPError as error:
            return f"{url} answers with {error.code}: {error.read()[:200].decode(errors='replace')}"
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"{url} can't be asked: {error}"
        return None

    def _ask(self, method: str, url: str, body: object) -> Any:
        headers = {"Authorization": f"Bearer {self._trial.admin_token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - http, as it was given
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.loads(answer.read())
