"""`voltring node`."""

import click

from voltring_core import tracing_export
from voltring_core.logs import configure_logging
from voltring_core.runtime import run
from voltring_core.settings import NodeSettings, load
from voltring_node import app


@click.command()
def node() -> None:
    """Run an OCPP node: chargers connect to it (settings: VOLTRING_*)."""
    run(lambda stop: app.run(_settings(), stop))


def _settings() -> NodeSettings:
    settings = load(NodeSettings)
    configure_logging(settings.log_level.value, "node", node=settings.node_name)
    tracing_export.begin(settings.otlp_endpoint, settings.trace_sample, "node", settings.node_name)
    return settings
