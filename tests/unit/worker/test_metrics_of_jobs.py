"""Jobs are counted by how they end; figures from PostgreSQL are shown whole."""

import pytest
from metric_moves import Moves
from prometheus_client import REGISTRY

from voltring_core.metrics.sessions import ALARMS_OPEN, BILL_REASONS, FLAGS, RULES
from voltring_worker.counting import show
from voltring_worker.measuring import measured

RUNS = "voltring_worker_job_runs_total"
SUCCEEDED = "voltring_worker_job_last_success_timestamp_seconds"


async def test_a_job_that_is_done_tells_when_and_for_how_long() -> None:
    async def cycle() -> str:
        return "three things done"

    moves = Moves()
    assert await measured("reports", cycle)() == "three things done"
    assert moves.moved(RUNS) == {("done", "reports"): 1}
    assert moves.of("voltring_worker_job_seconds_count", task="reports") == 1
    assert (REGISTRY.get_sample_value(SUCCEEDED, {"task": "reports"}) or 0) > 1.7e9


async def test_a_job_that_finds_postgresql_away_ends_without_a_word_of_its_own_and_is_no_success() -> None:
    async def cycle() -> str:
        raise OSError("no route")

    moves = Moves()
    assert await measured("reservations", cycle)() == ""
    assert moves.moved(RUNS) == {("away", "reservations"): 1}
    assert moves.of(SUCCEEDED, task="reservations") == 0


async def test_a_job_that_can_not_wait_until_its_next_run_raises_what_says_that_postgresql_is_away() -> None:
    async def cycle() -> str:
        raise OSError("no route")

    moves = Moves()
    with pytest.raises(OSError, match="no route"):
        await measured("partitions", cycle, is_patient=False)()
    assert moves.moved(RUNS) == {("away", "partitions"): 1}


async def test_a_job_with_a_fault_of_ours_has_failed() -> None:
    async def cycle() -> str:
        raise KeyError("a column")

    moves = Moves()
    with pytest.raises(KeyError):
        await measured("sweeper", cycle)()
    assert moves.moved(RUNS) == {("failed", "sweeper"): 1}


def test_a_gauge_by_labels_shows_all_of_them_and_zero_where_there_is_nothing_any_more() -> None:
    name = "voltring_worker_alarms_open"
    show(ALARMS_OPEN, RULES, [{"label": "no_stop", "number": 3}])
    assert REGISTRY.get_sample_value(name, {"rule": "no_stop"}) == 3
    show(ALARMS_OPEN, RULES, [])
    assert {REGISTRY.get_sample_value(name, {"rule": rule}) for rule in RULES} == {0}


def test_a_reason_that_a_person_has_written_counts_as_other() -> None:
    show(BILL_REASONS, FLAGS, [{"label": "a word of somebody's", "number": 2}, {"label": "clock", "number": 1}])
    name = "voltring_worker_bill_reasons"
    assert REGISTRY.get_sample_value(name, {"reason": "other"}) == 2
    assert REGISTRY.get_sample_value(name, {"reason": "clock"}) == 1
