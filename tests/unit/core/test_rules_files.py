"""Rules for files and certificates: logs to send, firmware to fetch, chains, roots and hashes."""

from base64 import b64encode
from datetime import UTC, datetime

import pytest

from voltring_core.ocpp.rules.checking import faults
from voltring_core.ocpp.rules.facts import Station
from voltring_core.ocpp.schemas import is_valid
from voltring_core.ocpp.versions import Version

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
BEFORE, LATER = "2026-05-01T11:59:59Z", "2026-05-01T14:00:00+01:00"
V16, V201, V21 = Version
DER = bytes([0x30, 3, 1, 2, 3])
LONG_DER = bytes([0x30, 0x82, 1, 0]) + bytes(256)
MD5, SHA256 = "0" * 32, "ab" * 32


def fields(version, action, payload, **known):
    """The fields that the rules find fault with in a payload that keeps its schema."""
    assert is_valid(version, action, payload), payload
    return [fault.field for fault in faults(version, action, payload, Station(**known), NOON)]


def pem(*bodies, label="CERTIFICATE"):
    return "\n".join(f"-----BEGIN {label}-----\n{b64encode(it).decode()}\n-----END {label}-----" for it in bodies)


def log(url="sftp://files.example/logs", **more):
    return {"logType": "DiagnosticsLog", "requestId": 1, "log": {"remoteLocation": url, **more}}


def firmware(**changes):
    base = {"location": "https://files.example/fw.bin", "retrieveDateTime": LATER}
    signed = {"signingCertificate": pem(DER), "signature": b64encode(b"s").decode()}
    whole = base | signed | changes
    return {"requestId": 1, "firmware": {name: value for name, value in whole.items() if value is not None}}


def plain_firmware(url):
    return {"location": url, "retrieveDate": LATER}


def hashes(**changes):
    base = {"hashAlgorithm": "SHA256", "issuerNameHash": SHA256, "issuerKeyHash": SHA256, "serialNumber": "1F"}
    return {"certificateHashData": base | changes}


GOOD = [
    (V16, "GetLog", log()),
    (V16, "GetDiagnostics", {"location": "ftp://user:secret@files.example/x", "retries": 0}),
    (V16, "UpdateFirmware", plain_firmware("http://files.example/fw.bin")),
    (V16, "SignedUpdateFirmware", firmware()),
    (V16, "CertificateSigned", {"certificateChain": pem(DER, LONG_DER)}),
    (V16, "InstallCertificate", {"certificateType": "ManufacturerRootCertificate", "certificate": pem(LONG_DER)}),
    (V16, "DeleteCertificate", hashes()),
    # What is wrong with a certificate the charger says: operators also send wrong ones, to see them refused.
    (V16, "CertificateSigned", {"certificateChain": "no certificate"}),
    (V16, "InstallCertificate", {"certificateType": "ManufacturerRootCertificate", "certificate": pem(DER[:-1])}),
    (V16, "DeleteCertificate", hashes(issuerKeyHash="xyz")),
    (V16, "SignedUpdateFirmware", firmware(signature="%%")),
    (V201, "UpdateFirmware", firmware(signature=None, signingCertificate=None)),
    (V201, "UpdateFirmware", firmware(installDateTime=LATER)),
    (V201, "PublishFirmware", {"location": "https://x.example/f", "checksum": MD5, "requestId": 1}),
    (V201, "UnpublishFirmware", {"checksum": MD5}),
]


@pytest.mark.parametrize(("version", "action", "payload"), GOOD)
def test_a_file_or_certificate_in_good_form_passes(version, action, payload):
    assert fields(version, action, payload) == []


BAD = [
    (V16, "GetLog", log("gopher://files.example"), "log.remoteLocation"),
    (V16, "GetLog", log("no url"), "log.remoteLocation"),
    (V16, "GetLog", log("https://"), "log.remoteLocation"),
    (V16, "GetLog", log("http://host:port/"), "log.remoteLocation"),
    (V16, "GetLog", log(oldestTimestamp=LATER, latestTimestamp=BEFORE), "log.latestTimestamp"),
    (V16, "GetDiagnostics", {"location": "mailto:me@example.com"}, "location"),
    (V16, "GetDiagnostics", {"location": "ftp://f.example", "startTime": LATER, "stopTime": BEFORE}, "stopTime"),
    (V16, "GetDiagnostics", {"location": "ftp://f.example", "retries": -1}, "retries"),
    (V16, "UpdateFirmware", plain_firmware("file:///etc/passwd"), "location"),
    (V21, "GetLog", log("https://f.example/x#y"), "log.remoteLocation"),
    (V21, "GetLog", log("https://f.example/x?y=/"), "log.remoteLocation"),
    (
        V16,
        "SignedUpdateFirmware",
        firmware(signingCertificate=pem(DER, label="PRIVATE KEY")),
        "firmware.signingCertificate",
    ),
    (V201, "UpdateFirmware", firmware(signature=None), "firmware.signature"),
    (V201, "UpdateFirmware", firmware(signingCertificate=None), "firmware.signingCertificate"),
    (V201, "UpdateFirmware", firmware(installDateTime=BEFORE), "firmware.installDateTime"),
    (V201, "UpdateFirmware", firmware(location="x"), "firmware.location"),
    (
        V16,
        "CertificateSigned",
        {"certificateChain": pem(DER) + pem(DER, label="EC PRIVATE KEY")},
        "certificateChain",
    ),
    (
        V16,
        "InstallCertificate",
        {"certificateType": "ManufacturerRootCertificate", "certificate": pem(DER, label="PRIVATE KEY")},
        "certificate",
    ),
    (V201, "PublishFirmware", {"location": "https://x.example/f", "checksum": "no", "requestId": 1}, "checksum"),
    (V201, "UnpublishFirmware", {"checksum": "zz" * 16}, "checksum"),
]


@pytest.mark.parametrize(("version", "action", "payload", "field"), BAD)
def test_a_file_or_certificate_in_bad_form_is_told_by_its_field(version, action, payload, field):
    assert fields(version, action, payload) == [field]


KNOWN = [
    (V16, "GetLog", log(), {"file_schemes": frozenset({"ftp"})}, "log.remoteLocation"),
    (V16, "CertificateSigned", {"certificateChain": pem(DER)}, {"certificate_chain": 20}, "certificateChain"),
]


@pytest.mark.parametrize(("version", "action", "payload", "known", "field"), KNOWN)
def test_a_file_that_is_not_for_this_charger_is_refused_when_that_is_known(version, action, payload, known, field):
    assert fields(version, action, payload) == []
    assert fields(version, action, payload, **known) == [field]


def test_a_scheme_that_the_charger_lists_passes_in_capitals_too():
    assert fields(V201, "GetLog", log("SFTP://files.example"), file_schemes=frozenset({"sftp"})) == []
