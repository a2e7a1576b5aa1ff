"""A Prometheus that runs, asked over HTTP."""

import contextlib
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest


def needed() -> str:
    """The program, where it is installed; else the test is skipped."""
    found = shutil.which("prometheus")
    if found is None:
        pytest.skip("prometheus is not installed (Debian's package prometheus)")
    return found


class Prometheus:
    """What it says; while it does not answer, nothing."""

    def __init__(self, url: str) -> None:
        self._url = url

    def value(self, expression: str) -> float | None:
        """Of an expression with one value; None while there is none."""
        found = self._asked("query", query=expression).get("result", [])
        return float(found[0]["value"][1]) if len(found) == 1 else None

    def targets(self) -> dict[str, str]:
        """The health of each room that it asks, by name."""
        return {one["labels"]["pod"]: one["health"] for one in self._asked("targets").get("activeTargets", [])}

    def rules(self) -> list[dict[str, Any]]:
        """Each rule with its health and last error."""
        return [rule for group in self._asked("rules").get("groups", []) for rule in group["rules"]]

    def firing(self) -> set[str]:
        """The alerts that fire."""
        found = self._asked("alerts").get("alerts", [])
        return {one["labels"]["alertname"] for one in found if one["state"] == "firing"}

    def _asked(self, what: str, **words: str) -> dict[str, Any]:
        with contextlib.suppress(httpx.HTTPError, ValueError):
            content = httpx.get(f"{self._url}/api/v1/{what}", params=words, timeout=30).json()
            return dict(content.get("data") or {})
        return {}


def pid_of(program: str, children: list[int]) -> int:
    """The one of the processes that runs `program`."""
    (found,) = [pid for pid in children if _runs(pid, program)]
    return found


def _runs(pid: int, program: str) -> bool:
    with contextlib.suppress(OSError):
        return Path(os.readlink(f"/proc/{pid}/exe")).name == program
    return False


def read_again(pid: int) -> None:
    """Let it read its configuration and rules again."""
    os.kill(pid, signal.SIGHUP)
