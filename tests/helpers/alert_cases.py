"""When each alert of the chart must fire and when it must not, as series for promtool.

A series is `name{labels}` and its values in promtool's notation, one each minute (`Case.every`): `1x30` stays 1,
`0+5x30` grows by 5.
"""

from dataclasses import dataclass

NAMESPACE = "charging"
Series = dict[str, str]


@dataclass(frozen=True)
class Case:
    """One alert: what it is told of, what it says then, and what it must not be woken by."""

    fires: Series
    says: str
    """Its summary, as a person reads it."""
    quiet: tuple[Series, ...]
    at: str = "40m"
    every: str = "1m"
    """How far the values of a series lie apart."""


def _buckets(name: str, slow: str, limit: str) -> Series:
    """Ten a minute of a histogram, all of them above `limit` where `slow` says so."""
    low = "0x60" if slow == "slow" else "0+10x60"
    return {
        f'{name}_bucket{{pod="n0", le="0.01"}}': low,
        f'{name}_bucket{{pod="n0", le="{limit}"}}': "0+10x60",
        f'{name}_bucket{{pod="n0", le="+Inf"}}': "0+10x60",
    }


def _of_room(series: Series) -> Series:
    return {name.replace("{", '{room="node", '): values for name, values in series.items()}


FLEET = 'fleet="csms-voltring"'
AWAY = "voltring_node_server_away_seconds"
JOB_DONE = "voltring_worker_job_last_success_timestamp_seconds"
NODES = "voltring_operator_fleet_nodes"
COMMANDS = "voltring_node_commands_total"
SWEPT = "voltring_worker_swept_commands_total"
CASES = {
    "VoltringNoNodeServes": Case(
        {f'{NODES}{{{FLEET}, state="ready"}}': "2x20 0x40", f'{NODES}{{{FLEET}, state="there"}}': "2x60"},
        "No node of csms-voltring lets chargers in",
        (
            {f'{NODES}{{{FLEET}, state="ready"}}': "1x60", f'{NODES}{{{FLEET}, state="draining"}}': "0x60"},
            # One look in which it was so is no outage.
            {f'{NODES}{{{FLEET}, state="ready"}}': "2x38 0x1 2x30"},
        ),
    ),
    "VoltringRouterWithoutNodes": Case(
        {
            'haproxy_backend_active_servers{pod="router-a", proxy="nodes"}': "2x20 0x40",
            'haproxy_backend_active_servers{pod="router-b", proxy="nodes"}': "2x60",
        },
        "The router router-a has no node to send chargers to",
        (
            {
                'haproxy_backend_active_servers{pod="router-a", proxy="nodes"}': "1x60",
                'haproxy_backend_active_servers{pod="router-a", proxy="sources"}': "0x60",
            },
        ),
    ),
    "VoltringConnectionsFell": Case(
        {
            'voltring_node_connections{pod="n0", version="ocpp1.6"}': "600x60",
            'voltring_node_connections{pod="n1", version="ocpp1.6"}': "600x34 stale",
            'voltring_node_connections{pod="n1", version="ocpp2.0.1"}': "300x34 stale",
        },
        "More than a third of the chargers is gone",
        (
            {'voltring_node_connections{pod="n0", version="ocpp1.6"}': "600x34 450x30"},
            # A site of ten chargers has lost its line.
            {'voltring_node_connections{pod="n0", version="ocpp1.6"}': "12x34 2x30"},
            # A quarter of an hour later the number is the new one.
            {'voltring_node_connections{pod="n0", version="ocpp1.6"}': "600x10 200x50"},
            # A drain moves chargers from one node to another.
            {
                'voltring_node_connections{pod="n0", version="ocpp1.6"}': "600x20 600-30x20 0x30",
                'voltring_node_connections{pod="n1", version="ocpp1.6"}': "600x20 600+30x20 1200x30",
            },
        ),
    ),
    "VoltringHandshakesRefused": Case(
        {
            'voltring_node_refused_total{pod="n0", status="503", reason="queue"}': "0+120x60",
            'voltring_node_accepted_total{pod="n0", version="ocpp1.6"}': "0+240x60",
        },
        "33.33% of the handshakes are told to come again",
        (
            {
                'voltring_node_refused_total{pod="n0", status="503", reason="queue"}': "0+12x60",
                'voltring_node_accepted_total{pod="n0", version="ocpp1.6"}': "0+240x60",
            },
            # Somebody tries passwords: nothing that the fleet could do.
            {
                'voltring_node_refused_total{pod="n0", status="401", reason="credentials"}': "0+600x60",
                'voltring_node_accepted_total{pod="n0", version="ocpp1.6"}': "0+1x60",
            },
        ),
    ),
    "VoltringFleetFull": Case(
        {
            f"voltring_operator_fleet_connections{{{FLEET}}}": "6000x60",
            f"voltring_operator_fleet_capacity{{{FLEET}}}": "5000x60",
        },
        "csms-voltring carries 120% of what its nodes are meant for",
        (
            {
                f"voltring_operator_fleet_connections{{{FLEET}}}": "4900x60",
                f"voltring_operator_fleet_capacity{{{FLEET}}}": "5000x60",
            },
            # One node is being replaced.
            {
                f"voltring_operator_fleet_connections{{{FLEET}}}": "4900x60",
                f"voltring_operator_fleet_capacity{{{FLEET}}}": "5000x30 2500x8 5000x22",
            },
        ),
    ),
    "VoltringNodeSilent": Case(
        {f'{NODES}{{{FLEET}, state="silent"}}': "0x20 1x40"},
        "1 nodes of csms-voltring do not answer the operator",
        ({f'{NODES}{{{FLEET}, state="silent"}}': "0x38 1x2 0x30"},),
    ),
    "VoltringEventLoopLag": Case(
        {
            'voltring_node_loop_lag_seconds_bucket{pod="n0", le="0.25"}': "0+10x60",
            'voltring_node_loop_lag_seconds_bucket{pod="n0", le="0.5"}': "0+20x60",
            'voltring_node_loop_lag_seconds_bucket{pod="n0", le="+Inf"}': "0+20x60",
        },
        "n0 wakes up 495ms late",
        (_buckets("voltring_node_loop_lag_seconds", "fast", "0.25"),),
    ),
    "VoltringCommitsSlow": Case(
        {
            'voltring_node_commit_seconds_bucket{pod="n0", le="1"}': "0+10x60",
            'voltring_node_commit_seconds_bucket{pod="n0", le="5"}': "0+20x60",
            'voltring_node_commit_seconds_bucket{pod="n0", le="+Inf"}': "0+20x60",
        },
        "PostgreSQL takes 4.92s for commits of n0",
        (_buckets("voltring_node_commit_seconds", "fast", "1"),),
    ),
    "VoltringMessagesNotKept": Case(
        {
            'voltring_node_unwritable_messages_total{pod="n0"}': "0x35 1x30",
            'voltring_node_frames_not_kept_total{pod="n0"}': "0x60",
        },
        "Messages of chargers could not be written as they are",
        (
            {
                'voltring_node_unwritable_messages_total{pod="n0"}': "3x60",
                'voltring_node_frames_not_kept_total{pod="n0"}': "0x60",
            },
        ),
    ),
    "VoltringPostgresAway": Case(
        {
            f'{AWAY}{{pod="n0", server="postgres"}}': "0x30 5+60x30",
            f'{AWAY}{{pod="n1", server="postgres"}}': "0x30 5+60x30",
            f'{AWAY}{{pod="n1", server="redis"}}': "0x60",
        },
        "PostgreSQL does not answer 2 nodes",
        (
            {f'{AWAY}{{pod="n0", server="redis"}}': "5+60x60", f'{AWAY}{{pod="n0", server="postgres"}}': "0x60"},
            # It came back within a look.
            {f'{AWAY}{{pod="n0", server="postgres"}}': "0x39 4x1 0x30"},
        ),
    ),
    "VoltringRedisAway": Case(
        {f'{AWAY}{{pod="n0", server="redis"}}': "0x30 5+60x30", f'{AWAY}{{pod="n1", server="redis"}}': "0x60"},
        "Redis does not answer 1 nodes",
        (
            {f'{AWAY}{{pod="n0", server="postgres"}}': "5+60x60", f'{AWAY}{{pod="n0", server="redis"}}': "0x60"},
            # A failover.
            {f'{AWAY}{{pod="n0", server="redis"}}': "0x38 30x1 0x30"},
        ),
    ),
    "VoltringPoolExhausted": Case(
        _of_room(_buckets("voltring_postgres_pool_wait_seconds", "slow", "0.5")),
        "n0 waits 451ms for a connection to PostgreSQL",
        (
            _of_room(_buckets("voltring_postgres_pool_wait_seconds", "quick", "0.5")),
            # All in use, and nobody waits.
            {'voltring_postgres_pool_connections{pod="n0", room="node", state="in use"}': "8x60"},
        ),
    ),
    "VoltringCommandsUnknown": Case(
        {
            f'{COMMANDS}{{pod="n0", state="UNKNOWN"}}': "0+1x60",
            f'{SWEPT}{{pod="worker", state="UNKNOWN"}}': "0+1x60",
            f'{COMMANDS}{{pod="n0", state="ACCEPTED"}}': "0+10x60",
        },
        "Of 60 commands of the last half hour it is not known what became",
        (
            # Five of a hundred that charge far from any mast.
            {
                f'{COMMANDS}{{pod="n0", state="UNKNOWN"}}': "0+1x60",
                f'{COMMANDS}{{pod="n0", state="ACCEPTED"}}': "0+40x60",
            },
            # Few commands, none answered: a charger that somebody works at.
            {f'{COMMANDS}{{pod="n0", state="UNKNOWN"}}': "0x30 6x30"},
        ),
    ),
    "VoltringSessionsUnchecked": Case(
        {'voltring_worker_oldest_unchecked_seconds{pod="worker"}': "0+120x60"},
        "A session has waited 1h 20m 0s to be reconciled",
        ({'voltring_worker_oldest_unchecked_seconds{pod="worker"}': "900x60"},),
    ),
    "VoltringWorkerAway": Case(
        {'voltring_worker_oldest_unchecked_seconds{pod="worker"}': "0x20 _x40"},
        "The worker tells nothing",
        (
            {'voltring_worker_oldest_unchecked_seconds{pod="worker"}': "0x60"},
            # It restarts.
            {'voltring_worker_oldest_unchecked_seconds{pod="worker"}': "0x30 _x6 0x30"},
        ),
    ),
    "VoltringCommandsUnresolved": Case(
        {'voltring_worker_commands_unknown{pod="worker"}': "60x120"},
        "60 commands wait for somebody to say what became of them",
        (
            {'voltring_worker_commands_unknown{pod="worker"}': "40x120"},
            # Somebody is at it.
            {'voltring_worker_commands_unknown{pod="worker"}': "90x40 10x80"},
        ),
        "90m",
    ),
    "VoltringJobStands": Case(
        {
            f'{JOB_DONE}{{pod="worker", task="watchdogs"}}': "0+60x10 600x50",
            f'{JOB_DONE}{{pod="worker", task="reconciler"}}': "0+60x60",
        },
        "The worker does not get its watchdogs done",
        (
            {f'{JOB_DONE}{{pod="worker", task="watchdogs"}}': "0+60x60"},
            # Once an hour.
            {f'{JOB_DONE}{{pod="worker", task="partitions"}}': "60x60"},
            # A second worker that has just begun.
            {
                f'{JOB_DONE}{{pod="worker-a", task="sweeper"}}': "0+60x60",
                f'{JOB_DONE}{{pod="worker-b", task="sweeper"}}': "0x60",
            },
        ),
    ),
    "VoltringApiAway": Case(
        {'voltring_api_requests_in_progress{pod="api"}': "2x20 stale"},
        "The API tells nothing",
        (
            {
                'voltring_api_requests_in_progress{pod="a"}': "0x60",
                'voltring_api_requests_in_progress{pod="b"}': "0x9 stale",
            },
        ),
    ),
    "VoltringApiErrors": Case(
        {
            'voltring_api_requests_total{pod="a", method="GET", route="/v1/chargers", status="500"}': "0+60x60",
            'voltring_api_requests_total{pod="a", method="GET", route="/v1/chargers", status="200"}': "0+240x60",
        },
        "20% of the API's answers are errors of its own",
        (
            {
                'voltring_api_requests_total{pod="a", method="GET", route="/v1/chargers", status="404"}': "0+60x60",
                'voltring_api_requests_total{pod="a", method="GET", route="/v1/chargers", status="200"}': "0+60x60",
            },
            # One request of one, at night.
            {'voltring_api_requests_total{pod="a", method="GET", route="/v1/chargers", status="500"}': "0x36 1x30"},
        ),
    ),
    "VoltringOperatorNotActing": Case(
        {
            'voltring_operator_acting{pod="operator"}': "1x20 0x40",
            'voltring_operator_last_look_timestamp_seconds{pod="operator"}': "0+60x60",
        },
        "No operator looks after the fleet",
        (
            {
                'voltring_operator_acting{pod="operator"}': "1x60",
                'voltring_operator_last_look_timestamp_seconds{pod="operator"}': "0+60x60",
            },
            # Two, of which one waits.
            {
                'voltring_operator_acting{pod="a"}': "1x60",
                'voltring_operator_acting{pod="b"}': "0x60",
                'voltring_operator_last_look_timestamp_seconds{pod="a"}': "0+60x60",
                'voltring_operator_last_look_timestamp_seconds{pod="b"}': "0x60",
            },
        ),
    ),
    "VoltringOperationOverdue": Case(
        {
            f'voltring_operator_operation_deadline_timestamp_seconds{{{FLEET}, reason="ScaleDown"}}': "1200x60",
        },
        "ScaleDown of csms-voltring is 20m 0s past its deadline",
        (
            {f'voltring_operator_operation_deadline_timestamp_seconds{{{FLEET}, reason="ScaleDown"}}': "3000x60"},
            # It has ended.
            {f'voltring_operator_operation_deadline_timestamp_seconds{{{FLEET}, reason="ScaleDown"}}': "1200x20 _x40"},
        ),
    ),
    "VoltringUpgradePaused": Case(
        {f'voltring_operator_fleet_condition{{{FLEET}, condition="UpgradePaused"}}': "0x30 1x30"},
        "The upgrade of csms-voltring has paused",
        (
            {
                f'voltring_operator_fleet_condition{{{FLEET}, condition="UpgradePaused"}}': "0x60",
                f'voltring_operator_fleet_condition{{{FLEET}, condition="Available"}}': "1x60",
            },
        ),
    ),
}
ALSO: dict[str, tuple[Series, ...]] = {
    # Since its start it has not been done at all.
    "VoltringJobStands": ({f'{JOB_DONE}{{pod="worker", task="partitions"}}': "0x200"},),
    "VoltringOperatorNotActing": (
        # No pod at all.
        {'voltring_operator_acting{pod="operator"}': "1x20 stale"},
        # One that hangs.
        {
            'voltring_operator_acting{pod="operator"}': "1x60",
            'voltring_operator_last_look_timestamp_seconds{pod="operator"}': "0+60x20 1200x40",
        },
    ),
    # All nodes have died at once.
    "VoltringConnectionsFell": ({'voltring_node_connections{pod="n0", version="ocpp1.6"}': "600x34 stale"},),
    # The first one that could not be kept.
    "VoltringMessagesNotKept": (
        {
            'voltring_node_unwritable_messages_total{pod="n0"}': "0x60",
            'voltring_node_frames_not_kept_total{pod="n0"}': "0x38 1x20",
        },
    ),
}
"""More ways in which an alert must fire."""
