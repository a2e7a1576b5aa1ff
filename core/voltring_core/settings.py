"""The settings of every room, read once, from the environment (`VOLTRING_*`).

Each field says its unit and the reason for its default. `load()` is the only way in: a wrong or missing value
stops the start with one sentence that names the setting.
"""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from voltring_core.domain.authorization import Concurrency
from voltring_core.errors import SettingsError

PREFIX = "VOLTRING_"
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(gt=0)]
Limit = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""Seconds; 0 switches off what it limits."""
SellerWords = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


def _lines(given: object) -> object:
    if not isinstance(given, str):
        return given
    return tuple(line.strip() for line in given.replace("\n", ";").split(";") if line.strip())


SellerLines = Annotated[tuple[SellerWords, ...], NoDecode, BeforeValidator(_lines), Field(min_length=1, max_length=10)]


def _networks(given: object) -> object:
    if not isinstance(given, str):
        return given
    return tuple(ip_network(one) for one in given.replace(",", " ").split())


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode, BeforeValidator(_networks)]


def _collector(given: str) -> str:
    try:
        at = urlsplit(given)
        is_place = at.scheme in ("http", "https") and bool(at.hostname) and at.port != 0
    except ValueError:
        is_place = False
    if not is_place or at.query or at.fragment or any(sign.isspace() for sign in given):
        raise ValueError("an address like http://collector:4318 is wanted")
    if at.username is not None:
        raise ValueError("credentials do not go into it but into OTEL_EXPORTER_OTLP_HEADERS")
    return given


Collector = Annotated[str, AfterValidator(_collector)]
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class UnknownChargers(StrEnum):
    """What happens to a charger that nobody registered."""

    REJECT = "reject"
    QUARANTINE = "quarantine"
    ACCEPT = "accept"


class ForeignSubprotocol(StrEnum):
    """What happens to a charger that offers no subprotocol that is spoken here."""

    REFUSE = "refuse"
    CLOSE = "close"


class LogLevel(StrEnum):
    """The least level that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class DatabaseSettings(BaseSettings):
    """What `voltring migrate` and `voltring api-key` read."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    postgres_dsn: str = Field(pattern=r"^postgres(ql)?://", repr=False)
    """PostgreSQL, e.g. `postgresql://user:password@host:5432/voltring`. No default: data must not go astray."""


class CoreSettings(DatabaseSettings):
    """What every room that runs reads."""

    redis_url: str = Field(pattern=r"^(redis|rediss|unix)://", repr=False)
    """Redis or Valkey >= 7.0, e.g. `redis://:password@host:6379/0`."""
    redis_cluster: bool = False
    """Whether `redis_url` names one of the nodes of a Redis Cluster; the others are found by it."""
    log_level: LogLevel = LogLevel.INFO
    admin_host: str = "127.0.0.1"
    """Where the room serves /metrics, /healthz and /readyz; loopback unless the deployment says otherwise."""
    admin_port: Port = 0
    """0 lets the kernel choose."""
    admin_url: str | None = Field(default=None, pattern=r"^https?://")
    """How other machines reach the admin port, e.g. `http://10.1.2.3:9090` with the pod's address. Unset: by
    `admin_host`, which is no address for others where it is loopback or `0.0.0.0`."""
    otlp_endpoint: Collector | None = Field(default=None, repr=False)
    """Where traces go: an OpenTelemetry collector that speaks OTLP over HTTP, e.g. `http://collector:4318`, without
    `/v1/traces`. Unset: nothing is traced."""
    trace_sample: Ratio = 0.01
    """Which part of the chargers' messages is traced, 0 to 1. A command goes by its request."""


class NodeSettings(CoreSettings):
    """`voltring node`."""

    node_name: str = Field(default="node", pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")
    """A stable name (the pod's); the incarnation adds what makes it unique."""
    ocpp_host: str = "0.0.0.0"  # noqa: S104 - chargers come from other machines
    ocpp_port: Port = 9000
    ocpp_reuse_port: bool = False
    """Share the port with other nodes of this machine (SO_REUSEPORT: the Linux kernel balances)."""
    ocpp_listen_fd: int | None = None
    """An inherited listening socket in place of host and port, where the kernel does not balance."""
    unknown_chargers: UnknownChargers = UnknownChargers.REJECT
    trusted_proxies: Networks = ()
    """Networks of the routers, as `10.42.0.0/16, fd00::/64`: what these say of a charger is believed, its address, TLS
    and its certificate. They must take the headers X-Forwarded-* and X-Voltring-* away from chargers. Empty: nobody is
    believed, and chargers of security profile 2 or 3 can't come."""
    hide_unknown: bool = False
    """Answer an unknown id as a wrong password (401), so that ids can't be probed (TR-03)."""
    foreign_subprotocol: ForeignSubprotocol = ForeignSubprotocol.REFUSE
    """`refuse` answers 400 before any upgrade; `close` completes the handshake and closes with 1002 (TR-06: the
    specification says the one, its test tool the other)."""
    heartbeat_interval: int = Field(default=300, ge=10, le=86400)
    """Seconds, handed out in BootNotification. Liveness rests on pings; heartbeats keep clocks (TR-28)."""
    pending_interval: int = Field(default=60, ge=5, le=86400)
    """Seconds until a charger in Pending or Rejected may boot again (TR-33)."""
    ping_interval: Seconds = 30.0
    """Seconds of silence before a ping (TR-28)."""
    silence_limit: Seconds = 90.0
    """Seconds without any byte before a socket is closed: three missed pings (TR-28)."""
    call_timeout: Seconds = 30.0
    """Seconds a charger has to answer a command (TR-24)."""
    answer_deadline: Seconds = 60.0
    """Seconds a charger's message may wait for PostgreSQL before it stays unanswered; the charger keeps it."""
    concurrent_sessions: Concurrency = Concurrency.REFUSED
    """Whether a token may charge at two places at once, where it does not say so itself: `refused`, as most systems
    have it, `allowed`, or `refused_in_group`."""
    status_patience: Seconds = 60.0
    """Seconds after an accepted boot until a charger that told no connector's status is asked for it (TR-34)."""
    handshake_rate: float = Field(default=1000.0, ge=1)
    """Handshakes begun in a second at most: more than a core can do, so that a storm is served as fast as the machine
    allows; lower it to spare a PostgreSQL that many nodes share."""
    handshake_burst: int = Field(default=200, ge=1)
    """Handshakes that may begin at once after a calm."""
    handshakes_at_once: int = Field(default=24, ge=1, le=1000)
    """Handshakes in progress. 64 make no node faster than 24, and its turns of the loop twice as long, for which the
    messages of connected chargers wait."""
    handshake_wait: Seconds = Field(default=5.0, le=15)
    """Seconds of handshakes that may wait, by the measured pace; beyond it 503 with Retry-After. Chargers give up
    after 20 to 30 s, and work for those who gave up is lost."""
    handshakes_waiting: int = Field(default=4000, ge=1)
    """Handshakes that may wait, however fast they are: they hold a file each."""
    max_message_bytes: int = Field(default=1_048_576, ge=65_536)
    """After inflating (TR-26)."""
    inbox_limit: int = Field(default=32, ge=1)
    """Messages of one charger that may wait; beyond it the socket is not read."""
    commit_window_ms: float = Field(default=2.0, ge=0, le=100)
    """Milliseconds the recorder waits for company before it commits a small group."""
    commit_spacing_ms: float = Field(default=25.0, ge=0, le=100)
    """Milliseconds from one commit's begin to the next one's, unless a group is full: a commit by itself costs as much
    as a dozen messages (ADR 0010). Nothing waits when the one before is that long ago."""
    commit_max_rows: int = Field(default=500, ge=1, le=10_000)
    """Messages in one commit."""
    lease_seconds: int = Field(default=15, ge=3, le=300)
    """How long a dead node counts as alive; renewed at a third of it."""
    audit_seconds: Seconds = 60.0
    """Seconds in which the node looks once at each charger: how long a wrong owner record may stay unnoticed."""
    max_nodes: int | None = Field(default=None, ge=1, le=1024)
    """Nodes that the router has places for: the fleet's largest number, as the router's configuration has it. With it a
    node named `...-<ordinal>` knows which of its chargers the router would send elsewhere. Unset: no such router."""
    admin_token: str | None = Field(default=None, min_length=24, repr=False)
    """Who shows it may move the node's chargers (`POST /drain`, `/undrain`, `/recall` on the admin port); without it
    nobody may."""
    stop_seconds: float = Field(default=25.0, ge=0, le=3600)
    """Seconds that SIGTERM gives the node to move its chargers to the others, + a few seconds for the last words. Both
    together must be less than what the process has until SIGKILL: 30 s by default in Kubernetes.
    A node that is alone does not wait. 0 closes everything at once."""
    quiesce_seconds: Seconds = 30.0
    """Seconds that outstanding calls of a socket get before a drain closes it."""
    limbo_seconds: Seconds = 180.0
    """Seconds after which a drain waits no more for a charger that it has closed: three times the longest back-off."""
    isolation_seconds: Seconds = 120.0
    """Seconds without PostgreSQL and Redis, while another node has its PostgreSQL, until the node drains itself."""


class ApiSettings(CoreSettings):
    """`voltring api`."""

    api_host: str = "127.0.0.1"
    api_port: Port = 8080
    trace_sample: Ratio = 1.0
    """Which part of the requests is traced, 0 to 1, where the client's own `traceparent` does not say."""
    bootstrap_token: str | None = Field(default=None, min_length=24, repr=False)
    """Becomes the admin key `bootstrap` at the start; at least 24 characters, random."""
    seller_name: SellerWords | None = None
    """Who sells: the first line of the seller on invoices and credit notes. Unset: they name none."""
    seller_address: SellerLines | None = None
    """The lines below it, between them a semicolon or a line break: `12 Quay Street; 20457 Hamburg`."""
    seller_vat_id: SellerWords | None = None
    """The seller's VAT id, or what the country has in its place."""

    @field_validator("seller_address", "seller_vat_id")
    @classmethod
    def _belongs_to_a_seller(cls, given: object, info: ValidationInfo) -> object:
        # A wrong name is told by itself: it is not in the data then.
        if given is not None and info.data.get("seller_name", "") is None:
            raise ValueError(f"needs {PREFIX}SELLER_NAME as well")
        return given


class WorkerSettings(CoreSettings):
    """`voltring worker`."""

    sweep_interval: Seconds = 2.0
    """Seconds between two looks at commands that are late."""
    retention_days: int = Field(default=90, ge=1)
    """Days that raw messages and meter values are kept; older partitions are dropped."""
    partitions_ahead: int = Field(default=7, ge=2, le=60)
    """Days of partitions made in advance: how long the worker may be away."""
    call_timeout: Seconds = 30.0
    """As the nodes have it: a SENT command older than twice this is UNKNOWN."""
    watch_interval: Seconds = 15.0
    """Seconds between two looks of the watchdogs: much less than the shortest of their times."""
    offline_mid_session_seconds: Limit = 300.0
    """Seconds that the charger of a running session may be away: a restart and a lost mobile network take less."""
    no_start_seconds: Limit = 120.0
    """Seconds in which a remote start that was accepted is to begin a session: as long as one is taken for its own,
    and what most chargers give for plugging in."""
    no_stop_seconds: Limit = 600.0
    """Seconds that a connector is Available until a session on it is suspected to be over (TX-19). 0 leaves stuck
    sessions alone altogether."""
    no_readings_seconds: Limit = 1800.0
    """Seconds without a reading of a running session: twice the longest interval that is common (15 min)."""
    charger_faulted_seconds: Limit = 300.0
    """Seconds that a connector may be Faulted: many faults pass by themselves."""
    unconfirmed_seconds: Limit = 300.0
    """Seconds after a boot in which the charger is to say something of its session, before it is asked (TX-20)."""
    abandon_seconds: Limit = 86400.0
    """Seconds that a charger is here, with signs that its session is over, before the session is ended without its
    word (TX-19): what it has queued should have come by then. 0 never ends one."""
    lost_seconds: Limit = 604800.0
    """Seconds that the charger of a running session may not have been seen, before the session is ended without its
    word: most that come back at all have done so by then. 0 never ends one."""
    gap_seconds: Seconds = 900.0
    """Seconds after its end that messages of a 2.x session may be missing, before the charger is asked (TX-12)."""
    stop_blocked_sessions: bool = True
    """Whether a running session is asked to stop when its token is blocked or expires (TX-25)."""
    concurrent_sessions: Concurrency = Concurrency.REFUSED
    """As the nodes have it: of which tokens two starts at one moment are flagged."""


class OperatorSettings(BaseSettings):
    """`voltring operator`. Where Kubernetes is, its service account or KUBECONFIG says."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", frozen=True)

    log_level: LogLevel = LogLevel.INFO
    admin_host: str = "127.0.0.1"
    admin_port: Port = 0
    admin_token: str = Field(min_length=24, repr=False)
    """The nodes' admin token: with it they are drained."""
    admin_token_previous: str | None = Field(default=None, min_length=24, repr=False)
    """The one before, which nodes have that were not replaced yet: they are asked with it when they refuse the other.
    A node takes one only, so that the old one is worth nothing once all are replaced."""
    namespace: str = Field(min_length=1)
    """Whose fleets it looks after."""
    operator_name: str = Field(default="operator", min_length=1)
    """Its name in the Lease (the pod's): two operators must not have the same."""
    watch_machines: bool = True
    """Whether it may look at the cluster's machines, to drain the nodes of those that are cordoned."""
    look_seconds: Seconds = 15.0
    """Seconds between two looks; a change of a fleet or a drain is looked at within a second."""
    lease_seconds: int = Field(default=30, ge=5, le=300)
    """How long an operator that died keeps another one waiting."""
    node_timeout: Seconds = 3.0
    """Seconds that a node has to answer: one that does not is silent."""


S = TypeVar("S", bound=BaseSettings)


def load(kind: type[S]) -> S:
    """Read the settings of one room. Raises SettingsError with a sentence that names what is wrong."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError("; ".join(_sentence(kind, item) for item in error.errors())) from None


def _sentence(kind: type[BaseSettings], item: object) -> str:
    assert isinstance(item, dict)
    field = str(item["loc"][0])
    name = PREFIX + field.upper()
    if item["type"] == "missing":
        return f"{name} is not set"
    # A wrong value may be a secret: it is not repeated.
    return f"{name} is wrong: {item['msg'][0].lower()}{item['msg'][1:]}"
