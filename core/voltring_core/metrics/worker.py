"""Of the worker: its jobs."""

from voltring_core.metrics.naming import counter, gauge, histogram

JOBS = (
    "concurrent starts",
    "cost displays",
    "counting",
    "deauthorising",
    "old reports",
    "partitions",
    "reconciler",
    "reports",
    "reservations",
    "sweeper",
    "watchdogs",
)
JOB_RUNS = counter(
    "voltring_worker_job_runs_total",
    "Runs of jobs: done, away (PostgreSQL was), failed.",
    "Failed is a fault of ours: the log has it.",
    {"task": JOBS, "outcome": ("done", "away", "failed")},
)
JOB_SECONDS = histogram(
    "voltring_worker_job_seconds",
    "Time of one run.",
    "A job that takes longer than its pause falls behind.",
    {"task": JOBS},
    buckets=(0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 600),
)
JOB_SUCCEEDED = gauge(
    "voltring_worker_job_last_success_timestamp_seconds",
    "When a job was done last; 0 when never since the start.",
    "Older than some of its pauses: nobody does it.",
    {"task": JOBS},
    unit="seconds",
    zero=True,
)
WORKER_LOOP_LAG = histogram(
    "voltring_worker_loop_lag_seconds",
    "How late the event loop woke up.",
    "Seconds while it works out long sessions are no harm.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
