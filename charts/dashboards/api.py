"""The API: what is asked of it, how soon it answers, who listens."""

from expressions import gauge, quantile
from panels import HERE, QUARTER, THIRD, Dashboard, Panel, Query, Row

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
MORE = Row(
    "Replicas",
    (
        Panel(
            "Requests in progress",
            "Live feeds included; grows where a server is slow.",
            "short",
            (Query(gauge("voltring_api_requests_in_progress", "pod"), "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Live feeds",
            "Feeds that are open, at most 1,000 for each replica.",
            "short",
            (Query(gauge("voltring_api_feed_listeners", "pod"), "{{pod}}"),),
            THIRD,
            red=1000,
        ),
        Panel(
            "Feeds that fell behind",
            "Clients that were told to read again: too slow, or too much at once.",
            "cps",
            (Query(f"sum by (pod) (rate(voltring_api_feed_lagged_total{{{HERE}}}[$__rate_interval]))", "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Event loop: late by, p99",
            "Above 0.1 s a replica has too little CPU.",
            "s",
            (Query(quantile(0.99, "voltring_api_loop_lag_seconds", "pod"), "{{pod}}"),),
            red=0.1,
        ),
        Panel(
            "Time by method, p99",
            "All routes together; a POST of a command has the charger's answer in it.",
            "s",
            (Query(quantile(0.99, "voltring_api_request_seconds", "method"), "{{method}}"),),
        ),
    ),
)
BOARD = Dashboard(
    "voltring-api",
    "Voltring / API",
    "What is asked of the API, how soon it answers, who listens.",
    (API, MORE),
)
