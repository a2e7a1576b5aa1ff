"""Jobs, measured: how often each runs, how that ends, how long it takes, when it was done last."""

import logging
import time
from collections.abc import Awaitable, Callable

from voltring_core.metrics.worker import JOB_RUNS, JOB_SECONDS, JOB_SUCCEEDED
from voltring_core.saying import Saying
from voltring_core.store.database import AWAY

Cycle = Callable[[], Awaitable[str]]
away = Saying(logging.getLogger("voltring.worker"))
"""Of all jobs: they have one PostgreSQL."""


def measured(job: str, cycle: Cycle, *, is_patient: bool = True) -> Cycle:
    """The same cycle, measured. `is_patient`: it logs in one sentence that PostgreSQL is away, else it raises that."""
    runs = {outcome: JOB_RUNS.labels(job, outcome) for outcome in ("done", "away", "failed")}
    seconds, succeeded = JOB_SECONDS.labels(job), JOB_SUCCEEDED.labels(job)

    async def run() -> str:
        began, outcome = time.monotonic(), "failed"
        try:
            said = await cycle()
            outcome = "done"
            away.over("PostgreSQL is there again")
            succeeded.set_to_current_time()
        except AWAY as error:
            outcome = "away"
            if not is_patient:
                raise
            away.met("PostgreSQL is away: %s", error or type(error).__name__)
            return ""
        finally:
            runs[outcome].inc()
            seconds.observe(time.monotonic() - began)
        return said

    return run
