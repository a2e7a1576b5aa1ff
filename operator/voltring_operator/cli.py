"""`voltring operator`."""

import click


@click.command()
def operator() -> None:
    """Run the Kubernetes operator (not there yet)."""
    raise click.ClickException("the Kubernetes operator is not there yet: `voltring up` runs everything on one machine")
