"""Signed messages: `<action>-Signed` carries its payload in a flattened JWS (TR-13, OCPP-J 2.x, signed messages).

The signature is not checked: no station's message key is known here. The frame is kept as it came, so that it can be.
"""

from base64 import b64decode
from typing import Any

from voltring_core.ocpp.text import cut_deep, load

SUFFIX = "-Signed"
TO_STANDARD = str.maketrans("-_", "+/")


def unwrap(jws: dict[str, Any]) -> dict[str, Any]:
    """The payload in a flattened JWS. Raises ValueError with what is wrong with it."""
    encoded = jws.get("payload")
    if not isinstance(encoded, str) or not isinstance(jws.get("signature"), str):
        raise ValueError("the payload is not a flattened JWS")
    try:
        text = _decode(encoded).decode()
        payload = load(text)
    except ValueError:
        raise ValueError("the payload of the JWS can't be read") from None
    if not isinstance(payload, dict | None):
        raise ValueError("the payload of the JWS is not an object")
    if payload is None:
        return {}
    cut_deep(payload, text)
    return payload


def _decode(encoded: str) -> bytes:
    """base64url with or without padding."""
    bare = encoded.rstrip("=").translate(TO_STANDARD)
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
