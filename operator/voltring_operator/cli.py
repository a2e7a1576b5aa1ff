"""`voltring operator`."""

import click

from voltring_core.logs import configure_logging
from voltring_core.runtime import run
from voltring_core.settings import OperatorSettings, load
from voltring_operator import app


@click.command()
def operator() -> None:
    """Run the Kubernetes operator: size, drains and upgrades of the fleets in a namespace (settings: VOLTRING_*)."""
    run(lambda stop: app.run(_settings(), stop))


def _settings() -> OperatorSettings:
    settings = load(OperatorSettings)
    configure_logging(settings.log_level.value, "operator")
    return settings
