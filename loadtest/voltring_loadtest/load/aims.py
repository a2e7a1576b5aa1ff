"""Where a load test goes, if nobody says, and where it may go at all."""

import ipaddress
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

OCPP, API = "ws://127.0.0.1:9000/ocpp", "http://127.0.0.1:8080"
"""Of `voltring up`, as it starts without options."""


class NoAim(ValueError):
    """One sentence about what is missing."""


@dataclass(frozen=True, slots=True)
class Aim:
    """Addresses of a CSMS; without `api` only its chargers' side is known."""

    url: str
    api: str | None
    api_token: str | None


def of_this_machine(data_dir: Path, ready_file: Path | None) -> Aim:
    """The `voltring up` that runs here: by its ready file, else by its data directory and default ports."""
    for file in (ready_file, data_dir / "ready.json"):
        if file is not None and file.is_file():
            return _read(file)
    if ready_file is not None:
        raise NoAim(f"there is no {ready_file}: start `voltring up --ready-file {ready_file}` first")
    token = data_dir / "token"
    if not token.is_file():
        return Aim(OCPP, None, None)
    return Aim(OCPP, API, token.read_text(encoding="utf-8").strip())


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """Where `voltring up` keeps its data unless somebody says otherwise."""
    base = environment.get("XDG_DATA_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "share") / "voltring"


def refuse_strangers(urls: Collection[str], allowed: Collection[str]) -> None:
    """Raise NoAim for an address that is not this machine's, unless its host is named: a load test takes a server's
    time from those who need it."""
    for url in urls:
        where = urlsplit(url)
        host = where.hostname or ""
        if where.username is not None:
            # It would be in the report.
            raise NoAim(f"the address of {host} has a password in it: give it by --password or --api-token")
        if not is_loopback(host) and host not in allowed:
            raise NoAim(f"{host} is another machine: if you may load it, say so with --i-may-load {host}")


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _read(file: Path) -> Aim:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        return Aim(str(found["ocpp"]), str(found["api"]), str(found["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise NoAim(f"{file} is no ready file of `voltring up`") from None
