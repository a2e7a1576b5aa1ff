"""Whom a publisher begins to tell."""

from datetime import UTC, datetime

from voltring_core.cluster.watching import EVERYTHING, HEARD, Looks, heard

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_those_who_are_looked_at_from_now_on_are_named():
    before = Looks(messages=frozenset({"OLD"}), events=frozenset({"OLD"}))
    after = Looks(messages=frozenset({"OLD", "FRAMES"}), events=frozenset({"OLD", EVERYTHING}))
    assert [(told["type"], told["charger_id"]) for told in heard(before, after, NOW)] == [
        (HEARD, None),
        (HEARD, "FRAMES"),
    ]


def test_who_is_looked_at_still_or_no_more_is_not_named():
    before = Looks(messages=frozenset({"OLD", "GONE"}), events=frozenset({"OLD", EVERYTHING}))
    assert heard(before, Looks(messages=frozenset({"OLD"}), events=frozenset({"OLD"})), NOW) == []
