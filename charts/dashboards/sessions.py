"""Sessions and their energy: is charged, is what was charged worked out, and what of it waits for a person."""

from expressions import quantile, rate
from panels import HERE, QUARTER, THIRD, Dashboard, Panel, Query, Row

DONE = "voltring_worker_job_last_success_timestamp_seconds"
CHARGING = Row(
    "Charging",
    (
        Panel(
            "Sessions in progress",
            "Of all chargers, those that are away included; as the worker counts them.",
            "short",
            (Query(f"max(voltring_worker_sessions_active{{{HERE}}})", "sessions"),),
            QUARTER,
            is_number=True,
        ),
        Panel(
            "Energy of the last 24 hours",
            "As sessions' registers rise; bills are worked out more carefully.",
            "watth",
            (Query(f"sum(increase(voltring_node_energy_wh_total{{{HERE}}}[24h]))", "energy"),),
            QUARTER,
            is_number=True,
        ),
        Panel(
            "Started today",
            "Sessions that nodes have heard of for the first time, in the last 24 hours.",
            "short",
            (Query(f"sum(increase(voltring_node_sessions_started_total{{{HERE}}}[24h]))", "started"),),
            QUARTER,
            is_number=True,
        ),
        Panel(
            "Chargers online",
            "Of those that are registered and have been here before.",
            "percentunit",
            (
                Query(
                    f'max(voltring_worker_chargers{{{HERE}, state="online"}})'
                    f' / sum(max by (state) (voltring_worker_chargers{{{HERE}, state!="never"}}))',
                    "online",
                ),
            ),
            QUARTER,
            is_number=True,
            red=0.97,
            is_red_below=True,
            top=1,
        ),
        Panel(
            "Power",
            "Energy as it is told, spread over the time that it took.",
            "watt",
            (Query(f"sum by (version) (rate(voltring_node_energy_wh_total{{{HERE}}}[15m])) * 3600", "{{version}}"),),
            is_stacked=True,
        ),
        Panel(
            "Sessions begun and ended",
            "By their chargers' word; over a day the two go together.",
            "cps",
            (
                Query(rate("voltring_node_sessions_started_total"), "begun"),
                Query(rate("voltring_node_sessions_ended_total"), "ended"),
                Query(rate("voltring_worker_abandoned_sessions_total"), "ended without their word"),
            ),
        ),
        Panel(
            "Chargers by state",
            "Registered ones: online, silent (connected, and not heard within their limit), offline, never seen.",
            "short",
            (Query(f"max by (state) (voltring_worker_chargers{{{HERE}}})", "{{state}}"),),
            THIRD,
            is_stacked=True,
        ),
        Panel(
            "Alarms of watchdogs, open",
            "By rule; a wave of one rule has one cause.",
            "short",
            (Query(f"max by (rule) (voltring_worker_alarms_open{{{HERE}}})", "{{rule}}"),),
            THIRD,
            is_stacked=True,
        ),
        Panel(
            "Alarms of watchdogs, raised",
            "In the last hour, by rule.",
            "short",
            (Query(f"sum by (rule) (increase(voltring_worker_alarms_raised_total{{{HERE}}}[1h])) > 0", "{{rule}}"),),
            THIRD,
        ),
        Panel(
            "Odd messages",
            "By flag: repeats are harmless, `poison` and `fault` are ours.",
            "cps",
            (Query(rate("voltring_node_flagged_messages_total", "flag"), "{{flag}}"),),
            THIRD,
        ),
    ),
)
MONEY = Row(
    "Worked out",
    (
        Panel(
            "Oldest session that waits",
            "To be reconciled; beyond half an hour VoltringSessionsUnchecked rings.",
            "s",
            (Query(f"max(voltring_worker_oldest_unchecked_seconds{{{HERE}}})", "oldest"),),
            THIRD,
            red=1800,
        ),
        Panel(
            "Sessions checked",
            "Reconciled from all their evidence, or going on.",
            "cps",
            (Query(rate("voltring_worker_checked_sessions_total", "way"), "{{way}}"),),
            THIRD,
        ),
        Panel(
            "Found odd",
            "Flags that a check found anew, the ten most frequent.",
            "cps",
            (Query(f"topk(10, {rate('voltring_worker_flagged_sessions_total', 'flag')} > 0)", "{{flag}}"),),
            THIRD,
        ),
        Panel(
            "Bills that wait",
            "`provisional`: an end that may still change; `held`: for a person.",
            "short",
            (Query(f"max by (state) (voltring_worker_bills_waiting{{{HERE}}})", "{{state}}"),),
        ),
        Panel(
            "What they wait for",
            "The ten most frequent reasons; a session may wait for several.",
            "short",
            (Query(f"topk(10, max by (reason) (voltring_worker_bill_reasons{{{HERE}}}) > 0)", "{{reason}}"),),
        ),
    ),
)
WORKER = Row(
    "The worker's jobs",
    (
        Panel(
            "Since a job was done last",
            "By job. `partitions` and `old reports` are done once an hour, the others every few seconds; far beyond"
            " that VoltringJobStands rings.",
            "s",
            (Query(f"time() - (max by (task) ({DONE}{{{HERE}}}) > 0)", "{{task}}"),),
            THIRD,
        ),
        Panel(
            "Runs that were not done",
            "`failed` is a fault of ours, `away` is PostgreSQL's.",
            "cps",
            (
                Query(
                    rate("voltring_worker_job_runs_total", "task, outcome", 'outcome!="done"') + " > 0",
                    "{{task}}: {{outcome}}",
                ),
            ),
            THIRD,
        ),
        Panel(
            "Time of a run, p99",
            "A job that takes longer than its pause falls behind.",
            "s",
            (Query(quantile(0.99, "voltring_worker_job_seconds", "task"), "{{task}}"),),
            THIRD,
        ),
        Panel(
            "Event loop: late by, p99",
            "Seconds are no harm while it works out long sessions.",
            "s",
            (Query(quantile(0.99, "voltring_worker_loop_lag_seconds", "pod"), "{{pod}}"),),
        ),
        Panel(
            "Commands that wait for their charger",
            "QUEUED, mostly for chargers that are away.",
            "short",
            (Query(f"max(voltring_worker_commands_queued{{{HERE}}})", "queued"),),
        ),
    ),
)
BOARD = Dashboard(
    "voltring-sessions",
    "Voltring / Sessions and energy",
    "Is charged, is what was charged worked out, and what of it waits for a person.",
    (CHARGING, MONEY, WORKER),
)
