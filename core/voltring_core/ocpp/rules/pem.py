"""Certificates in PEM: their form. Whether one is valid, or signs another, is not known from its form."""

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator

from voltring_core.ocpp.rules.facts import Fault

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_SEQUENCE = 0x30
"""What every certificate in DER begins with."""


def pem_faults(text: str, field: str, *, single: bool = True) -> Iterator[Fault]:
    """The text is one certificate, or a chain of them, and nothing else."""
    if "PRIVATE KEY-----" in text:
        yield Fault(field, "has a private key in it, which must never be sent: give the certificate alone")
        return
    blocks = _BLOCK.findall(text)
    if not blocks or any(label != "CERTIFICATE" for label, _ in blocks):
        yield Fault(field, "is no certificate in PEM: give -----BEGIN CERTIFICATE----- ... -----END CERTIFICATE-----")
    elif single and len(blocks) > 1:
        yield Fault(field, f"has {len(blocks)} certificates: give one")
    elif not all(_is_der(body) for _, body in blocks):
        yield Fault(field, "has a certificate that can't be decoded: check that it was copied whole")


def _is_der(body: str) -> bool:
    """Whether the base64 decodes to one DER sequence of the length that it tells."""
    try:
        der = b64decode("".join(body.split()), validate=True)
    except (NotBase64, ValueError):
        return False
    if len(der) < 2 or der[0] != _SEQUENCE:
        return False
    if der[1] < 0x80:
        return len(der) == 2 + der[1]
    size = der[1] & 0x7F
    return 1 <= size <= 4 and len(der) == 2 + size + int.from_bytes(der[2 : 2 + size])
