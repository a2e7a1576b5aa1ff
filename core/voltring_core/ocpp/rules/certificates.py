"""Functional block M and A02 (1.6: the security whitepaper): certificates."""

from collections.abc import Iterator
from types import MappingProxyType

from voltring_core.ocpp.rules.checks import is_hex
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.pem import pem_faults


def signed(asked: Asked) -> Iterator[Fault]:
    """A02: a chain in PEM, no longer than the charger takes."""
    chain, most = asked.payload["certificateChain"], asked.station.certificate_chain
    yield from pem_faults(chain, "certificateChain", single=False)
    if most is not None and len(chain) > most:
        yield Fault("certificateChain", f"has {len(chain)} characters, and this charger takes {most}: leave out roots")


def installed(asked: Asked) -> Iterator[Fault]:
    """M05: one root certificate in PEM."""
    yield from pem_faults(asked.payload["certificate"], "certificate")


def deleted(asked: Asked) -> Iterator[Fault]:
    """M04: hashes in hexadecimal, as GetInstalledCertificateIds reported them."""
    named = asked.payload["certificateHashData"]
    for name in ("issuerNameHash", "issuerKeyHash", "serialNumber"):
        if not is_hex(named[name]):
            said = "is not hexadecimal: take it as GetInstalledCertificateIds reported it"
            yield Fault(f"certificateHashData.{name}", said)


RULES: Rules = MappingProxyType(
    {"CertificateSigned": (signed,), "DeleteCertificate": (deleted,), "InstallCertificate": (installed,)}
)
