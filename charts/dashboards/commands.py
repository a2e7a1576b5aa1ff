"""Commands: does what operators ask for reach the chargers, and how long do they wait for it."""

from expressions import gauge, quantile, rate
from panels import HERE, THIRD, Dashboard, Panel, Query, Row

ALL = f'{{__name__=~"voltring_(node|worker_swept)_commands_total", {HERE}}}'
UNKNOWN = f'{{__name__=~"voltring_(node|worker_swept)_commands_total", {HERE}, state="UNKNOWN"}}'
COMMANDS = Row(
    "Commands",
    (
        Panel(
            "Commands settled",
            "By what became of them; those that the worker settled for a node that is gone are among them.",
            "cps",
            (Query(f"sum by (state) (rate({ALL}[$__rate_interval]))", "{{state}}"),),
            THIRD * 2,
            is_stacked=True,
        ),
        Panel(
            "Unknown",
            "Share of the last half hour's commands of which nobody knows what became; beyond 5%"
            " VoltringCommandsUnknown rings.",
            "percentunit",
            (Query(f"(sum(increase({UNKNOWN}[30m])) or vector(0)) / sum(increase({ALL}[30m]))", "unknown"),),
            THIRD,
            red=0.05,
        ),
        Panel(
            "Settled by the worker",
            "Commands whose node is gone, or whose charger stayed away beyond their deadline.",
            "cps",
            (
                Query(
                    f"sum by (state) (rate(voltring_worker_swept_commands_total{{{HERE}}}[$__rate_interval]))",
                    "{{state}}",
                ),
            ),
            THIRD,
        ),
        Panel(
            "Doorbells that wait",
            "Commands that a node was told of and has not looked at yet.",
            "short",
            (Query(f"sum by (pod) (voltring_node_doorbells_waiting{{{HERE}}})", "{{pod}}"),),
            THIRD,
            red=200,
        ),
        Panel(
            "Accepted by chargers",
            "Share of the answered commands that chargers accepted.",
            "percentunit",
            (
                Query(
                    f'sum(rate(voltring_node_commands_total{{{HERE}, state="ACCEPTED"}}[$__rate_interval])) / sum('
                    f'rate(voltring_node_commands_total{{{HERE}, state=~"ACCEPTED|REJECTED|CALLERROR"}}'
                    "[$__rate_interval]))",
                    "accepted",
                ),
            ),
            THIRD,
            top=1,
        ),
    ),
)
HOPS = "voltring_node_command_hop_seconds"
TIMES = Row(
    "How long they take",
    (
        Panel(
            "From request to answer",
            "Of requests that wait for their command, until the charger's answer.",
            "s",
            (
                Query(quantile(0.5, "voltring_api_command_seconds"), "p50"),
                Query(quantile(0.99, "voltring_api_command_seconds"), "p99"),
            ),
            THIRD,
        ),
        Panel(
            "By step, p50",
            "queued: until a node takes it; taken: until it is SENT, committed; sent: the charger; answered: until the"
            " API is told.",
            "s",
            (Query(quantile(0.5, HOPS, "hop"), "{{hop}}"),),
            THIRD,
        ),
        Panel(
            "By step, p99",
            "The same for 99 of 100. `sent` is the charger's, the others are ours.",
            "s",
            (Query(quantile(0.99, HOPS, "hop"), "{{hop}}"),),
            THIRD,
        ),
        Panel(
            "Not accepted, by action",
            "Commands that were refused, failed or are UNKNOWN, the ten most frequent pairs.",
            "cps",
            (
                Query(
                    "topk(10, "
                    + rate(
                        "voltring_node_command_results_total",
                        "action, state",
                        'state=~"REJECTED|CALLERROR|UNKNOWN|FAILED|EXPIRED"',
                    )
                    + " > 0)",
                    "{{action}} {{state}}",
                ),
            ),
        ),
        Panel(
            "Asked for",
            "queued, repeated (an Idempotency-Key that came before), refused (too many wait for the charger).",
            "cps",
            (Query(rate("voltring_api_commands_total", "outcome"), "{{outcome}}"),),
        ),
        Panel(
            "UNKNOWN, waiting for somebody",
            "Nobody but an operator resolves them; beyond 50 for an hour VoltringCommandsUnresolved rings.",
            "short",
            (Query(f"max(voltring_worker_commands_unknown{{{HERE}}})", "unknown"),),
            THIRD,
            red=50,
        ),
        Panel(
            "Queued",
            "Commands that wait, mostly for chargers that are away.",
            "short",
            (Query(f"max(voltring_worker_commands_queued{{{HERE}}})", "queued"),),
            THIRD,
        ),
        Panel(
            "Requests that wait for a command",
            "They grow where chargers do not answer.",
            "short",
            (Query(gauge("voltring_api_command_waiters", "pod"), "{{pod}}"),),
            THIRD,
        ),
    ),
)
BOARD = Dashboard(
    "voltring-commands",
    "Voltring / Commands",
    "Does what operators ask for reach the chargers, and how long do they wait for it.",
    (COMMANDS, TIMES),
)
