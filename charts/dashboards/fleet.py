"""The fleet: are the chargers here, are they let in, is what they say written down in time."""

from panels import HERE, QUARTER, THIRD, Dashboard, Panel, Query, Row


def _quantile(part: float, name: str, by: str = "pod, le") -> str:
    return f"histogram_quantile({part}, sum by ({by}) (rate({name}_bucket{{{HERE}}}[$__rate_interval])))"


CHARGERS = f"sum(voltring_node_connections{{{HERE}}})"
NOW = Row(
    "Now",
    (
        Panel(
            "Chargers connected",
            "Open sockets of chargers, at all nodes together.",
            "short",
            (Query(CHARGERS, "chargers"),),
            QUARTER,
            is_number=True,
        ),
        Panel(
            "Still connected",
            "Chargers to the most of the last day: below 67% within 15 minutes VoltringConnectionsFell rings.",
            "percentunit",
            (Query(f"{CHARGERS} / max_over_time({CHARGERS}[1d:5m])", "of the day's most"),),
            QUARTER,
            is_number=True,
            red=0.67,
            is_red_below=True,
            top=1,
        ),
        Panel(
            "Nodes ready",
            "Nodes that let chargers in, as the operator sees them.",
            "short",
            (Query(f'max(voltring_operator_fleet_nodes{{{HERE}, state="ready"}})', "ready"),),
            QUARTER,
            is_number=True,
            red=1,
            is_red_below=True,
        ),
        Panel(
            "Full",
            "Chargers to what the ready nodes are meant for (fleet.target.connectionsPerPod).",
            "percentunit",
            (
                Query(
                    f"max(voltring_operator_fleet_connections{{{HERE}}})"
                    f" / max(voltring_operator_fleet_capacity{{{HERE}}})",
                    "full",
                ),
            ),
            QUARTER,
            is_number=True,
            red=1,
        ),
    ),
)
CONNECTIONS = Row(
    "Connections",
    (
        Panel(
            "Chargers by node",
            "How evenly they are spread; a node that drains falls while the others rise.",
            "short",
            (Query(f"sum by (pod) (voltring_node_connections{{{HERE}}})", "{{pod}}"),),
            is_stacked=True,
        ),
        Panel(
            "Chargers by version",
            "Which OCPP they speak.",
            "short",
            (Query(f"sum by (version) (voltring_node_connections{{{HERE}}})", "{{version}}"),),
            is_stacked=True,
        ),
        Panel(
            "Accepted",
            "Handshakes that ended well, by node. A peak after a fall is the return of those who were gone.",
            "cps",
            (Query(f"sum by (pod) (rate(voltring_node_accepted_total{{{HERE}}}[$__rate_interval]))", "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Refused",
            "Handshakes that were answered with an error: 503 asks to come again, 401 is a wrong secret, 404 an id that"
            " nobody registered.",
            "cps",
            (
                Query(
                    f"sum by (status, reason) (rate(voltring_node_refused_total{{{HERE}}}[$__rate_interval]))",
                    "{{status}} {{reason}}",
                ),
            ),
            THIRD,
        ),
        Panel(
            "Closed",
            "Sockets that were closed, by why. `silent` are chargers that a network has swallowed.",
            "cps",
            (Query(f"sum by (reason) (rate(voltring_node_closed_total{{{HERE}}}[$__rate_interval]))", "{{reason}}"),),
            THIRD,
        ),
        Panel(
            "Takeovers and repairs",
            "Chargers that came while their old socket was still open, owner records that were put right, and alarms"
            " that several chargers go by one identity.",
            "cps",
            (
                Query(f"sum(rate(voltring_node_takeovers_total{{{HERE}}}[$__rate_interval]))", "taken over"),
                Query(
                    f"sum by (remedy) (rate(voltring_node_remedies_total{{{HERE}}}[$__rate_interval]))",
                    "repaired: {{remedy}}",
                ),
                Query(
                    f"sum(rate(voltring_node_duplicate_identities_total{{{HERE}}}[$__rate_interval]))", "one identity"
                ),
            ),
        ),
        Panel(
            "Router: nodes in its ring",
            "Servers that each router sends chargers to. 0 rings VoltringRouterWithoutNodes.",
            "short",
            (Query(f'max by (pod) (haproxy_backend_active_servers{{{HERE}, proxy="nodes"}})', "{{pod}}"),),
            QUARTER,
            red=1,
            is_red_below=True,
        ),
        Panel(
            "Router: sockets",
            "Chargers at each router, and how many it may hold (router.maxConnections).",
            "short",
            (
                Query(f'max by (pod) (haproxy_frontend_current_sessions{{{HERE}, proxy="chargers"}})', "{{pod}}"),
                Query(f'max(haproxy_frontend_limit_sessions{{{HERE}, proxy="chargers"}})', "limit of one"),
            ),
            QUARTER,
        ),
    ),
)
MESSAGES = Row(
    "Messages",
    (
        Panel(
            "Messages by action",
            "What chargers say, the ten most frequent actions.",
            "cps",
            (
                Query(
                    f"topk(10, sum by (action) (rate(voltring_node_messages_total{{{HERE}}}[$__rate_interval])))",
                    "{{action}}",
                ),
            ),
            is_stacked=True,
        ),
        Panel(
            "Refused messages",
            "CALLs that were answered with a CALLERROR, by its code.",
            "cps",
            (Query(f"sum by (code) (rate(voltring_node_call_errors_total{{{HERE}}}[$__rate_interval]))", "{{code}}"),),
            QUARTER,
        ),
        Panel(
            "Faults of ours",
            "What chargers asked for rightly and did not get, by what it was of: an upgrade pauses by their share.",
            "cps",
            (
                Query(
                    f"sum by (pod, of) (rate(voltring_node_faults_total{{{HERE}}}[$__rate_interval]))", "{{pod}} {{of}}"
                ),
            ),
            QUARTER,
        ),
        Panel(
            "Acknowledgement",
            "From a CALL's frame received to its answer written, all nodes together.",
            "s",
            (
                Query(_quantile(0.5, "voltring_node_acknowledgement_seconds", "le"), "p50"),
                Query(_quantile(0.99, "voltring_node_acknowledgement_seconds", "le"), "p99"),
            ),
            red=1,
        ),
        Panel(
            "What became of messages",
            "`unanswered` was not committed in time, the charger keeps it; `refused` breaks its schema; nobody"
            " waits for an answer to what is `kept`.",
            "cps",
            (
                Query(
                    f"sum by (outcome) (rate(voltring_node_messages_total{{{HERE}}}[$__rate_interval]))", "{{outcome}}"
                ),
            ),
            is_stacked=True,
        ),
        Panel(
            "Commit time",
            "How long PostgreSQL takes for a group of messages: chargers get their answers after it.",
            "s",
            (
                Query(_quantile(0.5, "voltring_node_commit_seconds", "le"), "p50"),
                Query(_quantile(0.99, "voltring_node_commit_seconds", "le"), "p99"),
            ),
            THIRD,
            red=1,
        ),
        Panel(
            "Commits",
            "Groups that were written.",
            "ops",
            (Query(f"sum by (pod) (rate(voltring_node_commit_seconds_count{{{HERE}}}[$__rate_interval]))", "{{pod}}"),),
            THIRD,
        ),
        Panel(
            "Messages in one commit",
            "The mean. More of them make each cheaper.",
            "short",
            (
                Query(
                    f"sum by (pod) (rate(voltring_node_commit_group_size_sum{{{HERE}}}[$__rate_interval]))"
                    f" / sum by (pod) (rate(voltring_node_commit_group_size_count{{{HERE}}}[$__rate_interval]))",
                    "{{pod}}",
                ),
            ),
            THIRD,
        ),
        Panel(
            "Not written as they are",
            "Messages that PostgreSQL refused and that are kept as frames, and frames that nobody waits for and that"
            " are lost.",
            "short",
            (
                Query(f"sum(increase(voltring_node_unwritable_messages_total{{{HERE}}}[$__rate_interval]))", "refused"),
                Query(f"sum(increase(voltring_node_frames_not_kept_total{{{HERE}}}[$__rate_interval]))", "lost"),
            ),
            red=1,
        ),
        Panel(
            "Event loop: late by",
            "How late a node's process wakes up, p99: with more than 100 ms another node is wanted.",
            "s",
            (Query(_quantile(0.99, "voltring_node_loop_lag_seconds"), "{{pod}}"),),
            red=0.25,
        ),
    ),
)
SERVERS = Row(
    "Servers and sessions",
    (
        Panel(
            "Nodes without a server",
            "Nodes whose PostgreSQL or Redis does not answer, by their own word.",
            "short",
            (Query(f"count by (server) (voltring_node_server_away_seconds{{{HERE}}} > 0)", "{{server}}"),),
            THIRD,
            red=1,
        ),
        Panel(
            "Oldest session that waits",
            "How long the session waits that waits longest to be reconciled.",
            "s",
            (Query(f"max(voltring_worker_oldest_unchecked_seconds{{{HERE}}})", "oldest"),),
            THIRD,
            red=1800,
        ),
        Panel(
            "Sessions checked",
            "Reconciled from all their evidence, or going on; and flags that a check found anew.",
            "cps",
            (
                Query(
                    f"sum by (way) (rate(voltring_worker_checked_sessions_total{{{HERE}}}[$__rate_interval]))",
                    "{{way}}",
                ),
                Query(
                    f"sum by (flag) (rate(voltring_worker_flagged_sessions_total{{{HERE}}}[$__rate_interval]))",
                    "flag {{flag}}",
                ),
            ),
            THIRD,
        ),
    ),
)
BOARD = Dashboard(
    "voltring-fleet",
    "Voltring / Fleet",
    "Are the chargers here, are they let in, is what they say written down in time.",
    (NOW, CONNECTIONS, MESSAGES, SERVERS),
)
