"""Whatever becomes of a session's messages on their way, the same session comes out: shuffled, said again, lost and
retried, told a day late; in OCPP 1.6 and in 2.x. And so do its energy and its price."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from any_session import arrived, as_it_happened, at, conflicting, of_2x, of_16
from hypothesis import given, settings
from hypothesis import strategies as st

from voltring_core.domain.folding import fold
from voltring_core.domain.messages import EventKind, TransactionReported
from voltring_core.domain.reckoning import reckon
from voltring_core.domain.tariffs.model import parse
from voltring_core.domain.tariffs.pricing import price

RECEIPTS = ("start_received_at", "end_received_at")
TARIFF = parse(
    {
        "name": "All at once",
        "currency": "EUR",
        "valid_from": "2025-01-01T00:00:00Z",
        "taxes": [{"name": "VAT", "percent": "19"}],
        "components": [
            {"kind": "fixed_fee", "price": "0.35"},
            {"kind": "energy", "price": "0.4937", "conditions": {"max_energy_kwh": "2.5"}},
            {"kind": "energy", "price": "0.2911", "step_wh": 100, "conditions": {"min_energy_kwh": "2.5"}},
            {"kind": "charging_time", "price": "0.013"},
            {"kind": "idle_time", "price": "0.07", "grace_minutes": 2},
        ],
    }
)
BERLIN = ZoneInfo("Europe/Berlin")


def told(folded):
    """What a session is, without what tells of the deliveries; the power of a running one is that of now (TX-22)."""
    now = folded.transaction
    plain = replace(now, **dict.fromkeys(RECEIPTS), power_w=now.power_w if now.state == "Ended" else None)
    return plain, folded.missing_seq_nos, folded.conflicts, folded.flags


@settings(max_examples=400)
@given(st.one_of(of_16(), of_2x(), conflicting()), st.data())
def test_a_session_is_the_same_whatever_became_of_its_messages_on_the_way(session, data):
    version, story = session
    clean = fold(as_it_happened(version, story))
    other = fold(arrived(data.draw, version, story))
    assert told(other) == told(clean)
    assert other.transaction.energy_wh == clean.transaction.energy_wh


@settings(max_examples=400)
@given(st.one_of(of_16(), of_2x(), conflicting()), st.data())
def test_a_session_costs_the_same_whatever_became_of_its_messages_on_the_way(session, data):
    version, story = session
    accounts = []
    for heard in (as_it_happened(version, story), arrived(data.draw, version, story)):
        account = reckon(heard, fold(heard), at(0) + timedelta(days=9))
        cost = account.usage and price(account.usage, TARIFF, BERLIN)
        accounts.append((account.energy_wh, account.method, account.by_method, account.usage, cost))
    assert accounts[0] == accounts[1]


@given(of_2x(), st.data())
def test_a_gap_is_seen_while_it_is_there_and_closes_when_what_is_missing_comes(session, data):
    version, story = session
    lost = data.draw(st.sets(st.integers(0, len(story) - 1), max_size=len(story) - 1))
    left = [one for place, one in enumerate(story) if place not in lost]
    numbers = {one.seq_no for one in left}
    started = [one.seq_no for one in left if one.kind is EventKind.STARTED]
    known = range(min(started or numbers), max(numbers) + 1)
    folded = fold(as_it_happened(version, left))
    missing = {number for first, last in folded.missing_seq_nos for number in range(first, last + 1)}
    assert missing == {number for number in known if number not in numbers}
    assert ("incomplete" in folded.flags) == (bool(missing) and left[-1].kind is EventKind.ENDED)
    whole = fold(as_it_happened(version, [*left, *(story[place] for place in lost)]))
    assert whole.missing_seq_nos == ()
    assert told(whole) == told(fold(as_it_happened(version, story)))


@given(st.one_of(of_16(), of_2x()))
def test_energy_is_never_negative_and_the_clean_order_is_what_the_rules_make_of_it_message_by_message(session):
    version, story = session
    folded = fold(as_it_happened(version, story)).transaction
    assert folded.energy_wh is None or folded.energy_wh >= 0
    assert (folded.started_at, folded.state == "Ended") == (at(0), story[-1:] == [one for one in story if ends(one)])


def ends(said):
    return isinstance(said, TransactionReported) and said.kind is EventKind.ENDED
