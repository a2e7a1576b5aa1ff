"""Whatever comes in a text frame: it never raises, and a CALL's reply carries its id."""

import json

from hypothesis import given
from hypothesis import strategies as st

from voltring_core.ocpp.codes import Code
from voltring_core.ocpp.conversation import Called, Conversation, Stray
from voltring_core.ocpp.frames import Frame, parse
from voltring_core.ocpp.versions import Version

VERSIONS = st.sampled_from(Version)
IDS = st.one_of(st.text(max_size=40).filter(str.isprintable), st.integers(-(2**63), 2**63 - 1))
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)
KINDS = st.one_of(st.integers(-1, 8), JSON)


def reply_to(conversation, text):
    """What is sent at once in answer to a frame, whatever it is."""
    event = conversation.receive(text)
    if isinstance(event, Called):
        return conversation.refuse(event.message_id, Code.NOT_IMPLEMENTED, "no")
    return event.reply if isinstance(event, Stray) else None


def assert_is_an_error_frame(reply):
    array = json.loads(reply)
    assert [type(part) for part in (array[0], array[2], array[3], array[4])] == [int, str, str, dict]
    assert array[0] == 4
    assert len(array) == 5
    assert len(array[3]) <= 255
    return array


@given(VERSIONS, st.text())
def test_any_text_is_read_without_raising_and_any_reply_is_a_frame(version, text):
    reply = reply_to(Conversation(version), text)
    if reply is not None:
        assert_is_an_error_frame(reply)


@given(VERSIONS, JSON)
def test_any_json_is_read_without_raising_and_any_reply_is_a_frame(version, value):
    reply = reply_to(Conversation(version), json.dumps(value))
    if reply is not None:
        assert_is_an_error_frame(reply)


@given(VERSIONS, KINDS, IDS, st.lists(JSON, max_size=4))
def test_any_array_with_a_readable_id_is_answered_under_that_id_or_not_at_all(version, kind, message_id, rest):
    reply = reply_to(Conversation(version), json.dumps([kind, message_id, *rest]))
    if reply is not None:
        array = assert_is_an_error_frame(reply)
        assert array[1] == message_id
        assert type(array[1]) is type(message_id)


@given(VERSIONS, IDS, st.lists(JSON, max_size=4))
def test_every_call_with_a_readable_id_is_answered(version, message_id, rest):
    assert reply_to(Conversation(version), json.dumps([2, message_id, *rest])) is not None


@given(VERSIONS, IDS, st.text(max_size=20), st.dictionaries(st.text(max_size=4), JSON, max_size=3))
def test_every_well_formed_call_is_read(version, message_id, action, payload):
    found = parse(json.dumps([2, message_id, action, payload]), version)
    assert isinstance(found, Frame)
    assert (found.message_id, found.action, set(found.payload)) == (message_id, action, set(payload))
