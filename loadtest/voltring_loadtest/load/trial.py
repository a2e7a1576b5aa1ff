"""What was asked for: one load test as a value, and what each of its shards is told."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import orjson

from voltring_loadtest.load.profiles import PROFILES, Sessions, Story

MOST_CHARGERS = 50_000
MOST_MINUTES = 24 * 60.0
TOKENS = 12
ENDLESS = 30 * 86_400.0
"""Seconds: a session that outlasts every load test."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the verdict is made by. Milliseconds and seconds; see `verdict.py`."""

    ack_p99_ms: float = 100.0
    failures: int = 0
    back_within_s: float | None = None
    """None: by the number of chargers, `verdict.back_within`."""
    command_p50_ms: float = 5.0
    command_p99_ms: float = 25.0
    rate_share: float = 0.9
    """The least share of the messages that the chargers should have sent."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A load test."""

    profile: str
    chargers: int
    url: str
    api: str | None = None
    api_token: str | None = None
    minutes: float = 1.0
    """Measured; connecting comes before that."""
    shard_size: int = 500
    connect_rate: float = 200.0
    message_every: float = 30.0
    password: str | None = None
    ca_file: str | None = None
    id_prefix: str = "LOAD-"
    id_token_prefix: str = "LOADTEST-"  # noqa: S105 - names of cards
    answer_timeout: float = 30.0
    back_off: float = 1.0
    """Seconds before a charger's first new try; OCPP 2.0.1's RetryBackOffWaitMinimum."""
    command_rate: float = 20.0
    restart_command: str | None = None
    restarts: int = 2
    restart_every: float = 20.0
    node_admins: tuple[str, ...] = ()
    admin_token: str | None = None
    check_every: int = 1
    """Every n-th answer is held against its schema."""
    settle: float | None = None
    """Seconds between the last charger's acceptance and the measuring; None: until every one has spoken."""
    seed: int = 1
    limits: Limits = Limits()

    @property
    def story(self) -> Story:
        return PROFILES[self.profile]

    @property
    def shards(self) -> int:
        return -(-self.chargers // self.shard_size)

    @property
    def seconds(self) -> float:
        return 60 * self.minutes

    @property
    def settling(self) -> float:
        """Seconds before the measuring, once all are accepted."""
        if self.settle is not None:
            return self.settle
        return self.message_every + 5 if self.story.sessions is Sessions.ALWAYS else 5.0

    def identity(self, number: int) -> str:
        """As `swarm.Plan.identity`: counted from 1."""
        return f"{self.id_prefix}{number:0{max(4, len(str(self.chargers)))}}"

    def version(self, number: int) -> str:
        """The version of OCPP that this charger speaks."""
        return self.story.versions[(number - 1) % len(self.story.versions)]

    def shard(self, number: int) -> "ShardPlan":
        """What the shard of this number, from 0 on, plays."""
        first = number * self.shard_size
        return ShardPlan(
            first=first + 1,
            count=min(self.shard_size, self.chargers - first),
            total=self.chargers,
            url=self.url,
            versions=self.story.versions,
            sessions=self.story.sessions.value,
            may_close=self.story.may_close,
            password=self.password,
            ca_file=self.ca_file,
            id_prefix=self.id_prefix,
            id_tokens=tuple(f"{self.id_token_prefix}{token:04}" for token in range(1, TOKENS + 1)),
            connect_rate=self.connect_rate,
            message_every=self.message_every,
            seconds=self.seconds,
            answer_timeout=self.answer_timeout,
            back_off=self.back_off,
            check_every=self.check_every,
            seed=self.seed + number,
        )


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """What one child process plays: chargers `first` to `first + count - 1` of `total`."""

    first: int
    count: int
    total: int
    url: str
    versions: tuple[str, ...]
    sessions: str
    may_close: bool
    password: str | None
    ca_file: str | None
    id_prefix: str
    id_tokens: tuple[str, ...]
    connect_rate: float
    message_every: float
    seconds: float
    answer_timeout: float
    back_off: float
    check_every: int
    seed: int

    def encode(self) -> bytes:
        """One line."""
        return orjson.dumps(asdict(self)) + b"\n"

    @classmethod
    def decode(cls, line: bytes) -> "ShardPlan":
        given: dict[str, Any] = orjson.loads(line)
        lists = {name: tuple(given[name]) for name in ("versions", "id_tokens")}
        return cls(**{one.name: given[one.name] for one in fields(cls)} | lists)


def numbers(trial: Trial) -> Iterator[int]:
    """Of all chargers."""
    return iter(range(1, trial.chargers + 1))
