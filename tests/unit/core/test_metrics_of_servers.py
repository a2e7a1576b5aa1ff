"""What is measured of PostgreSQL and Redis, and the counters that go without a lock."""

import asyncpg
import pytest
from metric_moves import Moves
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from redis.exceptions import ConnectionError as RedisAway

from voltring_core.cluster import measuring as redis_measuring
from voltring_core.cluster import ownership
from voltring_core.metrics.naming import Quick, QuickHistogram
from voltring_core.metrics.servers import REDIS
from voltring_core.store import measuring as postgres_measuring
from voltring_core.store.fence import SQL


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (SQL["fence"], "fence"),
        ("BEGIN;", "begin"),
        ("BEGIN ISOLATION LEVEL REPEATABLE READ;", "begin"),
        ("COMMIT;", "commit"),
        ("ROLLBACK;", "rollback"),
        ("SELECT true", "other"),
        ("SELECT 'a text of a charger'", "other"),
        ("", "other"),
    ],
)
def test_a_statement_goes_by_the_file_that_it_is_in(statement: str, what: str) -> None:
    assert postgres_measuring.operation(statement) == what


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(), "away"),
        (TimeoutError(), "away"),
        (asyncpg.CannotConnectNowError(), "away"),
        (asyncpg.DeadlockDetectedError(), "busy"),
        (asyncpg.UniqueViolationError(), "refused"),
        (asyncpg.DataError(), "refused"),
    ],
)
async def test_a_statement_that_fails_is_measured_and_counted_by_why(error: Exception, kind: str) -> None:
    async def fail() -> None:
        raise error

    moves = Moves()
    with pytest.raises(type(error)):
        await postgres_measuring.timed("fence", fail())
    assert moves.moved("voltring_postgres_errors_total") == {(kind,): 1}
    assert moves.of("voltring_postgres_seconds_count", operation="fence") == 1


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("EVALSHA", ownership.CLAIM.digest, 1, "key"), "owner_claim"),
        (("EVAL", ownership.LOOK.text, 1, "key"), "owner_look"),
        (("EVALSHA", "somebody's", 1, "key"), "other"),
        (("HGET", "key", "node"), "hget"),
        (("XINFO STREAM", "key"), "xinfo"),
        (("OBJECT", "key"), "other"),
    ],
)
def test_what_is_asked_of_redis_goes_by_its_word_or_by_its_script(words: tuple[str, ...], what: str) -> None:
    assert redis_measuring.operation(words) == what


def test_every_script_of_ours_has_its_own_word() -> None:
    scripts = {one for one in REDIS if one.startswith("owner_")}
    ours = (ownership.CLAIM, ownership.STATE, ownership.RELEASE, ownership.REASSERT, ownership.LOOK)
    assert {redis_measuring.operation(("EVALSHA", one.digest)) for one in ours} == scripts


async def test_what_redis_does_not_answer_counts_as_an_error_of_it() -> None:
    async def fail() -> None:
        raise RedisAway("gone")

    moves = Moves()
    with pytest.raises(RedisAway):
        await redis_measuring.timed("hget", fail())
    assert moves.moved("voltring_redis_errors_total") == {("hget",): 1}


@pytest.mark.parametrize("observed", [[0.0], [0.1], [0.10000001], [1.0, 5.0, 5.1], [1e9, -1.0]])
def test_without_a_lock_the_same_is_told(observed: list[float]) -> None:
    told = []
    for counter, histogram in ((Counter, Histogram), (Quick, QuickHistogram)):
        registry = CollectorRegistry()
        count = counter("things_total", "Things.", ["kind"], registry=registry).labels("a")
        sizes = histogram("size", "Sizes.", ["kind"], buckets=(0.1, 1, 5), registry=registry).labels("a")
        for one in observed:
            count.inc(abs(one))
            sizes.observe(one)
        told.append(generate_latest(registry))
    assert told[0] == told[1]
