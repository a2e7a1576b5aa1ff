"""A charger's identity, and whether one may connect and be accepted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from hmac import compare_digest
from string import ascii_letters, digits
from typing import Any
from urllib.parse import unquote_to_bytes

from voltring_core.domain.messages import Registration
from voltring_core.domain.secrets import matches

MAX_IDENTITY = 48
IDENTIFIER_SIGNS = frozenset(ascii_letters + digits + "*-_=+|@.")
"""What an identifierString of OCPP 2.x is made of."""


class Admission(StrEnum):
    """How a charger is known here."""

    REGISTERED = "registered"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class Charger:
    """What a node needs to know of a charger when it connects."""

    id: str
    status: Admission
    secret_hash: bytes | None
    registration: Registration
    vendor: str | None = None
    model: str | None = None
    firmware_version: str | None = None
    quirks: Mapping[str, Any] = field(default_factory=dict)
    """An operator's override of what is known of its vendor's deviations."""
    ping_interval_s: float | None = None
    """None: as the node has it; so are the next two."""
    silence_limit_s: float | None = None
    call_timeout_s: float | None = None
    next_secret_hash: bytes | None = None
    """Of a password that the charger was sent and has not used yet (SE-04)."""
    serial_number: str | None = None
    """Of its last boot before it connected."""
    time_zone: str | None = None
    """Of its times without a zone (TX-23); None: UTC."""
    security_profile: int | None = None
    """2: its secret over TLS; 3: a client certificate, no secret; None: its secret, over TLS or not (SE-01)."""
    certificate_name: str | None = None
    """The common name of its certificate; None: its id."""
    takeover_wait_s: float = 0.0
    """How long one more socket of it has to wait before it may take over (`domain/takeovers.py`, TR-30)."""

    @property
    def rules(self) -> Mapping[str, Any]:
        """What operators say of its deviations; its time zone is one of them, and an override has the last word."""
        own = self.quirks if isinstance(self.quirks, Mapping) else {}
        return own if self.time_zone is None else {"time_zone": self.time_zone, **own}


@dataclass(frozen=True, slots=True)
class Intervals:
    """Seconds that BootNotification's answer may carry (TR-33)."""

    heartbeat: int = 300
    """Between heartbeats of an accepted charger."""
    pending: int = 60
    """Until a charger that is not accepted may boot again."""


JITTER = 0.2
"""By how much the wait of a charger that is not accepted is stretched at most, so that a fleet comes back spread."""


def jittered(interval: int, charger_id: str, now: datetime) -> int:
    """The interval or up to a fifth more, by the charger and the time (TR-33)."""
    digest = blake2b(f"{charger_id}\0{now.isoformat()}".encode(), digest_size=4).digest()
    return interval + int(interval * JITTER * int.from_bytes(digest) / 2**32)


@dataclass(frozen=True, slots=True)
class RegistrationAnswer:
    """The answer to BootNotification; `interval` is in seconds (TR-33)."""

    status: Registration
    now: datetime
    interval: int


DOTS = frozenset({".", ".."})


def check_identity(identity: str, *, is_2x: bool = False) -> str:
    """Return the identity if a charger may be called so; raise ValueError with the reason otherwise (TR-02).

    OCPP 1.6 names no signs, so any that can be printed will do; 2.x allows an identifierString only.
    """
    if not identity:
        raise ValueError("the charger id is empty")
    if len(identity) > MAX_IDENTITY:
        raise ValueError(f"the charger id has {len(identity)} characters, {MAX_IDENTITY} are allowed")
    if identity in DOTS:
        raise ValueError(f"the charger id must not be {identity!r}: in an address it means another place")
    if identity != identity.strip():
        raise ValueError("the charger id starts or ends with a space")
    if bad := next((sign for sign in identity if sign in ":/" or not sign.isprintable()), None):
        raise ValueError(f"the charger id must not hold {bad!r}")
    if is_2x and (bad := next((sign for sign in identity if sign not in IDENTIFIER_SIGNS), None)):
        raise ValueError(f"in OCPP 2.x the charger id must not hold {bad!r}")
    return identity


def identity_from_path(path: str, *, is_2x: bool = False) -> str:
    """The identity in a request path: its last raw segment, decoded once (TR-01).

    The query is ignored and one trailing slash tolerated. Raises ValueError with the reason.
    """
    raw = path.partition("?")[0].removesuffix("/").rpartition("/")[2]
    try:
        identity = unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError("the charger id is not UTF-8") from None
    return check_identity(identity, is_2x=is_2x)


CERTIFICATE = 3
"""The security profile of chargers that show a client certificate."""


def keeps_profile(charger: Charger, certificate: bytes | None, *, is_tls: bool) -> bool:
    """Whether a charger came the way that its security profile wants. `certificate`: the common name of the one that
    was verified; it must be the charger's own, whoever else's certificate is good as well (SE-07)."""
    if charger.security_profile is None:
        return True
    if charger.security_profile < CERTIFICATE:
        return is_tls
    own = (charger.certificate_name or charger.id).encode()
    return is_tls and certificate is not None and compare_digest(certificate, own)


def may_connect(charger: Charger, password: bytes | None) -> bool:
    """Whether the secret that came with the request is the charger's, or the one that it was sent to have from now on;
    one without a secret needs none, and one that shows a certificate neither."""
    if charger.secret_hash is None or charger.security_profile == CERTIFICATE:
        return True
    is_old = password is not None and matches(password, charger.secret_hash)
    return uses_next(charger, password) or is_old


def uses_next(charger: Charger, password: bytes | None) -> bool:
    """Whether the charger came with the secret that it was sent last, for the first time (SE-04)."""
    pending = None if charger.security_profile == CERTIFICATE else charger.next_secret_hash
    return password is not None and pending is not None and matches(password, pending)


@dataclass(frozen=True, slots=True)
class Standing:
    """How operators have a charger."""

    admission: Admission
    wanted: Registration = Registration.ACCEPTED
    """What they want BootNotification to be answered with."""

    @property
    def registration(self) -> Registration:
        """What BootNotification is answered with: quarantined chargers wait for an operator."""
        return Registration.PENDING if self.admission is Admission.QUARANTINED else self.wanted


UNKNOWN_STANDING = Standing(Admission.QUARANTINED)
"""Of a charger that is not in the table any more."""
