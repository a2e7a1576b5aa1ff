"""Who may connect: the handshake's answer, before any upgrade (TR-01..TR-07, SE-02, SE-03)."""

import asyncio
import base64
import contextlib
import logging
import math
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TypeVar

import asyncpg
from websockets.datastructures import Headers
from websockets.http11 import Request, Response

from voltring_core.domain.chargers import (
    Admission,
    Charger,
    identity_from_path,
    keeps_profile,
    may_connect,
    uses_next,
)
from voltring_core.domain.messages import Registration
from voltring_core.domain.secrets import canonical, digest
from voltring_core.domain.takeovers import Takeovers, to_wait
from voltring_core.metrics import FAULTS, HANDSHAKES, REFUSED
from voltring_core.ocpp.quirks import resolve
from voltring_core.ocpp.versions import Version, choose
from voltring_core.settings import UnknownChargers
from voltring_core.store.batched import Batched
from voltring_core.store.database import AWAY
from voltring_core.store.queries import load
from voltring_node.counting import HANDSHAKE
from voltring_node.origins import Networks, Origin, origin
from voltring_node.sockets import Socket

T = TypeVar("T")
logger = logging.getLogger("voltring.admission")
SQL = load("voltring_node", "admission.sql")
PREFIX = "/ocpp/"
ABSOLUTE = re.compile(r"^(?:wss?|https?)://[^/?#]*", re.IGNORECASE)
"""Some chargers ask for the whole URL in place of its path."""
SLASHES = re.compile(r"/{2,}")
TAKEOVERS = ("takeovers", "swaps_since", "swapped_at", "is_connected", "asked_at")
"""Columns that say how often sockets of a charger were taken over."""
RETRY_AFTER_S = 10
REASONS = {
    HTTPStatus.NOT_FOUND: "unknown",
    HTTPStatus.UNAUTHORIZED: "credentials",
    HTTPStatus.BAD_REQUEST: "subprotocol",
    HTTPStatus.SERVICE_UNAVAILABLE: "postgres",
}
"""Of refusals, as the metric has them; the gate has its own."""
PATIENCE_S = 8.0
"""A database that hangs is as good as away; the charger gets its answer before its own patience ends."""


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """The handshake is answered with `status` and a sentence."""

    status: HTTPStatus
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    kind: str | None = None
    """As the metric has it; None: as for every refusal of this status."""


class Door:
    """Lets chargers in."""

    def __init__(
        self,
        pool: asyncpg.Pool,
        unknown: UnknownChargers,
        on_refused: Callable[[str, str], None],
        on_secret_changed: Callable[[str, str], None],
        *,
        hide_unknown: bool = False,
        closes_foreign: bool = False,
        trusted: Networks = (),
    ) -> None:
        """`on_refused` gets the id and the address of a known charger with a wrong secret; `on_secret_changed` of one
        that came with a new secret for the first time.

        `hide_unknown`: an unknown id is answered as a wrong password is, so that ids can't be probed (TR-03).

        `closes_foreign`: who offers no subprotocol that is spoken here is let in and closed at once (TR-06).

        `trusted`: what peers from these networks say of chargers is believed (`origins.py`).
        """
        self._pool = pool
        self._unknown = unknown
        self._on_refused = on_refused
        self._on_secret_changed = on_secret_changed
        self._hide_unknown = hide_unknown
        self._closes_foreign = closes_foreign
        self._trusted = trusted
        self._find = Batched[str, Charger | None]("find chargers", self._find_many)

    async def process_request(self, socket: Socket, request: Request) -> Response | None:
        """websockets' hook: None lets the charger in, a response turns it away."""
        HANDSHAKES.inc()
        socket.origin = origin(_peer(socket), request.headers, self._trusted)
        try:
            await self._admit(socket, request)
        except Refused as refused:
            REFUSED.labels(refused.status.value, refused.kind or REASONS[refused.status]).inc()
            path = request.path.partition("?")[0][:100]  # a query may hold what must not be logged
            logger.info("refused %s from %s: %s", path, socket.origin.address, refused.reason)
            # One without a charger is closed as soon as it is open.
            return None if refused.status is HTTPStatus.BAD_REQUEST and self._closes_foreign else _respond(refused)
        except Exception:
            FAULTS.labels(HANDSHAKE).inc()  # websockets logs it, and answers 500
            raise
        return None

    async def _admit(self, socket: Socket, request: Request) -> None:
        version = _version(request.headers)
        identity = _identity(request.path, version)
        username, password = _credentials(request.headers)
        own_password = password if username in (None, identity.encode()) else b""
        charger = await _patiently(self._known(identity, own_password))
        known = resolve(charger.vendor, charger.model, charger.firmware_version, charger.quirks)
        if username not in (None, charger.id.encode()) and not known.any_username:
            # A secret of somebody else's: refused wherever one is asked for.
            username, password = None, b""
        address = socket.origin.address
        if not _is_let_in(charger, password, socket.origin):
            self._on_refused(charger.id, address)
            raise _unauthorized()
        version = version or known.assume_version
        if version is None:
            raise _not_spoken()
        if charger.takeover_wait_s > 0:
            raise _taken_over_too_often(charger.takeover_wait_s)
        if any(uses_next(charger, candidate) for candidate in _variants(password)):
            await _patiently(self._take_next(charger, password, socket.origin))
        if known.accepted_without_boot and charger.registration is Registration.NONE:
            charger = replace(charger, registration=Registration.ACCEPTED)
        socket.charger, socket.version = charger, version

    async def _known(self, identity: str, password: bytes | None) -> Charger:
        charger = await self._find.ask(identity)
        if charger is not None and charger.id != identity and not _is_known_in_any_case(charger):
            charger = None  # another charger's id in another case is nobody's
        elif charger is None and self._unknown is not UnknownChargers.REJECT:
            charger = await self._welcome(identity, password)
        if charger is None:
            raise (
                _unauthorized()
                if self._hide_unknown
                else Refused(HTTPStatus.NOT_FOUND, "this charger is not registered")
            )
        return charger

    async def _take_next(self, charger: Charger, password: bytes | None, came: Origin) -> None:
        """The charger came with its new secret: the old one is no longer good (SE-04)."""
        if await self._pool.fetchval(SQL["take_next"], charger.id, charger.next_secret_hash):
            self._on_secret_changed(charger.id, came.address)
            return
        # Another node was quicker, or an operator has changed it since it was read.
        now = await self._find.ask(charger.id)
        if now is None or not _is_let_in(now, password, came):
            self._on_refused(charger.id, came.address)
            raise _unauthorized()

    async def _welcome(self, identity: str, password: bytes | None) -> Charger | None:
        """Register an unknown charger as the setting says.

        In quarantine the password it came with is asked of it from now on, so that nobody else can take its place
        before an operator has admitted it.
        """
        quarantined = self._unknown is UnknownChargers.QUARANTINE
        status = Admission.QUARANTINED if quarantined else Admission.REGISTERED
        secret = digest(password) if quarantined and password else None
        # Nothing is inserted where an id differs from a known one only by case: such a charger stays unknown.
        await self._pool.execute(SQL["welcome"], identity, status.value, secret)
        logger.info("an unknown charger came: %s is %s", identity, status.value, extra={"charger": identity})
        return await self._find.ask(identity)

    async def _find_many(self, identities: Sequence[str]) -> list[Charger | None]:
        rows = await self._pool.fetch(SQL["find"], list(set(identities)))
        found = {row["id"]: _charger(row) for row in rows}
        in_any_case = {charger_id.lower(): charger for charger_id, charger in found.items()}
        return [found.get(identity) or in_any_case.get(identity.lower()) for identity in identities]


def _peer(socket: Socket) -> str:
    """The socket's other end; empty when it has hung up in the meantime: its transport is gone then."""
    with contextlib.suppress(AttributeError):
        return str((socket.remote_address or ("",))[0])
    return ""


async def _patiently(asked: Awaitable[T]) -> T:
    """What PostgreSQL says; a charger that would have to wait for it is asked to come again."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await asked
    except AWAY:
        again = (("Retry-After", str(RETRY_AFTER_S)),)
        raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, "try again later", again) from None


def _taken_over_too_often(wait_s: float) -> Refused:
    again = (("Retry-After", str(math.ceil(wait_s))),)
    reason = "several sockets go by this identity: try again later"
    return Refused(HTTPStatus.SERVICE_UNAVAILABLE, reason, again, "takeovers")


def _is_let_in(charger: Charger, password: bytes | None, came: Origin) -> bool:
    if not keeps_profile(charger, came.certificate, is_tls=came.is_tls):
        logger.info(
            "%s did not come by security profile %s",
            charger.id,
            charger.security_profile,
            extra={"charger": charger.id},
        )
        return False
    return any(may_connect(charger, candidate) for candidate in _variants(password))


def _charger(row: asyncpg.Record) -> Charger:
    values = {**row, "status": Admission(row["status"]), "registration": Registration(row["registration"])}
    count, since, last, is_connected, now = (values.pop(name) for name in TAKEOVERS)
    wait = to_wait(Takeovers(count, since, last), now, is_open=is_connected)
    return Charger(**values, takeover_wait_s=wait.total_seconds())


def _is_known_in_any_case(charger: Charger) -> bool:
    return resolve(charger.vendor, charger.model, charger.firmware_version, charger.quirks).id_in_any_case


def _identity(path: str, version: Version | None) -> str:
    path = SLASHES.sub("/", ABSOLUTE.sub("", path).partition("?")[0])
    if not path.startswith(PREFIX):
        raise Refused(HTTPStatus.NOT_FOUND, f"chargers connect to {PREFIX}{{charger_id}}")
    try:
        return identity_from_path(path[len(PREFIX) - 1 :], is_2x=version is not None and version.is_2x)
    except ValueError as error:
        raise Refused(HTTPStatus.NOT_FOUND, str(error)) from None


def _version(headers: Headers) -> Version | None:
    """What the charger asks for; None when it asks for nothing, which some may (TR-07)."""
    lines = headers.get_all("Sec-WebSocket-Protocol")
    offered = [name.strip() for line in lines for name in line.split(",") if name.strip()]
    version = choose(offered)
    if version is None and offered:
        raise _not_spoken()
    return version


def _not_spoken() -> Refused:
    spoken = ", ".join(one.subprotocol for one in Version)
    return Refused(HTTPStatus.BAD_REQUEST, f"none of the offered subprotocols is spoken here: {spoken}")


def _unauthorized() -> Refused:
    challenge = (("WWW-Authenticate", 'Basic realm="ocpp", charset="UTF-8"'),)
    return Refused(HTTPStatus.UNAUTHORIZED, "wrong credentials", challenge)


def _credentials(headers: Headers) -> tuple[bytes | None, bytes | None]:
    """The user name and the password of HTTP Basic, as bytes (SE-02); None without the header."""
    lines = headers.get_all("Authorization")
    if not lines:
        return None, None
    scheme, _, encoded = lines[0].partition(" ")
    try:
        username, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except ValueError:  # not base64, or not even ASCII
        username, colon, password = b"", b"", b""
    if scheme.lower() != "basic" or not colon:
        return None, b""  # is nobody's password: refused wherever one is asked for
    return username, password


def _variants(password: bytes | None) -> list[bytes | None]:
    """A 1.6 charger sends its key decoded, or the hex digits it was set with, in either case (SE-03)."""
    if not password:
        return [password]
    digits = password.hex().encode()
    variants: list[bytes | None] = [password, digits, digits.upper()]
    with contextlib.suppress(ValueError):
        text = password.decode("ascii")
        variants += [canonical(text).encode(), bytes.fromhex(text)]
    return variants


def _respond(refused: Refused) -> Response:
    body = f"{refused.reason}\n".encode()
    headers = Headers(
        [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Connection", "close"),
            *refused.headers,
        ]
    )
    return Response(refused.status.value, refused.status.phrase, headers, body)
