"""`voltring worker`."""

import click

from voltring_core.runtime import configure_logging, run
from voltring_core.settings import WorkerSettings, load
from voltring_worker import app


@click.command()
def worker() -> None:
    """Run the worker: late commands, partitions (settings: VOLTRING_*)."""
    run(lambda stop: app.run(_settings(), stop))


def _settings() -> WorkerSettings:
    settings = load(WorkerSettings)
    configure_logging(settings.log_level.value)
    return settings
