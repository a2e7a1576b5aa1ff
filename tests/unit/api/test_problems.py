"""Errors in one shape."""

import pytest

from voltring_api.problems import field_of, problem, sentence


@pytest.mark.parametrize(
    ("location", "field"),
    [
        (("body", "payload", "type"), "payload.type"),
        (("query", "limit"), "limit"),
        (("body",), "body"),
        (("body", 12), "12"),
        (("path", "transaction_id"), "transaction_id"),
    ],
)
def test_a_field_is_named_without_the_part_of_the_request(location: tuple[str | int, ...], field: str) -> None:
    assert field_of(location) == field


def test_a_problem_names_its_fields_only_when_there_are_any() -> None:
    assert problem(404, "Gone.").body == b'{"type":"about:blank","title":"Not Found","status":404,"detail":"Gone."}'
    assert b'"errors":[{"field":"a","message":"b"}]' in problem(422, "x", [{"field": "a", "message": "b"}]).body


def test_a_detail_is_a_sentence() -> None:
    assert sentence("there is no charger 'x'") == "There is no charger 'x'."
    assert sentence("Really?") == "Really?"
