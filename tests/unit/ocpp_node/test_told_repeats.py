"""What is said again in the same words is told once, where the words carry a time of their own."""

import pytest

from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
AT = "2026-01-01T11:59:00Z"
EVENT = {
    "eventId": 1,
    "timestamp": AT,
    "trigger": "Delta",
    "actualValue": "1",
    "eventNotificationType": "CustomMonitor",
    "component": {"name": "C"},
    "variable": {"name": "V"},
}
SETTLED = {"pspRef": "p", "status": "Settled", "settlementAmount": 1}
TIMED = [
    (V16, "SecurityEventNotification", "timestamp", {"type": "ResetOrReboot"}),
    (V201, "SecurityEventNotification", "timestamp", {"type": "ResetOrReboot"}),
    (V201, "NotifyEvent", "generatedAt", {"seqNo": 0, "eventData": [EVENT]}),
    (V201, "NotifyReport", "generatedAt", {"seqNo": 0, "requestId": 1}),
    (V201, "NotifyMonitoringReport", "generatedAt", {"seqNo": 0, "requestId": 1}),
    (V201, "NotifyCustomerInformation", "generatedAt", {"seqNo": 0, "requestId": 1, "data": "x"}),
    (V21, "NotifyDERAlarm", "timestamp", {"controlType": "VoltVar"}),
    (V21, "NotifyDERStartStop", "timestamp", {"controlId": "c", "started": True}),
    (V21, "NotifySettlement", "settlementTime", SETTLED),
]


@pytest.mark.parametrize(("version", "action", "field", "payload"), TIMED)
def test_the_same_words_are_told_once_and_answered_alike(ask, base, version, action, field, payload):
    told = payload | {field: AT}
    (first,) = base.group(ask(version, action, told))
    (again,) = base.group(ask(version, action, told, minutes=3))
    assert (first.is_repeat, bool(first.facts)) == (False, True)
    assert (again.is_repeat, again.facts, again.reply) == (True, (), first.reply)


@pytest.mark.parametrize(("version", "action", "field", "payload"), TIMED)
def test_another_time_is_another_event(ask, base, version, action, field, payload):
    base.group(ask(version, action, payload | {field: AT}))
    (other,) = base.group(ask(version, action, payload | {field: "2026-01-01T11:59:01Z"}, minutes=3))
    assert other.facts


@pytest.mark.parametrize(("version", "action", "field", "payload"), TIMED)
def test_without_a_clock_the_same_words_may_be_another_event(ask, base, version, action, field, payload):
    told = payload | {field: "1970-01-01T00:00:10Z"}
    base.group(ask(version, action, told))
    (other,) = base.group(ask(version, action, told, minutes=3))
    assert (other.is_repeat, bool(other.facts)) == (False, True)


@pytest.mark.parametrize(
    ("version", "action", "payload"),
    [
        (V16, "FirmwareStatusNotification", {"status": "Downloading"}),
        (V16, "SignCertificate", {"csr": "PEM"}),
        (V16, "DataTransfer", {"vendorId": "x"}),
        (V201, "ClearedChargingLimit", {"chargingLimitSource": "EMS"}),
    ],
)
def test_what_has_no_time_may_be_said_twice_and_means_it(ask, base, version, action, payload):
    base.group(ask(version, action, payload))
    (again,) = base.group(ask(version, action, payload, minutes=1))
    assert not again.is_repeat
