"""What the check of sessions found is shown with them, and those that are flagged can be asked for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest_asyncio
from told_sessions import Teller

from voltring_core.store.database import open_pool
from voltring_worker.reconciler import Reconciler


@pytest_asyncio.fixture
async def teller(postgres_dsn: str) -> AsyncIterator[Teller]:
    """A node that hears what chargers tell."""
    pool = await open_pool(postgres_dsn, size=2, name="test")
    made, stop = Teller(pool), asyncio.Event()
    running = asyncio.create_task(made.recorder.run(stop))
    yield made
    stop.set()
    await running
    await pool.close()


async def told(teller: Teller) -> None:
    """One session that is right, and one of which the meter says less than power does."""
    for charger, wh in (("RIGHT", 6500), ("WRONG", 1200)):
        number = await teller.start(charger)
        for minute in range(31):
            await teller.read(number, minute, None, 11_000, charger=charger)
        await teller.stop(number, 30, wh, charger=charger)


async def test_a_session_shows_how_its_energy_was_worked_out_and_what_differs(api: Any, teller: Teller) -> None:
    await told(teller)
    path = f"/v1/transactions/{await teller.id_of('WRONG')}"
    before = (await api.client.get(path)).json()
    assert (before["checked_at"], before["check_flags"], before["energy_by_method_wh"]) == (None, [], {})
    await Reconciler(teller.pool, timedelta()).cycle()
    found = (await api.client.get(path)).json()
    assert found["energy_method"] == "registers"
    assert found["energy_by_method_wh"] == {"registers": 200, "power": 5500}
    assert (found["difference_wh"], found["check_flags"]) == (5300, ["energy_mismatch"])
    assert (found["missing_seq_nos"], round(found["clock_skew_s"])) == ([], -1)
    assert found["checked_at"] is not None
    assert found["billing"] is not None


async def test_flagged_sessions_can_be_listed_alone(api: Any, teller: Teller) -> None:
    await told(teller)
    await Reconciler(teller.pool, timedelta()).cycle()

    async def listed(query: str) -> list[str]:
        found = (await api.client.get(f"/v1/transactions{query}")).json()
        return sorted(one["charger_id"] for one in found["items"])

    assert await listed("") == ["RIGHT", "WRONG"]
    assert await listed("?flagged=true") == ["WRONG"]
    assert await listed("?flagged=false") == ["RIGHT"]
    assert await listed("?flagged=true&charger_id=RIGHT") == []
    assert (await api.client.get("/v1/transactions?flagged=maybe")).status_code == 422
