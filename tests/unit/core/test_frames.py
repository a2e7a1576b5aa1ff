"""One frame in, one frame out: what is read, what is refused, and under which id (TR-11..TR-20)."""

import json

import pytest

from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.frames import (
    Frame,
    Malformed,
    MessageType,
    encode_again,
    encode_call,
    encode_error,
    encode_result,
    encode_result_error,
    encode_send,
    parse,
    without_empty,
)
from voltring_core.ocpp.versions import Version

V16, V201, V21 = Version
ALL = pytest.mark.parametrize("version", Version)


def malformed(text, version):
    found = parse(text, version)
    assert isinstance(found, Malformed), found
    return found.message_id, found.code


@ALL
def test_a_call_is_read_with_its_id_action_and_payload(version):
    assert parse('[2,"7","Heartbeat",{"a":1}]', version) == Frame(MessageType.CALL, "7", {"a": 1}, "Heartbeat")


@ALL
@pytest.mark.parametrize("written", ['"abc"', "7", "-1", "1.5", '""', '"' + "x" * 80 + '"'])
def test_a_call_keeps_its_id_in_value_and_json_type_up_to_the_answer(version, written):
    frame = parse(f'[2,{written},"Heartbeat",{{}}]', version)
    assert isinstance(frame, Frame)
    assert encode_result(frame.message_id, {}) == f"[3,{written},{{}}]"
    assert encode_error(frame.message_id, Code.GENERIC, "", version).startswith(f"[4,{written},")


@ALL
def test_a_null_payload_is_an_empty_one(version):
    frame = parse('[2,"1","Heartbeat",null]', version)
    assert isinstance(frame, Frame)
    assert frame.payload == {}


@ALL
@pytest.mark.parametrize("text", ["{", "garbage", '[2,"1","Heartbeat",{}', '"[2]" x', "\ud800", "[" * 2000])
def test_unreadable_json_is_answered_with_id_minus_one_only_in_2x(version, text):
    assert malformed(text, version) == ("-1", Code.RPC if version.is_2x else None)


@ALL
@pytest.mark.parametrize("text", ["", " ", "\r\n"])
def test_an_empty_frame_is_no_fault_and_never_answered(version, text):
    assert parse(text, version) == Malformed("an empty frame", is_fault=False)


@ALL
@pytest.mark.parametrize("text", ["{}", "null", "2", '"Heartbeat"', "[]"])
def test_json_that_is_no_frame_is_treated_like_unreadable_json(version, text):
    assert malformed(text, version) == ("-1", Code.RPC if version.is_2x else None)


@ALL
@pytest.mark.parametrize("kind", ["0", "1", "7", "99", "-1", '"2"', "2.0", "null", "true", "{}", "1e400", "9" * 5000])
def test_an_unknown_message_type_is_answered_only_in_201(version, kind):
    expected = Code.MESSAGE_TYPE if version is V201 else None
    assert malformed(f'[{kind},"9","x",{{}}]', version) == ("9", expected)


@pytest.mark.parametrize(
    ("version", "kind", "is_fault"),
    [(V16, 7, False), (V201, 7, True), (V21, 7, False), (V16, "2", True), (V201, "2", True), (V21, "2", True)],
)
def test_an_unknown_type_number_is_ignored_without_a_count_where_the_version_says_so(version, kind, is_fault):
    found = parse(json.dumps([kind, "9", {}]), version)
    assert isinstance(found, Malformed)
    assert found.is_fault is is_fault


@pytest.mark.parametrize(("version", "code"), [(V16, None), (V201, Code.MESSAGE_TYPE)])
@pytest.mark.parametrize("text", ['[5,"9","GenericError","",{}]', '[6,"9","NotifyPeriodicEventStream",{}]'])
def test_the_types_of_21_are_unknown_before_21(version, code, text):
    assert malformed(text, version) == ("9", code)


def test_21_reads_a_send_and_a_call_result_error():
    sent = parse('[6,"9","NotifyPeriodicEventStream",{"id":1}]', V21)
    assert sent == Frame(MessageType.SEND, "9", {"id": 1}, "NotifyPeriodicEventStream")
    refused = parse('[5,"9","FormatViolation","bad",{"a":1}]', V21)
    assert refused == Frame(MessageType.CALLRESULTERROR, "9", {"a": 1}, None, "FormatViolation", "bad")


@pytest.mark.parametrize("text", ['[6,"9","X"]', '[6,"9",1,{}]', '[6,"9","X",[]]', "[6]"])
def test_a_broken_send_is_never_answered(text):
    assert malformed(text, V21)[1] is None


@ALL
@pytest.mark.parametrize("text", ['[2,"1"]', '[2,"1","Heartbeat"]', '[2,"1","Heartbeat",{},1]', '[2,"1",["x"],{}]'])
def test_a_call_of_wrong_length_or_with_a_wrong_action_is_refused_under_its_id(version, text):
    assert malformed(text, version) == ("1", Code.RPC)


@ALL
@pytest.mark.parametrize("payload", ["[]", "1", '"x"', "false"])
def test_a_payload_that_is_no_object_is_refused_under_its_id(version, payload):
    assert malformed(f'[2,"1","Heartbeat",{payload}]', version) == ("1", Code.FORMAT)


@ALL
@pytest.mark.parametrize("text", ["[2]", '[2,null,"Heartbeat",{}]', '[2,{},"Heartbeat",{}]', "[2,true]"])
def test_a_call_without_a_readable_id_is_answered_with_minus_one_only_in_2x(version, text):
    assert malformed(text, version) == ("-1", Code.RPC if version.is_2x else None)


@ALL
@pytest.mark.parametrize("text", ["[3]", '[3,"1",[1]]', '[3,"1",7]', "[4]", "[4,null]"])
def test_a_broken_answer_is_never_answered(version, text):
    assert malformed(text, version)[1] is None


@ALL
@pytest.mark.parametrize(
    ("text", "code", "description", "details"),
    [
        ('[4,"1","NotSupported","no",{"a":1}]', "NotSupported", "no", {"a": 1}),
        ('[4,"1","OccurenceConstraintViolation"]', "OccurenceConstraintViolation", "", {}),
        ('[4,"1"]', "GenericError", "", {}),
        ('[4,"1",null,null,null]', "GenericError", "", {}),
        ('[4,"1","X","y","z"]', "X", "y", {}),
        ('[4,"1",{"a":1},["b"],[]]', "GenericError", "", {}),
        ('[4,"1",17,4.5,{}]', "17", "4.5", {}),
        ('[4,"1",true,' + "[" * 900 + "]" * 900 + "]", "GenericError", "", {}),
    ],
)
def test_a_call_error_is_read_whatever_it_lacks(version, text, code, description, details):
    frame = parse(text, version)
    assert isinstance(frame, Frame)
    assert (frame.code, frame.description, frame.payload) == (code, description, details)


def test_what_is_written_is_the_frame_of_the_specification():
    assert json.loads(encode_call("a", "Reset", {"type": "Soft"})) == [2, "a", "Reset", {"type": "Soft"}]
    assert json.loads(encode_result(3, {"status": "Accepted"})) == [3, 3, {"status": "Accepted"}]
    assert json.loads(encode_error("a", Code.FORMAT, "why", V16)) == [4, "a", "FormationViolation", "why", {}]


@ALL
def test_a_description_has_at_most_255_characters(version):
    assert len(json.loads(encode_error("a", Code.GENERIC, "x" * 400, version))[3]) == 255


@pytest.mark.parametrize(
    ("escaped", "read"),
    [
        (r"\ud800", "\ufffd"),
        (r"a\udc00b", "a\ufffdb"),
        (r"\ud83d\ude00", "\U0001f600"),
        (r"\\ud800", r"\ud800"),
        (r"\ud800\ud83d\ude00\udc00", "\ufffd\U0001f600\ufffd"),
        (r"\\ud83d\ude00", "\\ud83d\ufffd"),
        (r"\ud83d\\ude00", "\ufffd\\ude00"),
        ("\ud800", "\ufffd"),
        ("\ud83d\ude00\\udc00", "\U0001f600\ufffd"),
    ],
)
def test_half_a_surrogate_pair_is_replaced_and_the_message_read(escaped, read):
    frame = parse(f'[2,"1","Authorize",{{"idTag":"{escaped}"}}]', Version.V16)
    assert isinstance(frame, Frame)
    assert frame.payload == {"idTag": read}


@pytest.mark.parametrize(
    ("text", "payload"),
    [
        ('\ufeff[2,"1","A",{"x":1}]', {"x": 1}),
        ('[2,"1","A",{"x":"a\tb"}]', {"x": "a\tb"}),
        ('[2,"1","A",{"x":NaN,"y":-Infinity}]', {"x": None, "y": None}),
        ('[2,"1","A",{"x":1e400,"y":-1e999}]', {"x": None, "y": None}),
        ('[2,"1","A",{"x":' + "9" * 5000 + "}]", {"x": None}),
        ('[2,"1","A",{"x":18446744073709551616,"y":NaN}]', {"x": 2.0**64, "y": None}),
        ('[2,"1","A",{"x":18446744073709551615,"y":NaN}]', {"x": 2**64 - 1, "y": None}),
    ],
)
def test_what_strict_json_forbids_and_still_can_be_read_is_read(text, payload):
    frame = parse(text, Version.V16)
    assert isinstance(frame, Frame)
    assert frame.payload == payload


def test_nesting_without_end_is_malformed_and_harms_nobody():
    assert isinstance(parse('[2,"1","A",' + "[" * 100_000, Version.V21), Malformed)


@ALL
@pytest.mark.parametrize(
    "text", ["[" * 100_000, '[2,"1","A",' + '{"a":' * 100_000, '[2,"1","A",{"x":"\\ud800",' + "[" * 9999]
)
def test_nesting_without_end_is_malformed_in_every_version(version, text):
    assert malformed(text, version) == ("-1", Code.RPC if version.is_2x else None)


@ALL
@pytest.mark.parametrize("kind", ["[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900])
def test_a_deep_value_in_place_of_a_type_is_named_by_its_kind(version, kind):
    found = parse(f'[{kind},"9"]', version)
    assert isinstance(found, Malformed)
    assert len(found.reason) < 60


EXACT = [
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775809",
    "9" * 6000,
    "1.0",
    "-0.0",
    "1e400",
    "-1E+400",
    "0.10000000000000000001",
    "123456789012345678901234567890.5",
    r'"\ud800"',
    r'"a\udc00\u0041"',
    r'"\\ud83d\ude00"',
    '"' + "x" * 100_000 + '"',
]


@ALL
@pytest.mark.parametrize("written", EXACT, ids=range(len(EXACT)))
def test_an_id_that_nobody_can_hold_comes_back_as_it_was_written(version, written):
    frame = parse(f' [2 , {written} ,"Heartbeat",{{}}]', version)
    assert isinstance(frame, Frame)
    assert encode_result(frame.message_id, {}) == f"[3,{written},{{}}]"
    assert encode_error(frame.message_id, Code.GENERIC, "", version).startswith(f"[4,{written},")
    assert encode_again('[3,"first",{"a":[]}]', frame.message_id) == f'[3,{written},{{"a":[]}}]'
    assert encode_again(f'[3,{written},{{"a":[]}}]', "again") == '[3,"again",{"a":[]}]'


@ALL
def test_an_id_that_nobody_can_hold_is_echoed_by_a_refusal_too(version):
    assert str(malformed("[2,1e400]", version)[0]) == "1e400"


@ALL
def test_a_raw_control_character_beside_half_a_pair_in_an_id_does_no_harm(version):
    frame = parse('[2,"\t\\ud800","Heartbeat",{}]', version)
    assert isinstance(frame, Frame)
    assert frame.message_id == "\t\ufffd"


def test_two_ids_are_the_same_when_they_are_written_so():
    one, other, third = (parse(f'[2,{text},"A",{{}}]', V16).message_id for text in ("1e400", "1e400", "1e401"))
    assert (one == other, one == third, hash(one) == hash(other), one == "1e400") == (True, False, True, False)


@ALL
def test_of_a_key_that_comes_twice_the_last_one_counts(version):
    frame = parse('[2,"1","A",{"x":1,"x":2}]', version)
    assert isinstance(frame, Frame)
    assert frame.payload == {"x": 2}


def test_empty_optional_fields_are_not_sent_and_lists_keep_their_elements():
    full = {"a": None, "b": {}, "c": [], "d": {"e": None}, "f": [{}, {"g": []}, None], "h": 0, "i": False, "j": ""}
    assert without_empty(full) == {"f": [{}, {}, None], "h": 0, "i": False, "j": ""}
    assert json.loads(encode_result("1", full))[2] == without_empty(full)


def test_a_vendors_own_data_is_sent_as_it_is():
    data = {"customData": {"vendorId": "x", "y": None, "z": []}}
    assert json.loads(encode_result("1", data))[2] == data


def test_what_an_operator_wrote_is_sent_as_it_is():
    lists = {"listVersion": 0, "updateType": "Full", "localAuthorizationList": []}
    assert json.loads(encode_call("1", "SendLocalList", lists))[3] == lists
    asked = {"requestId": 1, "evseId": 1, "chargingProfile": {}}
    assert json.loads(encode_call("1", "GetChargingProfiles", asked))[3] == asked


def test_the_frames_of_21_are_those_of_the_specification():
    assert json.loads(encode_send("a", "X", {"id": 1})) == [6, "a", "X", {"id": 1}]
    assert json.loads(encode_result_error("a", Code.CARDINALITY, "y" * 300)) == [
        5,
        "a",
        "OccurrenceConstraintViolation",
        "y" * 255,
        {},
    ]


@ALL
def test_a_description_is_cut_between_characters(version):
    text = encode_error("a", Code.GENERIC, "\U0001f600" * 400, version)
    assert json.loads(text)[3] == "\U0001f600" * 255


@pytest.mark.parametrize("brackets", [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("depth", [129, 255, 900])
def test_what_is_nested_too_deep_to_be_written_again_is_left_out_and_the_rest_is_read(brackets, depth):
    deep = brackets[0] * depth + "1" + brackets[1] * depth
    for kind, rest in (("2", '"A",'), ("3", "")):
        frame = parse(f'[{kind},"1",{rest}{{"transactionId":"T","customData":{{"vendorId":"v","x":{deep}}}}}]', V201)
        assert isinstance(frame, Frame)
        assert frame.is_cut
        assert frame.payload["transactionId"] == "T"
        assert encode_call("1", "A", frame.payload)


def test_nothing_is_left_out_of_a_message_that_is_long_and_not_deep():
    payload = {"meterValue": [{"sampledValue": [{"value": 1}] * 100}] * 100, "deep": json.loads("[" * 120 + "]" * 120)}
    frame = parse(json.dumps([2, "1", "A", payload]), V201)
    assert frame == Frame(MessageType.CALL, "1", payload, "A")


@pytest.mark.parametrize("version", Version)
def test_an_object_in_a_list_is_that_object_and_an_empty_list_answers_like_an_empty_object(version):
    frame = parse('[2,"1","StopTransaction",[{"meterStop":1}]]', version)
    assert isinstance(frame, Frame)
    assert (frame.payload, frame.is_unwrapped) == ({"meterStop": 1}, True)
    assert isinstance(parse('[2,"1","StopTransaction",[{},{}]]', version), Malformed)
    answer = parse('[3,"1",[]]', version)
    assert isinstance(answer, Frame)
    assert (answer.payload, answer.is_unwrapped) == ({}, False)


@pytest.mark.parametrize("version", Version)
def test_an_empty_list_is_a_sessions_message_without_fields_and_no_other_message(version):
    frame = parse('[2,"1","MeterValues",[]]', version)
    assert isinstance(frame, Frame)
    assert (frame.payload, frame.is_unwrapped) == ({}, True)
    assert isinstance(parse('[2,"1","Heartbeat",[]]', version), Malformed)
