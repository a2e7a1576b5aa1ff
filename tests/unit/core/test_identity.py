"""Who a charger says it is, and whether it may connect (TR-01, TR-02)."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.chargers import (
    MAX_IDENTITY,
    Admission,
    Charger,
    Standing,
    check_identity,
    identity_from_path,
    may_connect,
)
from voltring_core.domain.messages import Registration
from voltring_core.domain.secrets import LENGTH, digest, matches, new_secret


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        ("/ocpp/CP-1", "CP-1"),
        ("/CP-1", "CP-1"),
        ("/a/b/c/CP-1", "CP-1"),
        ("/ocpp/CP-1/", "CP-1"),
        ("/ocpp/CP-1?token=a/b", "CP-1"),
        ("/ocpp/CP-1/?x=1", "CP-1"),
        ("/ocpp/CP%201", "CP 1"),
        ("/ocpp/S%C3%A4ule", "Säule"),
        ("/ocpp/a%2541", "a%41"),
        ("/ocpp/a+b", "a+b"),
        ("/ocpp/*-_=+|@.", "*-_=+|@."),
        ("/ocpp/" + "x" * 48, "x" * 48),
        ("/ocpp/%C3%A4" + "x" * 47, "ä" + "x" * 47),
    ],
)
def test_the_last_segment_is_decoded_once(path, identity):
    assert identity_from_path(path) == identity


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/ocpp//", "empty"),
        ("/", "empty"),
        ("", "empty"),
        ("/ocpp/a%2Fb", "must not hold '/'"),
        ("/ocpp/a%3Ab", "must not hold ':'"),
        ("/ocpp/a:b", "must not hold ':'"),
        ("/ocpp/a%00b", "must not hold"),
        ("/ocpp/a%0Ab", "must not hold"),
        ("/ocpp/%20a", "space"),
        ("/ocpp/a%20", "space"),
        ("/ocpp/%FF", "not UTF-8"),
        ("/ocpp/" + "x" * 49, "49 characters"),
    ],
)
def test_what_can_be_no_identity_is_refused_with_the_reason(path, reason):
    with pytest.raises(ValueError, match=reason):
        identity_from_path(path)


@pytest.mark.parametrize("identity", ["CP-1", "*-_=+|@.", "x" * 48, "0"])
def test_an_identifier_string_is_an_identity_in_every_version(identity):
    assert check_identity(identity, is_2x=True) == check_identity(identity) == identity


@pytest.mark.parametrize("identity", ["CP 1", "S\u00e4ule", "a#b", "a%41", "a,b", "\u0661"])
def test_other_signs_are_legal_only_in_16(identity):
    assert check_identity(identity) == identity
    with pytest.raises(ValueError, match=r"in OCPP 2\.x"):
        check_identity(identity, is_2x=True)
    with pytest.raises(ValueError, match=r"in OCPP 2\.x"):
        identity_from_path(f"/ocpp/{quote(identity)}", is_2x=True)


@given(st.text(max_size=60))
def test_any_path_gives_a_legal_identity_or_a_value_error(text):
    try:
        identity = identity_from_path("/ocpp/" + text)
    except ValueError:
        return
    assert check_identity(identity) == identity
    assert 0 < len(identity) <= MAX_IDENTITY
    assert not set(identity) & set(":/\n\0")


def charger(secret_hash=None, status=Admission.REGISTERED):
    return Charger("CP-1", status, secret_hash, Registration.NONE)


@pytest.mark.parametrize(
    ("stored", "given_password", "allowed"),
    [
        (None, None, True),
        (None, b"whatever", True),
        (digest("right"), b"right", True),
        (digest("right"), b"wrong", False),
        (digest("right"), b"", False),
        (digest("right"), None, False),
        (digest(b"\xff\x00"), b"\xff\x00", True),
    ],
)
def test_the_secret_decides_on_bytes_and_who_has_none_needs_none(stored, given_password, allowed):
    assert may_connect(charger(stored), given_password) is allowed


def test_a_quarantined_charger_waits_in_pending():
    assert Standing(Admission.QUARANTINED).registration is Registration.PENDING
    assert Standing(Admission.REGISTERED).registration is Registration.ACCEPTED


def test_a_new_secret_fits_every_version_and_never_comes_twice():
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    assert all(len(bytes.fromhex(one)) == LENGTH and one == one.lower() for one in secrets)
    assert all(matches(one.encode(), digest(one)) for one in secrets)
    assert not matches(b"other", digest(secrets.pop()))


@pytest.mark.parametrize("dots", [".", ".."])
def test_what_means_another_place_in_an_address_is_no_identity(dots):
    with pytest.raises(ValueError, match="another place"):
        check_identity(dots)
    assert check_identity("...") == "..."
