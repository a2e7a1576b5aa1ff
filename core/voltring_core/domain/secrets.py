"""Random secrets of chargers and API keys, and their digests.

A random secret of 160 bits needs no slow hash: SHA-256 is not a way in, and a slow one would stall a storm of
reconnecting chargers (32 logins a second at 30 ms each).
"""

import hashlib
import hmac
import re
import secrets

LENGTH = 20
"""Bytes; written as hex digits they are a key that OCPP 1.6's AuthorizationKey can be set to, and fit 2.x's
BasicAuthPassword as they are (SE-03)."""
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")


def new_secret() -> str:
    """A fresh secret: 40 hex digits."""
    return secrets.token_hex(LENGTH)


def canonical(secret: str) -> str:
    """A given secret as it is digested: hex digits in lower case, for a charger may write them either way (SE-03)."""
    return secret.lower() if _HEX.fullmatch(secret) else secret


def digest(secret: str | bytes) -> bytes:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).digest()


def matches(presented: bytes, stored: bytes) -> bool:
    """Compare in constant time, on bytes (SE-02)."""
    return hmac.compare_digest(digest(presented), stored)
