"""OCPP-J frames: JSON arrays in text frames (TR-10..TR-19).

`parse` turns text into one of the frame types below or a `Malformed` that says what can be answered; `encode_*`
writes frames. Message ids of chargers are kept as they came, in value and JSON type (TR-15).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import orjson

from voltring_core.ocpp.codes import Code, spell
from voltring_core.ocpp.versions import Version

MessageId = str | int | float
Payload = dict[str, Any]
UNREADABLE_ID = "-1"  # the id of an answer to a frame whose own id can't be read (2.x)
MAX_DESCRIPTION = 255
# An escaped high surrogate without its low one, or a low one without its high one; an escaped backslash is skipped.
SURROGATE = re.compile(
    r"(?<!\\)((?:\\\\)*)(?:\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    r"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
REPLACEMENT = r"\1\\ufffd"


class MessageType(IntEnum):
    """The first element of a frame."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


@dataclass(frozen=True, slots=True)
class Frame:
    """A well-formed frame. `action` is None for answers; `payload` of an error is its details."""

    type: MessageType
    message_id: MessageId
    payload: Payload
    action: str | None = None
    code: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Malformed:
    """A frame that can't be served; `code` is None when it is not to be answered."""

    reason: str
    message_id: MessageId | None = None
    code: Code | None = None


def parse(text: str, version: Version) -> Frame | Malformed:
    """Read one frame."""
    try:
        array = _load(text)
    except ValueError:
        # 1.6 does not define an answer without an id (TR-17).
        return Malformed("not JSON", UNREADABLE_ID, Code.RPC if version.is_2x else None)
    if not isinstance(array, list) or not array:
        return Malformed("not a JSON array", UNREADABLE_ID, Code.RPC if version.is_2x else None)
    return _read(array, version)


def _load(text: str) -> Any:
    """JSON as chargers write it. Raises ValueError.

    What strict JSON forbids and still can be read is read: half a surrogate pair (replaced), a raw control character
    in a string, NaN (nothing), a byte order mark. A charger would repeat such a message for ever.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        mended = SURROGATE.sub(REPLACEMENT, text.removeprefix("\ufeff"))
    try:
        return json.loads(mended, strict=False, parse_constant=lambda name: None)
    except RecursionError:
        raise ValueError("nested too deep") from None


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
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _unknown_type(array: list[Any], version: Version) -> Malformed:
    """TR-18: only 2.0.1 answers an unknown message type."""
    message_id = array[1] if len(array) > 1 and _is_id(array[1]) else UNREADABLE_ID
    code = Code.MESSAGE_TYPE if version is Version.V201 else None
    return Malformed(f"unknown message type {str(array[0])[:20]}", message_id, code)


def _read_request(kind: MessageType, message_id: MessageId, array: list[Any]) -> Frame | Malformed:
    code = Code.RPC if kind is MessageType.CALL else None
    if len(array) != 4:
        return Malformed(f"{len(array)} elements in place of 4", message_id, code)
    action, payload = array[2], array[3]
    if not isinstance(action, str):
        return Malformed("the action is not a string", message_id, code)
    if payload is None:  # tolerated as an empty payload (TR-12)
        payload = {}
    if not isinstance(payload, dict):
        return Malformed("the payload is not an object", message_id, code and Code.FORMAT)
    return Frame(kind, message_id, payload, action)


def _read_answer(kind: MessageType, message_id: MessageId, array: list[Any]) -> Frame | Malformed:
    if kind is MessageType.CALLRESULT:
        payload = array[2] if len(array) > 2 else None
        if not isinstance(payload, dict | None):
            return Malformed("the result is not an object", message_id)
        return Frame(kind, message_id, payload or {})
    code, description, details = ([*array[2:5], None, None, None])[:3]
    return Frame(
        kind,
        message_id,
        details if isinstance(details, dict) else {},
        code=str(code or Code.GENERIC.value),
        description=str(description or ""),
    )


def encode_call(message_id: str, action: str, payload: Mapping[str, Any]) -> str:
    """[2, id, action, payload]"""
    return orjson.dumps([2, message_id, action, payload]).decode()


def encode_result(message_id: MessageId, payload: Mapping[str, Any]) -> str:
    """[3, id, payload]"""
    return orjson.dumps([3, message_id, payload]).decode()


def encode_error(
    message_id: MessageId,
    code: Code,
    description: str,
    version: Version,
    details: Mapping[str, Any] | None = None,
) -> str:
    """[4, id, code, description, details]"""
    words = [4, message_id, spell(code, version), description[:MAX_DESCRIPTION], dict(details or {})]
    return orjson.dumps(words).decode()
