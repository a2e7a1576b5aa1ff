"""`voltring capacity`: what a fleet of so many chargers needs, by what was measured."""

import click

from voltring_core.domain.capacity import Capacity, Costs, Load, plan

COSTS, LOAD = Costs(), Load(0)


@click.command()
@click.option("--chargers", required=True, type=click.IntRange(1, 100_000_000), help="Connected at the same time.")
@click.option(
    "--connections-per-node",
    default=LOAD.connections_per_node,
    show_default=True,
    type=click.IntRange(1, 50_000),
    help="The most that a node is to hold; planned with 70 % of it.",
)
@click.option(
    "--message-every",
    default=LOAD.message_every_s,
    show_default=True,
    type=click.FloatRange(0.1, 86_400),
    help="Seconds between two messages of a charger, on average.",
)
@click.option(
    "--commands-a-day",
    default=LOAD.commands_a_day,
    show_default=True,
    type=click.FloatRange(0, 10_000),
    help="Remote commands for each charger.",
)
@click.option(
    "--node-us",
    default=COSTS.node_us,
    show_default=True,
    type=click.FloatRange(1, 100_000),
    help="Microseconds of CPU that a node takes for a message here.",
)
@click.option(
    "--postgres-us",
    default=COSTS.postgres_us,
    show_default=True,
    type=click.FloatRange(1, 100_000),
    help="The same, of PostgreSQL.",
)
@click.option(
    "--accepts",
    default=COSTS.accepts,
    show_default=True,
    type=click.FloatRange(1, 100_000),
    help="Handshakes a second that a node takes.",
)
def capacity(
    chargers: int,
    connections_per_node: int,
    message_every: float,
    commands_a_day: float,
    node_us: float,
    postgres_us: float,
    accepts: float,
) -> None:
    """Nodes, cores and memory for a number of chargers, and how long the loss of a node or an upgrade takes.

    By measured costs (docs/capacity.md): the order of magnitude to plan with.
    """
    load = Load(chargers, connections_per_node, message_every, commands_a_day)
    found = plan(load, Costs(node_us=node_us, postgres_us=postgres_us, accepts=accepts))
    for name, value in lines(found):
        click.echo(f"{name:<42} {value}")


def lines(found: Capacity) -> list[tuple[str, str]]:
    """What is needed, name and figure with its unit."""
    return [
        ("nodes, one of them to spare", f"{found.nodes:,}"),
        ("chargers on each", f"{found.chargers_per_node:,}"),
        ("memory of a node", f"{found.node_memory_mib:,.0f} MiB"),
        ("a node's load by messages", f"{100 * found.node_load:.1f} % of a core"),
        ("messages", f"{found.messages_s:,.0f} /s"),
        ("PostgreSQL, for messages", f"{found.postgres_cores:,.1f} cores"),
        ("commands in the worst minute", f"{found.commands_s:,.0f} /s"),
        ("all rooms, for commands", f"{found.command_cores:,.1f} cores"),
        ("all owned again after a lost node", f"{found.back_after_node_s:,.1f} s"),
        ("all owned again after a lost zone of three", f"{found.back_after_zone_s:,.0f} s"),
        ("drain of a node", f"{found.drain_s:,.0f} s"),
        ("upgrade, node by node", f"{found.upgrade_h:,.2f} h"),
    ]
