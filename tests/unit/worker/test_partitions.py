"""Which daily partitions are made and dropped."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_worker.partitions import TABLES, Plan, name_of, plan

TODAY = date(2026, 1, 31)
days = st.dates(date(2020, 1, 1), date(2030, 12, 31))
names = st.builds(name_of, st.sampled_from(TABLES), days) | st.sampled_from(
    ["ocpp_messages_default", "meter_values_default", "other_20200101", "meter_values_2020010", "meter_values_20209999"]
)


def existing_after(existing, todo):
    return (existing | {name_of(*one) for one in todo.make}) - set(todo.drop)


def test_in_an_empty_database_today_and_the_days_ahead_are_made():
    todo = plan(frozenset(), TODAY, 2, 90)
    made = [date(2026, 1, 31), date(2026, 2, 1), date(2026, 2, 2)]
    assert todo == Plan(tuple((table, day) for table in TABLES for day in made), ())


def test_a_partition_is_named_after_its_day():
    assert name_of("meter_values", TODAY) == "meter_values_20260131"


@pytest.mark.parametrize(("age", "dropped"), [(89, False), (90, False), (91, True)])
def test_a_partition_is_dropped_after_its_days(age, dropped):
    name = name_of("meter_values", TODAY - timedelta(days=age))
    assert (name in plan(frozenset({name}), TODAY, 2, 90).drop) is dropped


@given(st.frozensets(names, max_size=12), days, st.integers(0, 30), st.integers(1, 400))
def test_whatever_exists_the_plan_leaves_nothing_to_do_and_drops_nothing_that_is_kept(existing, today, ahead, keep):
    todo = plan(existing, today, ahead, keep)
    after = existing_after(existing, todo)
    assert plan(after, today, ahead, keep) == Plan((), ())
    assert {name_of(table, today + timedelta(days=n)) for table in TABLES for n in range(ahead + 1)} <= after
    kept = {name_of(table, today - timedelta(days=n)) for table in TABLES for n in range(keep + 1)}
    assert existing & kept <= after
    assert {name for name in existing if "default" in name or "other" in name} <= after
    assert not existing & {name_of(*one) for one in todo.make}


@given(st.frozensets(names, max_size=12), days)
def test_a_day_later_only_one_day_more_is_made(existing, today):
    after = existing_after(existing, plan(existing, today, 7, 90))
    todo = plan(after, today + timedelta(days=1), 7, 90)
    assert [day for _, day in todo.make if name_of(TABLES[0], day) not in existing] in (
        [],
        [today + timedelta(days=8)] * len(TABLES),
    )
