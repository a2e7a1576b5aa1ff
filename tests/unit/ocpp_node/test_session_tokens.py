"""What the handlers make of the tokens of sessions: concurrent ones, groups, strangers, reservations."""

import pytest

from voltring_core.domain.authorization import Concurrency
from voltring_core.domain.kinds import RecordKind
from voltring_core.domain.messages import TokenStatus
from voltring_core.ocpp.versions import Version
from voltring_node.deciding import needs
from voltring_node.facts import RecordFact
from voltring_node.knowledge import Record

V16, V201, V21 = Version
CARD, OTHER = {"idToken": "CARD", "type": "ISO14443"}, {"idToken": "OTHER", "type": "ISO14443"}
ONCE, IN_GROUP = {"concurrent": Concurrency.REFUSED}, {"concurrent": Concurrency.REFUSED_IN_GROUP}


def status(payload):
    info = payload.get("idTagInfo") or payload["idTokenInfo"]
    return info["status"]


def of(base, charger="CP-1"):
    return base.sessions(charger)[-1]


@pytest.mark.parametrize(
    ("more", "told"),
    [({}, "Accepted"), ({"concurrent": Concurrency.ALLOWED}, "Accepted"), (ONCE, "ConcurrentTx")],
)
def test_a_token_that_charges_at_another_charger_is_told_by_its_policy(base, start16, answer, more, told):
    base.register("CARD", **more)
    base.group(start16(charger="CP-2", tag="card"))
    (decided,) = base.group(start16(minutes=10))
    assert answer(decided) == {"transactionId": 2, "idTagInfo": {"status": told}}
    assert of(base).state == "Active"
    assert of(base).flags == (() if told == "Accepted" else ("concurrent_token", "token_refused"))
    assert of(base, "CP-2").flags == ()


def test_two_starts_of_one_group_of_messages_are_told_apart(base, start16, answer):
    base.register("CARD", **ONCE)
    first, second = base.group(start16(charger="CP-2"), start16())
    assert (status(answer(first)), status(answer(second))) == ("Accepted", "ConcurrentTx")


def test_a_start_on_another_connector_of_the_same_charger_is_a_second_one_and_one_on_the_same_is_not(
    base, start16, answer
):
    base.register("CARD", **ONCE)
    base.group(start16())
    (beside,) = base.group(start16(connector=2, minutes=5))
    assert status(answer(beside)) == "ConcurrentTx"
    base.register("CARD2", **ONCE)
    base.group(start16(tag="CARD2", connector=3, minutes=5))
    (instead,) = base.group(start16(tag="CARD2", connector=3, minutes=10, meter=2000))
    assert status(answer(instead)) == "Accepted"


def test_a_repeated_start_is_never_concurrent_with_itself_nor_with_what_began_since(base, start16, stop16, answer):
    base.register("CARD", **ONCE)
    (first,) = base.group(start16())
    base.group(start16(charger="CP-2", minutes=1))
    for again in (start16(message_id="again"), start16(message_id="later", received=3)):
        base.replies.clear()  # what it was told is known by the session alone
        (repeat,) = base.group(again)
        assert answer(repeat) == answer(first)
    base.group(stop16(1, minutes=5))
    base.replies.clear()
    (after,) = base.group(start16(message_id="after its end", received=6))
    assert answer(after) == answer(first)


def test_a_start_that_was_refused_gets_the_same_answer_when_it_is_repeated_after_the_other_one_is_over(
    base, start16, stop16, answer
):
    base.register("CARD", **ONCE)
    base.group(start16(charger="CP-2"))
    (first,) = base.group(start16(minutes=1))
    base.group(stop16(1, charger="CP-2", minutes=2))
    base.replies.clear()
    (repeat,) = base.group(start16(minutes=1, message_id="again", received=3))
    assert answer(repeat) == answer(first)
    assert status(answer(first)) == "ConcurrentTx"


def test_a_start_is_accepted_once_the_other_session_is_over(base, start16, stop16, answer):
    base.register("CARD", **ONCE)
    base.group(start16(charger="CP-2"))
    base.group(stop16(1, charger="CP-2", minutes=2))
    (decided,) = base.group(start16(minutes=3))
    assert status(answer(decided)) == "Accepted"


def test_a_start_from_the_chargers_queue_is_not_concurrent(base, start16, event, answer):
    base.register("CARD", **ONCE)
    base.group(start16(charger="CP-2"))
    (late,) = base.group(start16(minutes=0, received=60))
    (queued,) = base.group(event("Started", 0, minutes=60, offline=True, idToken=CARD, charger="CP-3"))
    assert (status(answer(late)), status(answer(queued))) == ("Accepted", "Accepted")
    assert of(base).flags == ()


@pytest.mark.parametrize("version", [V201, V21])
def test_a_2x_session_is_concurrent_by_whichever_event_brings_its_token(base, start16, event, answer, version):
    base.register("CARD", **ONCE)
    base.group(start16(charger="CP-2"))
    (begun,) = base.group(event("Started", 0, version=version, minutes=1))
    assert answer(begun) == {}
    (told,) = base.group(event("Updated", 1, version=version, minutes=2, idToken=CARD, triggerReason="Authorized"))
    assert answer(told)["idTokenInfo"]["status"] == "ConcurrentTx"
    assert of(base).flags == ("concurrent_token", "token_refused")
    (again,) = base.group(event("Updated", 2, version=version, minutes=3, idToken=CARD, triggerReason="Authorized"))
    assert answer(again) == answer(told)
    (ended,) = base.group(event("Ended", 3, version=version, minutes=4, idToken=CARD))
    assert answer(ended)["idTokenInfo"]["status"] == "Accepted"


def test_one_of_a_group_that_charges_keeps_the_others_from_charging_where_the_group_counts_as_one(
    base, start16, answer
):
    for token in ("CARD", "OTHER", "THIRD"):
        base.register(token, group_id_token="FLEET", **IN_GROUP)
    base.register("STRANGER", group_id_token="ELSE", **IN_GROUP)
    base.group(start16(tag="OTHER", charger="CP-2"))
    own, stranger = base.group(start16(), start16(tag="STRANGER", connector=2))
    assert answer(own)["idTagInfo"] == {"status": "ConcurrentTx", "parentIdTag": "FLEET"}
    assert answer(stranger)["idTagInfo"]["status"] == "Accepted"


@pytest.mark.parametrize(("charger", "told"), [("CP-2", "Accepted"), ("CP-1", "ConcurrentTx")])
def test_authorize_is_concurrent_only_at_another_charger_for_here_it_may_be_shown_to_stop(
    base, ask, start16, answer, charger, told
):
    base.register("CARD", **ONCE)
    base.group(start16(charger="CP-2"))
    (decided,) = base.group(ask(V16, "Authorize", {"idTag": "CARD"}, charger=charger))
    assert status(answer(decided)) == told
    (decided,) = base.group(ask(V201, "Authorize", {"idToken": CARD}, charger=charger))
    assert status(answer(decided)) == told


@pytest.mark.parametrize(
    ("registered", "told"),
    [(TokenStatus.BLOCKED, "Blocked"), (TokenStatus.EXPIRED, "Expired"), (None, "Invalid"), (TokenStatus.ACCEPTED, "")],
)
def test_a_session_whose_token_was_refused_says_so(base, start16, registered, told):
    if registered is not None:
        base.register("CARD", registered)
    base.group(start16())
    assert of(base).flags == (("token_refused",) if told else ())


@pytest.mark.parametrize(
    ("shown", "group", "flags"),
    [
        ("card", None, ()),
        ("OTHER", "FLEET", ()),
        ("OTHER", "ELSE", ("stopped_by_other",)),
        ("OTHER", None, ("stopped_by_other",)),
        ("NOBODY", None, ("stopped_by_other",)),
    ],
)
def test_a_stop_keeps_its_token_and_one_by_a_strangers_is_flagged_in_each_version(
    base, start16, stop16, event, answer, shown, group, flags
):
    base.register("CARD", group_id_token="FLEET")
    base.register("OTHER", group_id_token=group)
    base.group(start16())
    (stopped,) = base.group(stop16(1, idTag=shown))
    assert (of(base).state, of(base).stop_id_token, of(base).flags) == ("Ended", shown, flags)
    assert "idTagInfo" in answer(stopped)
    token = {"idToken": shown, "type": "ISO14443"}
    base.group(event("Started", 0, charger="CP-2", idToken=CARD))
    base.group(event("Ended", 1, charger="CP-2", minutes=5, idToken=token))
    assert (of(base, "CP-2").id_token, of(base, "CP-2").stop_id_token) == ("CARD", shown)
    assert set(of(base, "CP-2").flags) - {"no_meter_stop"} == set(flags)


def test_a_token_that_is_shown_to_stop_in_an_update_is_the_stops_unless_the_end_names_its_own(base, event):
    base.register("CARD")
    base.group(event("Started", 0, idToken=CARD))
    base.group(event("Updated", 1, minutes=2, idToken=OTHER, triggerReason="StopAuthorized"))
    assert (of(base).stop_id_token, of(base).flags) == ("OTHER", ("stopped_by_other",))
    base.group(event("Ended", 2, minutes=3))
    assert of(base).stop_id_token == "OTHER"


def test_the_ends_own_token_is_the_stops_whatever_comes_late(base, event):
    base.register("CARD")
    base.group(event("Started", 0, idToken=CARD))
    base.group(event("Updated", 2, minutes=2, idToken=OTHER, triggerReason="StopAuthorized"))
    base.group(event("Ended", 3, minutes=3, idToken=CARD))
    assert of(base).stop_id_token == "CARD"
    base.group(event("Updated", 1, minutes=1, idToken=OTHER, triggerReason="StopAuthorized"))
    assert of(base).stop_id_token == "CARD"


def test_a_stop_that_is_repeated_with_another_token_does_not_accuse_anybody(base, start16, stop16):
    base.register("CARD")
    base.group(start16())
    base.group(stop16(1, idTag="CARD"))
    base.group(stop16(1, idTag="OTHER", meter=6001))
    assert (of(base).stop_id_token, of(base).flags) == ("CARD", ())


def reserve(base, key="7", evse=1, state="Accepted", charger="CP-1", **content):
    held = base.known.records.setdefault((charger, RecordKind.RESERVATION), {})
    held[key] = Record({"reservationId": int(key), "expiryDate": "2026-01-01T13:00:00Z"} | content, evse, state)


def used(decided):
    return [(fact.key, fact.state) for fact in decided.facts if isinstance(fact, RecordFact)]


@pytest.mark.parametrize(
    ("reservation", "tag", "found", "flags"),
    [
        ({"idTag": "CARD"}, "card", [("7", "Used")], ()),
        ({"idTag": "OTHER", "parentIdTag": "FLEET"}, "CARD", [("7", "Used")], ()),
        ({"idTag": "OTHER", "parentIdTag": "ELSE"}, "CARD", [], ("reserved_for_other",)),
        ({"idTag": "OTHER"}, "CARD", [], ("reserved_for_other",)),
        ({"idTag": "OTHER", "evse": 0}, "CARD", [], ()),
        ({"idTag": "OTHER", "state": "Expired"}, "CARD", [], ()),
        ({"idTag": "OTHER", "expiryDate": "2026-01-01T11:00:00Z"}, "CARD", [], ()),
        ({"idTag": "CARD", "evse": 0}, "CARD", [("7", "Used")], ()),
        ({"idToken": {"idToken": "CARD", "type": "Central"}}, "CARD", [("7", "Used")], ()),
        (
            {"idToken": {"idToken": "X", "type": "Central"}, "groupIdToken": {"idToken": "fleet", "type": "Central"}},
            "CARD",
            [("7", "Used")],
            (),
        ),
    ],
)
def test_a_start_without_a_reservation_id_uses_the_one_of_its_token_and_is_flagged_on_anothers(
    base, start16, event, reservation, tag, found, flags
):
    base.register("CARD", group_id_token="FLEET")
    reserve(base, **reservation)
    reserve(base, charger="CP-2", **reservation)
    (decided,) = base.group(start16(tag=tag))
    assert (used(decided), of(base).flags) == (found, flags)
    base.group(event("Started", 0, charger="CP-2", evse={"id": 1}))
    (told,) = base.group(event("Updated", 1, charger="CP-2", idToken={"idToken": tag, "type": "ISO14443"}))
    assert (used(told), of(base, "CP-2").flags) == (found, flags)


def test_a_start_that_names_its_reservation_uses_that_one_and_a_queued_start_no_other(base, start16):
    base.register("CARD")
    reserve(base, "7", idTag="OTHER")
    reserve(base, "8", idTag="CARD")
    (named,) = base.group(start16(reservationId=7))
    assert (used(named), of(base).flags) == ([("7", "Used")], ())
    (late,) = base.group(start16(connector=1, minutes=0, received=30, meter=5))
    assert (used(late), of(base).flags) == ([], ())


def test_a_reservation_that_is_made_while_a_session_runs_makes_it_no_stranger(base, event):
    base.register("CARD")
    base.group(event("Started", 0, evse={"id": 1}, idToken=CARD))
    reserve(base, idTag="OTHER")
    base.group(event("Updated", 1, minutes=1, idToken=CARD))
    assert of(base).flags == ()


def test_readings_ask_for_no_token_and_no_reservation(ask, event):
    metered = {"connectorId": 1, "transactionId": 1, "meterValue": []}
    values = [{"timestamp": "2026-01-01T12:00:00Z", "sampledValue": [{"value": "1"}]}]
    of_16, of_2x = ask(V16, "MeterValues", metered | {"meterValue": values}), event("Updated", 1)
    for wanted in (needs([of_16]), needs([of_2x])):
        asked = (wanted.tokens, wanted.elsewhere, wanted.stopped, wanted.records, wanted.commands)
        assert not any(asked)
