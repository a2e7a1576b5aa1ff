"""Signed meter values: found in each version, kept as they came."""

import json

import pytest

from voltring_core.ocpp.signed_values import signed_values

AT = "2026-01-01T12:00:00Z"
OCMF = 'OCMF|{"FV":"1.0","GI":"X"}|{"SD":"30ab"}'
OBJECT = {"signedMeterData": "b64==", "signingMethod": "ECDSA", "encodingMethod": "EDL", "publicKey": "04ab"}


def of(*samples, name="meterValue"):
    return {name: [{"timestamp": AT, "sampledValue": [*samples]}]}


def in_16(value, **more):
    return {"value": value, "format": "SignedData", "context": "Transaction.End"} | more


@pytest.mark.parametrize("name", ["meterValue", "transactionData"])
@pytest.mark.parametrize(
    ("value", "encoding", "signing", "key"),
    [
        (OCMF, "OCMF", None, None),
        ("<?xml version='1.0'?><signedMeterValue/>", "XML", None, None),
        ("0AfF10", "hex", None, None),
        ("b64==", None, None, None),
        ("", None, None, None),
        (json.dumps(OBJECT), "EDL", "ECDSA", "04ab"),
        ('{"not json', None, None, None),
        ("{}", None, None, None),
    ],
)
def test_a_1_6_value_is_kept_whole_and_its_encoding_named_where_it_shows(name, value, encoding, signing, key):
    (found,) = signed_values(of(in_16(value, measurand="Energy.Active.Export.Register", phase="L1"), name=name))
    assert found.data == value
    assert (found.encoding, found.signing, found.public_key) == (encoding, signing, key)
    assert (found.measurand, found.phase, found.context) == ("Energy.Active.Export.Register", "L1", "Transaction.End")
    assert found.at.isoformat() == "2026-01-01T12:00:00+00:00"


@pytest.mark.parametrize(
    ("signed", "encoding", "key"),
    [
        (OBJECT, "EDL", "04ab"),
        (OBJECT | {"encodingMethod": "", "publicKey": "", "signedMeterData": OCMF}, "OCMF", None),
        ({"signedMeterData": "?"}, None, None),
    ],
)
def test_a_2_x_value_is_kept_with_what_is_said_of_it(signed, encoding, key):
    (found,) = signed_values(of({"value": 1.5, "signedMeterValue": signed}, {"value": 2}))
    assert (found.data, found.encoding, found.public_key) == (signed["signedMeterData"], encoding, key)
    assert found.measurand == "Energy.Active.Import.Register"


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"meterValue": None},
        of({"value": "SignedData"}),
        of({"value": "1", "format": "Raw"}),
        of({"value": 3, "format": "SignedData"}),
        of({"value": 3, "signedMeterValue": {}}),
        of({"value": 3, "signedMeterValue": "x"}),
        of({"value": 3, "signedMeterValue": {"signedMeterData": 4}}),
    ],
)
def test_what_is_not_signed_is_not_found(payload):
    assert signed_values(payload) == ()


def test_the_same_value_is_the_same_one_and_another_time_or_register_makes_another():
    (one,), (again,) = signed_values(of(in_16("AB"))), signed_values(of(in_16("AB"), name="transactionData"))
    assert one.digest == again.digest
    others = [signed_values(of(in_16("AC"))), signed_values(of(in_16("AB", context="Transaction.Begin")))]
    others += [
        signed_values(of(in_16("AB", measurand="Energy.Active.Export.Register"))),
        signed_values(of(in_16("aB"))),
    ]
    assert len({one.digest, *(found[0].digest for found in others)}) == 5
