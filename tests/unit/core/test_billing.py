"""What is billed of a session, held, corrected, and never billed twice."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from voltring_core.domain.billing import (
    Bill,
    Billing,
    Case,
    CdrKind,
    Issued,
    Judged,
    Ruling,
    balance,
    credited_by_hand,
    decide,
    record_id,
    standing,
)
from voltring_core.domain.billing_reasons import (
    ENERGY_MISMATCH,
    HOLDING,
    INCOMPLETE,
    NO_ENERGY,
    NO_TARIFF,
    NO_TOKEN,
    ONLY_POWER,
    UNKNOWN_TOKEN,
    reasons,
)
from voltring_core.domain.flag_words import told
from voltring_core.domain.transactions import ABANDONED, PHANTOM, SUPERSEDED
from voltring_core.domain.values import changed

SESSION = UUID("6d0f6c0e-0b1f-4a53-9c1e-5a0f3a1b2c3d")
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
BILL = Bill(START, START + timedelta(hours=1), Decimal(10000), "EUR", Decimal("4.20"), Decimal("0.80"), Decimal("5.00"))
MORE = changed(BILL, energy_wh=Decimal(12000), net=Decimal("5.04"), tax=Decimal("0.96"), total=Decimal("6.00"))
OVER = Case(is_over=True, bill=BILL)


def carried_out(decision, issued=()):
    """The records after a decision."""
    made = [
        Issued(
            record_id(SESSION, step.revision),
            step.revision,
            step.kind,
            step.bill,
            step.of.id if step.kind is CdrKind.CREDIT else None,
        )
        for step in decision.steps
    ]
    return (*issued, *made)


def kinds(decision):
    return [(step.kind.value, step.revision) for step in decision.steps]


def test_a_session_that_runs_is_open_and_costs_nothing_yet():
    assert decide(Case(is_over=False, bill=BILL)) == decide(Case(is_over=False, bill=None, reasons=("clock",)))
    assert decide(Case(is_over=False, bill=BILL)).state is Billing.OPEN


def test_a_session_that_is_over_is_charged_once_however_often_it_is_looked_at():
    decision = decide(OVER)
    assert (decision.state, kinds(decision)) == (Billing.FINAL, [("charge", 1)])
    again = decide(OVER, carried_out(decision))
    assert (again.state, again.steps) == (Billing.FINAL, ())


@pytest.mark.parametrize(
    "new",
    [
        {"energy_wh": Decimal(1)},
        {"started_at": START - timedelta(seconds=1)},
        {"ended_at": START},
        {"total": Decimal("5.01")},
        {"tax": Decimal("0.81")},
    ],
)
def test_a_late_word_that_changes_the_bill_credits_the_charge_and_charges_anew(new):
    issued = carried_out(decide(OVER))
    corrected = decide(changed(OVER, bill=changed(BILL, **new)), issued)
    assert kinds(corrected) == [("credit", 2), ("charge", 3)]
    credit, charge = corrected.steps
    assert (credit.of, credit.bill, credit.reason) == (issued[0], BILL, "corrected")
    assert (charge.of, charge.bill) == (issued[0], changed(BILL, **new))


def test_an_amount_that_is_only_written_otherwise_is_no_correction():
    issued = carried_out(decide(OVER))
    same = changed(BILL, total=Decimal("5.000"), energy_wh=Decimal("1E+4"))
    assert decide(changed(OVER, bill=same), issued).steps == ()


def test_a_bill_that_goes_back_to_what_it_was_first_is_charged_a_third_time():
    issued = carried_out(decide(OVER))
    issued = carried_out(decide(changed(OVER, bill=MORE), issued), issued)
    issued = carried_out(decide(OVER, issued), issued)
    assert [one.kind.value for one in issued] == ["charge", "credit", "charge", "credit", "charge"]
    assert balance(issued) == BILL.total


@pytest.mark.parametrize("word", [*HOLDING, NO_ENERGY, NO_TOKEN, UNKNOWN_TOKEN])
def test_a_session_with_a_reason_waits_for_a_person_and_is_billed_when_released(word):
    case = changed(OVER, reasons=(word,))
    held = decide(case)
    assert (held.state, held.waits_for, held.steps) == (Billing.HELD, (word,), ())
    released = decide(case, (), Judged(Ruling.RELEASED, frozenset({word})))
    assert (released.state, kinds(released)) == (Billing.FINAL, [("charge", 1)])


@pytest.mark.parametrize("word", [SUPERSEDED, ABANDONED])
def test_an_assumed_end_is_provisional_until_the_true_one_comes(word):
    assert decide(changed(OVER, reasons=(word,))).state is Billing.PROVISIONAL
    assert decide(changed(OVER, reasons=("clock", word))).state is Billing.HELD
    assert decide(OVER).state is Billing.FINAL


def test_an_assumed_end_that_was_released_is_corrected_when_the_true_one_comes():
    assumed = changed(OVER, reasons=(ABANDONED,))
    judged = Judged(Ruling.RELEASED, frozenset({ABANDONED}))
    issued = carried_out(decide(assumed, (), judged))
    corrected = decide(changed(OVER, bill=MORE), issued, judged)
    assert kinds(corrected) == [("credit", 2), ("charge", 3)]


def test_a_release_covers_what_was_looked_at_and_not_what_is_found_later():
    judged = Judged(Ruling.RELEASED, frozenset({"clock"}))
    issued = carried_out(decide(changed(OVER, reasons=("clock",)), (), judged))
    found = decide(changed(OVER, bill=MORE, reasons=("clock", ENERGY_MISMATCH)), issued, judged)
    assert (found.state, found.waits_for, found.steps) == (Billing.HELD, (ENERGY_MISMATCH,), ())


def test_energy_that_is_only_estimated_from_power_is_never_billed():
    case = changed(OVER, reasons=(ONLY_POWER,))
    judged = Judged(Ruling.RELEASED, frozenset({ONLY_POWER}))
    assert (decide(case, (), judged).state, decide(case, (), judged).steps) == (Billing.HELD, ())


def test_a_voided_session_is_never_billed_and_what_was_billed_is_taken_back():
    judged = Judged(Ruling.VOIDED)
    assert decide(OVER, (), judged).steps == ()
    issued = carried_out(decide(OVER))
    void = decide(changed(OVER, bill=MORE, reasons=("clock",)), issued, judged)
    assert (void.state, kinds(void)) == (Billing.VOID, [("credit", 2)])
    issued = carried_out(void, issued)
    assert decide(changed(OVER, bill=MORE), issued, judged).steps == ()
    assert balance(issued) == 0


@pytest.mark.parametrize("why", [PHANTOM, NO_TARIFF])
def test_what_never_was_a_session_or_has_no_price_costs_nothing(why):
    decision = decide(changed(OVER, free=why, reasons=("clock",)))
    assert (decision.state, decision.waits_for, decision.steps) == (Billing.VOID, (why,), ())


def test_a_phantom_that_turns_out_to_be_a_session_is_billed():
    assert decide(changed(OVER, free=PHANTOM)).state is Billing.VOID
    assert kinds(decide(OVER)) == [("charge", 1)]


def test_a_token_that_is_deleted_after_the_bill_changes_nothing():
    issued = carried_out(decide(OVER))
    assert decide(changed(OVER, reasons=(UNKNOWN_TOKEN,)), issued).state is Billing.FINAL


def test_a_charge_stays_while_its_session_waits_for_a_person():
    issued = carried_out(decide(OVER))
    held = decide(changed(OVER, bill=MORE, reasons=("clock",)), issued)
    assert (held.state, held.steps) == (Billing.HELD, ())
    assert standing(issued) == issued[0]


def test_a_charge_is_credited_by_hand_once():
    issued = carried_out(decide(OVER))
    step = credited_by_hand(issued[0], issued, "goodwill")
    assert step is not None
    assert (step.kind, step.revision, step.reason) == (CdrKind.CREDIT, 2, "goodwill")
    credit = Issued(record_id(SESSION, 2), 2, CdrKind.CREDIT, step.bill, issued[0].id)
    assert credited_by_hand(issued[0], (*issued, credit), "again") is None
    assert credited_by_hand(credit, (*issued, credit), "a credit") is None


def test_a_record_has_the_same_id_each_time_it_is_tried():
    assert record_id(SESSION, 1) == record_id(SESSION, 1) != record_id(SESSION, 2)


KNOWN = {"stop_reason": "Local", "method": "registers", "id_token_type": None, "has_token": True, "is_registered": True}


@pytest.mark.parametrize(
    ("flags", "more", "found"),
    [
        ((), {}, ()),
        (("offline", "meter_rolled_over", "no_meter_stop"), {}, ()),
        (("clock", "energy_mismatch"), {}, ("energy_mismatch", "clock")),
        ((), {"has_gaps": True}, (INCOMPLETE,)),
        ((INCOMPLETE,), {"has_gaps": True}, (INCOMPLETE,)),
        ((SUPERSEDED,), {"stop_reason": None}, (SUPERSEDED,)),
        ((SUPERSEDED,), {}, ()),
        ((), {"method": "power"}, (ONLY_POWER,)),
        ((), {"method": None}, (NO_ENERGY,)),
        ((), {"is_registered": False}, (UNKNOWN_TOKEN,)),
        ((), {"is_registered": False, "has_token": False}, (NO_TOKEN,)),
        ((), {"is_registered": False, "has_token": False, "id_token_type": "NoAuthorization"}, ()),
        ((), {"is_registered": False, "id_token_type": "DirectPayment"}, ()),
    ],
)
def test_what_speaks_against_billing_a_session(flags, more, found):
    assert reasons(flags, **{**KNOWN, **more}) == found


def test_every_reason_has_a_sentence():
    for word in (*HOLDING, SUPERSEDED, ABANDONED, NO_ENERGY, ONLY_POWER, NO_TOKEN, UNKNOWN_TOKEN, PHANTOM, NO_TARIFF):
        assert told(word).endswith(".")
    assert told("a driver's own word") == "a driver's own word"


def test_the_newest_charge_stands_also_when_records_come_in_another_order():
    issued = carried_out(decide(OVER))
    issued = carried_out(decide(changed(OVER, bill=MORE), issued), issued)
    assert standing(tuple(reversed(issued))) == issued[-1]
