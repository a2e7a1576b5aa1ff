"""Sessions of chargers that name things oddly: no transaction id, padded tokens, reservations that are used."""

import json

import pytest

from voltring_core.domain.messages import TokenStatus
from voltring_core.domain.transactions import TransactionState
from voltring_core.ocpp.versions import Version
from voltring_node.facts import GoneFact, RecordFact
from voltring_node.knowledge import KnownToken, Record

V16, V201, V21 = Version


def test_a_charger_that_names_none_of_its_transactions_has_one_that_ends(event, base):
    nameless = {"transactionInfo": {"transactionId": ""}, "evse": {"id": 1, "connectorId": 1}}
    base.group(event("Started", 0, **nameless))
    base.group(event("Updated", 1, minutes=5, **nameless))
    base.group(event("Ended", 2, minutes=10, **nameless))
    (session,) = base.sessions()
    assert session.state is TransactionState.ENDED


@pytest.mark.parametrize("shown", ["CARD", " CARD ", "CARD\0\0"])
def test_a_token_is_known_without_what_a_reader_pads_it_with(ask, base, answer, shown):
    base.known.tokens["card"] = KnownToken("CARD", TokenStatus.ACCEPTED, None, None)
    (decided,) = base.group(ask(V16, "Authorize", {"idTag": shown}))
    assert answer(decided)["idTagInfo"]["status"] == "Accepted"


def test_a_payment_at_the_terminal_needs_no_registration(event, base, answer):
    shown = {"idToken": {"idToken": "psp-1", "type": "DirectPayment"}}
    (decided,) = base.group(event("Started", 0, version=V21, **shown))
    assert answer(decided)["idTokenInfo"]["status"] == "Accepted"


@pytest.mark.parametrize("version", [V16, V201])
def test_a_reservation_that_a_session_names_is_used(start16, event, base, version):
    base.known.records["CP-1", "Reservation"] = {"7": Record({"id": 7}, 1, "Accepted")}
    begun = start16(reservationId=7) if version is V16 else event("Started", 0, reservationId=7)
    (decided,) = base.group(begun)
    (used,) = [fact for fact in decided.facts if isinstance(fact, RecordFact)]
    assert (used.key, used.state, used.evse_id) == ("7", "Used", 1)
    assert used.content["id"] == 7
    assert used.content["transactionId"] == base.sessions()[0].ocpp_transaction_id


def test_a_session_that_names_no_known_reservation_changes_none(start16, base):
    (decided,) = base.group(start16(reservationId=8))
    assert not [fact for fact in decided.facts if isinstance(fact, RecordFact)]


@pytest.mark.parametrize("value", ["", "NaN", "abc"])
def test_a_value_that_is_no_number_is_flagged(ask, base, value):
    meter = [{"timestamp": "2026-01-01T12:00:00Z", "sampledValue": [{"value": value}]}]
    (decided,) = base.group(ask(V16, "MeterValues", {"connectorId": 1, "meterValue": meter}))
    assert decided.flags == ("unreadable_value",)
    assert json.loads(decided.reply)[2] == {}


@pytest.mark.parametrize("word", ["Charging", "Preparing", "SuspendedEV", "Finishing"])
def test_a_2x_connector_may_use_the_words_of_1_6(ask, base, word):
    status = {"timestamp": "2026-01-01T12:00:00Z", "connectorStatus": word, "evseId": 1, "connectorId": 1}
    (decided,) = base.group(ask(V201, "StatusNotification", status))
    assert decided.facts[0].status.status == "Occupied"
    assert decided.asked.message.flags


def test_a_report_without_numbers_and_time_is_kept(ask, base):
    data = [{"component": {"name": "C"}, "variable": {"name": "V"}, "variableAttribute": [{"value": "1"}]}]
    for number in range(2):
        part = {"requestId": 1, "reportData": data, "tbc": number == 0}
        (decided,) = base.group(ask(V201, "NotifyReport", part, message_id=str(number)))
        assert json.loads(decided.reply)[2] == {}
    (report,) = base.known.reports.values()
    assert (report.state.value, report.seqs) == ("Complete", (0, 1))


def test_a_profile_that_was_for_one_session_ends_with_it(event, base):
    profiles = {
        "1": Record({"chargingProfilePurpose": "TxProfile", "transactionId": "tx"}, 1),
        "2": Record({"chargingProfilePurpose": "TxProfile", "transactionId": "another"}, 1),
        "3": Record({"chargingProfilePurpose": "TxDefaultProfile"}, 1),
        "4": Record({"chargingProfilePurpose": "TxProfile"}, 1),
    }
    base.known.records["CP-1", "ChargingProfile"] = profiles
    base.group(event("Started", 0, evse={"id": 1}))
    (decided,) = base.group(event("Ended", 1, minutes=10, evse={"id": 1}))
    (gone,) = [fact for fact in decided.facts if isinstance(fact, GoneFact)]
    assert (gone.kind.value, gone.keys) == ("ChargingProfile", ("1", "4"))
