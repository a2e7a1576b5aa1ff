"""`voltring worker`."""

from socket import gethostname

import click

from voltring_core import tracing_export
from voltring_core.logs import configure_logging
from voltring_core.runtime import run
from voltring_core.settings import WorkerSettings, load
from voltring_worker import app


@click.command()
def worker() -> None:
    """Run the worker: late commands, partitions (settings: VOLTRING_*)."""
    run(lambda stop: app.run(_settings(), stop))


def _settings() -> WorkerSettings:
    settings = load(WorkerSettings)
    configure_logging(settings.log_level.value, "worker")
    tracing_export.begin(settings.otlp_endpoint, settings.trace_sample, "worker", gethostname())
    return settings
