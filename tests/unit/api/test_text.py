"""What no text and no JSON value may hold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_api.text import DEEPEST, flaw_of_encoded, flaw_of_json, flaw_of_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(-1e15, 1e15) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
)


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("a\x00b", "body"),
        ({"a": {"b": ["x", "\ud800"]}}, "a.b.1"),
        ({"a\x00": 1}, "body"),
        ({"a": {"\udfff": 1}}, "a"),
        ({"n": 2**63}, "n"),
        ({"n": -(2**64)}, "n"),
        ({"n": 1e300}, "n"),
    ],
)
def test_the_field_that_can_not_be_kept_is_named(value: Any, field: str) -> None:
    found = flaw_of_json(value)
    assert found is not None
    assert found[0] == field


def test_nesting_is_bounded_without_recursion() -> None:
    value: Any = 1
    for _ in range(100_000):
        value = [value]
    found = flaw_of_json(value)
    assert found is not None
    assert str(DEEPEST) in found[1]


@given(JSON)
def test_exactly_what_utf8_and_postgresql_can_keep_passes(value: Any) -> None:
    def texts(item: Any) -> list[str]:
        if isinstance(item, dict):
            return [text for name, child in item.items() for text in (name, *texts(child))]
        if isinstance(item, list):
            return [text for child in item for text in texts(child)]
        return [item] if isinstance(item, str) else []

    assert (flaw_of_json(value) is None) == all(flaw_of_text(text) is None for text in texts(value))


@given(st.text())
def test_text_passes_when_it_is_utf8_without_nul(text: str) -> None:
    try:
        good = b"\x00" not in text.encode()
    except UnicodeEncodeError:
        good = False
    assert (flaw_of_text(text) is None) == good


@pytest.mark.parametrize(
    ("raw", "good"), [(b"/a%20b", True), (b"%C3%BC", True), (b"%00", False), (b"%FF", False), (b"%ED%A0%80", False)]
)
def test_addresses_are_decoded_before_they_are_judged(raw: bytes, good: bool) -> None:
    assert (flaw_of_encoded(raw) is None) == good
