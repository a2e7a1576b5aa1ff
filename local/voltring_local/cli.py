"""`voltring up`: the command line and the environment become one value; the work is in `up.py`."""

import os
import sys
from pathlib import Path

import click
from rich.console import Console

from voltring_local.console import Talk
from voltring_local.data_dir import READY
from voltring_local.errors import StartFailed
from voltring_local.options import Options, default_data_dir, unknown_chargers
from voltring_local.prometheus import program
from voltring_local.up import run

SHARED_SOCKET = "VOLTRING_SHARED_SOCKET"
"""Set to `fd` to let the nodes inherit one socket on Linux as well."""


@click.command()
@click.option("--chargers", type=click.IntRange(0, 20_000), default=12, show_default=True, help="Simulated chargers.")
@click.option("--nodes", type=click.IntRange(1, 16), default=2, show_default=True, help="OCPP nodes.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Data, logs, secrets  [default: ~/.local/share/voltring]",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--ocpp-port",
    type=click.IntRange(0, 65535),
    default=9000,
    show_default=True,
    help="For chargers; 0: any.",
)
@click.option(
    "--api-port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="REST, dashboard; 0: any.",
)
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path),
    help="Write addresses and token here, as JSON, once all is ready.  [default: ready.json in the data directory]",
)
@click.option("--observability", is_flag=True, help="Start Prometheus too; it must be installed.")
@click.option(
    "--prometheus",
    type=click.Path(path_type=Path),
    help="Its program, to be started  [default: none, or the PATH's]",
)
@click.option(
    "--prometheus-port",
    type=click.IntRange(0, 65535),
    default=8090,
    show_default=True,
    help="On loopback; 0: any.",
)
def up(
    chargers: int,
    nodes: int,
    data_dir: Path | None,
    host: str,
    ocpp_port: int,
    api_port: int,
    ready_file: Path | None,
    observability: bool,
    prometheus: Path | None,
    prometheus_port: int,
) -> None:
    """Start all of Voltring on this machine: servers, rooms and simulated chargers.

    VOLTRING_POSTGRES_DSN and VOLTRING_REDIS_URL name other servers than the embedded ones;
    VOLTRING_UNKNOWN_CHARGERS=reject|quarantine|accept says who may connect unregistered.
    """
    try:
        directory = (data_dir or default_data_dir(os.environ, _home())).resolve()
        options = Options(
            data_dir=directory,
            chargers=chargers,
            nodes=nodes,
            host=host,
            ocpp_port=ocpp_port,
            api_port=api_port,
            ready_file=ready_file.absolute() if ready_file else directory / READY,
            postgres_dsn=os.environ.get("VOLTRING_POSTGRES_DSN") or None,
            redis_url=os.environ.get("VOLTRING_REDIS_URL") or None,
            prometheus=program(prometheus) if observability or prometheus else None,
            prometheus_port=prometheus_port,
            unknown_chargers=unknown_chargers(host, os.environ.get("VOLTRING_UNKNOWN_CHARGERS")),
            balanced_by_kernel=sys.platform.startswith("linux") and os.environ.get(SHARED_SOCKET) != "fd",
        )
        run(options, Talk(Console()))
    except StartFailed as error:
        click.echo(f"voltring: {error.message}", err=True)
        raise SystemExit(1) from None


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:
        raise StartFailed("there is no home directory to keep data in: say where with --data-dir") from None
