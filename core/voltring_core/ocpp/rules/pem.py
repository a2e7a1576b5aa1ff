"""Certificates in PEM: that no secret goes out with one.

Whether one is valid, or signs another, is the charger's to say; operators also send wrong ones, to see them refused.
"""

from collections.abc import Iterator

from voltring_core.ocpp.rules.facts import Fault

PRIVATE_KEY = "PRIVATE KEY-----"


def pem_faults(text: str, field: str) -> Iterator[Fault]:
    """There is no private key in the text."""
    if PRIVATE_KEY in text:
        yield Fault(field, "has a private key in it, which must never be sent: give the certificate alone")
