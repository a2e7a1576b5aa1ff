"""Certificates, messages, monitors, files after a charger's answers; payloads are held against the official schemas."""

from uuid import UUID

import pytest
from given_answers import LATER, MINE, OK, OTHER, V16, V21, V201, facts, told

from voltring_core.domain.commands import State
from voltring_core.domain.kinds import RecordKind as Kind
from voltring_node.knowledge import Record

# Certificates.


def hashes(serial="0A1b", key="AA"):
    return {"hashAlgorithm": "SHA256", "issuerNameHash": "bb", "issuerKeyHash": key, "serialNumber": serial}


ROOT = "CSMSRootCertificate"
CERTIFICATES = {
    Kind.CERTIFICATE: {
        f"{ROOT}:SHA256:aa:a1b": Record({"certificateType": ROOT, "certificateHashData": hashes()}, None, "Reported"),
        "V2GRootCertificate:SHA256:cc:1": Record(
            {"certificateType": "V2GRootCertificate", "certificateHashData": hashes("1", "cc")}, None, "Reported"
        ),
        f"{ROOT}:PEM:00": Record({"certificateType": ROOT, "certificate": "pem"}, None, "Accepted"),
        "ChargingStationCertificate": Record({"certificateType": "ChargingStationCertificate"}, None, "Signed"),
    }
}


def test_a_list_of_certificates_replaces_those_of_the_types_asked_for():
    chain = {"certificateType": ROOT, "certificateHashData": hashes("a1B", "aa")}
    answer = OK | {"certificateHashDataChain": [chain]}
    found = told(V201, "GetInstalledCertificateIds", {"certificateType": [ROOT]}, answer, CERTIFICATES)
    assert found == [
        (Kind.CERTIFICATE, f"{ROOT}:SHA256:aa:a1b", None, "Reported"),
        (Kind.CERTIFICATE, "gone", (f"{ROOT}:PEM:00",)),
    ]


def test_no_certificates_means_that_none_of_the_types_asked_for_are_there():
    none = {"status": "NotFound"}
    ((_, _, gone),) = told(V201, "GetInstalledCertificateIds", {}, none, CERTIFICATES)
    assert gone == (f"{ROOT}:SHA256:aa:a1b", "V2GRootCertificate:SHA256:cc:1", f"{ROOT}:PEM:00")
    asked = {"certificateType": "ManufacturerRootCertificate"}
    assert facts(V16, "GetInstalledCertificateIds", asked, none, CERTIFICATES) == ()


def test_a_list_with_an_entry_that_can_t_be_read_takes_nothing_away():
    chains = [{"certificateType": ROOT, "certificateHashData": hashes("77")}, "?"]
    answer = OK | {"certificateHashDataChain": chains}
    found = told(V201, "GetInstalledCertificateIds", {}, answer, CERTIFICATES, valid=False)
    assert found == [(Kind.CERTIFICATE, f"{ROOT}:SHA256:aa:77", None, "Reported")]


def test_1_6_lists_certificates_of_the_one_type_that_was_asked_for():
    kind = "CentralSystemRootCertificate"
    answer = OK | {"certificateHashData": [hashes()]}
    (kept,) = facts(V16, "GetInstalledCertificateIds", {"certificateType": kind}, answer)
    assert kept.key == f"{kind}:SHA256:aa:a1b"
    assert kept.content == {"certificateType": kind, "certificateHashData": hashes()}


@pytest.mark.parametrize(("status", "is_gone"), [("Accepted", True), ("NotFound", True), ("Failed", False)])
def test_a_deleted_certificate_is_gone_and_so_is_one_that_was_not_there(status, is_gone):
    asked = {"certificateHashData": hashes("a1b", "aa")}
    expected = [(Kind.CERTIFICATE, "gone", (f"{ROOT}:SHA256:aa:a1b",))] if is_gone else []
    assert told(V201, "DeleteCertificate", asked, {"status": status}, CERTIFICATES) == expected


def test_an_installed_certificate_is_known_by_its_pem_until_the_list_is_read():
    asked = {"certificateType": ROOT, "certificate": "pem"}
    (kept,) = facts(V201, "InstallCertificate", asked, OK)
    assert kept.key.startswith(f"{ROOT}:PEM:")
    assert (kept.state, kept.content) == ("Accepted", asked)
    assert facts(V201, "InstallCertificate", asked, {"status": "Rejected"}) == ()


def test_a_signed_certificate_is_kept_by_its_type_once_the_charger_took_it():
    (kept,) = facts(V16, "CertificateSigned", {"certificateChain": "pem"}, OK)
    assert (kept.key, kept.state) == ("ChargingStationCertificate", "Signed")
    asked = {"certificateChain": "pem", "certificateType": "V2GCertificate"}
    assert told(V201, "CertificateSigned", asked, OK) == [(Kind.CERTIFICATE, "V2GCertificate", None, "Signed")]
    assert facts(V201, "CertificateSigned", asked, {"status": "Rejected"}) == ()


# Display, monitoring, availability, network.


def test_display_messages_are_set_and_cleared_by_their_ids():
    message = {"id": 3, "priority": "AlwaysFront", "message": {"format": "UTF8", "content": "Hi"}}
    (kept,) = facts(V201, "SetDisplayMessage", {"message": message}, OK)
    assert (kept.kind, kept.key, kept.state, kept.content) == (Kind.DISPLAY_MESSAGE, "3", "Accepted", message)
    assert facts(V201, "SetDisplayMessage", {"message": message}, {"status": "NotSupportedPriority"}) == ()
    for status, gone in (("Accepted", [("3",)]), ("Unknown", [("3",)])):
        found = told(V201, "ClearDisplayMessage", {"id": 3}, {"status": status})
        assert [one[2] for one in found] == gone


def test_no_messages_means_none_only_where_all_were_asked_for():
    none = {"status": "Unknown"}
    assert told(V201, "GetDisplayMessages", {"requestId": 1}, none) == [(Kind.DISPLAY_MESSAGE, "gone", None)]
    assert facts(V201, "GetDisplayMessages", {"requestId": 1, "priority": "InFront"}, none) == ()
    assert facts(V201, "GetDisplayMessages", {"requestId": 1}, OK) == ()


def monitor(variable, value, **more):
    about = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": variable}}
    return about | {"type": "UpperThreshold", "severity": 5} | ({} if value is None else {"value": value}) | more


def test_monitors_get_the_charger_s_ids_and_keep_the_request_s_words():
    asked = {"setMonitoringData": [monitor("Power", 7), monitor("Current", 8), monitor("Voltage", 9)]}
    results = [
        monitor("Current", None, status="Accepted", id=41),
        monitor("Voltage", None, status="Rejected", id=43),
        monitor("Power", None, status="Accepted", id=42),
    ]
    kept = facts(V201, "SetVariableMonitoring", asked, {"setMonitoringResult": results})
    assert [(one.key, one.evse_id, one.content["value"], one.state) for one in kept] == [
        ("41", 1, 8, "Accepted"),
        ("42", 1, 7, "Accepted"),
    ]
    assert kept[0].content == monitor("Current", 8, id=41)


def test_two_monitors_of_a_kind_on_one_variable_are_two():
    asked = {"setMonitoringData": [monitor("Power", 7), monitor("Power", 8)]}
    results = [monitor("Power", None, status="Accepted", id=number) for number in (41, 42)]
    kept = facts(V201, "SetVariableMonitoring", asked, {"setMonitoringResult": results})
    assert [(one.key, one.content["value"]) for one in kept] == [("41", 7), ("42", 8)]


def test_monitors_are_cleared_each_for_itself():
    results = [
        {"id": number, "status": status} for number, status in ((1, "Accepted"), (2, "NotFound"), (3, "Rejected"))
    ]
    found = told(V201, "ClearVariableMonitoring", {"id": [1, 2, 3]}, {"clearMonitoringResult": results})
    assert found == [(Kind.MONITOR, "gone", ("1", "2"))]


@pytest.mark.parametrize(("base", "gone"), [("All", ()), ("FactoryDefault", ("1", "2")), ("HardWiredOnly", ("1", "2"))])
def test_another_base_ends_the_monitors_that_were_set_here(base, gone):
    custom = {"eventNotificationType": "CustomMonitor"}
    hard_wired = {"eventNotificationType": "HardWiredMonitor"}
    held = {"1": Record({}, 1, "Accepted"), "2": Record(custom), "3": Record(hard_wired), "4": Record({})}
    found = told(V201, "SetMonitoringBase", {"monitoringBase": base}, OK, {Kind.MONITOR: held})
    assert found == [(Kind.MONITORING, "base", None, "Accepted"), *([(Kind.MONITOR, "gone", gone)] if gone else [])]
    assert facts(V201, "SetMonitoringBase", {"monitoringBase": base}, {"status": "NotSupported"}) == ()


def test_the_level_of_monitoring_is_kept():
    (kept,) = facts(V201, "SetMonitoringLevel", {"severity": 4}, OK)
    assert (kept.kind, kept.key, kept.content) == (Kind.MONITORING, "level", {"severity": 4})


def test_an_empty_monitoring_report_means_none_only_where_all_were_asked_for():
    empty = {"status": "EmptyResultSet"}
    assert told(V201, "GetMonitoringReport", {"requestId": 1}, empty) == [(Kind.MONITOR, "gone", None)]
    narrowed = {"requestId": 1, "monitoringCriteria": ["DeltaMonitoring"]}
    assert facts(V201, "GetMonitoringReport", narrowed, empty) == ()
    assert facts(V201, "GetMonitoringReport", {"requestId": 1}, {"status": "NotSupported"}) == ()


@pytest.mark.parametrize(
    ("version", "asked", "key", "evse"),
    [
        (V16, {"connectorId": 0, "type": "Inoperative"}, "0:0", 0),
        (V16, {"connectorId": 2, "type": "Operative"}, "2:1", 2),
        (V201, {"operationalStatus": "Inoperative"}, "0:0", 0),
        (V201, {"operationalStatus": "Operative", "evse": {"id": 2}}, "2:0", 2),
        (V21, {"operationalStatus": "Operative", "evse": {"id": 2, "connectorId": 3}}, "2:3", 2),
    ],
)
@pytest.mark.parametrize("status", ["Accepted", "Scheduled"])
def test_what_was_asked_of_the_availability_is_kept_by_its_place(version, asked, key, evse, status):
    (kept,) = facts(version, "ChangeAvailability", asked, {"status": status})
    assert (kept.kind, kept.key, kept.evse_id, kept.state) == (Kind.AVAILABILITY, key, evse, status)
    assert kept.content == {"operationalStatus": asked.get("type") or asked["operationalStatus"]}
    assert facts(version, "ChangeAvailability", asked, {"status": "Rejected"}) == ()


def test_the_whole_station_of_1_6_is_every_connector():
    held = {Kind.AVAILABILITY: {"1:1": Record({}), "0:0": Record({})}}
    found = told(V16, "ChangeAvailability", {"connectorId": 0, "type": "Operative"}, OK, held)
    assert found[1:] == [(Kind.AVAILABILITY, "gone", ("1:1",))]
    assert len(facts(V201, "ChangeAvailability", {"operationalStatus": "Operative"}, OK, held)) == 1


def test_a_network_profile_is_kept_by_its_slot_without_its_passwords():
    data = {
        "ocppInterface": "Wired0",
        "ocppTransport": "JSON",
        "messageTimeout": 30,
        "ocppCsmsUrl": "wss://example.org",
        "securityProfile": 2,
        "basicAuthPassword": "0123456789abcdef",
        "apn": {"apn": "net", "apnAuthentication": "PAP", "apnPassword": "secret"},
    }
    (kept,) = facts(V21, "SetNetworkProfile", {"configurationSlot": 1, "connectionData": data}, OK)
    assert (kept.kind, kept.key, kept.content["ocppCsmsUrl"]) == (Kind.NETWORK_PROFILE, "1", "wss://example.org")
    assert "0123456789abcdef" not in str(kept.content)
    assert "secret" not in str(kept.content)
    asked = {"configurationSlot": 1, "connectionData": data}
    assert facts(V21, "SetNetworkProfile", asked, {"status": "Failed"}) == ()


# Firmware and logs.

FIRMWARE_2X = {"requestId": 8, "firmware": {"location": "https://u:p@h/f.bin", "retrieveDateTime": LATER}}
LOG = {"requestId": 8, "logType": "SecurityLog", "log": {"remoteLocation": "https://u:p@h/log"}}


def test_a_firmware_update_is_kept_by_its_number_without_credentials():
    (kept,) = facts(V201, "UpdateFirmware", FIRMWARE_2X, OK)
    assert (kept.kind, kept.key, kept.state) == (Kind.FIRMWARE, "8", "Accepted")
    assert kept.content == {"requestId": 8, "location": "https://[redacted]@h/f.bin", "retrieveDateTime": LATER}
    assert facts(V201, "UpdateFirmware", FIRMWARE_2X, {"status": "InvalidCertificate"}) == ()


def test_plain_1_6_says_yes_to_every_update_and_has_one_at_a_time():
    (kept,) = facts(V16, "UpdateFirmware", {"location": "ftp://h/f", "retrieveDate": LATER}, {})
    assert (kept.key, kept.content) == ("", {"location": "ftp://h/f", "retrieveDate": LATER})
    firmware = FIRMWARE_2X["firmware"] | {"signingCertificate": "pem", "signature": "s"}
    (kept,) = facts(V16, "SignedUpdateFirmware", {"requestId": 8, "firmware": firmware}, OK)
    assert (kept.key, sorted(kept.content)) == ("8", ["location", "requestId", "retrieveDateTime"])


@pytest.mark.parametrize(
    ("version", "action", "asked", "kind", "running"),
    [
        (V201, "GetLog", LOG, Kind.LOG, "Uploading"),
        (V16, "GetLog", LOG, Kind.LOG, "Accepted"),
        (V201, "UpdateFirmware", FIRMWARE_2X, Kind.FIRMWARE, "Downloading"),
    ],
)
def test_what_was_cancelled_by_a_new_request_has_failed(version, action, asked, kind, running):
    held = {kind: {"7": Record({"requestId": 7}, None, running, OTHER), "6": Record({}, None, "Uploaded", UUID(int=6))}}
    found = told(version, action, asked, {"status": "AcceptedCanceled"}, held)
    assert found == [
        (kind, "7", None, "AcceptedCanceled"),
        (OTHER, State.FAILED, {"state": "AcceptedCanceled", "cancelled_by": str(MINE)}),
        (kind, "8", None, "Accepted"),
    ]
    cancelled = facts(version, action, asked, {"status": "AcceptedCanceled"}, held)[0]
    assert (cancelled.content, cancelled.command_id) == ({"requestId": 7}, OTHER)


def test_a_request_of_the_same_number_cancels_nothing_but_replaces():
    held = {Kind.LOG: {"8": Record({"requestId": 8}, None, "Uploading", OTHER)}}
    assert told(V201, "GetLog", LOG, {"status": "AcceptedCanceled"}, held) == [(Kind.LOG, "8", None, "Accepted")]


def test_a_status_that_came_before_the_answer_stays():
    held = {Kind.LOG: {"8": Record({"requestId": 8, "status": "Uploading"}, None, "Uploading", MINE)}}
    (kept,) = facts(V201, "GetLog", LOG, OK | {"filename": "a.log"}, held)
    assert (kept.state, kept.content["filename"], kept.content["logType"]) == ("Uploading", "a.log", "SecurityLog")


def test_diagnostics_have_a_name_or_there_is_nothing_to_send():
    asked = {"location": "ftp://h/"}
    (kept,) = facts(V16, "GetDiagnostics", asked, {"fileName": "a.zip"})
    assert (kept.kind, kept.key, kept.state) == (Kind.DIAGNOSTICS, "", "Accepted")
    assert kept.content == {"location": "ftp://h/", "fileName": "a.zip"}
    assert told(V16, "GetDiagnostics", asked, {}) == [(Kind.DIAGNOSTICS, "", None, "NothingToSend")]


def test_published_firmware_is_unpublished_by_its_checksum():
    asked = {"requestId": 8, "location": "https://h/f", "checksum": "AB"}
    (kept,) = facts(V201, "PublishFirmware", asked, OK)
    assert (kept.kind, kept.key, kept.content) == (Kind.FIRMWARE_PUBLICATION, "8", asked)
    held = {kept.kind: {"8": Record(asked, None, "Published", OTHER), "9": Record({"checksum": "CD"})}}
    for status, expected in (
        ("Unpublished", [(kept.kind, "8", None, "Unpublished")]),
        ("NoFirmware", [(kept.kind, "8", None, "Unpublished")]),
        ("DownloadOngoing", []),
    ):
        assert told(V201, "UnpublishFirmware", {"checksum": "ab"}, {"status": status}, held) == expected
