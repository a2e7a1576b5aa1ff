"""Certificates that a charger holds: its list, and what was installed, deleted or signed since (SE-11..SE-14).

A certificate is known by its hash data as the charger reports it. Of one that was just installed the charger's hash
data is not known: it has the digest of its PEM for a key until the list is read again.
"""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from voltring_core.domain.kinds import RecordKind
from voltring_node.facts import Fact, GoneFact
from voltring_node.handlers.answers.answer import CommandAnswer
from voltring_node.handlers.answers.shapes import items, listing, mapping, word
from voltring_node.knowledge import Known, Record

CERTIFICATE = RecordKind.CERTIFICATE
STATION = "ChargingStationCertificate"
_HASH = ("hashAlgorithm", "issuerKeyHash", "serialNumber")


def listed(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """GetInstalledCertificateIds: the list replaces what is known of the types that were asked for."""
    told = dict(_told(said))
    facts: list[Fact] = [said.record(CERTIFICATE, key, content, state="Reported") for key, content in told.items()]
    if _is_complete(said, told):
        wanted = _types(said.asked)
        held = said.held(known, CERTIFICATE).items()
        gone = tuple(key for key, one in held if key not in told and one.state != "Signed" and _is_of(one, wanted))
        facts += [GoneFact(CERTIFICATE, gone)] if gone else []
    return tuple(facts)


def installed(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """InstallCertificate."""
    kind, pem = word(said.asked.get("certificateType")), said.asked.get("certificate")
    if not said.is_accepted or not isinstance(pem, str):
        return ()
    digest = sha256(pem.encode()).hexdigest()
    return (said.record(CERTIFICATE, f"{kind}:PEM:{digest}", {"certificateType": kind, "certificate": pem}),)


def deleted(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """DeleteCertificate; `NotFound` says that it is not there either."""
    wanted = _identity(mapping(said.asked.get("certificateHashData")))
    if said.status not in {"Accepted", "NotFound"} or wanted is None:
        return ()
    held = said.held(known, CERTIFICATE).items()
    gone = tuple(key for key, one in held if _identity(mapping(one.content.get("certificateHashData"))) == wanted)
    return (GoneFact(CERTIFICATE, gone),) if gone else ()


def signed(said: CommandAnswer, known: Known) -> tuple[Fact, ...]:
    """CertificateSigned: the latest chain of each type that the charger took."""
    chain = said.asked.get("certificateChain")
    if not said.is_accepted or not isinstance(chain, str):
        return ()
    kind = word(said.asked.get("certificateType")) or STATION
    return (said.record(CERTIFICATE, kind, {"certificateType": kind, "certificateChain": chain}, state="Signed"),)


def _told(said: CommandAnswer) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Key and content of each certificate of a list: 1.6 has hash data alone, 2.x chains with their type."""
    for data in items(said.answer.get("certificateHashData")):
        kind = word(said.asked.get("certificateType"))
        if (identity := _identity(data)) is not None:
            yield ":".join((kind, *identity)), {"certificateType": kind, "certificateHashData": data}
    for chain in items(said.answer.get("certificateHashDataChain")):
        identity = _identity(mapping(chain.get("certificateHashData")))
        if identity is not None:
            yield ":".join((word(chain.get("certificateType")), *identity)), chain


def _is_complete(said: CommandAnswer, told: Mapping[str, Any]) -> bool:
    """Whether what the list does not have is not there: only where every entry of it could be read."""
    if said.status == "NotFound":
        return not told
    lists = [said.answer.get(name) for name in ("certificateHashData", "certificateHashDataChain")]
    entries = [entry for one in lists for entry in listing(one)]
    return said.is_accepted and any(isinstance(one, list) for one in lists) and len(entries) == len(told)


def _types(asked: Mapping[str, Any]) -> frozenset[str]:
    """The types that were asked for; empty for all."""
    wanted = asked.get("certificateType")
    return frozenset(word(one) for one in ([wanted] if isinstance(wanted, str) else listing(wanted)))


def _is_of(one: Record, wanted: frozenset[str]) -> bool:
    return not wanted or word(one.content.get("certificateType")) in wanted


def _identity(data: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Algorithm, issuer key hash, serial number; hexadecimal digits are compared without case (SE-13)."""
    found = tuple(word(data.get(name)) for name in _HASH)
    if not all(found):
        return None
    algorithm, key_hash, serial = found
    return algorithm, key_hash.lower(), serial.lower().lstrip("0") or "0"
