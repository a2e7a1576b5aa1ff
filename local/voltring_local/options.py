"""What `voltring up` was asked for, as one value, and the rules that hold before anything is started."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voltring_core.settings import UnknownChargers
from voltring_local.errors import StartFailed


@dataclass(frozen=True)
class Options:
    """The command line and the environment of `voltring up`."""

    data_dir: Path
    chargers: int = 12
    nodes: int = 2
    host: str = "127.0.0.1"
    ocpp_port: int = 9000
    api_port: int = 8080
    """0 takes a free port, here and for `ocpp_port`."""
    ready_file: Path | None = None
    postgres_dsn: str | None = None
    redis_url: str | None = None
    """Servers to use in place of the embedded ones."""
    unknown_chargers: UnknownChargers = UnknownChargers.REJECT
    prometheus: Path | None = None
    """Its program, to be started beside the rooms; None: nobody watches."""
    prometheus_port: int = 8090
    """0 takes a free port."""
    balanced_by_kernel: bool = True
    """Each node binds the port (SO_REUSEPORT); else all accept from one inherited socket."""

    @property
    def plays_chargers(self) -> bool:
        """Whether simulated chargers are started: nobody registers them where strangers are rejected."""
        return self.chargers > 0 and self.unknown_chargers is not UnknownChargers.REJECT

    @property
    def plays_prices(self) -> bool:
        """Whether the simulated chargers get sites and a tariff: only where nobody else can come."""
        return self.plays_chargers and is_loopback(self.host)

    @property
    def reachable_host(self) -> str:
        """The host under which this machine reaches its own rooms."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104

    @property
    def api_url(self) -> str:
        return f"http://{_in_url(self.reachable_host)}:{self.api_port}"

    @property
    def prometheus_url(self) -> str:
        """On loopback, whatever `host` is, as the figures that it collects are."""
        return f"http://127.0.0.1:{self.prometheus_port}"

    @property
    def ocpp_url(self) -> str:
        return f"ws://{_in_url(self.reachable_host)}:{self.ocpp_port}/ocpp"


def default_data_dir(environment: Mapping[str, str], home: Path) -> Path:
    """Where the data live unless somebody says otherwise: the user's place for data, whatever the folder."""
    base = environment.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else home / ".local" / "share") / "voltring"


def unknown_chargers(host: str, wanted: str | None) -> UnknownChargers:
    """Who may connect unregistered: anybody on loopback, nobody elsewhere. StartFailed for an open door."""
    if not wanted:
        return UnknownChargers.ACCEPT if is_loopback(host) else UnknownChargers.REJECT
    try:
        policy = UnknownChargers(wanted)
    except ValueError:
        names = ", ".join(UnknownChargers)
        raise StartFailed(f"VOLTRING_UNKNOWN_CHARGERS is {wanted!r}, which is none of {names}") from None
    if policy is UnknownChargers.ACCEPT and not is_loopback(host):
        raise StartFailed(
            f"VOLTRING_UNKNOWN_CHARGERS=accept would let anybody in through --host {host}: "
            "use quarantine or reject, or a loopback address"
        )
    return policy


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
