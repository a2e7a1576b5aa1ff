"""Functional block M and A02 (1.6: the security whitepaper): certificates."""

from collections.abc import Iterator
from types import MappingProxyType

from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.pem import pem_faults


def signed(asked: Asked) -> Iterator[Fault]:
    """A02: a chain no longer than the charger takes, and no key with it."""
    chain, most = asked.payload["certificateChain"], asked.station.certificate_chain
    yield from pem_faults(chain, "certificateChain")
    if most is not None and len(chain) > most:
        yield Fault("certificateChain", f"has {len(chain)} characters, and this charger takes {most}: leave out roots")


def installed(asked: Asked) -> Iterator[Fault]:
    """M05: a root certificate, and no key with it."""
    yield from pem_faults(asked.payload["certificate"], "certificate")


RULES: Rules = MappingProxyType({"CertificateSigned": (signed,), "InstallCertificate": (installed,)})
