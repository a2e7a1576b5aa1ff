"""`voltring up` from the outside in: take the data directory, then the ports, then launch."""

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from voltring_local.console import Talk
from voltring_local.data_dir import hold
from voltring_local.errors import StartFailed
from voltring_local.launch import Launch
from voltring_local.options import Options
from voltring_local.plan import LOOPBACK, Planner, plan
from voltring_local.ports import claim, listen


def run(options: Options, talk: Talk, planner: Planner = plan) -> None:
    """Run it all until SIGINT, SIGTERM or SIGHUP. Raises StartFailed with a sentence; nothing runs then."""
    with hold(options.data_dir), _claimed(options) as (claimed, listen_fd):
        _remove(options.ready_file)
        asyncio.run(Launch(claimed, listen_fd, talk, planner).run())


@contextlib.contextmanager
def _claimed(options: Options) -> Iterator[tuple[Options, int | None]]:
    """The options with ports that are free, and the nodes' shared socket where they need one."""
    ocpp_port = claim(options.host, options.ocpp_port, "--ocpp-port")
    api_port = claim(options.host, options.api_port, "--api-port")
    if ocpp_port == api_port:
        raise StartFailed(f"--ocpp-port and --api-port are both {api_port}: they must differ")
    claimed = replace(options, ocpp_port=ocpp_port, api_port=api_port)
    claimed = replace(claimed, prometheus_port=_prometheus_port(claimed))
    if options.balanced_by_kernel:
        yield claimed, None
        return
    with listen(options.host, ocpp_port) as listener:
        yield claimed, listener.fileno()


def _prometheus_port(options: Options) -> int:
    """The port that Prometheus can have, where it is wanted."""
    if options.prometheus is None:
        return options.prometheus_port
    port = claim(LOOPBACK, options.prometheus_port, "--prometheus-port")
    if port in (options.ocpp_port, options.api_port):
        raise StartFailed(f"--prometheus-port is {port}, as the port for chargers or the API is: they must differ")
    return port


def _remove(ready_file: Path | None) -> None:
    """Take away what an earlier start wrote. Raises StartFailed when there is no place for a ready file."""
    if ready_file is None:
        return
    try:
        ready_file.unlink(missing_ok=True)
    except OSError as error:
        raise StartFailed(f"--ready-file {ready_file} can't be written: {error.strerror}") from None
    if not ready_file.parent.is_dir():
        raise StartFailed(f"--ready-file {ready_file} can't be written: its folder does not exist")
