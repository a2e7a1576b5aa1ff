"""`totalCost` in the answer to TransactionEvent: for whom it is looked up, and when it is left out after all."""

import asyncio
from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest

from voltring_core.domain.chargers import Intervals
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.versions import Version
from voltring_node import costs
from voltring_node.costs import Costs
from voltring_node.handlers.costs import Cost
from voltring_node.terms import Terms

V201, V21 = Version.V201, Version.V21
EVSE = {"evse": {"id": 1, "connectorId": 1}}
CARD = {"idToken": {"idToken": "CARD", "type": "ISO14443"}}


class Base:
    """A PostgreSQL in which one session is found at once, or never."""

    def __init__(self, shows=("CP-1",), rows=(), away=False, hangs=False):
        self.shows, self.rows, self.away, self.hangs = shows, rows, away, hangs
        self.asked = []

    async def fetch(self, _statement, ids):
        self.asked.append(sorted(ids))
        if self.away:
            raise OSError("away")
        return [{"id": one, "currency": None} for one in ids if one in self.shows]

    async def fetchrow(self, _statement, *_about):
        if self.away:
            raise OSError("away")
        if self.hangs:
            await asyncio.Event().wait()
        return next(iter(self.rows), None)


async def known(base, *here):
    found = Costs(base, lambda: here or ("CP-1",))
    await found.cycle()
    return found


def meter(wh, minutes=0):
    return {"meterValue": [{"timestamp": f"2026-01-01T12:{minutes:02}:00Z", "sampledValue": [{"value": wh}]}]}


@pytest.mark.parametrize(
    ("kind", "version", "more", "is_told"),
    [
        ("Ended", V201, {}, True),
        ("Ended", V21, {}, True),
        ("Updated", V21, {}, True),
        ("Updated", V201, {}, False),  # there it would be the final cost
        ("Started", V21, EVSE, False),
        ("Ended", V201, {"offline": True}, False),
        ("Ended", V21, {"costDetails": {"totalUsage": {}}}, False),  # it has worked it out itself
        ("Ended", V21, {"costDetails": {"failureToCalculate": True}}, True),
    ],
)
async def test_a_cost_is_looked_up_where_the_answer_has_a_place_for_it(event, kind, version, more, is_told):
    if "costDetails" in more:
        total = {"typeOfCost": "NormalCost", "currency": "EUR", "total": {"exclTax": 1.0}}
        usage = {"energy": 1.0, "chargingTime": 1, "idleTime": 0}
        more = {"costDetails": {"totalCost": total, **more["costDetails"], "totalUsage": usage}}
    message = event(kind, 1, version=version, **more).message
    shown = await known(Base())
    assert shown.are_told(message) is is_told
    assert not shown.are_told(replace(message, charger_id="CP-2"))
    advice = Terms(Intervals(), 10, costs=shown).advice_on(message)
    assert (advice is not None) is is_told
    if advice is not None:
        assert await advice is None
    assert Terms(Intervals(), 10).advice_on(message) is None


async def test_newcomers_are_looked_up_alone_and_all_again_once_a_minute(monkeypatch):
    clock = SimpleNamespace(monotonic=lambda: clock.now, now=1000.0)
    monkeypatch.setattr(costs, "time", clock)
    base, here = Base(shows={"A", "B"}), ["A"]
    found = Costs(base, lambda: here)
    assert await found.cycle() == "1 chargers here show what a session costs"
    assert await found.cycle() == ""
    here.append("B")
    await found.cycle()
    base.shows = {"B"}
    clock.now += 61
    await found.cycle()
    assert base.asked == [["A"], ["B"], ["A", "B"]]
    assert set(found._shown) == {"B"}


async def test_a_postgresql_that_is_away_or_slow_costs_the_answer_its_cost_alone(event, monkeypatch, base):
    monkeypatch.setattr(costs, "LIMIT_S", 0.01)
    message = event("Updated", 1, version=V21).message
    for trouble in (Base(away=True), Base(hangs=True), Base(rows=[{"no": "such column"}])):
        found = await known(Base())
        found._pool = trouble
        assert await found.find(message) is None
    away = Base(away=True)
    assert "not looked up" in await Costs(away, lambda: ["A"]).cycle()


async def test_a_cost_in_another_currency_than_the_charger_shows_is_not_said(event):
    message = event("Updated", 1, version=V21).message
    row = {"id": "session", "total": Decimal("1.25"), "currency": "EUR"}
    found = await known(Base(rows=[row]))
    assert await found.find(message) == Cost("session", Decimal("1.25"), False)
    found._shown["CP-1"] = "EUR"
    assert await found.find(message) == Cost("session", Decimal("1.25"), False)
    found._shown["CP-1"] = "CHF"
    assert await found.find(message) is None


def told(base, answer, asked, total="6.25", *, is_final, session=None):
    """The answer to a message whose cost was looked up before."""
    session = session or base.sessions()[0].id
    cost = Cost(session, Decimal(total), is_final)
    (one,) = base.group(replace(asked, message=replace(asked.message, advice=cost)))
    said = answer(one)
    assert not violations(asked.message.version, "TransactionEvent", said, "response")
    return said


@pytest.fixture(params=[V201, V21])
def begun(request, base, event):
    """A session that runs, and its version."""
    base.register("CARD")
    base.group(event("Started", 0, version=request.param, message_id="s", **EVSE, **CARD, **meter(1000)))
    return request.param


def test_the_end_is_answered_with_the_final_cost_beside_the_token(base, event, answer, begun):
    end = event("Ended", 1, minutes=60, version=begun, **CARD, **meter(11000, 59))
    assert told(base, answer, end, is_final=True) == {"idTokenInfo": {"status": "Accepted"}, "totalCost": 6.25}


def test_a_session_that_was_free_is_said_to_be(base, event, answer, begun):
    end = event("Ended", 1, minutes=60, version=begun, **meter(1000, 59))
    assert told(base, answer, end, "0.00", is_final=True) == {"totalCost": 0.0}


def test_the_same_end_again_gets_the_same_cost(base, event, answer, begun):
    end = event("Ended", 1, minutes=60, version=begun, **meter(11000, 59))
    assert told(base, answer, end, is_final=True) == {"totalCost": 6.25}
    (again,) = base.group(event("Ended", 1, minutes=60, version=begun, message_id="n", **meter(11000, 59)))
    assert answer(again) == {"totalCost": 6.25}


def test_while_it_runs_the_cost_so_far_is_said(base, event, answer, begun):
    update = event("Updated", 1, minutes=30, version=begun, **meter(6000, 30))
    assert told(base, answer, update, "3.33", is_final=False) == {"totalCost": 3.33}


def test_what_is_flagged_when_it_is_decided_has_no_cost_after_all(base, event, answer, begun):
    # The meter fell below the start.
    end = event("Ended", 1, minutes=60, version=begun, **meter(500, 59))
    assert told(base, answer, end, is_final=True) == {}


def test_a_cost_of_another_session_is_not_said(base, event, answer, begun):
    end = event("Ended", 1, minutes=60, version=begun, **meter(11000, 59))
    assert told(base, answer, end, is_final=True, session="another") == {}


@pytest.mark.parametrize("is_final", [True, False])
def test_a_cost_so_far_is_not_said_of_a_session_that_is_over_nor_a_final_one_of_one_that_runs(
    base, event, answer, begun, is_final
):
    if not is_final:
        base.group(event("Ended", 2, minutes=60, version=begun, message_id="e", **meter(11000, 59)))
    late = event("Updated", 1, minutes=30, version=begun, **meter(6000, 30))
    assert told(base, answer, late, is_final=is_final) == {}
