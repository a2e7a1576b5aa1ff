"""Where the chargers connect to, and what a refusal means."""

import base64
import ssl
from dataclasses import dataclass, replace
from urllib.parse import quote

from websockets.exceptions import InvalidURI
from websockets.uri import WebSocketURI, parse_uri

REFUSALS = {
    400: "the server does not speak this version of OCPP here (400)",
    401: "the server does not accept the password (401): give the chargers' secret by --password",
    403: "the server forbids it (403)",
    404: "the server does not know the charger or the path (404): register the charger, or check the URL",
    429: "the server wants fewer connections at a time (429)",
    503: "the server is not ready or overloaded (503)",
}


@dataclass(frozen=True, slots=True)
class Target:
    """A CSMS: everything but the charger's identity."""

    base: WebSocketURI
    """Its path does not end in a slash."""
    password: bytes | None
    deflate: bool
    tls: ssl.SSLContext | None

    def uri(self, identity: str) -> WebSocketURI:
        """The charger's own address: its identity is percent-encoded once (TR-01)."""
        return replace(self.base, path=f"{self.base.path}/{quote(identity, safe='')}")

    def __str__(self) -> str:
        scheme = "wss" if self.base.secure else "ws"
        return f"{scheme}://{self.base.host}:{self.base.port}{self.base.path}"


def target(url: str, password: str | None = None, deflate: bool = False, ca_file: str | None = None) -> Target:
    """Check a URL; `ca_file` names whom a server's certificate must come from. Raises ValueError with one sentence that
    says what is wrong."""
    try:
        uri = parse_uri(url)
    except (InvalidURI, ValueError):
        raise ValueError(f"{url!r} is not a WebSocket URL: it looks like ws://127.0.0.1:9000/ocpp") from None
    if uri.query:
        raise ValueError(f"{url!r} has a query: the charger's identity is appended to the path")
    try:
        tls = ssl.create_default_context(cafile=ca_file) if uri.secure else None
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"{ca_file} can't be read as certificates: {error}") from None
    base = replace(uri, path=uri.path.rstrip("/"))
    return Target(base, password.encode() if password else None, deflate, tls)


def authorization(identity: str, password: bytes) -> str:
    """The value of the header Authorization (SE-02, SE-03)."""
    return "Basic " + base64.b64encode(identity.encode() + b":" + password).decode()


def refusal(status: int) -> str:
    """What an HTTP status in place of the upgrade means, as the end of a sentence."""
    return REFUSALS.get(status, f"the server answered with HTTP status {status} in place of a WebSocket")
