"""Binding named values to statements."""

import pytest

from voltring_api.statements import bind, include

STATEMENT = """SELECT a::text, ':not' FROM t
WHERE true
    AND a = :a -- if a
    AND (b, a) < (:b, :a) -- if b
LIMIT :limit"""


def test_conditions_without_a_value_are_left_out_and_the_rest_is_numbered_in_order() -> None:
    text, values = bind("SELECT 1 WHERE x = :x -- if x\nAND y = :y -- if y\nLIMIT :limit", x=None, y=7, limit=5)
    assert (text, values) == ("AND y = $1\nLIMIT $2", [7, 5])


def test_a_name_that_stands_twice_is_one_value_and_casts_are_no_names() -> None:
    text, values = bind(STATEMENT.replace("':not'", "1::int"), a="x", b=2, limit=3)
    assert text.splitlines() == [
        "SELECT a::text, 1::int FROM t",
        "WHERE true",
        "    AND a = $1",
        "    AND (b, a) < ($2, $1)",
        "LIMIT $3",
    ]
    assert values == ["x", 2, 3]


def test_false_and_zero_are_values() -> None:
    assert bind("AND a = :a -- if a", a=False) == ("AND a = $1", [False])


def test_a_name_without_a_value_is_a_fault_of_the_caller() -> None:
    with pytest.raises(KeyError):
        bind("SELECT :missing")


def test_a_shared_part_takes_its_place_without_its_comments() -> None:
    assert include("WHERE {online} AND x", online="-- why\na\nAND b") == "WHERE a\nAND b AND x"
