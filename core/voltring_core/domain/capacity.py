"""What a fleet of so many chargers needs: nodes, cores, memory, and how long it takes to come back or to be upgraded.

Arithmetic on measured costs (docs/benchmark.md), nothing more: it tells the order of magnitude to plan with, and what
will be short first. Measure again on the machines that are to be used.
"""

from dataclasses import dataclass
from math import ceil

TARGET = 0.7
"""The share of a node that is planned to be used."""
ZONES = 3
PROPAGATION_S = 45.0
"""What a drain takes beside closing sockets: until no router sends anybody, and until the last calls are over."""
NODE_BASE_MIB = 200.0


@dataclass(frozen=True, slots=True)
class Costs:
    """What was measured, on one core each where it is CPU."""

    node_us: float = 90.0
    """Microseconds of a node for a message: validated, committed, acknowledged; 1.6 and 2.x mixed."""
    postgres_us: float = 50.0
    """Of PostgreSQL, for the same."""
    node_commit_ms: float = 3.0
    """Of a node for each commit, however few messages it has."""
    postgres_commit_ms: float = 2.5
    """Of PostgreSQL, for the same."""
    spacing_s: float = 0.025
    """From one commit of a node to its next one."""
    charger_kib: float = 17.4
    """Of a node's memory for a connected charger."""
    command_ms: float = 3.0
    """Of all processes together for a remote command."""
    accepts: float = 500.0
    """Handshakes a second that a node takes: authenticated, owned, booted, committed."""
    closes: float = 100.0
    """Sockets a second that a drain closes at most."""


@dataclass(frozen=True, slots=True)
class Load:
    """A fleet of chargers."""

    chargers: int
    connections_per_node: int = 5000
    message_every_s: float = 30.0
    """Of each charger, readings and heartbeats together, on average."""
    commands_a_day: float = 20.0
    """For each charger."""
    peak: float = 20.0
    """How many times as many as on average there are in the worst minute."""


@dataclass(frozen=True, slots=True)
class Capacity:
    """What is needed."""

    nodes: int
    chargers_per_node: int
    messages_s: float
    node_load: float
    """Cores in use of each node; above 0.7 more nodes are needed than the connections ask for."""
    node_memory_mib: float
    postgres_cores: float
    commands_s: float
    """In the worst minute."""
    command_cores: float
    back_after_node_s: float
    """Until all chargers of a lost node are owned again, beside their own back-off."""
    back_after_zone_s: float
    """The same for one of three zones."""
    drain_s: float
    """Of one node."""
    upgrade_h: float
    """Of all nodes, one after the other."""


def plan(load: Load, costs: Costs = Costs()) -> Capacity:
    """Nodes by connections or by messages, whichever asks for more, and one more than that."""
    messages = load.chargers / load.message_every_s
    by_connections = load.chargers / (TARGET * load.connections_per_node)
    for_commits = costs.node_commit_ms / 1e3 / costs.spacing_s  # of a node that has always something to commit
    by_messages = messages * costs.node_us / 1e6 / (TARGET - for_commits)
    nodes = max(2, ceil(max(by_connections, by_messages)) + 1)
    each = ceil(load.chargers / nodes)
    commits = nodes * _commits(messages / nodes, costs.spacing_s)
    commands = load.chargers * load.commands_a_day / 86_400 * load.peak
    drain = each / min(costs.closes, 0.5 * (nodes - 1) * costs.accepts) + PROPAGATION_S
    return Capacity(
        nodes=nodes,
        chargers_per_node=each,
        messages_s=messages,
        node_load=(messages * costs.node_us / 1e6 + commits * costs.node_commit_ms / 1e3) / nodes,
        # The others have to carry those of the node that is lost.
        node_memory_mib=NODE_BASE_MIB + ceil(load.chargers / (nodes - 1)) * costs.charger_kib / 1024,
        postgres_cores=messages * costs.postgres_us / 1e6 + commits * costs.postgres_commit_ms / 1e3,
        commands_s=commands,
        command_cores=commands * costs.command_ms / 1e3,
        back_after_node_s=each / (TARGET * (nodes - 1) * costs.accepts),
        back_after_zone_s=_zone(load.chargers, nodes, costs.accepts),
        drain_s=drain,
        upgrade_h=nodes * drain / 3600,
    )


def _commits(messages_s: float, spacing_s: float) -> float:
    """Of a node in a second: one begins when the spacing is over and a message is there."""
    return messages_s / (1 + messages_s * spacing_s)


def _zone(chargers: int, nodes: int, accepts: float) -> float:
    left = nodes - ceil(nodes / ZONES)
    return chargers / ZONES / (TARGET * max(1, left) * accepts)
