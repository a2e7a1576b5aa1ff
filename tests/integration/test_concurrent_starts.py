"""Two starts of one token that two nodes took at the same moment: both are flagged afterwards, and held."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from bill_scene import TARIFF, assign
from watchdog_scene import Scene, ago

from voltring_core.domain.authorization import Concurrency
from voltring_core.store.database import open_pool
from voltring_worker.billing_concurrent import ConcurrentStarts
from voltring_worker.reconciler import Reconciler

AT = timedelta(milliseconds=3)


@pytest.fixture
async def scene(postgres_dsn: str, redis: Any) -> AsyncIterator[Scene]:
    """Three chargers and a token."""
    pool = await open_pool(postgres_dsn, size=3, name="test")
    scene = Scene(pool, redis)
    for name in "ABC":
        await scene.charger(name)
    await token(pool)
    yield scene
    await pool.close()


async def token(pool: asyncpg.Pool, name: str = "TAG", concurrent: str | None = None, group: str | None = None) -> None:
    await pool.execute(
        "INSERT INTO id_tokens (id_token, concurrent, group_id_token) VALUES ($1, $2, $3)"
        " ON CONFLICT (lower(id_token)) DO UPDATE SET concurrent = $2, group_id_token = $3",
        name,
        concurrent,
        group,
    )


async def started(
    scene: Scene, charger: str, at: datetime, tag: str = "TAG", shown: datetime | None = None, **more: Any
) -> UUID:
    """A session whose token was shown then: with its start, unless said otherwise."""
    payload = {"connectorId": 1, "idTag": tag, "meterStart": 1000, "timestamp": at.isoformat()}
    identity = await scene.session(charger, begun=at, **({"id_token": tag} | more))
    await scene.pool.execute("DELETE FROM transaction_events WHERE transaction_id = $1", identity)
    if shown is not None:
        await scene.said(identity, "Started", at, charger_id=charger, payload={"eventType": "Started"})
        payload = {"eventType": "Updated", "idToken": {"idToken": tag, "type": "ISO14443"}}
    await scene.said(
        identity, "Started" if shown is None else "Updated", shown or at, charger_id=charger, payload=payload
    )
    return identity


async def flagged(scene: Scene, concurrency: Concurrency = Concurrency.REFUSED) -> set[UUID]:
    await ConcurrentStarts(scene.pool, concurrency).cycle()
    return {row["id"] for row in await scene.pool.fetch("SELECT id FROM transactions WHERE 'concurrent' = ANY(flags)")}


async def test_both_are_flagged_once_and_the_third_is_not(scene: Scene) -> None:
    at = ago(minutes=5)
    one, other = await started(scene, "A", at), await started(scene, "B", at + AT, "tag")
    await started(scene, "C", at + timedelta(minutes=3))
    chore = ConcurrentStarts(scene.pool, Concurrency.REFUSED)
    assert await chore.cycle() == "2 sessions of tokens that began at two places at once"
    assert await chore.cycle() == ""
    assert await flagged(scene) == {one, other}
    flags = await scene.pool.fetchval("SELECT flags FROM transactions WHERE id = $1", one)
    assert flags == ["concurrent"]


async def test_a_worker_that_died_after_the_first_of_two_flags_the_second(scene: Scene) -> None:
    at = ago(minutes=5)
    one = await started(scene, "A", at, flags=("concurrent",))
    other = await started(scene, "B", at + AT)
    assert await flagged(scene) == {one, other}


async def test_one_that_is_over_already_is_found_as_long_as_it_began_lately(scene: Scene) -> None:
    at = ago(minutes=2)
    over = await started(scene, "A", at, state="Ended", ended=ago(minutes=1))
    runs = await started(scene, "B", at + AT)
    assert await flagged(scene) == {over, runs}


async def test_tokens_that_are_shown_long_after_plugging_in_are_compared_by_when_they_were_shown(scene: Scene) -> None:
    shown = ago(minutes=4)
    one = await started(scene, "A", ago(hours=3), shown=shown, version="2.0.1")
    other = await started(scene, "B", ago(hours=1), shown=shown + AT, version="2.0.1")
    assert await flagged(scene) == {one, other}


@pytest.mark.parametrize(
    "why",
    ["allowed", "allowed here", "unknown", "refused", "same charger", "offline", "told late", "another", "nameless"],
)
async def test_what_was_right_or_is_held_already_is_left_alone(scene: Scene, why: str) -> None:
    at = ago(minutes=5)
    first: dict[str, Any] = {}
    second: dict[str, Any] = {"charger": "B"}
    if why == "allowed":
        await token(scene.pool, concurrent="allowed")
    elif why == "unknown":
        await scene.pool.execute("DELETE FROM id_tokens")
    elif why == "refused":
        second["flags"] = ("concurrent_token", "token_refused")
    elif why == "same charger":
        second |= {"charger": "A", "evse_id": 2}
    elif why == "offline":
        first["flags"] = ("offline",)
    elif why == "told late":
        second["started_at"] = at - timedelta(hours=1)
    elif why == "another":
        await token(scene.pool, "OTHER")
        second["tag"] = "OTHER"
    elif why == "nameless":
        first["id_token"] = second["id_token"] = None
    await started(scene, "A", at, **first)
    await started(scene, second.pop("charger"), at + AT, **second)
    policy = Concurrency.ALLOWED if why == "allowed here" else Concurrency.REFUSED
    assert await flagged(scene, policy) == set()


@pytest.mark.parametrize(("own", "found"), [(None, 0), ("refused", 0), ("refused_in_group", 2)])
async def test_two_tokens_of_one_group_count_where_one_of_it_may_charge(
    scene: Scene, own: str | None, found: int
) -> None:
    await token(scene.pool, "ONE", own, "Fleet")
    await token(scene.pool, "TWO", own, "FLEET")
    at = ago(minutes=5)
    await started(scene, "A", at, "ONE")
    await started(scene, "B", at + AT, "TWO")
    assert len(await flagged(scene)) == found


async def test_the_bills_of_both_are_held_and_what_the_evidence_comes_to_keeps_the_flag(scene: Scene) -> None:
    await assign(scene.pool, TARIFF)
    at, over = ago(minutes=5), ago(minutes=1)
    for name in "AB":
        identity = await started(scene, name, at, state="Ended", ended=over)
        stop = {"transactionId": 7, "meterStop": 5000, "timestamp": over.isoformat(), "idTag": "TAG"}
        await scene.said(identity, "Ended", over, charger_id=name, payload=stop)
    await Reconciler(scene.pool).cycle()
    assert [row["billing"] for row in await bills(scene)] == ["final", "final"]
    assert len(await flagged(scene)) == 2
    await Reconciler(scene.pool).cycle()
    assert [(row["billing"], row["waits_for"], "concurrent" in row["flags"]) for row in await bills(scene)] == [
        ("held", ["concurrent"], True)
    ] * 2


async def bills(scene: Scene) -> list[Any]:
    return list(
        await scene.pool.fetch(
            "SELECT t.flags, a.billing, a.waits_for FROM transactions t"
            " JOIN transaction_accounts a ON a.transaction_id = t.id"
        )
    )
