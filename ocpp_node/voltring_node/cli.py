"""`voltring node`."""

import click

from voltring_core.runtime import configure_logging, run
from voltring_core.settings import NodeSettings, load
from voltring_node import app


@click.command()
def node() -> None:
    """Run an OCPP node: chargers connect to it (settings: VOLTRING_*)."""
    run(lambda stop: app.run(_settings(), stop))


def _settings() -> NodeSettings:
    settings = load(NodeSettings)
    configure_logging(settings.log_level.value)
    return settings
