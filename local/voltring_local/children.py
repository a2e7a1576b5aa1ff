"""A child process as a value: what is run, how one sees that it is ready, and how it ends."""

import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voltring_local.probes import Ready, Runs


@dataclass(frozen=True)
class Child:
    """One process of `voltring up`. `argv[0]` is an absolute path."""

    name: str
    """Unique in a plan; its log is `<name>.log`."""
    argv: tuple[str, ...]
    log: Path
    kind: str = ""
    """Neighbours in a plan that share a kind are stopped together."""
    env: Mapping[str, str] = field(default_factory=dict)
    """On top of the launcher's own environment."""
    ready: Ready = field(default_factory=Runs)
    tries: int = 1
    """How often it may end before it is ready until the start as a whole has failed."""
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 2.0
    """Seconds between `stop_signal` and SIGKILL."""
    orphan_signal: signal.Signals = signal.SIGKILL
    """What it gets when the launcher dies: nothing survives, whatever state it is in."""
    owns: Path | None = None
    """Run as the owner of this directory and never as root."""
    inherits: tuple[int, ...] = ()
    """File descriptors handed down."""
