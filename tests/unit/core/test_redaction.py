"""Secrets in frames: none comes through, nothing else is lost, and JSON stays JSON (SE-19)."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltring_core.ocpp.redaction import DEEPEST, REDACTED, redact_frame, redact_payload
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
SECRET = "Zx9kQw7RtY2p"
APN = {"apn": "net", "apnUserName": "u", "apnPassword": SECRET, "simPin": 8_412_735, "apnAuthentication": "PAP"}
VPN = {"server": "v.example", "user": "u", "password": SECRET, "key": SECRET, "type": "IPSec"}
PRIVATE = f"-----BEGIN EC PRIVATE KEY-----\n{SECRET}\n-----END EC PRIVATE KEY-----"
CODE = {"idToken": SECRET, "type": "KeyCode"}


def told(component, variable, **more):
    return {"component": {"name": component}, "variable": {"name": variable}, **more}


HOLDING = [
    (V16, "ChangeConfiguration", {"key": "AuthorizationKey", "value": SECRET}),
    (V16, "ChangeConfiguration", {"key": "authorizationkey", "value": SECRET}),
    (V16, "ChangeConfiguration", {"key": "WifiPassword", "value": SECRET}),
    (V16, "GetConfiguration", {"configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": SECRET}]}),
    (V16, "GetDiagnostics", {"location": f"ftp://user:{SECRET}@files.example/logs"}),
    (V16, "UpdateFirmware", {"location": f"https://{SECRET}@files.example/fw", "retrieveDate": "2026-01-01T00:00:00Z"}),
    (V16, "DataTransfer", {"vendorId": "V", "data": orjson.dumps({"wifi": {"password": SECRET}}).decode()}),
    (V16, "DataTransfer", {"vendorId": "V", "data": f"user=me;password={SECRET};x=1"}),
    (V16, "DataTransfer", {"vendorId": "V", "data": f'{{"password": "{SECRET}", broken'}),
    (V201, "DataTransfer", {"vendorId": "V", "data": {"secret": [SECRET]}}),
    (V201, "SetVariables", {"setVariableData": [told("SecurityCtrlr", "BasicAuthPassword", attributeValue=SECRET)]}),
    (V21, "SetVariables", {"setVariableData": [told("WebPaymentsCtrlr", "SharedSecret", attributeValue=SECRET)]}),
    (V21, "SetVariables", {"setVariableData": [told("NetworkConfiguration", "VpnKey", attributeValue=SECRET)]}),
    (V201, "GetVariables", {"getVariableResult": [told("NetworkConfiguration", "ApnPassword", attributeValue=SECRET)]}),
    (
        V201,
        "NotifyReport",
        {"reportData": [told("SecurityCtrlr", "BasicAuthPassword", variableAttribute=[{"value": SECRET}])]},
    ),
    (V201, "NotifyEvent", {"eventData": [told("SecurityCtrlr", "BasicAuthPassword", actualValue=SECRET)]}),
    (
        V21,
        "SetNetworkProfile",
        {"configurationSlot": 1, "connectionData": {"basicAuthPassword": SECRET, "apn": APN, "vpn": VPN}},
    ),
    (V201, "Authorize", {"idToken": CODE}),
    (V201, "TransactionEvent", {"idToken": CODE | {"additionalInfo": [{"additionalIdToken": SECRET, "type": "x"}]}}),
    (V21, "Authorize", {"idToken": {"idToken": SECRET, "type": "keycode"}}),
    (V201, "SendLocalList", {"localAuthorizationList": [{"idToken": CODE, "idTokenInfo": {"groupIdToken": CODE}}]}),
    (
        V21,
        "TransactionEvent",
        {"idToken": {"idToken": "1", "type": "DirectPayment", "additionalInfo": [{"additionalIdToken": SECRET}]}},
    ),
    (V21, "NotifySettlement", {"pspRef": SECRET, "status": "Settled", "vatNumber": SECRET, "receiptUrl": SECRET}),
    (V16, "InstallCertificate", {"certificate": PRIVATE}),
    (V201, "CertificateSigned", {"certificateChain": f"x{PRIVATE}y{PRIVATE[:45]}"}),
]


def call(action, payload):
    return orjson.dumps([2, "m-1", action, payload]).decode()


@pytest.mark.parametrize(("version", "action", "payload"), HOLDING)
def test_what_is_secret_is_replaced_and_json_stays_json(version, action, payload):
    clean = redact_frame(call(action, payload), version, action)
    assert SECRET not in clean
    assert str(APN["simPin"]) not in clean
    assert REDACTED in clean
    assert orjson.loads(clean)[:3] == [2, "m-1", action]
    answer = redact_frame(orjson.dumps([3, "m-1", payload]).decode(), version, action)
    assert SECRET not in answer
    assert SECRET not in str(redact_payload(version, action, payload))


@pytest.mark.parametrize(("version", "action", "payload"), HOLDING)
def test_a_frame_that_is_clean_already_stays_as_it_is(version, action, payload):
    clean = redact_frame(call(action, payload), version, action)
    assert redact_frame(clean, version, action) == clean


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("Heartbeat", {}),
        ("StartTransaction", {"connectorId": 1, "idTag": "04A2", "meterStart": 0}),
        ("ChangeConfiguration", {"key": "HeartbeatInterval", "value": "300"}),
        ("GetConfiguration", {"key": ["AuthorizationKey"]}),
        ("GetDiagnostics", {"location": "ftp://files.example/logs@home"}),
        ("Authorize", {"idToken": {"idToken": "04A2", "type": "ISO14443"}}),
        ("Authorize", {"idToken": {"idToken": "a@b.c", "type": "Central"}}),
        ("DataTransfer", {"vendorId": "V", "data": '{"mode": "slow"}'}),
        ("DataTransfer", {"vendorId": "V", "data": "{broken \\ pin"}),
        ("SetVariables", {"setVariableData": [told("OCPPCommCtrlr", "RetryBackOffWaitMinimum", attributeValue="1")]}),
    ],
)
def test_a_frame_without_secrets_is_the_same_object(action, payload):
    text = call(action, payload)
    assert redact_frame(text, V201, action) is text
    assert redact_payload(V201, action, payload) is payload


def test_what_stands_around_a_secret_stays():
    clean = redact_payload(V16, "GetDiagnostics", {"location": f"ftp://user:{SECRET}@files.example:21/logs?x=1"})
    assert clean == {"location": f"ftp://{REDACTED}@files.example:21/logs?x=1"}
    report = {"value": SECRET, "type": "Actual", "mutability": "WriteOnly", "persistent": True}
    whole = {"requestId": 1, "reportData": [told("SecurityCtrlr", "BasicAuthPassword", variableAttribute=[report])]}
    (entry,) = redact_payload(V201, "NotifyReport", whole)["reportData"]
    assert entry["variableAttribute"] == [report | {"value": REDACTED}]
    assert whole["reportData"][0]["variableAttribute"][0]["value"] == SECRET


def test_names_written_with_escapes_are_read_too():
    payload = {"key": "AuthorizationKey", "value": SECRET}
    text = call("ChangeConfiguration", payload).replace("AuthorizationKey", r"Authorization\u004bey")
    assert SECRET not in redact_frame(text, V16, "ChangeConfiguration")


def test_what_may_hold_a_secret_and_can_not_be_read_is_not_kept():
    assert (
        redact_frame(f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{SECRET}"', V16, None)
        == REDACTED
    )
    assert redact_frame("[2,", V16, None) == "[2,"


def test_a_secret_too_deep_to_be_looked_for_is_not_kept():
    value = {"password": SECRET}
    for _ in range(DEEPEST + 1):
        value = {"x": value}
    assert SECRET not in redact_frame(call("DataTransfer", value), V16, "DataTransfer")
    assert redact_frame('[2,"pass","x",' + "[" * 100_000, V16, None) == REDACTED


letters = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-._~", min_size=8, max_size=40)
leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10)
anything = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
)


def hidden(secret):
    """Objects that hold the secret as messages do."""
    return st.sampled_from(
        [
            {"key": "AuthorizationKey", "value": secret},
            {"basicAuthPassword": secret},
            {"location": f"sftp://u:{secret}@h.example/x"},
            {"idToken": secret, "type": "KeyCode"},
            told("SecurityCtrlr", "BasicAuthPassword", attributeValue=secret),
            {"data": orjson.dumps({"apiKey": secret}).decode()},
        ]
    )


@given(data=st.data(), around=anything, wraps=st.lists(st.sampled_from(["object", "list", "json"]), max_size=4))
def test_no_secret_comes_through_wherever_it_is(data, around, wraps):
    secret = "S-" + data.draw(letters)
    value = data.draw(hidden(secret))
    for wrap in wraps:
        value = {"a": around, "b": value} if wrap == "object" else [value, around]
        value = orjson.dumps(value).decode() if wrap == "json" else value
    clean = redact_frame(call("DataTransfer", {"x": value}), V201, "DataTransfer")
    assert secret not in clean
    assert orjson.loads(clean)[2] == "DataTransfer"


@given(around=anything)
def test_what_is_not_secret_comes_through_unchanged(around):
    text = call("DataTransfer", {"x": around})
    assert orjson.loads(redact_frame(text, V201, "DataTransfer")) == orjson.loads(text)


@pytest.mark.parametrize("name", ["token", "X-Amz-Signature", "sig", "api_key", "auth", "X-Amz-Security-Token"])
def test_what_lets_anybody_into_a_files_address_is_not_kept(name):
    location = f"https://files.example/firmware.bin?version=7&{name}=open-sesame&part=2"
    told = redact_payload(Version.V16, "UpdateFirmware", {"location": location})
    assert told["location"] == f"https://files.example/firmware.bin?version=7&{name}=[redacted]&part=2"
    frame = redact_frame(f'[2,"1","UpdateFirmware",{{"location":"{location}"}}]', Version.V16, "UpdateFirmware")
    assert "open-sesame" not in frame
    assert "version=7" in frame
