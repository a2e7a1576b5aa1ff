"""Signed meter values, exactly as the charger gave them: 1.6 values of the format SignedData, 2.x signedMeterValue.

Nothing is decoded and no signature is checked: what was signed is worth something only as it came.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any

import orjson

from voltring_core.domain.values import value
from voltring_core.ocpp.wire import MEASURAND, time_of

Payload = Mapping[str, Any]
OCMF, XML, HEX = "OCMF", "XML", "hex"
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
DIGEST_BYTES = 16


@value
class SignedValue:
    """One of them. `encoding` and `signing` are the charger's words, or None where it has none; where it names no
    encoding that of the data itself is recognised, if it is one of OCMF, XML and hex digits."""

    at: datetime
    measurand: str
    phase: str | None
    location: str | None
    context: str | None
    encoding: str | None
    signing: str | None
    public_key: str | None
    data: str

    @property
    def digest(self) -> bytes:
        """Of all that it says: the same one, however often it is said."""
        words = (self.at.isoformat(), self.measurand, self.phase, self.location, self.context, self.data)
        return blake2b("\0".join(map(str, words)).encode("utf-8", "surrogatepass"), digest_size=DIGEST_BYTES).digest()


def signed_values(payload: Payload) -> tuple[SignedValue, ...]:
    """The signed values of a payload that has passed its schema or was repaired, in their order."""
    return tuple(one for group, sample in _samples(payload) if (one := _read(sample, time_of(group))) is not None)


def _samples(payload: Payload) -> Iterator[tuple[Payload, Payload]]:
    for name in ("meterValue", "transactionData"):
        for group in payload.get(name) or ():
            for sample in group.get("sampledValue", ()):
                yield group, sample


def _read(sample: Payload, at: datetime) -> SignedValue | None:
    signed = sample.get("signedMeterValue")
    if isinstance(signed, Mapping) and isinstance(signed.get("signedMeterData"), str):
        return _signed(sample, at, signed, signed["signedMeterData"])
    given = sample.get("value")
    if sample.get("format") != "SignedData" or not isinstance(given, str):
        return None
    return _signed(sample, at, _object_in(given), given)


def _signed(sample: Payload, at: datetime, named: Payload, data: str) -> SignedValue:
    return SignedValue(
        at,
        sample.get("measurand", MEASURAND),
        sample.get("phase"),
        sample.get("location"),
        sample.get("context"),
        _word(named, "encodingMethod") or _recognised(data),
        _word(named, "signingMethod"),
        _word(named, "publicKey"),
        data,
    )


def _object_in(data: str) -> Payload:
    """1.6 chargers put 2.x's object there as text (OCA, signed meter values in OCPP 1.6)."""
    try:
        found = orjson.loads(data) if data.lstrip()[:1] == "{" else {}
    except orjson.JSONDecodeError:
        found = {}
    return found if isinstance(found, dict) else {}


def _word(named: Payload, name: str) -> str | None:
    word = named.get(name)
    return word if isinstance(word, str) and word else None


def _recognised(data: str) -> str | None:
    if data.startswith("OCMF|"):
        return OCMF
    if data.lstrip()[:1] == "<":
        return XML
    return HEX if _HEX.fullmatch(data) else None
