"""The `voltring` command: each subcommand belongs to a room and is loaded only when it is called.

Rooms register themselves as entry points of the group `voltring.commands`, so that this module names none of
them and an image that holds one room's dependencies starts that room alone.
"""

from importlib.metadata import EntryPoint, entry_points, version

import click

GROUP = "voltring.commands"


class Rooms(click.Group):
    """A click group whose commands are entry points."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({point.name for point in entry_points(group=GROUP)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        for point in entry_points(group=GROUP, name=cmd_name):
            return _load(point)
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the names with their first help line; a room that is not installed says so here too."""
        rows = []
        for name in self.list_commands(ctx):
            try:
                command = self.get_command(ctx, name)
                rows.append((name, command.get_short_help_str(80) if command else ""))
            except click.ClickException as error:
                rows.append((name, error.message))
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _load(point: EntryPoint) -> click.Command:
    try:
        command = point.load()
    except ModuleNotFoundError as error:
        room = point.value.split(".")[0].removeprefix("voltring_")
        raise click.ClickException(
            f"`voltring {point.name}` needs {error.name}: install it with pip install 'voltring[{room}]'"
        ) from error
    if not isinstance(command, click.Command):
        raise click.ClickException(f"the entry point {point.name!r} is not a command")
    return command


@click.group(cls=Rooms)
@click.version_option(version("voltring"), prog_name="voltring")
def main() -> None:
    """Voltring: a horizontally sharded charging station management system."""
