"""Functional blocks L and N01 (1.6: Firmware Management): firmware to fetch, logs to send."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from voltring_core.domain.times import read_time
from voltring_core.ocpp.rules.checks import at_least, file_url, in_order, is_hex
from voltring_core.ocpp.rules.facts import Asked, Fault, Rules
from voltring_core.ocpp.rules.pem import pem_faults
from voltring_core.ocpp.versions import Version

_MD5_DIGITS = 32


def retrying(asked: Asked) -> Iterator[Fault]:
    """Retries and their interval are no negative numbers."""
    yield from at_least(asked.payload, 0, "retries", "retryInterval")


def log(asked: Asked) -> Iterator[Fault]:
    """A place to send to, a span of time that is one (N01)."""
    wanted = asked.payload["log"]
    upload = asked.version is Version.V21
    yield from file_url(asked, wanted["remoteLocation"], "log.remoteLocation", upload=upload)
    yield from in_order(wanted, "oldestTimestamp", "latestTimestamp", "log.")


def diagnostics(asked: Asked) -> Iterator[Fault]:
    """1.6: a place to send to, a span of time that is one."""
    yield from file_url(asked, asked.payload["location"], "location")
    yield from in_order(asked.payload, "startTime", "stopTime")


def plain_firmware(asked: Asked) -> Iterator[Fault]:
    """1.6 without signature, and 2.x for a Local Controller to publish."""
    yield from file_url(asked, asked.payload["location"], "location")


def signed_firmware(asked: Asked) -> Iterator[Fault]:
    """L01: certificate and signature come together, and no key with them; installed after it is there.

    What the signature signs can't be checked here: the file is not here.
    """
    firmware = asked.payload["firmware"]
    yield from file_url(asked, firmware["location"], "firmware.location")
    for one, other in (("signature", "signingCertificate"), ("signingCertificate", "signature")):
        if one in firmware and other not in firmware:
            yield Fault(f"firmware.{other}", f"is missing: {one} means nothing without it")
    if "signingCertificate" in firmware:
        yield from pem_faults(firmware["signingCertificate"], "firmware.signingCertificate")
    yield from _installed_after(firmware)


def _installed_after(firmware: Mapping[str, Any]) -> Iterator[Fault]:
    fetched, installed = read_time(firmware["retrieveDateTime"]), read_time(firmware.get("installDateTime"))
    if fetched is not None and installed is not None and installed < fetched:
        yield Fault("firmware.installDateTime", "is before retrieveDateTime: give a later time, or leave it out")


def checksum(asked: Asked) -> Iterator[Fault]:
    """L03: the MD5 of the file."""
    text = asked.payload["checksum"]
    if not is_hex(text) or len(text) != _MD5_DIGITS:
        yield Fault("checksum", f"is no MD5: give its {_MD5_DIGITS} hexadecimal digits")


RULES_16: Rules = MappingProxyType({"UpdateFirmware": (retrying, plain_firmware)})
RULES: Rules = MappingProxyType(
    {
        "GetDiagnostics": (retrying, diagnostics),
        "GetLog": (retrying, log),
        "PublishFirmware": (retrying, plain_firmware, checksum),
        "SignedUpdateFirmware": (retrying, signed_firmware),
        "UnpublishFirmware": (checksum,),
        "UpdateFirmware": (retrying, signed_firmware),
    }
)
