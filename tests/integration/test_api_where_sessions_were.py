"""An old session shows the site that it had, whatever became of its charger since; and what a person made of something
that nobody could assign is told at both ends."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from bill_scene import CHARGER, START, account, billed, book, found_town, keep, records, session
from watchdog_scene import Scene, ago

from voltring_core.domain.transactions import Transaction, TransactionState
from voltring_core.store import tariffs
from voltring_core.store.tariffs import AtSite, Recipient
from voltring_worker.billing_running import bill_running

MOVE = "UPDATE chargers SET site_id = $1 WHERE id = $2"
YARD = ("yard", "The <Yard>", "Berlin", "Europe/Berlin")


@pytest.fixture
async def town(api: Any) -> Any:
    """A site with a charger and a tariff for everybody, and another site; its pool."""
    pool = api.parts.pool
    await found_town(pool)
    await pool.execute("INSERT INTO sites (id, name, place, time_zone) VALUES ('pier', 'Pier', 'Porto', 'Portugal')")
    return pool


async def site_of(api: Any, one: Transaction | UUID) -> tuple[Any, ...]:
    identity = one.id if isinstance(one, Transaction) else one
    answer = await api.client.get(f"/v1/transactions/{identity}/timeline")
    assert answer.status_code == 200, answer.text
    found = answer.json()["session"]
    return tuple(found[name] for name in ("site_id", "site_name", "site_place", "time_zone"))


async def test_a_session_shows_the_site_that_it_had_and_so_does_its_bill(api: Any, town: Any) -> None:
    one = await keep(town, session())
    await billed(town, one, account())
    await town.execute(MOVE, "pier", CHARGER)
    await town.execute("UPDATE sites SET name = 'Renamed' WHERE id = 'yard'")
    assert await site_of(api, one) == YARD
    await billed(town, one, account(12000))
    sites = [row["content"]["site"] for row in await records(town, one)]
    assert [site["name"] for site in sites] == ["The <Yard>"] * 3
    await town.execute("UPDATE chargers SET site_id = NULL WHERE id = $1", CHARGER)
    await town.execute("DELETE FROM sites WHERE id = 'yard'")
    assert await site_of(api, one) == YARD


async def test_the_site_is_kept_from_when_a_running_session_is_first_looked_at(api: Any, town: Any) -> None:
    started = session(state=TransactionState.ACTIVE, ended_at=None, end_received_at=None, id_token=None)
    one = await keep(town, started)
    await town.execute(
        "INSERT INTO transaction_accounts (transaction_id, checked_at, of_version) VALUES ($1, now(), 1)", one.id
    )

    async def look() -> None:
        row = await town.fetchrow("SELECT * FROM transactions WHERE id = $1", one.id)
        async with town.acquire() as connection, connection.transaction():
            assert await bill_running(connection, [(row, account(5000))], START) == frozenset()

    await look()
    await town.execute(MOVE, "pier", CHARGER)
    assert (await book(town, one))["time_zone"] is None  # nobody knows yet whose it is
    assert await site_of(api, one) == YARD
    made = await tariffs.create(town, (await tariffs.in_force(town, CHARGER, None, START)).tariff, "test")  # type: ignore[union-attr]
    await tariffs.assign(town, made["id"], Recipient(site_id="yard"), "test")
    await town.execute("UPDATE transactions SET id_token = 'TAG-1' WHERE id = $1", one.id)
    await look()
    kept = await book(town, one)
    assert (kept["tariff_id"], kept["time_zone"]) == (made["id"], "Europe/Berlin")  # of the site that it had
    assert await site_of(api, one) == YARD


async def test_a_session_at_no_site_stays_at_none(api: Any, town: Any) -> None:
    await town.execute(MOVE, None, CHARGER)
    one = await keep(town, session())
    await billed(town, one, account())
    await town.execute(MOVE, "pier", CHARGER)
    assert await site_of(api, one) == (None, None, None, "UTC")
    assert [row["content"]["site"] for row in await records(town, one)] == [None]


async def test_what_was_billed_before_sites_were_kept_shows_the_site_of_its_bill(api: Any, town: Any) -> None:
    one = await keep(town, session())
    await billed(town, one, account())
    await town.execute("UPDATE transaction_accounts SET at_site = NULL")
    await town.execute(MOVE, "pier", CHARGER)
    assert await site_of(api, one) == YARD
    await billed(town, one, account(12000))
    assert (await book(town, one))["at_site"] == {
        "site": {"id": "yard", "name": "The <Yard>", "place": "Berlin"},
        "time_zone": "Europe/Berlin",
    }
    assert (await records(town, one))[-1]["content"]["site"]["id"] == "yard"


async def test_a_session_that_nobody_has_looked_at_yet_shows_where_its_charger_is(api: Any, town: Any) -> None:
    one = await keep(town, session())
    assert await site_of(api, one) == YARD
    await town.execute(MOVE, "pier", CHARGER)
    assert (await site_of(api, one))[:3] == ("pier", "Pier", "Porto")


async def test_a_tariff_of_a_site_is_that_of_the_site_that_is_asked_about(town: Any) -> None:
    words = (await tariffs.in_force(town, CHARGER, None, START)).tariff  # type: ignore[union-attr]
    for site in ("yard", "pier"):
        made = await tariffs.create(town, words.model_copy(update={"name": site}), "test")
        await tariffs.assign(town, made["id"], Recipient(site_id=site), "test")
    asked = (None, AtSite("yard"), AtSite("pier"), AtSite(None))
    found = [await tariffs.in_force(town, CHARGER, None, START, where) for where in asked]
    assert [one and one.tariff.name for one in found] == ["yard", "yard", "pier", "Day"]


@pytest.fixture
def scene(api: Any) -> Scene:
    return Scene(api.parts.pool, api.parts.redis)


async def orphan(scene: Scene) -> UUID:
    at = ago(minutes=10)
    values = {"started_at": None, "meter_start_wh": None, "energy_wh": None, "meter_stop_wh": Decimal(6000)}
    return await scene.session(
        state="Orphan", ocpp_id="99", flags=("unknown_transaction",), begun=at, ended=at, **values
    )


async def decisions(api: Any, identity: UUID) -> list[tuple[Any, ...]]:
    answer = await api.client.get(f"/v1/transactions/{identity}/timeline", params={"kind": "decision"})
    assert answer.status_code == 200, answer.text
    return [(it["summary"], it["by"], it["context"], it["detail"]) for it in answer.json()["items"]]


async def test_what_was_attached_says_so_in_its_session_and_in_itself(api: Any, scene: Scene) -> None:
    await scene.charger()
    whose, item = await scene.session(), await orphan(scene)
    wish = {"transaction_id": str(whose), "note": "The driver called."}
    assert (await api.client.post(f"/v1/inbox/{item}/attach", json=wish)).status_code == 200
    mine = "What nobody could assign was made part of this session."
    assert await decisions(api, whose) == [(mine, "bootstrap", False, {**wish, "item_id": str(item)})]
    assert await decisions(api, item) == [("It was made part of another session.", "bootstrap", False, wish)]
    told = (await api.client.get(f"/v1/transactions/{item}")).json()
    assert (told["resolution"], told["attached_to"]) == ("attached", str(whose))
    of_item = (await api.client.get(f"/v1/transactions/{item}/timeline")).json()["session"]
    of_session = (await api.client.get(f"/v1/transactions/{whose}/timeline")).json()["session"]
    assert (of_item["resolution"], of_item["attached_to"], of_item["attached"]) == ("attached", str(whose), [])
    assert (of_session["resolution"], of_session["attached_to"], of_session["attached"]) == (None, None, [str(item)])


async def test_what_was_dismissed_says_so(api: Any, scene: Scene) -> None:
    await scene.charger()
    item = await orphan(scene)
    await api.client.post(f"/v1/inbox/{item}/dismiss", json={"note": "The installer's."})
    assert await decisions(api, item) == [
        ("The session was set aside.", "bootstrap", False, {"note": "The installer's."})
    ]
    listed = (await api.client.get("/v1/transactions", params={"state": "Orphan"})).json()["items"]
    assert [(it["resolution"], it["attached_to"]) for it in listed] == [("dismissed", None)]
