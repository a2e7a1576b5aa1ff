"""Records on a real PostgreSQL: issued once, corrected by credits, never changed; the tariff of the start stays."""

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from bill_scene import CHARGER, TARIFF, TOKEN, account, assign, billed, book, found_town, keep, records, session

from voltring_core.domain.billing import Billing
from voltring_core.domain.transactions import PHANTOM, SUPERSEDED, TransactionState
from voltring_core.store import billing as books
from voltring_core.store.database import open_pool

COLUMNS = "transaction_id, revision, kind, charger_id, currency, energy_wh, net, tax, total, content"
AGAIN = f"""
INSERT INTO charge_detail_records (id, {COLUMNS})
SELECT $2, {COLUMNS} FROM charge_detail_records WHERE id = $1
"""  # noqa: S608


@pytest_asyncio.fixture
async def pool(postgres_dsn: str) -> AsyncIterator[asyncpg.Pool]:
    pool = await open_pool(postgres_dsn, size=4, name="test")
    await found_town(pool)
    yield pool
    await pool.close()


def kinds(found: list[Any]) -> list[tuple[str, str]]:
    return [(row["kind"], f"{row['total']:f}") for row in found]


async def test_a_session_that_is_over_gets_one_record_that_says_all_of_it(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    decision = await billed(pool, one, account())
    assert decision.state is Billing.FINAL
    (record,) = await records(pool, one)
    # 10 kWh at 0.49 and 0.35 for the session: 5.25, and 19 % of it.
    assert (record["net"], record["tax"], record["total"]) == (Decimal("5.25"), Decimal("1.00"), Decimal("6.25"))
    content = record["content"]
    assert content["session"]["id_token"] == TOKEN
    assert content["charger"] == {
        "id": CHARGER,
        "vendor": "Acme",
        "model": "One & Only",
        "serial_number": None,
        "evse_id": 1,
        "connector_id": 1,
    }
    assert content["site"] == {"id": "yard", "name": "The <Yard>", "place": "Berlin"}
    assert content["times"]["started_at"] == "2026-03-01T08:00:00Z"
    assert content["times"]["started_at_local"] == "2026-03-01T09:00:00+01:00"
    assert content["energy"] == {
        "energy_wh": "10000",
        "method": "registers",
        "by_method": {"registers": "10000"},
        "difference_wh": None,
        "meter_start_wh": "1000",
        "meter_stop_wh": "11000",
    }
    assert content["tariff"]["content"] == TARIFF
    assert [line["amount"] for line in content["price"]["lines"]] == ["0.35", "4.90"]
    assert content["totals"] == {"currency": "EUR", "net": "5.25", "tax": "1.00", "total": "6.25"}
    kept = await book(pool, one)
    assert (kept["billing"], kept["total"], kept["time_zone"]) == ("final", Decimal("6.25"), "Europe/Berlin")
    assert kept["cost"]["total"] == "6.25"


async def test_the_whole_cycle_again_issues_nothing(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    for _ in range(3):
        await billed(pool, one, account())
    assert kinds(await records(pool, one)) == [("charge", "6.25")]


async def test_a_late_stop_after_a_final_bill_makes_one_credit_and_one_charge(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    for _ in range(2):
        await billed(pool, one, account(12000, hours=2))
    found = await records(pool, one)
    assert kinds(found) == [("charge", "6.25"), ("credit", "6.25"), ("charge", "7.41")]
    charge, credit, new = found
    assert credit["corrects"] == charge["id"]
    assert credit["content"]["corrects"] == {"id": str(charge["id"]), "number": charge["number"]}
    assert credit["content"]["reason"] == "corrected"
    assert credit["content"]["price"] == charge["content"]["price"]
    assert new["content"]["replaces"] == {"id": str(charge["id"]), "number": charge["number"]}


async def test_two_workers_at_once_issue_one_record(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    await asyncio.gather(*(billed(pool, one, account()) for _ in range(4)))
    assert kinds(await records(pool, one)) == [("charge", "6.25")]
    await asyncio.gather(*(billed(pool, one, account(12000)) for _ in range(4)))
    assert kinds(await records(pool, one)) == [("charge", "6.25"), ("credit", "6.25"), ("charge", "7.41")]


@pytest.mark.parametrize("after", ["issue", "keep"])
async def test_a_worker_that_dies_between_two_steps_leaves_nothing_and_the_next_one_bills_once(
    pool: asyncpg.Pool, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    whole = books.SQL[after]
    # The credit is written, the charge that replaces it is not; or both are, and the account is not.
    count = 0

    async def dying(self: Any, query: str, *rest: Any, **more: Any) -> Any:
        nonlocal count
        if query == whole:
            count += 1
            if count == 2 or after == "keep":
                raise ConnectionResetError("killed")
        return await alive(self, query, *rest, **more)

    name = "fetchrow" if after == "issue" else "execute"
    alive = getattr(asyncpg.Connection, name)
    with monkeypatch.context() as patch:
        patch.setattr(asyncpg.Connection, name, dying)
        with pytest.raises(ConnectionResetError):
            await billed(pool, one, account(12000))
    assert count >= 1
    assert kinds(await records(pool, one)) == [("charge", "6.25")]
    await billed(pool, one, account(12000))
    assert kinds(await records(pool, one)) == [("charge", "6.25"), ("credit", "6.25"), ("charge", "7.41")]


async def test_who_comes_past_the_lock_is_stopped_by_the_key(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    (row,) = await records(pool, one)
    with pytest.raises(asyncpg.UniqueViolationError):
        await pool.execute(AGAIN, row["id"], one.id)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE charge_detail_records SET total = 0",
        "UPDATE charge_detail_records SET content = '{}'",
        "DELETE FROM charge_detail_records",
        "TRUNCATE charge_detail_records",
        "TRUNCATE charge_detail_records CASCADE",
    ],
)
async def test_a_record_that_was_issued_can_neither_be_changed_nor_deleted(pool: asyncpg.Pool, change: str) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    before = await records(pool, one)
    with pytest.raises(asyncpg.RestrictViolationError, match="a record that was issued stays"):
        await pool.execute(change)
    assert await records(pool, one) == before


async def test_a_bill_outlives_its_session_and_its_charger(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account())
    await pool.execute("DELETE FROM chargers")
    await pool.execute("DELETE FROM transactions")
    assert len(await records(pool, one)) == 1


async def test_the_tariff_of_the_start_stays_whatever_is_assigned_later(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session(state=TransactionState.ACTIVE, ended_at=None, stop_reason=None))
    await billed(pool, one, account(1000))
    frozen = await book(pool, one)
    assert (frozen["billing"], frozen["tariff"], frozen["cost"]["total"]) == ("open", TARIFF, "1.00")
    dear = {**TARIFF, "name": "Dear", "valid_from": "2026-02-01T00:00:00Z"}
    await assign(pool, {**dear, "components": [{"kind": "energy", "price": "9"}]})
    await pool.execute("UPDATE sites SET time_zone = 'America/New_York'")
    await pool.execute("UPDATE transactions SET state = 'Ended'")
    await billed(pool, session(id=one.id), account())
    assert kinds(await records(pool, one)) == [("charge", "6.25")]
    after = await book(pool, one)
    assert (after["tariff_id"], after["time_zone"]) == (frozen["tariff_id"], "Europe/Berlin")
    await pool.execute(books.SQL["freeze"], one.id, None, None, "UTC")
    assert (await book(pool, one))["tariff_id"] == frozen["tariff_id"]


async def test_a_session_that_has_not_said_whose_it_is_gets_the_tariff_of_its_group_when_it_has(
    pool: asyncpg.Pool,
) -> None:
    group = {**TARIFF, "name": "Friends", "components": [{"kind": "energy", "price": "0.10"}]}
    await assign(pool, group, "friends")
    await pool.execute("UPDATE id_tokens SET group_id_token = 'friends'")
    unknown = session(state=TransactionState.ACTIVE, id_token=None, ocpp_version="2.0.1", ended_at=None)
    one = await keep(pool, unknown)
    await billed(pool, one, account(1000))
    early = await book(pool, one)
    assert (early["cost"]["total"], early["time_zone"]) == ("1.00", None)
    await pool.execute("UPDATE transactions SET id_token = $1", TOKEN)
    await billed(pool, session(id=one.id, state=TransactionState.ACTIVE, ocpp_version="2.0.1"), account(1000))
    assert (await book(pool, one))["cost"]["total"] == "0.12"
    assert (await book(pool, one))["tariff"]["name"] == "Friends"


async def test_a_session_that_ends_before_it_says_whose_it_is_waits_for_that_and_then_gets_its_tariff(
    pool: asyncpg.Pool,
) -> None:
    group = {**TARIFF, "name": "Friends", "components": [{"kind": "energy", "price": "0.10"}]}
    await assign(pool, group, "friends")
    await pool.execute("UPDATE id_tokens SET group_id_token = 'friends'")
    one = await keep(pool, session(id_token=None, ocpp_version="2.0.1"))
    await billed(pool, one, account(1000))
    held = await book(pool, one)
    assert (held["billing"], held["waits_for"], held["time_zone"]) == ("held", ["no_token"], None)
    await pool.execute("UPDATE transactions SET id_token = $1 WHERE id = $2", TOKEN, one.id)
    await billed(pool, session(id=one.id, ocpp_version="2.0.1"), account(1000))
    assert kinds(await records(pool, one)) == [("charge", "0.12")]
    assert (await book(pool, one))["tariff"]["name"] == "Friends"


async def test_a_session_without_a_tariff_at_its_start_costs_nothing_for_ever(postgres_dsn: str) -> None:
    pool = await open_pool(postgres_dsn, size=2, name="test")
    await found_town(pool, None)
    one = await keep(pool, session())
    await billed(pool, one, account())
    await assign(pool, TARIFF)
    decision = await billed(pool, one, account(12000))
    assert (decision.state, decision.waits_for) == (Billing.VOID, ("no_tariff",))
    assert await records(pool, one) == []
    await pool.close()


@pytest.mark.parametrize(
    ("flags", "method", "state", "waits_for"),
    [
        (("energy_mismatch",), "registers", "held", ["energy_mismatch"]),
        (("clock", "offline"), "registers", "held", ["clock"]),
        ((), "power", "held", ["only_power"]),
        ((PHANTOM,), "registers", "void", ["phantom"]),
        (("readings_stopped", "clock_skew"), "readings", "final", []),
    ],
)
async def test_what_a_reckoning_doubts_waits_for_a_person(
    pool: asyncpg.Pool, flags: tuple[str, ...], method: Any, state: str, waits_for: list[str]
) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account(flags=flags, method=method))
    kept = await book(pool, one)
    assert (kept["billing"], kept["waits_for"]) == (state, waits_for)
    assert len(await records(pool, one)) == (1 if state == "final" else 0)


async def test_an_unknown_token_a_gap_and_an_assumed_end_hold_a_bill(pool: asyncpg.Pool) -> None:
    stranger = await keep(pool, session(id_token="NOBODY"))
    await billed(pool, stranger, account())
    assert (await book(pool, stranger))["waits_for"] == ["unknown_token"]
    gappy = await keep(pool, session(ocpp_version="2.0.1", ocpp_transaction_id="TX-2"))
    await billed(pool, gappy, account(), missing_seq_nos=((2, 3),))
    assert (await book(pool, gappy))["waits_for"] == ["incomplete"]
    await billed(pool, gappy, account())
    assert (await book(pool, gappy))["billing"] == "final"
    assumed = await keep(pool, session(flags=(SUPERSEDED,), stop_reason=None, ocpp_transaction_id="9"))
    await billed(pool, assumed, account())
    kept = await book(pool, assumed)
    assert (kept["billing"], kept["waits_for"]) == ("provisional", [SUPERSEDED])


async def test_an_orphan_is_open_until_somebody_dismisses_it(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session(state=TransactionState.ORPHAN, started_at=None))
    await billed(pool, one, account())
    assert (await book(pool, one))["billing"] == "open"
    await pool.execute("UPDATE transactions SET resolution = 'dismissed'")
    await billed(pool, one, account())
    kept = await book(pool, one)
    assert (kept["billing"], kept["waits_for"], await records(pool, one)) == ("void", ["dismissed"], [])


async def test_a_session_of_which_nothing_says_when_it_was_is_held(pool: asyncpg.Pool) -> None:
    one = await keep(pool, session())
    await billed(pool, one, account(usage=None, energy_wh=None, method=None))
    assert (await book(pool, one))["waits_for"] == ["no_energy", "no_times"]


async def test_the_sum_of_all_records_is_the_sum_of_all_prices_to_the_last_decimal(pool: asyncpg.Pool) -> None:
    due = Decimal(0)
    for energy in ("0", "1", "333.333333", "9999.995", "12345.678901234"):
        one = await keep(pool, session(ocpp_transaction_id=energy))
        await billed(pool, one, account(7777))
        await billed(pool, one, account(energy))
        due += (await book(pool, one))["total"]
    asked = await pool.fetchval(
        "SELECT sum(CASE kind WHEN 'charge' THEN total ELSE -total END) FROM charge_detail_records"
    )
    assert asked == due
    for row in await pool.fetch("SELECT * FROM charge_detail_records"):
        lines = sum(Decimal(line["amount"]) for line in row["content"]["price"]["lines"])
        assert lines == row["net"]
        assert row["net"] + row["tax"] == row["total"]
