"""Commands that change a charger's password, and which answers leave it the new one (SE-03, SE-04)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.domain.chargers import Admission, Charger, may_connect, uses_next
from voltring_core.domain.messages import Registration
from voltring_core.domain.secrets import canonical, digest
from voltring_core.ocpp.passwords import is_kept, new_password
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
NEW = "a-new-password-16"


def about(component, variable, **more):
    return {"component": {"name": component}, "variable": {"name": variable}, **more}


def asked(*entries):
    return {"setVariableData": list(entries)}


def told(*entries):
    return {"setVariableResult": list(entries)}


PASSWORD = about("SecurityCtrlr", "BasicAuthPassword", attributeValue=NEW)
OTHER = about("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="60")


@pytest.mark.parametrize(
    ("version", "action", "payload", "found"),
    [
        (V16, "ChangeConfiguration", {"key": "AuthorizationKey", "value": NEW}, NEW),
        (V16, "ChangeConfiguration", {"key": "authorizationkey", "value": NEW}, NEW),
        (V16, "ChangeConfiguration", {"key": "HeartbeatInterval", "value": "60"}, None),
        (V16, "ChangeConfiguration", {"key": "AuthorizationKey", "value": ""}, None),
        (V16, "GetConfiguration", {"key": ["AuthorizationKey"]}, None),
        (V201, "ChangeConfiguration", {"key": "AuthorizationKey", "value": NEW}, None),
        (V201, "SetVariables", asked(PASSWORD), NEW),
        (V21, "SetVariables", asked(OTHER, PASSWORD), NEW),
        (V21, "SetVariables", asked(PASSWORD, OTHER), NEW),
        (V21, "SetVariables", asked(about("networkconfiguration", "basicauthpassword", attributeValue=NEW)), NEW),
        (V201, "SetVariables", asked(PASSWORD | {"attributeType": "Actual"}), NEW),
        (V201, "SetVariables", asked(PASSWORD | {"attributeType": "Target"}), None),
        (V201, "SetVariables", asked(OTHER), None),
        (V201, "SetVariables", asked(about("OtherCtrlr", "BasicAuthPassword", attributeValue=NEW)), None),
        (V16, "SetVariables", asked(PASSWORD), None),
        (V21, "SetNetworkProfile", {"configurationSlot": 2, "connectionData": {"basicAuthPassword": NEW}}, NEW),
        (V21, "SetNetworkProfile", {"configurationSlot": 2, "connectionData": {}}, None),
        (V201, "SetNetworkProfile", {"configurationSlot": 2, "connectionData": {"basicAuthPassword": NEW}}, None),
    ],
)
def test_a_command_that_sets_a_password_is_told_from_all_others(version, action, payload, found):
    assert new_password(version, action, payload) == found


def result(status, of=PASSWORD):
    return {name: of[name] for name in ("component", "variable")} | {"attributeStatus": status}


@pytest.mark.parametrize("status", ["Accepted", "RebootRequired"])
def test_an_accepted_password_and_one_that_waits_for_a_reboot_are_kept(status):
    assert is_kept("ChangeConfiguration", {}, {"status": status})
    assert is_kept("SetNetworkProfile", {}, {"status": status})
    assert is_kept("SetVariables", asked(PASSWORD), told(result(status)))


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("ChangeConfiguration", "Rejected"),
        ("ChangeConfiguration", "NotSupported"),
        ("SetNetworkProfile", "Rejected"),
        ("SetNetworkProfile", "Failed"),
    ],
)
def test_a_refused_password_is_not_kept(action, status):
    assert not is_kept(action, {}, {"status": status})


@pytest.mark.parametrize("status", ["Rejected", "UnknownVariable", "UnknownComponent", "NotSupportedAttributeType"])
def test_of_several_variables_the_password_has_its_own_answer(status):
    both = asked(OTHER, PASSWORD)
    assert not is_kept("SetVariables", both, told(result("Accepted", OTHER), result(status)))
    assert is_kept("SetVariables", both, told(result(status, OTHER), result("Accepted")))
    assert is_kept("SetVariables", both, told(result(status, OTHER))), "nothing was said of the password"
    assert not is_kept("SetVariables", asked(PASSWORD), told({"attributeStatus": status})), "it was asked alone"


@pytest.mark.parametrize("action", ["ChangeConfiguration", "SetVariables", "SetNetworkProfile"])
def test_an_error_refuses_and_an_answer_that_says_nothing_does_not(action):
    assert not is_kept(action, asked(PASSWORD), None)
    assert is_kept(action, asked(PASSWORD), {})
    assert is_kept(action, asked(PASSWORD), {"status": "Maybe"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["key", "status", "setVariableData", "setVariableResult", "component", "name"]), inner
        )
    ),
)


@given(
    st.sampled_from(list(Version)),
    st.sampled_from(["ChangeConfiguration", "SetVariables", "SetNetworkProfile"]),
    JSON,
    JSON,
)
def test_payloads_of_any_shape_are_read_without_a_fault(version, action, payload, answer):
    assert new_password(version, action, payload) in (None, *([payload] if isinstance(payload, str) else []))
    assert is_kept(action, payload, answer) in (True, False)


@pytest.mark.parametrize(
    ("secret", "as_digested"), [("00FFee", "00ffee"), ("00FFe", "00FFe"), ("Correct Horse", "Correct Horse"), ("", "")]
)
def test_hex_digits_are_digested_in_lower_case_and_all_else_as_it_is(secret, as_digested):
    assert canonical(secret) == as_digested


@pytest.mark.parametrize(
    ("old", "given_password", "comes_in", "is_new"),
    [
        ("old", b"old", True, False),
        ("old", b"new", True, True),
        ("old", b"other", False, False),
        ("old", None, False, False),
        (None, None, True, False),
        (None, b"other", True, False),
        (None, b"new", True, True),
    ],
)
def test_while_a_new_password_is_pending_the_old_one_is_good_too(old, given_password, comes_in, is_new):
    charger = Charger(
        "CP-1", Admission.REGISTERED, old and digest(old), Registration.NONE, next_secret_hash=digest("new")
    )
    assert (may_connect(charger, given_password), uses_next(charger, given_password)) == (comes_in, is_new)
