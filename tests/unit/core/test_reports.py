"""Reports in parts: whatever the order of the parts and however often they come, the report is the same."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from voltring_core.domain.reports import SILENCE, ReportState, add, end, missing, open_report

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NEW = open_report(UUID(int=1), "CP", "NotifyReport", 7, UUID(int=2), NOON)


def received(parts, last):
    report = NEW
    for number in parts:
        report = add(report, number, NOON, is_last=number == last)
    return report


@st.composite
def numbered(draw):
    """The numbers of a report, from 0 or from 1, in any order, some of them twice."""
    first = draw(st.integers(0, 1))
    last = first + draw(st.integers(0, 8))
    numbers = list(range(first, last + 1))
    parts = draw(st.permutations(numbers + draw(st.lists(st.sampled_from(numbers), max_size=4))))
    return parts, last


@given(numbered())
def test_in_any_order_and_with_repeats_the_report_is_the_same(case):
    parts, last = case
    report = received(parts, last)
    assert report == received(sorted(set(parts)), last)
    assert (report.state, report.missing, report.last_seq) == (ReportState.COMPLETE, (), last)


@given(numbered(), st.data())
def test_without_one_part_in_the_middle_it_is_never_complete(case, data):
    parts, last = case
    inner = sorted(set(parts) - {min(parts), last})
    assume(inner)
    lost = data.draw(st.sampled_from(inner))
    report = received([number for number in parts if number != lost], last)
    assert (report.state, lost in report.missing) == (ReportState.RECEIVING, True)


@given(numbered())
def test_without_its_last_part_it_is_never_complete(case):
    parts, last = case
    assert received([number for number in parts if number != last], last).state is ReportState.RECEIVING


@given(st.lists(st.integers(-(2**31), 2**31 - 1), max_size=12), st.integers(-(2**31), 2**31 - 1) | st.none())
def test_however_parts_are_numbered_only_some_gaps_are_named(seqs, last):
    gaps = missing(tuple(seqs), last)
    assert len(gaps) <= 100
    assert not set(gaps) & set(seqs)


def test_the_end_is_the_highest_number_that_says_so():
    report = add(add(NEW, 2, NOON, is_last=True), 1, NOON, is_last=True)
    assert (report.last_seq, report.state) == (2, ReportState.COMPLETE)  # counts from 1
    assert add(NEW, -1, NOON, is_last=True).last_seq == -1


def test_a_part_0_joins_a_report_that_seemed_to_count_from_1():
    alone = add(NEW, 1, NOON, is_last=True)
    both = add(alone, 0, NOON, is_last=False)
    assert (alone.state, both.state, both.seqs) == (ReportState.COMPLETE, ReportState.COMPLETE, (0, 1))


@pytest.mark.parametrize(
    ("seconds", "given_up"), [(0, False), (SILENCE.total_seconds() - 1, False), (SILENCE.total_seconds(), True)]
)
def test_a_report_is_given_up_after_its_silence(seconds, given_up):
    report = add(NEW, 0, NOON, is_last=False)
    ended = end(report, NOON + timedelta(seconds=seconds))
    assert (ended is not None) is given_up
    if ended is not None:
        assert (ended.state, ended.seqs) == (ReportState.INCOMPLETE, (0,))


def test_a_complete_report_is_never_given_up():
    assert end(add(NEW, 0, NOON, is_last=True), NOON + timedelta(days=1)) is None


def test_the_outcome_names_what_is_missing():
    report = add(add(NEW, 0, NOON, is_last=False), 3, NOON, is_last=False)
    assert report.outcome == {
        "report_id": str(UUID(int=1)),
        "state": "Receiving",
        "parts": 2,
        "has_end": False,
        "missing": [1, 2],
    }
