"""The rules of the watchdogs at their edges, and what a look changes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.watchdogs import (
    ASKED_AT_ONCE,
    SEVERITY,
    Faulty,
    Found,
    Limits,
    OpenAlarm,
    Rule,
    Running,
    charger_faulted,
    compare,
    no_readings,
    no_start,
    offline_mid_session,
    unconfirmed,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SESSION = Running(UUID(int=1), "CP", 2, NOW - timedelta(hours=2))
LIMITS = Limits()
OFF = Limits(0, 0, 0, 0, 0, 0, 0)


def ago(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(("gone", "found"), [(299.9, False), (300, True), (3000, True)])
def test_a_charger_is_missed_after_its_time_and_not_before(gone: float, found: bool) -> None:
    one = offline_mid_session(SESSION, ago(gone), NOW, LIMITS)
    assert (one is not None) is found
    if one:
        assert (one.subject, one.transaction_id, one.evse_id) == (str(SESSION.transaction_id), UUID(int=1), 2)
        assert one.detail == {"since": ago(gone).isoformat()}


def test_a_session_that_was_heard_of_after_its_charger_had_gone_counts_from_then() -> None:
    fresh = replace(SESSION, heard_at=ago(100))
    assert offline_mid_session(fresh, ago(4000), NOW, LIMITS) is None


@pytest.mark.parametrize(("sent", "found"), [(119, False), (120, True), (3719, True), (3720, False)])
def test_a_start_that_began_nothing_is_missed_from_its_time_on_for_an_hour(sent: float, found: bool) -> None:
    one = no_start("CP", UUID(int=9), 1, ago(sent), NOW, LIMITS)
    assert (one is not None) is found


@pytest.mark.parametrize(
    ("heard", "read", "connected", "found"),
    [
        (1800, None, 9000, True),
        (1799, None, 9000, False),
        (9000, 1800, 9000, True),
        (9000, 1799, 9000, False),
        (9000, 5000, 1799, False),  # it has just come back
        (9000, 5000, 1800, True),
    ],
)
def test_readings_are_missed_since_the_last_one_the_start_or_the_charger_is_back(
    heard: float, read: float | None, connected: float, found: bool
) -> None:
    session = replace(SESSION, heard_at=ago(heard))
    one = no_readings(session, None if read is None else ago(read), ago(connected), NOW, LIMITS)
    assert (one is not None) is found


@pytest.mark.parametrize(
    ("status", "seen", "is_open", "found"),
    [
        (300, 0, False, True),
        (299, 0, False, False),
        (1, 300, False, True),  # it repeats its status
        (1, 0, True, True),  # an alarm that is open stays while the fault does
    ],
)
def test_a_fault_lasts_since_it_was_first_told_or_seen(status: float, seen: float, is_open: bool, found: bool) -> None:
    one = Faulty("CP", 1, 2, ago(status), ago(seen), "GroundFailure", None, "E17")
    raised = charger_faulted(one, NOW, LIMITS, is_open=is_open)
    assert (raised is not None) is found
    if raised:
        assert raised.subject == "CP:1:2"
        assert raised.detail == {"connector_id": 2, "error_code": "GroundFailure", "vendor_error_code": "E17"}


@pytest.mark.parametrize(("booted", "found"), [(299, False), (300, True)])
def test_a_session_is_unconfirmed_five_minutes_after_the_boot(booted: float, found: bool) -> None:
    assert (unconfirmed(SESSION, ago(booted), NOW, LIMITS) is not None) is found


def test_a_rule_without_a_time_finds_nothing() -> None:
    long_ago = ago(1_000_000)
    session = replace(SESSION, heard_at=long_ago)
    assert offline_mid_session(session, long_ago, NOW, OFF) is None
    assert no_start("CP", UUID(int=9), None, ago(200), NOW, OFF) is None
    assert no_readings(session, None, long_ago, NOW, OFF) is None
    assert charger_faulted(Faulty("CP", 1, 1, long_ago, long_ago), NOW, OFF, is_open=True) is None
    assert unconfirmed(session, long_ago, NOW, OFF) is None


def found(rule: Rule, subject: str, **detail: object) -> Found:
    return Found(rule, subject, "CP", detail=detail)


def test_an_alarm_whose_detail_moved_on_is_changed_and_not_raised_again() -> None:
    before = OpenAlarm(uuid4(), found(Rule.NO_STOP, "a", online_s=0.0))
    change = compare([found(Rule.NO_STOP, "a", online_s=300.0)], [before], Rule)
    assert change.changed == (OpenAlarm(before.id, found(Rule.NO_STOP, "a", online_s=300.0)),)
    assert (change.raised, change.cleared) == ((), ())


def test_a_rule_that_could_not_be_looked_at_raises_nothing_and_clears_nothing() -> None:
    before = OpenAlarm(uuid4(), found(Rule.OFFLINE_MID_SESSION, "a"))
    change = compare([found(Rule.OFFLINE_MID_SESSION, "b")], [before], {Rule.NO_STOP})
    assert (change.raised, change.changed, change.cleared) == ((), (), ())


def test_after_a_power_cut_chargers_are_asked_some_at_a_time() -> None:
    many = [found(Rule.UNCONFIRMED, str(number)) for number in range(ASKED_AT_ONCE + 50)]
    faults = [found(Rule.CHARGER_FAULTED, str(number)) for number in range(ASKED_AT_ONCE + 50)]
    raised = compare([*many, *faults], [], Rule).raised
    assert [one.subject for one in raised if one.rule is Rule.UNCONFIRMED] == [str(n) for n in range(ASKED_AT_ONCE)]
    assert len([one for one in raised if one.rule is Rule.CHARGER_FAULTED]) == ASKED_AT_ONCE + 50


def test_every_rule_has_a_severity() -> None:
    assert set(SEVERITY) == set(Rule)


subjects = st.tuples(st.sampled_from(Rule), st.sampled_from("abc"))


@given(st.lists(st.frozensets(subjects), max_size=12))
def test_whatever_holds_from_look_to_look_an_alarm_is_raised_once_and_cleared_once(looks: list[frozenset]) -> None:
    open_: dict[tuple[Rule, str], OpenAlarm] = {}
    held: frozenset[tuple[Rule, str]] = frozenset()
    for holds in looks:
        change = compare([found(*one) for one in holds], open_.values(), Rule)
        assert {one.key for one in change.raised} == holds - held
        assert {one.found.key for one in change.cleared} == held - holds
        for one in change.cleared:
            del open_[one.found.key]
        for new in change.raised:
            assert new.key not in open_
            open_[new.key] = OpenAlarm(uuid4(), new)
        held = holds
        assert set(open_) == held
