"""The fleet in numbers, as a whole and by site."""

from uuid import UUID

from pydantic import Field

from voltring_api.models.base import Instant, Number, Output


class Fault(Output):
    """A connector (or, with EVSE 0, a station) that is Faulted."""

    charger_id: str
    evse_id: int
    connector_id: int
    error_code: str | None
    at: Instant


class FaultsOfCode(Output):
    """How many are Faulted with an error code."""

    code: str | None = Field(description="As OCPP 1.6 has it; null where none was told: OCPP 2.x has none.")
    connectors: int
    chargers: int


class FaultsOfVendor(Output):
    """How many chargers of a vendor are Faulted."""

    vendor: str | None
    connectors: int
    chargers: int


class Node(Output):
    """A node that lives."""

    name: str
    uid: str
    connections: int
    draining: bool
    messages_per_s: Number = Field(
        default=None, description="Frames of chargers a second; null, here and below: the node does not say."
    )
    ack_p50_ms: Number = Field(
        default=None,
        description="ms within which half of the messages that the node wrote lately had their answer; null also when "
        "there was none.",
    )
    ack_p99_ms: Number = Field(default=None, description="The same for 99 of 100.")
    loop_lag_ms: Number = Field(
        default=None, description="ms by which its process wakes up late, 99 of 100 times, over the last minute."
    )


class Servers(Output):
    """What the rooms stand on."""

    postgres: bool = Field(description="PostgreSQL answers the API (else this could not be told) and every node.")
    redis: bool = Field(description="Redis answers the API; without it nobody knows of nodes.")


class CommandCounts(Output):
    """Commands that are not over."""

    open: int = Field(description="`QUEUED` or `SENT`.")
    unknown: int = Field(description="`UNKNOWN`: nobody knows what became of them.")


class Answering(Output):
    """How long one charger took to answer commands, in ms."""

    charger_id: str
    commands: int
    p50_ms: float
    p95_ms: float


class Answers(Output):
    """How long chargers took to answer the commands that were answered in the last hour, in ms."""

    commands: int
    p50_ms: Number = Field(description="Half of them took no longer; null when nothing was answered.")
    p95_ms: Number
    slowest: list[Answering] = Field(description="By p95, the slowest first, at most ten.")


class Firmware(Output):
    """How many chargers run a firmware."""

    vendor: str | None
    model: str | None
    firmware_version: str | None
    chargers: int


class FlaggedSession(Output):
    """A session that a check found something odd about."""

    id: UUID
    charger_id: str
    state: str
    started_at: Instant | None
    flags: list[str]
    billing: str = Field(examples=["held"])


class Flagged(Output):
    """Sessions of the last seven days that a check found something odd about."""

    sessions: int
    by_flag: dict[str, int] = Field(description="Sessions by flag; one with two flags counts under both.")
    newest: list[FlaggedSession] = Field(
        description="The one that ended last first, at most ten; a running one counts from its start."
    )


class SiteNamed(Output):
    """A site."""

    id: str
    name: str
    place: str | None
    time_zone: str


class Fleet(Output):
    """The fleet in numbers, at most a second old; what says so, at most ten seconds."""

    site: SiteNamed | None = Field(description="The site whose chargers these are; null: all.")
    total: int = Field(description="Chargers known, quarantined ones included.")
    online: int
    online_percent: Number = Field(description="Of all that are known; null when none is.")
    charging: int = Field(description="Chargers with a running transaction.")
    power_w: float = Field(description="W, of all running transactions.")
    by_node: dict[str, int] = Field(description="Online chargers by the node that holds them.")
    by_version: dict[str, int] = Field(description="Online chargers by OCPP version.")
    by_status: dict[str, int] = Field(description="Connectors by their latest status.")
    faults: list[Fault] = Field(description="What is Faulted, the newest first, at most 100.")
    faulted_connectors: int = Field(description="All that are Faulted, stations as a whole included.")
    faults_by_code: list[FaultsOfCode] = Field(description="The most frequent first, at most 100.")
    faults_by_vendor: list[FaultsOfVendor] = Field(description="The most frequent first, at most 100.")
    quarantined: int
    active_transactions: int = Field(description="Sessions in progress, those of absent chargers included.")
    nodes: list[Node] = Field(description="The nodes that live; empty when Redis is away.")
    energy_today_wh: Number = Field(
        default=None,
        description="Wh, of the transactions that began since midnight UTC and are not void (those for which no tariff"
        " was in force count); at most ten seconds old.",
    )
    answers: Answers | None = Field(default=None, description="At most ten seconds old.")
    commands: CommandCounts | None = Field(default=None, description="At most ten seconds old.")
    messages_per_s: Number = Field(
        default=None, description="Frames of chargers a second, at all nodes; null: no node says so."
    )
    servers: Servers = Field(description="Whether PostgreSQL and Redis are there.")
    firmware: list[Firmware] | None = Field(
        default=None, description="Registered chargers, the most common first, at most 100; at most ten seconds old."
    )
    flagged: Flagged | None = Field(default=None, description="At most ten seconds old.")
    alarms: dict[str, int] | None = Field(
        default=None, description="Open alarms by rule; at most ten seconds old.", examples=[{"no_readings": 2}]
    )
    unresolved: int | None = Field(
        default=None,
        description="Sessions that nobody could assign and nobody has dealt with; at most ten seconds old.",
    )
    bills_waiting: dict[str, int] | None = Field(
        default=None,
        description="Bills that wait to be released, by state: `provisional`, `held`; at most ten seconds old.",
        examples=[{"held": 3}],
    )
    late: list[str] = Field(
        default=[],
        description="What took too long to be counted, of `energy`, `answers`, `commands`, `firmware`, `flagged` and "
        "`waiting` (alarms, unresolved, bills): its numbers are older than they should be, or null.",
    )


class SiteFleet(Output):
    """A site in numbers."""

    id: str | None = Field(description="Null: the chargers that belong to no site.")
    name: str | None
    place: str | None
    time_zone: str | None
    total: int
    online: int
    charging: int = Field(description="Chargers with a running transaction.")
    active_transactions: int
    power_w: float
    faults: int = Field(description="Connectors and stations that are Faulted.")
    alarms: int = Field(description="Open ones.")
