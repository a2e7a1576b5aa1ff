"""What must come back for a frame, told by another JSON parser than the one that is tested."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from voltring_core.ocpp.actions import FROM_CHARGER
from voltring_core.ocpp.schemas import violations
from voltring_core.ocpp.signed import SUFFIX
from voltring_core.ocpp.versions import Version

CODES_16 = frozenset(
    "NotImplemented NotSupported InternalError ProtocolError SecurityError FormationViolation"
    " PropertyConstraintViolation OccurenceConstraintViolation TypeConstraintViolation GenericError".split()
)
CODES_2X = CODES_16 - {"FormationViolation", "OccurenceConstraintViolation"} | {
    "FormatViolation",
    "OccurrenceConstraintViolation",
    "MessageTypeNotSupported",
    "RpcFrameworkError",
}


ELEMENT = re.compile(r'\s*[\[,]\s*("(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*)')


class Number(str):
    """A number as it is written."""


@dataclass(frozen=True)
class Asked:
    """A CALL whose id can be read: exactly one answer is due."""

    message_id: str
    action: Any
    is_certain: bool = True
    """False where the payload is too deep to be read here: then it may be taken for no JSON as well."""


def ask_of(text: str) -> Asked | None:
    """The CALL in a frame; None for everything else."""
    text = text.removeprefix("\ufeff")
    try:
        array, is_certain = read(text), True
    except RecursionError:
        array, is_certain = _head(text), False
    except ValueError:
        return None
    if not isinstance(array, list) or len(array) < 2 or not (isinstance(array[0], Number) and array[0] == "2"):
        return None
    if not isinstance(array[1], str):
        return None
    return Asked(array[1], array[2] if len(array) > 2 else None, is_certain)


def _head(text: str) -> list[Any]:
    """The first elements of a frame, up to three, as long as they are numbers and strings."""
    head: list[Any] = []
    at = 0
    while len(head) < 3 and (element := ELEMENT.match(text, at)):
        head += read(f"[{element[1]}]")
        at = element.end()
    return head


def read(text: str) -> Any:
    """JSON, lenient as chargers need it, numbers as they are written, without what firmware leaves behind a text."""
    text = text.rstrip("\0 \r\n\t")
    return json.loads(text, strict=False, parse_int=Number, parse_float=Number, parse_constant=lambda name: None)


def wrong_with(reply: str, asked: Asked | None, version: Version) -> str | None:
    """What is illegal in an answer; None when nothing is."""
    reply.encode()
    array = read(reply)
    if not isinstance(array, list) or array[0] not in ("3", "4"):
        return "no answer at all"
    if asked is not None and not asked.is_certain and is_same("-1", array[1]):
        asked = None
    if asked is not None and not is_same(asked.message_id, array[1]):
        return f"the id is {array[1]!r:.80}"
    if array[0] == "3":
        return _wrong_result(json.loads(reply, parse_int=_integer), asked, version)
    return _wrong_error(array, version)


def is_same(sent: str, echoed: Any) -> bool:
    if type(sent) is not type(echoed):
        return False
    if sent == echoed:
        return True
    if isinstance(sent, Number):
        try:  # -0 and 0
            return Decimal(sent) == Decimal(echoed) and ("." in sent) == ("." in echoed)
        except InvalidOperation:
            return False
    return _bare(sent) == _bare(echoed)


def _bare(text: str) -> str:
    """Without half surrogate pairs: where a raw control character stands beside one, the id can't be echoed whole."""
    return "".join("\ufffd" if "\ud800" <= sign <= "\udfff" else sign for sign in text)


def _integer(digits: str) -> float:
    """Also where it is an id of more digits than Python converts."""
    return int(digits) if len(digits) < 300 else float(digits)


def _wrong_result(array: list[Any], asked: Asked | None, version: Version) -> str | None:
    if asked is None or len(array) != 3 or not isinstance(asked.action, str):
        return "a result for what is no CALL"
    action = asked.action.removesuffix(SUFFIX)
    if action not in FROM_CHARGER[version]:
        return "a result for an unknown action"
    found = violations(version, action, array[2], "response")
    return f"the result is not valid: {found[0]}" if found else None


def _wrong_error(array: list[Any], version: Version) -> str | None:
    if len(array) != 5:
        return "an error of wrong length"
    code, description, details = array[2:]
    if code not in (CODES_2X if version.is_2x else CODES_16):
        return f"{code!r} is no code of this version"
    if not isinstance(description, str) or len(description) > 255 or not isinstance(details, dict):
        return "the description or the details are not legal"
    return "a fault of ours" if code == "InternalError" else None
