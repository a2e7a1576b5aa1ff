"""Where a handshake comes from, and what the router says of its charger: believed of trusted peers alone.

The router ends TLS. It removes what a charger says of itself, and tells what it has seen: the address in
`X-Forwarded-For`, TLS in `X-Forwarded-Proto`, and of a client certificate that it has verified the common name in
`X-Voltring-Client-Name` (SE-08). From anybody else these headers mean nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from websockets.datastructures import Headers

FORWARDED_FOR = "X-Forwarded-For"
FORWARDED_PROTO = "X-Forwarded-Proto"
CLIENT_NAME = "X-Voltring-Client-Name"
Networks = Sequence[IPv4Network | IPv6Network]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a charger is, and how it came."""

    address: str
    """Empty when it has hung up in the meantime."""
    is_tls: bool = False
    """It came over TLS, as a trusted router says."""
    certificate: bytes | None = None
    """The common name of its certificate, which a trusted router has verified."""


def origin(peer: str, headers: Headers, trusted: Networks) -> Origin:
    """`peer`: the address of the socket's other end."""
    if not is_trusted(peer, trusted):
        return Origin(peer)
    name = _only(headers, CLIENT_NAME)
    return Origin(
        _forwarded(headers) or peer,
        (_only(headers, FORWARDED_PROTO) or "").lower() == "https",
        name.encode("latin-1", "replace") if name else None,  # the bytes of the wire, which websockets reads so
    )


def is_trusted(peer: str, trusted: Networks) -> bool:
    """Whether what this peer says of chargers is believed."""
    if not trusted:
        return False
    try:
        address = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped  # a socket that takes both kinds
    return any(address in network for network in trusted)


def _forwarded(headers: Headers) -> str:
    """The last address: those before it were told by somebody else. Empty when it is none."""
    lines = headers.get_all(FORWARDED_FOR)
    last = lines[-1].rpartition(",")[2].strip() if lines else ""
    try:
        return str(ip_address(last))
    except ValueError:
        return ""


def _only(headers: Headers, name: str) -> str | None:
    """The value of a header that is there once; said twice, one of them is not the router's."""
    values = headers.get_all(name)
    return values[0].strip() if len(values) == 1 else None
