"""Whose word about a charger is believed, and what is made of it."""

from ipaddress import ip_network

import pytest
from websockets.datastructures import Headers

from voltring_node.origins import Origin, is_trusted, origin

PODS = [ip_network("10.42.0.0/16"), ip_network("fd00::/64")]


def said(*headers):
    return Headers(list(headers))


ALL = said(
    ("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), ("X-Voltring-Client-Name", "CP-1")
)  # fmt: skip


@pytest.mark.parametrize(
    ("peer", "trusted"),
    [
        ("10.42.3.4", True),
        ("::ffff:10.42.3.4", True),
        ("fd00::5", True),
        ("fd00::5%eth0", True),
        ("10.43.0.1", False),
        ("fd01::5", False),
        ("", False),
        ("/run/a.sock", False),
    ],
)
def test_only_peers_of_the_named_networks_are_trusted(peer, trusted):
    assert is_trusted(peer, PODS) is trusted
    assert not is_trusted(peer, ())


def test_what_a_trusted_router_says_is_taken_over():
    assert origin("10.42.3.4", ALL, PODS) == Origin("203.0.113.7", True, b"CP-1")


def test_what_anybody_else_says_is_as_if_it_were_not_said():
    assert origin("10.43.0.1", ALL, PODS) == origin("10.43.0.1", said(), PODS) == Origin("10.43.0.1")
    assert origin("10.42.3.4", ALL, ()) == Origin("10.42.3.4")


@pytest.mark.parametrize(
    ("lines", "address"),
    [
        (["2001:db8::7"], "2001:db8::7"),
        (["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (["198.51.100.1", "203.0.113.7"], "203.0.113.7"),
        (["203.0.113.7, nonsense"], "10.42.3.4"),
        ([""], "10.42.3.4"),
        ([], "10.42.3.4"),
    ],
)
def test_the_address_is_the_last_one_that_was_forwarded_or_the_peers(lines, address):
    headers = said(*(("X-Forwarded-For", line) for line in lines))
    assert origin("10.42.3.4", headers, PODS).address == address


def test_a_certificate_or_a_scheme_that_is_named_twice_is_none():
    twice = said(("X-Voltring-Client-Name", "CP-1"), ("X-Voltring-Client-Name", "CP-2"))
    assert origin("10.42.3.4", twice, PODS).certificate is None
    twice = said(("X-Forwarded-Proto", "https"), ("X-Forwarded-Proto", "https"))
    assert not origin("10.42.3.4", twice, PODS).is_tls
