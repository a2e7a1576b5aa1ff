"""Whatever happens to a session in whatever order: what was charged less what was credited is what it costs."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

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
from voltring_core.domain.billing_reasons import NEVER_RELEASED, ONLY_POWER, UNKNOWN_TOKEN
from voltring_core.domain.transactions import PHANTOM, SUPERSEDED

SESSION = UUID("6d0f6c0e-0b1f-4a53-9c1e-5a0f3a1b2c3d")
START = datetime(2026, 3, 1, 8, tzinfo=UTC)
WORDS = ("clock", "energy_mismatch", SUPERSEDED, ONLY_POWER, UNKNOWN_TOKEN)


def bill(minutes: int, cents: int) -> Bill:
    net = Decimal(cents).scaleb(-2)
    tax = (net * Decimal("0.19")).quantize(Decimal("0.01"))
    return Bill(START, START + timedelta(minutes=minutes), Decimal(minutes * 100), "EUR", net, tax, net + tax)


bills = st.builds(bill, st.integers(0, 3), st.integers(0, 300))
cases = st.builds(
    Case,
    is_over=st.sampled_from([True, True, True, False]),
    bill=bills,
    reasons=st.lists(st.sampled_from(WORDS), max_size=2, unique=True).map(tuple),
    free=st.sampled_from([None, None, None, PHANTOM]),
)
happenings = st.lists(
    st.one_of(
        cases,
        st.sampled_from(["release", "replay", "replay"]),
        st.sampled_from(["release", "replay", "void", "credit"]),
    ),
    max_size=25,
)


class Clerk:
    """Carries decisions out, as the worker and the API do."""

    def __init__(self) -> None:
        self.case = Case(is_over=False, bill=None)
        self.judged = Judged()
        self.issued: tuple[Issued, ...] = ()
        self.decision = decide(self.case)

    def happen(self, what: object) -> None:
        if isinstance(what, Case):
            self.case = what
        elif what == "release" and self.decision.state in (Billing.HELD, Billing.PROVISIONAL):
            self.judged = Judged(Ruling.RELEASED, self.judged.in_spite_of | set(self.decision.waits_for))
        elif what == "void" and self.decision.state in (Billing.HELD, Billing.PROVISIONAL):
            self.judged = Judged(Ruling.VOIDED)
        elif what == "credit" and (charge := standing(self.issued)) is not None:
            step = credited_by_hand(charge, self.issued, "by hand")
            assert step is not None
            self.issue([step])
            self.judged = Judged(Ruling.VOIDED)
        self.decision = decide(self.case, self.issued, self.judged)
        self.issue(self.decision.steps)

    def issue(self, steps) -> None:
        for step in steps:
            corrects = step.of.id if step.kind is CdrKind.CREDIT else None
            self.issued += (Issued(record_id(SESSION, step.revision), step.revision, step.kind, step.bill, corrects),)


@given(happenings)
def test_what_is_asked_for_is_always_the_price_of_the_last_state_that_was_billed(happened):
    clerk = Clerk()
    owed = Decimal(0)
    for what in happened:
        clerk.happen(what)
        if clerk.decision.state is Billing.FINAL:
            assert clerk.case.bill is not None
            owed = clerk.case.bill.total
            assert standing(clerk.issued).bill == clerk.case.bill
        elif clerk.decision.state is Billing.VOID:
            owed = Decimal(0)
            assert standing(clerk.issued) is None
        assert balance(clerk.issued) == owed


@given(happenings)
def test_each_charge_is_credited_at_most_once_and_every_record_has_its_own_number(happened):
    clerk = Clerk()
    for what in happened:
        clerk.happen(what)
    corrected = [one.corrects for one in clerk.issued if one.kind is CdrKind.CREDIT]
    charges = {one.id: one for one in clerk.issued if one.kind is CdrKind.CHARGE}
    assert len(corrected) == len(set(corrected))
    assert set(corrected) <= set(charges)
    assert len(charges) - len(corrected) in (0, 1)
    assert [one.revision for one in clerk.issued] == list(range(1, len(clerk.issued) + 1))
    for one in clerk.issued:
        if one.corrects is not None:
            assert one.bill == charges[one.corrects].bill


@given(happenings)
def test_a_replay_issues_nothing(happened):
    clerk = Clerk()
    for what in happened:
        clerk.happen(what)
    before = clerk.issued
    clerk.happen("replay")
    assert clerk.issued == before


@given(happenings)
def test_what_is_held_for_an_estimate_is_never_charged_and_what_is_void_stays_void(happened):
    clerk = Clerk()
    for what in happened:
        count, was_void = len(clerk.issued), clerk.judged.ruling is Ruling.VOIDED
        clerk.happen(what)
        new = [one for one in clerk.issued[count:] if one.kind is CdrKind.CHARGE]
        assert not (new and NEVER_RELEASED.intersection(clerk.case.reasons))
        assert not (new and was_void)
