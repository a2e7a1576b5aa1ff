"""Which processes make up `voltring up`, as one pure value: options and addresses in, a frozen plan out.

Children are started stage by stage and stopped in the reverse order, so a stage may rely on all before it.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from voltring_local import prometheus
from voltring_local.children import Child
from voltring_local.options import Options
from voltring_local.probes import Answers, Ends

LOOPBACK = "127.0.0.1"
VOLTRING = (sys.executable, "-P", "-m", "voltring_core")
ID_TOKEN_PREFIX = "DEMO-"  # noqa: S105 - printed on RFID cards, no password
CHARGER_PREFIX = "SIM-"


@dataclass(frozen=True)
class Addresses:
    """Where things are that the options don't say."""

    postgres_dsn: str
    redis_url: str
    token: str = field(repr=False)
    admin_ports: Mapping[str, int]
    """By the name of the child."""
    listen_fd: int | None = None
    """The listening socket that the nodes inherit, where the kernel does not balance."""


@dataclass(frozen=True)
class Plan:
    """The rooms' stages; the servers come before them."""

    migrate: Child
    rooms: tuple[Child, ...]
    chargers: Child | None
    prometheus: Child | None = None


Planner = Callable[[Options, Addresses], Plan]


def plan(options: Options, at: Addresses) -> Plan:
    """Lay out the processes. `at.admin_ports` has a port for each of `admin_names(options)`."""
    shared = {"VOLTRING_POSTGRES_DSN": at.postgres_dsn, "VOLTRING_REDIS_URL": at.redis_url}
    nodes = tuple(_node(options, at, name, shared) for name in node_names(options))
    return Plan(
        migrate=_room(options, "migrate", "migrate", shared, Ends()),
        rooms=(_api(options, at, shared), _worker(options, at, shared), *nodes),
        chargers=_chargers(options) if options.plays_chargers else None,
        prometheus=_prometheus(options),
    )


def node_names(options: Options) -> tuple[str, ...]:
    """The nodes' names; they are kept when a node is started again."""
    return tuple(f"node-{number}" for number in range(options.nodes))


def admin_names(options: Options) -> tuple[str, ...]:
    """Who needs a port for metrics and health."""
    return ("api", "worker", *node_names(options))


def _api(options: Options, at: Addresses, shared: Mapping[str, str]) -> Child:
    env = {
        **shared,
        **_admin(at, "api"),
        "VOLTRING_API_HOST": options.host,
        "VOLTRING_API_PORT": str(options.api_port),
        "VOLTRING_BOOTSTRAP_TOKEN": at.token,
    }
    return _room(options, "api", "api", env, Answers(LOOPBACK, at.admin_ports["api"]), stop_within=1.0)


def _worker(options: Options, at: Addresses, shared: Mapping[str, str]) -> Child:
    env = {**shared, **_admin(at, "worker")}
    return _room(options, "worker", "worker", env, Answers(LOOPBACK, at.admin_ports["worker"]), stop_within=1.0)


def _node(options: Options, at: Addresses, name: str, shared: Mapping[str, str]) -> Child:
    env = {
        **shared,
        **_admin(at, name),
        "VOLTRING_NODE_NAME": name,
        "VOLTRING_UNKNOWN_CHARGERS": options.unknown_chargers.value,
        # Ctrl-C ends all nodes together: there is nobody to move chargers to.
        "VOLTRING_STOP_SECONDS": "0",
    }
    if at.listen_fd is None:
        env |= {
            "VOLTRING_OCPP_HOST": options.host,
            "VOLTRING_OCPP_PORT": str(options.ocpp_port),
            "VOLTRING_OCPP_REUSE_PORT": "true",
        }
    else:
        env |= {"VOLTRING_OCPP_LISTEN_FD": str(at.listen_fd)}
    ready = Answers(LOOPBACK, at.admin_ports[name])
    inherits = () if at.listen_fd is None else (at.listen_fd,)
    return _room(options, name, "node", env, ready, stop_within=3.0, inherits=inherits)


def _admin(at: Addresses, name: str) -> dict[str, str]:
    return {"VOLTRING_ADMIN_HOST": LOOPBACK, "VOLTRING_ADMIN_PORT": str(at.admin_ports[name])}


def _prometheus(options: Options) -> Child | None:
    if options.prometheus is None:
        return None
    files = prometheus.Files.of(options.data_dir)
    return Child(
        name="prometheus",
        argv=prometheus.words(options.prometheus, files, options.prometheus_port),
        log=log_file(options.data_dir, "prometheus"),
        kind="prometheus",
        ready=Answers(LOOPBACK, options.prometheus_port, "/-/ready"),
        # What it has taken in is in its log already; a kill loses nothing.
        stop_within=0.7,
    )


def _chargers(options: Options) -> Child:
    words = {
        "--url": options.ocpp_url,
        "--count": str(options.chargers),
        "--version": "mix",
        "--id-prefix": CHARGER_PREFIX,
        "--id-token-prefix": ID_TOKEN_PREFIX,
    }
    return Child(
        name="chargers",
        argv=(*VOLTRING, "simulate", *(word for pair in words.items() for word in pair)),
        log=log_file(options.data_dir, "chargers"),
        kind="chargers",
        stop_within=1.0,
    )


def _room(
    options: Options,
    name: str,
    command: str,
    env: Mapping[str, str],
    ready: Answers | Ends,
    stop_within: float = 2.0,
    inherits: tuple[int, ...] = (),
) -> Child:
    return Child(
        name=name,
        argv=(*VOLTRING, command),
        log=log_file(options.data_dir, name),
        kind=command,
        env=env,
        ready=ready,
        stop_within=stop_within,
        inherits=inherits,
    )


def log_file(data_dir: Path, name: str) -> Path:
    """Where the output of the child `name` goes."""
    return data_dir / "logs" / f"{name}.log"
