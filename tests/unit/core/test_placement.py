"""Where the router sends a charger: as HAProxy has said it, and what holds of every ring."""

from array import array
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.placement import POINTS, Place, Ring, hashed, home, misplaced, place, ring

FIVE, THREE, TWO, ONE = (frozenset(one) for one in ((0, 1, 2, 3, 4), (0, 1, 2), (1, 4), (3,)))
SAID_BY_HAPROXY = {
    "CP-1": (2, 2, 1, 3),
    "CP-2": (1, 1, 1, 3),
    "cp-2": (1, 1, 1, 3),
    "DE*ABC*E001": (1, 1, 1, 3),
    "station_17": (0, 0, 4, 3),
    "0123456789": (0, 0, 4, 3),
    "A": (4, 0, 4, 3),
    "a-very-long-identity-of-forty-eight-characters-xx": (1, 1, 1, 3),
    "EVB-P1234567": (3, 0, 1, 3),
    "street of chargers": (4, 1, 4, 3),
    "Lüneburg-3": (0, 0, 4, 3),
}
"""By HAProxy 2.6.12, with these four sets of nodes up."""
nodes = st.frozensets(st.integers(0, 9), min_size=1)
ids = st.text(st.characters(codec="ascii", exclude_characters="/:"), min_size=1, max_size=48)


@pytest.mark.parametrize("charger_id", SAID_BY_HAPROXY)
def test_a_charger_is_at_home_where_haproxy_sent_it(charger_id):
    assert tuple(home(charger_id, up) for up in (FIVE, THREE, TWO, ONE)) == SAID_BY_HAPROXY[charger_id]


def test_a_place_between_two_points_belongs_to_the_nearer_one_and_to_the_lower_in_the_middle():
    at = hashed(b"x")
    for below, above, ordinal in ((5, 6, 0), (5, 5, 0), (6, 5, 1), (1, 0, 1)):
        assert Ring(array("I", [at - below, at + above]), array("H", [0, 1])).home("x") == ordinal
    for first, second, ordinal in ((5, 9, 0), (-9, -5, 1)):
        assert Ring(array("I", [at + first, at + second]), array("H", [0, 1])).home("x") == ordinal


@given(ids, nodes, st.integers(0, 9))
def test_one_node_more_or_less_moves_only_chargers_of_that_node(charger_id, up, other):
    before, after = home(charger_id, up), home(charger_id, up | {other})
    assert after in (before, other)


@given(ids, nodes)
def test_the_case_of_an_id_and_who_else_was_ever_up_do_not_matter(charger_id, up):
    assert home(charger_id.upper(), up) == home(charger_id.lower(), up) in up


def test_nobody_is_at_home_and_nobody_misplaced_where_no_node_is_up():
    assert home("CP-1", frozenset()) is None
    assert misplaced(["CP-1"], 0, frozenset()) == []


def test_misplaced_are_those_whom_the_router_would_send_elsewhere():
    everybody = [f"CP-{number}" for number in range(300)]
    found = {node: misplaced(everybody, node, THREE) for node in THREE}
    assert all(home(one, THREE) != node for node, those in found.items() for one in those)
    assert sum(map(len, found.values())) == 2 * len(everybody)


def test_ten_nodes_get_about_the_same_number_of_chargers():
    counts = Counter(home(f"EVSE{number:06}", frozenset(range(10))) for number in range(20_000))
    assert len(counts) == 10
    assert max(counts.values()) <= 1.2 * 2000


def test_a_ring_has_all_points_of_its_nodes_in_order():
    made = ring(THREE)
    assert len(made.points) == 3 * POINTS
    assert list(made.points) == sorted(made.points)
    assert Counter(made.ordinals) == dict.fromkeys(THREE, POINTS)


@pytest.mark.parametrize(
    ("name", "ready", "found"),
    [
        ("street-node-1", ["street-node-0", "street-node-1"], Place(1, frozenset({0, 1}))),
        ("street-node-1", ["street-node-0"], Place(1, frozenset({0}))),
        ("street-node-1", ["road-node-0", "street-node-2", "street-node-x"], Place(1, frozenset({2}))),
        ("street-node-1", ["street-node-8", "street-node-7", "street-node-07"], Place(1, frozenset({7}))),
        ("street-node-9", ["street-node-9"], Place(9, frozenset())),
        ("node", ["node"], None),
        ("street-node-01", [], None),
    ],
)
def test_a_node_finds_its_place_among_those_of_its_fleet_by_their_names(name, ready, found):
    assert place(name, ready, slots=8) == found
