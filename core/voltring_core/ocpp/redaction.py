"""What is never written to a log: passwords, keys, PIN codes, credentials in URLs, payment data (SE-19).

Every frame passes here before it is kept, so what has nothing secret is told by a few substring searches and comes
back as the same object. The rest is read, and each secret replaced by `[redacted]`; JSON stays JSON. Both versions
and both directions are treated alike: what is secret is told by names, wherever they stand.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypeVar

import orjson

from voltring_core.ocpp.text import load
from voltring_core.ocpp.versions import Version

REDACTED = "[redacted]"
_NEVER_SECRET = frozenset({"Heartbeat", "MeterValues", "StatusNotification"})
"""Most of all frames; they have no field for a secret."""
_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|authorizationkey|private_?key|vpnkey|apikey|simpin|(^|[^a-z])(psk|pin)$",
    re.IGNORECASE,
)
"""Names of fields, configuration keys and variables whose values are secret."""
_NEEDLES = ("key", "pass", "secret", "pin", "psk", "payment")
"""In every name that is secret, and hardly ever in the frames that are most."""
_SECRET_KINDS = frozenset({"keycode"})
_PAYMENT_KINDS = frozenset({"directpayment"})
_SETTLEMENT = "NotifySettlement"
_SETTLED = frozenset({"pspRef", "receiptUrl", "vatCompany", "vatNumber"})
_TOLD = frozenset({"type", "mutability"})
_VALUES = ("value", "attributeValue", "actualValue")
_URL = re.compile(r"(://)[^/?#\s\"]*@")
_QUERY = re.compile(
    r"([?&][^=&#\s\"]*(?:token|sig|signature|secret|password|passwd|pwd|credential|apikey|api_key|auth)[^=&#\s\"]*=)[^&#\s\"]+",
    re.IGNORECASE,
)
"""What lets anybody in who knows it: presigned addresses of files carry it in their query."""
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL)
_ASSIGNED = re.compile(
    r"((?:pass(?:word|wd|phrase)|secret|authorizationkey|apikey)[\"']?\s*[=:]\s*[\"']?)[^\s&;,\"']+", re.IGNORECASE
)
DEEPEST = 100
"""Levels that are looked at; no message of OCPP has more than ten. What lies deeper is not kept."""
T = TypeVar("T")


def redact_frame(text: str, version: Version, action: str | None) -> str:
    """The text of a frame without its secrets; the same object when it has none.

    `action` is that of the CALL, also for its answer; None when it is not known. What may hold a secret and can't be
    read is not kept at all.
    """
    if action in _NEVER_SECRET or not _may_hold(text, action):
        return text
    try:
        frame = load(text)
        found = _redact(frame, action == _SETTLEMENT)
    except (ValueError, RecursionError):
        return REDACTED
    return text if found is frame else orjson.dumps(found).decode()


def redact_payload(
    version: Version,
    action: str,
    payload: Mapping[str, Any],
    kind: Literal["request", "response"] = "request",
) -> Mapping[str, Any]:
    """The payload without its secrets; the same object when it has none."""
    found: Mapping[str, Any] = _redact(payload, action == _SETTLEMENT)
    return found


def _may_hold(text: str, action: str | None) -> bool:
    lower = text.lower()
    if ("://" in lower and ("@" in lower or "?" in lower)) or action == _SETTLEMENT or "\\" in lower:
        return True
    return any(needle in lower for needle in _NEEDLES)


def _redact(value: T, settlement: bool = False, depth: int = 0) -> T:
    """A copy without secrets, or the value itself; the names around a value tell what it is."""
    found: Any = value
    if depth > DEEPEST:
        found = REDACTED
    elif isinstance(value, str):
        found = _text(value, depth)
    elif isinstance(value, list):
        items = [_redact(item, settlement, depth + 1) for item in value]
        found = value if all(new is old for new, old in zip(items, value, strict=True)) else items
    elif isinstance(value, Mapping):
        secret = _secret_fields(value, settlement)
        fields = {
            name: _mask(inner) if name in secret else _redact(inner, settlement, depth + 1)
            for name, inner in value.items()
        }
        found = value if all(fields[name] is inner for name, inner in value.items()) else fields
    return found  # type: ignore[no-any-return]


def _secret_fields(value: Mapping[str, Any], settlement: bool) -> frozenset[str]:
    """The fields of an object that are secret as a whole."""
    names = {name for name in value if _is_secret(name)}
    if is_secret_name(value.get("key")) or is_secret_name(_name_of(value.get("variable"))):
        names.update(_VALUES, ("variableAttribute",))
    kind = str(value.get("type", "")).lower()
    if kind in _SECRET_KINDS:
        names.update(("idToken", "additionalIdToken", "additionalInfo"))
    elif kind in _PAYMENT_KINDS:
        names.add("additionalInfo")
    if {"server", "user", "key"} <= value.keys():  # a VPN
        names.add("key")
    return frozenset(names | _SETTLED if settlement else names)


def _name_of(variable: Any) -> Any:
    return variable.get("name") if isinstance(variable, Mapping) else None


def is_secret_name(name: Any) -> bool:
    """Whether what goes by this name is secret: a key's or a variable's."""
    return isinstance(name, str) and _is_secret(name)


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    # The same names come again and again.
    return _NAME.search(name) is not None


def _mask(value: Any) -> Any:
    """Nothing of a value; of a variable's attributes, what they are called stays."""
    if isinstance(value, list):
        return [_mask_entry(item) for item in value]
    return _mask_entry(value)


def _mask_entry(value: Any) -> Any:
    if isinstance(value, bool) or value is None or value == "":
        return value
    if not isinstance(value, Mapping):
        return REDACTED
    return {
        name: inner if name in _TOLD or isinstance(inner, bool) or inner is None else REDACTED
        for name, inner in value.items()
    }


def _text(text: str, depth: int) -> str:
    """A text without credentials in URLs and without private keys; JSON in it is read like JSON around it."""
    found = text
    if "://" in found and "@" in found:
        found = _URL.sub(rf"\1{REDACTED}@", found)
    if "://" in found and "?" in found:
        found = _QUERY.sub(rf"\1{REDACTED}", found)
    if "PRIVATE KEY" in found:
        found = _PEM.sub(REDACTED, found)
    inner = _inner_json(found, depth) if found[:1] in ("{", "[") else None
    if inner is None:
        inner = _ASSIGNED.sub(rf"\1{REDACTED}", found) if _NAME.search(found) else found
    return text if inner == text else inner


def _inner_json(text: str, depth: int) -> str | None:
    """The text without its secrets if it is JSON."""
    try:
        inner = load(text)
    except ValueError:
        return None
    clean = _redact(inner, depth=depth + 1)
    return text if clean is inner else orjson.dumps(clean).decode()
