"""One charger's exchange: both directions independent, one CALL of ours at a time, late answers matched."""

import json
from base64 import b64encode, urlsafe_b64encode

import pytest

from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import (
    DEEP,
    LATE_KEPT,
    SIGNED,
    Answered,
    Called,
    Conversation,
    Refused,
    Sent,
    Stray,
)
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
ALL = pytest.mark.parametrize("version", Version)


@pytest.fixture
def talk():
    return Conversation(V201)


def test_a_call_of_ours_is_written_and_its_answer_closes_it(talk):
    assert json.loads(talk.call("m1", "Reset", {"type": "OnIdle"}, 30.0)) == [2, "m1", "Reset", {"type": "OnIdle"}]
    answer = talk.receive('[3,"m1",{"status":"Accepted"}]')
    assert isinstance(answer, Answered)
    assert (answer.call.action, answer.payload, answer.code, answer.late) == (
        "Reset",
        {"status": "Accepted"},
        "",
        False,
    )
    assert talk.outstanding is None


def test_a_second_call_while_one_is_open_is_refused_to_the_caller(talk):
    talk.call("m1", "Reset", {}, 30.0)
    with pytest.raises(RuntimeError, match="TR-22"):
        talk.call("m2", "Reset", {}, 30.0)
    assert talk.outstanding.message_id == "m1"


def test_the_chargers_call_is_read_and_answered_while_ours_is_open(talk):
    talk.call("m1", "RequestStartTransaction", {}, 30.0)
    called = talk.receive('[2,"m1","Authorize",{}]')
    assert called == Called("m1", "Authorize", {})
    assert json.loads(talk.answer("m1", {"status": "Accepted"})) == [3, "m1", {"status": "Accepted"}]
    assert talk.outstanding is not None
    assert isinstance(talk.receive('[3,"m1",{}]'), Answered)


def test_a_call_error_is_an_answer_with_a_code(talk):
    talk.call("m1", "Reset", {}, 30.0)
    answer = talk.receive('[4,"m1","NotSupported","no",{"x":1}]')
    assert isinstance(answer, Answered)
    assert (answer.code, answer.description, answer.payload) == ("NotSupported", "no", {"x": 1})


def test_an_answer_to_no_call_is_dropped_and_leaves_ours_open(talk):
    talk.call("m1", "Reset", {}, 30.0)
    for text in ('[3,"other",{}]', '[4,"other","GenericError","",{}]', "[3,1,{}]"):
        event = talk.receive(text)
        assert isinstance(event, Stray)
        assert (event.malformed, event.reply) == (False, None)
    assert talk.outstanding.message_id == "m1"


def test_a_call_expires_only_at_its_deadline(talk):
    assert talk.expire(0.0) is None
    talk.call("m1", "Reset", {}, 30.0)
    assert talk.expire(29.9) is None
    assert talk.expire(30.0).message_id == "m1"
    assert talk.outstanding is None


def test_a_late_answer_is_matched_once_and_the_next_call_stays_open(talk):
    talk.call("m1", "GetReport", {}, 30.0)
    talk.expire(30.0)
    talk.call("m2", "Reset", {}, 60.0)
    late = talk.receive('[3,"m1",{"status":"Accepted"}]')
    assert isinstance(late, Answered)
    assert (late.late, late.call.action) == (True, "GetReport")
    assert talk.outstanding.message_id == "m2"
    assert isinstance(talk.receive('[3,"m1",{}]'), Stray)


def test_only_the_newest_expired_calls_are_remembered(talk):
    for number in range(LATE_KEPT + 5):
        talk.call(f"m{number}", "Reset", {}, 1.0)
        talk.expire(1.0)
    assert isinstance(talk.receive('[3,"m4",{}]'), Stray)
    assert isinstance(talk.receive('[3,"m5",{}]'), Answered)
    assert isinstance(talk.receive(f'[3,"m{LATE_KEPT + 4}",{{}}]'), Answered)


def test_a_send_of_21_asks_for_no_answer():
    event = Conversation(V21).receive('[6,"s","NotifyPeriodicEventStream",{"id":1}]')
    assert event == Sent("s", "NotifyPeriodicEventStream", {"id": 1})


def test_a_refusal_of_our_answer_is_an_event_of_its_own_and_closes_nothing():
    talk = Conversation(V21)
    talk.call("m1", "Reset", {}, 30.0)
    event = talk.receive('[5,"s","FormatViolation","bad",{"a":1}]')
    assert event == Refused("s", "FormatViolation", "bad", {"a": 1})
    assert "FormatViolation" in event.reason
    assert talk.outstanding.message_id == "m1"


def test_a_faulty_result_is_refused_only_in_21():
    frame = Conversation(V21).refuse_result("m1", Code.OCCURRENCE, "status: is missing")
    assert json.loads(frame) == [5, "m1", "OccurrenceConstraintViolation", "status: is missing", {}]
    assert Conversation(V201).refuse_result("m1", Code.OCCURRENCE, "") is None
    assert Conversation(V16).refuse_result("m1", Code.OCCURRENCE, "") is None


def jws(payload, **more):
    encoded = urlsafe_b64encode(payload if isinstance(payload, bytes) else json.dumps(payload).encode()).decode()
    return {"payload": encoded.rstrip("="), "protected": "e30", "signature": "AA", **more}


@ALL
@pytest.mark.parametrize("inner", [{"a": "\u00ff\u20ac?>"}, {}, None])
def test_a_signed_call_is_unwrapped_and_flagged(version, inner):
    text = json.dumps([2, "7", "MeterValues-Signed", jws(inner)])
    assert Conversation(version).receive(text) == Called("7", "MeterValues", inner or {}, (SIGNED,))


def test_a_signed_call_with_padding_or_the_standard_alphabet_is_unwrapped():
    encoded = b64encode(json.dumps({"a": "\u00ff\u00fe?>~"}, ensure_ascii=False).encode()).decode()
    text = json.dumps([2, "7", "X-Signed", {"payload": encoded, "signature": ""}])
    assert Conversation(V201).receive(text) == Called("7", "X", {"a": "\u00ff\u00fe?>~"}, (SIGNED,))


def test_a_signed_send_is_unwrapped_and_a_broken_one_is_not_answered():
    talk = Conversation(V21)
    text = json.dumps([6, "7", "NotifyPeriodicEventStream-Signed", jws({"id": 1})])
    assert talk.receive(text) == Sent("7", "NotifyPeriodicEventStream", {"id": 1}, (SIGNED,))
    broken = talk.receive('[6,"7","X-Signed",{}]')
    assert isinstance(broken, Stray)
    assert broken.reply is None


@ALL
@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"payload": 1, "signature": ""},
        {"payload": "e30"},
        {"payload": "e30", "signature": 1},
        {"payload": "!", "signature": ""},
        {"payload": "\u00e4\u00e4\u00e4\u00e4", "signature": ""},
        jws(b"\xff\xfe"),
        jws(b"{"),
        jws([1]),
        jws("text"),
        jws(b"[" * 5000),
    ],
)
def test_a_jws_that_cannot_be_read_is_refused_under_its_id(version, payload):
    event = Conversation(version).receive(json.dumps([2, 7, "MeterValues-Signed", payload]))
    assert isinstance(event, Stray)
    assert json.loads(event.reply)[:3] == [4, 7, "FormatViolation" if version.is_2x else "FormationViolation"]


@ALL
@pytest.mark.parametrize("action", ["metervalues", "MeterValuesRequest", "MeterValues-signed"])
def test_an_action_is_taken_letter_by_letter(version, action):
    assert Conversation(version).receive(json.dumps([2, "7", action, {}])) == Called("7", action, {})


def test_an_answer_is_matched_by_its_id_whatever_json_type_it_comes_back_as(talk):
    talk.call("17", "Reset", {}, 30.0)
    assert isinstance(talk.receive('[3,17,{"status":"Accepted"}]'), Answered)
    talk.call("18", "Reset", {}, 30.0)
    talk.expire(30.0)
    late = talk.receive("[4,18]")
    assert isinstance(late, Answered)
    assert late.late


@pytest.mark.parametrize("text", ["[3,1e400,{}]", "[3,17.0,{}]", "[4,18446744073709551616]", '[3,"",null]', "[3,-0.0]"])
def test_an_answer_under_a_strange_id_is_dropped_and_leaves_ours_open(talk, text):
    talk.call("m1", "Reset", {}, 30.0)
    assert isinstance(talk.receive(text), Stray)
    assert talk.outstanding.message_id == "m1"


@ALL
def test_a_message_that_was_nested_too_deep_is_flagged_and_a_signed_one_is_cut_too(version):
    deep = '{"a":' * 300 + "1" + "}" * 300
    called = Conversation(version).receive(f'[2,"1","MeterValues",{deep}]')
    assert isinstance(called, Called)
    assert called.flags == (DEEP,)
    signed = Conversation(version).receive(json.dumps([2, "1", "MeterValues-Signed", jws(deep.encode())]))
    assert isinstance(signed, Called)
    assert json.dumps(signed.payload).count("{") == 129


@ALL
def test_an_empty_frame_is_neither_answered_nor_counted(version):
    assert Conversation(version).receive("") == Stray("an empty frame", malformed=False)


@pytest.mark.parametrize(
    ("spelt", "code"),
    [
        ("FormationViolation", Code.FORMAT),
        ("FormatViolation", Code.FORMAT),
        ("OccurenceConstraintViolation", Code.OCCURRENCE),
        ("OccurrenceConstraintViolation", Code.OCCURRENCE),
        ("notimplemented", Code.NOT_IMPLEMENTED),
        (" RpcFrameworkError ", Code.RPC),
        ("VendorTrouble", None),
    ],
)
@ALL
def test_a_call_error_is_understood_in_every_spelling(version, spelt, code):
    talk = Conversation(version)
    talk.call("m1", "Reset", {}, 30.0)
    answer = talk.receive(json.dumps([4, "m1", spelt, "", {}]))
    assert isinstance(answer, Answered)
    assert (answer.code, answer.meaning) == (spelt, code)


@pytest.mark.parametrize(
    ("version", "text", "reply"),
    [
        (V16, "{", None),
        (V201, "{", ["-1", "RpcFrameworkError"]),
        (V21, "{", ["-1", "RpcFrameworkError"]),
        (V16, '[2,"5","Heartbeat"]', ["5", "FormationViolation"]),
        (V201, '[2,"5","Heartbeat"]', ["5", "RpcFrameworkError"]),
        (V16, '["9","5"]', None),
        (V201, '[9,"5"]', ["5", "MessageTypeNotSupported"]),
        (V21, '["9","5"]', None),
        (V16, '[2,5,"Heartbeat",[]]', [5, "FormationViolation"]),
        (V201, '[2,5,"Heartbeat",[]]', [5, "FormatViolation"]),
    ],
)
def test_a_malformed_frame_gets_what_its_version_prescribes(version, text, reply):
    event = Conversation(version).receive(text)
    assert isinstance(event, Stray)
    assert event.malformed
    assert (None if event.reply is None else json.loads(event.reply)[1:3]) == reply


@ALL
def test_a_reply_never_repeats_unreadable_text(version):
    event = Conversation(version).receive('{"secret')
    assert isinstance(event, Stray)
    assert "secret" not in (event.reply or "")


@ALL
def test_a_refusal_is_spelt_as_the_version_spells_it(version):
    frame = json.loads(Conversation(version).refuse("1", Code.OCCURRENCE, "connectorId: is missing", {"a": 1}))
    spelt = "OccurrenceConstraintViolation" if version.is_2x else "ProtocolError"
    assert frame == [4, "1", spelt, "connectorId: is missing", {"a": 1}]


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize(
    "botched", ['[3,"ID",{"configurationKey":[', '[3,"ID","Accepted"]', '[4,"ID",', '[3,"ID",[1,2]]']
)
def test_an_answer_that_cannot_be_read_ends_the_call_that_it_names(version, botched):
    conversation = Conversation(version)
    conversation.call("ID", "GetConfiguration", {}, deadline=30)
    answered = conversation.receive(botched)
    assert isinstance(answered, Answered)
    assert (answered.call.message_id, answered.code, conversation.outstanding) == ("ID", "FormatViolation", None)


@pytest.mark.parametrize("text", ['[3,"OTHER",{', '[2,"ID","Heartbeat"', "ID", '{"id":"ID"}'])
def test_what_is_no_answer_to_our_call_leaves_it_open(text):
    conversation = Conversation(Version.V16)
    conversation.call("ID", "GetConfiguration", {}, deadline=30)
    assert isinstance(conversation.receive(text), Stray)
    assert conversation.outstanding is not None
