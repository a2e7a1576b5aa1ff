"""Figures against limits: what a load test says in the end."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from voltring_loadtest.load.ledger import Balance
from voltring_loadtest.load.profiles import Event, Sessions
from voltring_loadtest.load.trial import Trial

SMALL, LARGE = (2_000, 3.0), (10_000, 20.0)
"""Chargers, and seconds within which they have to be back after a storm."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run came to."""

    whole: bool
    """Whether it ran to its end."""
    all_connected: bool
    connected_in_s: float
    connected_at_end: int
    measured_s: float
    messages: int
    """Acknowledged in the measured part."""
    ack_p50_ms: float
    ack_p99_ms: float
    ack_longest_ms: float
    failures: int
    back: Sequence[float] = ()
    """Seconds that each charger was away, rising."""
    cut: int = 0
    """Chargers that lost their socket by intent."""
    restarts: int = 0
    commands: int = 0
    command_p50_ms: float = 0.0
    command_p99_ms: float = 0.0
    balance: Balance | None = None

    @property
    def rate(self) -> float:
        """Messages acknowledged in a second of the measured part."""
        return self.messages / self.measured_s if self.measured_s > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the verdict."""

    name: str
    wanted: str
    found: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """All lines; it is good when all are."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


def judge(trial: Trial, found: Figures) -> Verdict:
    """The verdict of a run."""
    return Verdict(tuple(_checks(trial, found)))


def back_within(trial: Trial) -> float:
    """Seconds within which all have to be back after a storm: as asked for, or between 3 s for up to 2,000 chargers and
    20 s for 10,000, in proportion beyond, on top of what a longer back-off than a second takes."""
    if trial.limits.back_within_s is not None:
        return trial.limits.back_within_s
    (few, soon), (many, late) = SMALL, LARGE
    return soon + max(0, trial.chargers - few) * (late - soon) / (many - few) + 2 * max(0.0, trial.back_off - 1.0)


def expected_messages(trial: Trial, seconds: float) -> float:
    """How many the chargers should have sent at least: none is known where drivers or commands decide."""
    if trial.story.sessions is not Sessions.ALWAYS or trial.story.event is not Event.NOTHING:
        return 0.0
    return trial.chargers * seconds / max(1, round(trial.message_every))


def _checks(trial: Trial, found: Figures) -> Iterator[Check]:
    limits = trial.limits
    yield Check("run to its end", "yes", "yes" if found.whole else "stopped early", found.whole)
    connected = f"all, in {found.connected_in_s:,.1f} s" if found.all_connected else "not all"
    yield Check("chargers accepted", f"all {trial.chargers:,}", connected, found.all_connected)
    at_end = found.connected_at_end
    yield Check("accepted at the end", f"all {trial.chargers:,}", f"{at_end:,}", at_end >= trial.chargers)
    yield Check("failures", f"at most {limits.failures:,}", f"{found.failures:,}", found.failures <= limits.failures)
    yield Check("messages acknowledged", *_messages(trial, found))
    p99 = f"{found.ack_p99_ms:,.1f} ms"
    ok = found.messages > 0 and found.ack_p99_ms <= limits.ack_p99_ms
    name = "acknowledgement p99, all connected" if trial.story.may_close else "acknowledgement p99"
    yield Check(name, f"at most {limits.ack_p99_ms:,.0f} ms", p99, ok)
    match trial.story.event:
        case Event.CUT:
            yield from _storm(trial, found)
        case Event.RESTARTS:
            yield from _restarts(trial, found)
        case Event.COMMANDS:
            yield from _commands(trial, found)


def _messages(trial: Trial, found: Figures) -> tuple[str, str, bool]:
    least = int(trial.limits.rate_share * expected_messages(trial, found.measured_s))
    rate = f"{found.messages:,} ({found.rate:,.1f}/s)"
    return f"at least {max(least, 1):,}", rate, found.messages >= max(least, 1)


def _storm(trial: Trial, found: Figures) -> Iterator[Check]:
    back, within = found.back, back_within(trial)
    yield Check("cut", f"all {trial.chargers:,}", f"{found.cut:,}", found.cut >= trial.chargers)
    yield Check("back", f"all {found.cut:,}", f"{len(back):,}", len(back) >= found.cut)
    last = max(back, default=0.0)
    ok = bool(back) and last <= within
    yield Check("the last one back", f"within {within:,.1f} s", f"after {last:,.2f} s", ok)


def _restarts(trial: Trial, found: Figures) -> Iterator[Check]:
    if found.restarts:
        yield Check("restarts", f"{found.restarts}", f"{found.restarts}", True)
    seen = len(found.back)
    yield Check("chargers that were moved", "at least 1", f"{seen:,}", seen > 0)
    last, within = max(found.back, default=0.0), back_within(trial)
    yield Check("longest away", f"at most {within:,.1f} s", f"{last:,.2f} s", seen > 0 and last <= within)


def _commands(trial: Trial, found: Figures) -> Iterator[Check]:
    limits, balance = trial.limits, found.balance
    yield Check("commands answered", "at least 1", f"{found.commands:,}", found.commands > 0)
    for name, limit, value in (
        ("command p50", limits.command_p50_ms, found.command_p50_ms),
        ("command p99", limits.command_p99_ms, found.command_p99_ms),
    ):
        yield Check(name, f"at most {limit:,.0f} ms", f"{value:,.1f} ms", found.commands > 0 and value <= limit)
    if balance is not None:
        told = f"{balance.executed:,} of {balance.sent:,} once, {balance.doubled} doubled, {balance.missing} missing"
        ok = balance.sent > 0 and not balance.doubled and not balance.missing
        yield Check("starts and unlocks executed", "each once", told, ok)
