"""Commands and the API: does what operators ask for reach the chargers, and how long do they wait for it."""

from panels import HERE, QUARTER, THIRD, Dashboard, Panel, Query, Row

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
API = Row(
    "API",
    (
        Panel(
            "Requests",
            "Requests a second, all replicas together.",
            "reqps",
            (Query(f"sum(rate(voltring_api_requests_total{{{HERE}}}[5m]))", "requests"),),
            QUARTER,
            is_number=True,
        ),
        Panel(
            "Errors of its own",
            "Share of 5xx; beyond 5% VoltringApiErrors rings.",
            "percentunit",
            (
                Query(
                    f'(sum(rate(voltring_api_requests_total{{{HERE}, status=~"5.."}}[5m])) or vector(0))'
                    f" / sum(rate(voltring_api_requests_total{{{HERE}}}[5m]))",
                    "5xx",
                ),
            ),
            QUARTER,
            is_number=True,
            red=0.05,
        ),
        Panel(
            "Time, p99",
            "Until a response begins, all routes together.",
            "s",
            (
                Query(
                    f"histogram_quantile(0.99, sum by (le) (rate(voltring_api_request_seconds_bucket{{{HERE}}}[5m])))",
                    "p99",
                ),
            ),
            QUARTER,
            is_number=True,
        ),
        Panel(
            "Commands asked for",
            "POST .../commands, a second, now.",
            "reqps",
            (
                Query(
                    f'sum(rate(voltring_api_requests_total{{{HERE}, method="POST", route=~".*/commands"}}[5m]))',
                    "commands",
                ),
            ),
            QUARTER,
            is_number=True,
        ),
        Panel(
            "Requests by status",
            "4xx are the callers' mistakes, 5xx ours.",
            "reqps",
            (Query(f"sum by (status) (rate(voltring_api_requests_total{{{HERE}}}[$__rate_interval]))", "{{status}}"),),
            is_stacked=True,
        ),
        Panel(
            "Time by route, p95",
            "The ten slowest routes. A command's time has the charger's answer in it.",
            "s",
            (
                Query(
                    "topk(10, histogram_quantile(0.95, sum by (route, le) ("
                    f"rate(voltring_api_request_seconds_bucket{{{HERE}}}[$__rate_interval]))))",
                    "{{route}}",
                ),
            ),
        ),
    ),
)
BOARD = Dashboard(
    "voltring-commands",
    "Voltring / Commands and API",
    "Does what operators ask for reach the chargers, and how long do they wait for it.",
    (COMMANDS, API),
)
