"""OCPP-J frames: JSON arrays in text frames (TR-10..TR-19).

`parse` turns text into one of the frame types below or a `Malformed` that says what can be answered; `encode_*`
writes frames. Message ids of chargers are kept as they came, in value and JSON type (TR-15).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import orjson

from voltring_core.ocpp.actions import TRANSACTION_ACTIONS
from voltring_core.ocpp.codes import Code, spell
from voltring_core.ocpp.signed import SUFFIX
from voltring_core.ocpp.text import MAX_DEPTH, REPLACEMENT, Written, cut_deep, keep_id, load
from voltring_core.ocpp.versions import Version

MessageId = str | int | float | Written
Payload = dict[str, Any]
UNREADABLE_ID = "-1"  # the id of an answer to a frame whose own id can't be read (2.x)
MAX_DESCRIPTION = 255
CUSTOM = "customData"  # a vendor's own: may hold whatever the vendor wants it to


class MessageType(IntEnum):
    """The first element of a frame."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


CALL = int(MessageType.CALL)


@dataclass(frozen=True, slots=True)
class Frame:
    """A well-formed frame. `action` is None for answers; `payload` of an error is its details."""

    type: MessageType
    message_id: MessageId
    payload: Payload
    action: str | None = None
    code: str = ""
    description: str = ""
    is_cut: bool = False
    """Whether something was nested too deep to be handled, and left out."""
    is_unwrapped: bool = False
    """Whether the payload stood in a list."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that can't be served; `code` is None when it is not to be answered."""

    reason: str
    message_id: MessageId | None = None
    code: Code | None = None
    is_fault: bool = True
    """False for what the version says to ignore: it may be of a later version, and no number of it ends a socket."""


def parse(text: str, version: Version) -> Frame | Malformed:
    """Read one frame."""
    # 1.6 does not define an answer without an id (TR-17).
    code = Code.RPC if version.is_2x else None
    if not text.strip():
        return Malformed("an empty frame", is_fault=False)
    try:
        array = load(text)
    except ValueError:
        return Malformed("not JSON", UNREADABLE_ID, code)
    if not isinstance(array, list) or not array:
        return Malformed("not a JSON array", UNREADABLE_ID, code)
    if len(array) > 1:
        array[1] = keep_id(array[1], text)
    is_cut = cut_deep(array, text)
    frame = _read(array, version)
    return replace(frame, is_cut=True) if is_cut and isinstance(frame, Frame) else frame


def read_call(text: str) -> tuple[str, str, Payload] | None:
    """The id, action and payload of a CALL as it should be; None for all else, which `parse` makes out."""
    try:
        array = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if type(array) is not list or len(array) != 4:
        return None
    kind, message_id, action, payload = array
    if type(kind) is not int or kind != CALL or type(message_id) is not str or type(action) is not str:
        return None
    if type(payload) is not dict or REPLACEMENT in message_id or action.endswith(SUFFIX):
        return None
    if text.count("{") + text.count("[") > MAX_DEPTH:
        return None
    return message_id, action, payload


def _read(array: list[Any], version: Version) -> Frame | Malformed:
    kind = array[0]
    if type(kind) is not int or not _is_spoken(kind, version):
        return _unknown_type(array, version)
    message_id = array[1] if len(array) > 1 else None
    if not _is_id(message_id):
        answered = version.is_2x and kind == MessageType.CALL
        return Malformed("no readable message id", UNREADABLE_ID, Code.RPC if answered else None)
    assert message_id is not None
    if kind in (MessageType.CALL, MessageType.SEND):
        return _read_request(MessageType(kind), message_id, array)
    return _read_answer(MessageType(kind), message_id, array)


def _is_spoken(kind: int, version: Version) -> bool:
    return 2 <= kind <= 4 or (version is Version.V21 and kind in (5, 6))


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int | float | Written) and not isinstance(value, bool)


def _unknown_type(array: list[Any], version: Version) -> Malformed:
    """TR-18: only 2.0.1 answers an unknown message type; the others ignore it."""
    kind = array[0]
    message_id = array[1] if len(array) > 1 and _is_id(array[1]) else UNREADABLE_ID
    name = str(kind) if isinstance(kind, int | float) else type(kind).__name__
    if version is Version.V201:
        return Malformed(f"unknown message type {name}", message_id, Code.MESSAGE_TYPE)
    return Malformed(f"unknown message type {name}", message_id, is_fault=type(kind) is not int)


def _read_request(kind: MessageType, message_id: MessageId, array: list[Any]) -> Frame | Malformed:
    code = Code.RPC if kind is MessageType.CALL else None
    if len(array) != 4:
        return Malformed(f"{len(array)} elements in place of 4", message_id, code)
    action, payload = array[2], array[3]
    if not isinstance(action, str):
        return Malformed("the action is not a string", message_id, code)
    if payload is None:  # tolerated as an empty payload (TR-12)
        payload = {}
    is_unwrapped = isinstance(payload, list) and (len(payload) == 1 or (not payload and action in TRANSACTION_ACTIONS))
    if is_unwrapped:  # a list of one object is that object; a session's message is never refused for an empty one
        payload = payload[0] if payload else {}
    if not isinstance(payload, dict):
        return Malformed("the payload is not an object", message_id, code and Code.FORMAT)
    return Frame(kind, message_id, payload, action, is_unwrapped=is_unwrapped)


def _read_answer(kind: MessageType, message_id: MessageId, array: list[Any]) -> Frame | Malformed:
    if kind is MessageType.CALLRESULT:
        payload = array[2] if len(array) > 2 else None
        if payload == []:  # what some languages write for an empty object
            payload = {}
        if not isinstance(payload, dict | None):
            return Malformed("the result is not an object", message_id)
        return Frame(kind, message_id, payload or {})
    code, description, details = ([*array[2:5], None, None, None])[:3]
    return Frame(
        kind,
        message_id,
        details if isinstance(details, dict) else {},
        code=_word(code) or Code.GENERIC.value,
        description=_word(description),
    )


def _word(value: Any) -> str:
    """Text, or a number in its place; nothing else is taken for a word."""
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def encode_call(message_id: str, action: str, payload: Mapping[str, Any]) -> str:
    """[2, id, action, payload]; what an operator wrote stays as it is."""
    return orjson.dumps([2, message_id, action, payload]).decode()


def encode_send(message_id: str, action: str, payload: Mapping[str, Any]) -> str:
    """[6, id, action, payload], 2.1 only."""
    return orjson.dumps([6, message_id, action, payload]).decode()


def encode_result(message_id: MessageId, payload: Mapping[str, Any]) -> str:
    """[3, id, payload] without empty optional fields (TR-12)."""
    return orjson.dumps([3, _echo(message_id), without_empty(payload)]).decode()


def encode_error(
    message_id: MessageId,
    code: Code,
    description: str,
    version: Version,
    details: Mapping[str, Any] | None = None,
) -> str:
    """[4, id, code, description, details]"""
    return _encode_error(MessageType.CALLERROR, message_id, code, description, version, details)


def encode_result_error(message_id: MessageId, code: Code, description: str) -> str:
    """[5, id, code, description, details], 2.1 only: the result of this id was faulty."""
    return _encode_error(MessageType.CALLRESULTERROR, message_id, code, description, Version.V21, None)


def encode_again(answer: str, message_id: MessageId) -> str:
    """The frame of an answer that was given before, under the id of the repeated CALL."""
    array = load(answer)  # the first id may be one that strict JSON can't hold
    array[1] = _echo(message_id)
    return orjson.dumps(array).decode()


def without_empty(fields: Mapping[str, Any]) -> Payload:
    """An object without its fields that are null, `{}` or `[]`, at any depth (TR-12); a list keeps its elements."""
    if not fields:
        return {}
    kept = {name: value if name == CUSTOM else _without_empty(value) for name, value in fields.items()}
    return {name: value for name, value in kept.items() if value is not None and value not in ({}, [])}


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        return without_empty(value)
    return [_without_empty(item) for item in value] if isinstance(value, list | tuple) else value


def _encode_error(
    kind: MessageType,
    message_id: MessageId,
    code: Code,
    description: str,
    version: Version,
    details: Mapping[str, Any] | None,
) -> str:
    words = [kind, _echo(message_id), spell(code, version), description[:MAX_DESCRIPTION], dict(details or {})]
    return orjson.dumps(words).decode()


def _echo(message_id: MessageId) -> Any:
    return orjson.Fragment(message_id.text) if isinstance(message_id, Written) else message_id
