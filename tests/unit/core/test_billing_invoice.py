"""Invoices: the figures of a record, in words, each line to be checked by hand."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.billing import Bill, Case, CdrKind, Issued, decide, record_id
from voltring_core.domain.billing_invoice import invoice
from voltring_core.domain.billing_records import (
    Measured,
    Place,
    bill_of,
    issued_of,
    plain,
    told_energy,
    told_place,
    told_released,
    told_session,
    told_tariff,
    told_times,
    told_totals,
    written,
)
from voltring_core.domain.tariffs import content_of, parse, price
from voltring_core.domain.usage import Span, Usage

START = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
ZONE = "Europe/Berlin"
TARIFF = {
    "name": "Night and day",
    "currency": "EUR",
    "valid_from": "2026-01-01T00:00:00Z",
    "taxes": [{"name": "VAT", "percent": "19"}],
    "components": [
        {"kind": "fixed_fee", "price": "1"},
        {
            "kind": "energy",
            "price": "0.29",
            "conditions": {"start_time_of_day": "22:00", "end_time_of_day": "06:00"},
        },
        {"kind": "energy", "price": "0.59"},
        {"kind": "idle_time", "price": "0.1", "step_seconds": 60, "grace_minutes": 10},
    ],
}
SESSION = {
    "id": uuid4(),
    "charger_id": "CP",
    "ocpp_transaction_id": "7",
    "ocpp_version": "1.6",
    "id_token": "TAG",
    "id_token_type": None,
    "stop_reason": "Local",
    "remote_start_id": None,
    "reservation_id": None,
    "evse_id": 1,
    "connector_id": 1,
}
JUDGED = {"ruling": "released", "released_by": "ann", "released_at": START, "in_spite_of": ["clock"], "note": "seen"}


def priced(energies, idle=timedelta(0)):
    spans, at = [], START
    for energy in energies:
        spans.append(Span(at, at + timedelta(hours=4), Decimal(energy)))
        at += timedelta(hours=4)
    if idle:
        spans.append(Span(at, at + idle, Decimal(0), is_idle=True))
    usage = Usage(START, spans[-1].ends, sum((one.energy_wh for one in spans), Decimal(0)), tuple(spans))
    return usage, price(usage, parse(TARIFF), ZoneInfo(ZONE))


def bill(usage, found):
    amounts = found.currency, found.net, found.tax, found.total
    return Bill(usage.started_at, usage.ended_at, usage.energy_wh, *amounts)


def about(usage, found, **account):
    measured = Measured(usage.energy_wh, "registers", {"registers": usage.energy_wh}, None, None, None)
    return {
        "session": told_session(SESSION, ("offline",)),
        **told_place(SESSION, Place({"vendor": "Acme"})),
        "times": told_times(usage.started_at, usage.ended_at, ZONE),
        "energy": told_energy(measured),
        "tariff": told_tariff(uuid4(), TARIFF),
        "price": content_of(found),
        "totals": told_totals(bill(usage, found)),
        "released": told_released(account or {"ruling": None}),
    }


def rows(usage, found, before=()):
    """The rows that a look at a session makes."""
    made = []
    for step in decide(Case(is_over=True, bill=bill(usage, found)), [issued_of(row) for row in before]).steps:
        taken_back = next((row["content"] for row in before if step.of and row["id"] == step.of.id), None)
        content = written(step, taken_back if step.kind is CdrKind.CREDIT else about(usage, found), START)
        one = step.bill
        corrects = step.of.id if step.kind is CdrKind.CREDIT else None
        made.append(
            {
                "id": record_id(SESSION["id"], step.revision),
                "number": 10 + step.revision,
                "revision": step.revision,
                "kind": step.kind.value,
                "corrects": corrects,
                "currency": one.currency,
                "energy_wh": one.energy_wh,
                "net": one.net,
                "tax": one.tax,
                "total": one.total,
                "content": content,
            }
        )
    return made


def test_an_invoice_has_every_line_with_its_conditions_and_the_time_on_the_wall():
    usage, found = priced([10000, 5000], idle=timedelta(minutes=30))
    (row,) = rows(usage, found)
    said = invoice(row)
    assert [(line["text"], line["conditions"], line["quantity"], line["amount"]) for line in said["lines"]] == [
        ("Session fee", "", "1", "1.00"),
        ("Energy", "from 22:00 to 06:00", "11.875000", "3.44"),
        ("Energy", "", "3.125000", "1.84"),
        ("Idle time", "after 10 idle min", "20.000000", "2.00"),
    ]
    assert said["lines"][1]["begins_local"] == "2026-03-28T23:30:00+01:00"
    assert said["lines"][1]["ends_local"] == "2026-03-29T06:00:00+02:00"  # an hour is missing in this night
    assert said["lines"][3]["paid_per"] == "60 s"
    assert (said["payable"], said["number"], said["energy"]["energy_wh"]) == ("9.85", 11, "15000")
    assert said["energy"]["measured_by"].startswith("the meter's register")


def test_a_credit_note_asks_for_less_than_nothing_and_says_what_it_takes_back():
    usage, found = priced([10000])
    first = rows(usage, found)
    more = rows(*priced([12000]), before=first)
    credit, charge = (invoice(row) for row in more)
    assert credit["payable"] == f"-{first[0]['total']}"
    assert credit["corrects"] == {"id": str(first[0]["id"]), "number": 11}
    assert credit["reason"] == "A message that came later has changed the session."
    assert charge["replaces"] == credit["corrects"]
    assert charge["reason"] is None


def test_what_was_issued_is_read_back_as_it_was_decided():
    usage, found = priced(["9999.123456789"])
    (row,) = rows(usage, found)
    assert bill_of(row) == bill(usage, found)
    assert issued_of(row) == Issued(row["id"], 1, CdrKind.CHARGE, bill(usage, found), None, 11)
    assert decide(Case(is_over=True, bill=bill(usage, found)), [issued_of(row)]).steps == ()


def test_who_released_a_bill_stands_in_it():
    assert told_released(JUDGED) == {
        "by": "ann",
        "at": "2026-03-28T22:30:00Z",
        "in_spite_of": ["clock"],
        "note": "seen",
    }
    assert told_released({"ruling": "voided"}) is None


@pytest.mark.parametrize(("number", "said"), [("1E+4", "10000"), ("0.10", "0.10"), ("1E-7", "0.0000001")])
def test_decimals_are_written_without_an_exponent(number, said):
    assert plain(Decimal(number)) == said


@given(
    st.lists(
        st.lists(st.decimals(0, 50_000, places=3), min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    )
)
def test_every_line_can_be_checked_by_hand_and_all_records_come_to_the_last_price(states):
    issued, paid = [], Decimal(0)
    for energies in states:
        usage, found = priced(energies)
        made = rows(usage, found, issued)
        issued += made
        for row in made:
            if row["kind"] == "charge":
                said = invoice(row)
                for line in said["lines"]:
                    exact = Decimal(line["quantity"]) * Decimal(line["unit_price"])
                    assert abs(exact - Decimal(line["amount"])) <= Decimal("0.005")
                assert sum(Decimal(line["amount"]) for line in said["lines"]) == row["net"]
                assert row["net"] + sum(Decimal(tax["amount"]) for tax in said["taxes"]) == row["total"]
                paid += row["total"]
            else:
                paid -= row["total"]
        assert paid == found.total
