"""Sessions whose end nobody told of: superseded or given up, and what is left of that when the truth comes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from voltring_core.domain.evidence import AssumedEnd, Evidence, Heard
from voltring_core.domain.folding import NothingHeard, differences, fold
from voltring_core.domain.messages import EventKind, IdToken, Metered, Sample, TransactionReported
from voltring_core.domain.metering import ENERGY_REGISTER
from voltring_core.domain.transactions import abandon, apply, begin, metered, supersede

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ENDS = {"abandoned": abandon, "superseded": supersede}


def at(minutes):
    return NOON + timedelta(minutes=minutes)


def reading(value, minutes):
    return (Sample(at(minutes), ENERGY_REGISTER, Decimal(value), "Wh", str(value)),)


START = TransactionReported(EventKind.STARTED, at(0), None, evse_id=1, token=IdToken("CARD"), meter_wh=Decimal(1000))
STOP = TransactionReported(EventKind.ENDED, at(30), "7", meter_wh=Decimal(6000))


def running():
    return metered(begin(UUID(int=1), "CP", "1.6", "7", START, at(0)), reading(2500, 10), at(10))


def evidence(*said, end=None, minutes=None):
    heard = tuple(
        Heard(number, at(number * 10 if minutes is None else minutes), one) for number, one in enumerate(said)
    )
    return Evidence(UUID(int=1), "CP", "1.6", "7", heard, end)


@pytest.mark.parametrize("word", ENDS)
def test_the_end_that_is_assumed_is_at_the_last_reading_and_provisional(word):
    over = ENDS[word](running(), at(10), at(2000))
    assert (over.state, over.ended_at, over.end_received_at) == ("Ended", at(10), at(2000))
    assert (over.meter_stop_wh, over.energy_wh, over.flags, over.stop_reason) == (2500, 1500, (word,), None)


@pytest.mark.parametrize("word", ENDS)
def test_the_true_stop_leaves_nothing_of_an_end_that_was_assumed(word):
    over = ENDS[word](running(), at(10), at(20))
    assert apply(over, STOP, at(31)) == apply(running(), STOP, at(31))


def test_a_session_that_was_given_up_goes_on_when_it_is_read_again():
    over = abandon(running(), at(10), at(2000))
    assert metered(over, reading(2400, 9), at(2001)) is over
    again = metered(over, reading(4000, 20), at(2001))
    assert (again.state, again.ended_at, again.energy_wh, again.flags) == ("Active", None, 3000, ())


def test_a_session_that_was_given_up_goes_on_when_it_tells_more():
    begun = TransactionReported(EventKind.STARTED, at(0), "t", 0, evse_id=1)
    over = abandon(begin(UUID(int=1), "CP", "2.0.1", "t", begun, at(0)), at(0), at(2000))
    again = apply(over, TransactionReported(EventKind.UPDATED, at(2001), "t", 1, charging_state="Charging"), at(2001))
    assert (again.state, again.charging_state, again.flags) == ("Active", "Charging", ())


def test_a_superseded_session_does_not_go_on():
    over = supersede(running(), at(10), at(10))
    assert metered(over, reading(4000, 20), at(20)) is over


@pytest.mark.parametrize("word", ENDS)
def test_an_end_that_was_assumed_comes_out_of_the_evidence_as_it_was_decided(word):
    end = AssumedEnd(word, at(10), at(2000))
    folded = fold(evidence(START, Metered(1, "7", reading(2500, 10)), end=end))
    assert differences(ENDS[word](running(), at(10), at(2000)), folded.transaction) == ()


def test_a_reading_after_the_end_that_was_assumed_reopens_what_was_given_up_only():
    said = (START, Metered(1, "7", reading(2500, 10)), Metered(1, "7", reading(4000, 20)))
    given_up = fold(evidence(*said, end=AssumedEnd("abandoned", at(10), at(15)))).transaction
    superseded = fold(evidence(*said, end=AssumedEnd("superseded", at(10), at(15)))).transaction
    assert (given_up.state, given_up.energy_wh, given_up.flags) == ("Active", 3000, ())
    assert (superseded.state, superseded.energy_wh, superseded.flags) == ("Ended", 1500, ("superseded",))


def test_of_two_stops_the_one_that_names_the_session_counts_in_any_order():
    other = replace(STOP, transaction_id=None, meter_wh=Decimal(9000), at=at(29))
    for said in ((START, other, STOP), (STOP, START, other), (other, STOP, START)):
        assert fold(evidence(*said, minutes=60)).transaction.energy_wh == 5000


def test_two_messages_that_differ_in_nothing_but_their_words_have_one_order():
    one = TransactionReported(EventKind.UPDATED, at(10), "t", 1, charging_state="Charging")
    other = replace(one, charging_state="SuspendedEV")
    begun = TransactionReported(EventKind.STARTED, at(0), "t", 0)
    folds = [fold(evidence(*said, minutes=60)) for said in ((begun, one, other), (other, one, begun))]
    assert folds[0].transaction == folds[1].transaction
    assert (folds[0].conflicts, folds[0].flags) == ((1,), ("seq_conflict",))


def test_a_message_that_was_queued_on_its_second_way_is_the_same_message():
    begun = TransactionReported(EventKind.STARTED, at(0), "t", 0)
    for said in ((begun, replace(begun, offline=True)), (replace(begun, offline=True), begun)):
        folded = fold(evidence(*said, minutes=60))
        assert (folded.conflicts, folded.transaction.flags) == ((), ("offline",))


def test_readings_alone_are_no_session():
    with pytest.raises(NothingHeard):
        fold(evidence(Metered(1, "7", reading(2500, 10))))
