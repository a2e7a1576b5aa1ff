"""CPU of processes, and what a run's figures make of it."""

import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

LIBRARIES = "ocpp websockets uvloop orjson jsonschema-rs asyncpg".split()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and all that it started, those that have ended included."""
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_own(one) for one in family)


def _own(process: psutil.Process) -> float:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system + times.children_user + times.children_system)


@dataclass(frozen=True, slots=True)
class Run:
    """One measured window. `cpu` in seconds by process: `server`, `postgres`, `valkey`, `driver`."""

    messages: int
    seconds: float
    acknowledged: int
    """Since the start of the driver, the warm-up included."""
    cpu: Mapping[str, float]

    def each(self, name: str) -> float:
        """Microseconds of CPU for one message; 0 for a process that takes no part."""
        return 1e6 * self.cpu.get(name, 0.0) / max(self.messages, 1)

    @property
    def rate(self) -> float:
        """Acknowledged messages in a second."""
        return self.messages / self.seconds


def median(values: Sequence[float]) -> str:
    """The median, and the least and the largest in brackets."""
    middle = statistics.median(values)
    return f"{middle:,.1f} [{min(values):,.1f}-{max(values):,.1f}]"


def machine() -> str:
    """What the figures were measured on, in one line."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return (
        f"{psutil.cpu_count()} cores ({_model()}), {psutil.virtual_memory().total / 2**30:.0f} GiB, "
        f"{platform.system()} {platform.release()}, Python {platform.python_version()}, {libraries}"
    )


def _model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
