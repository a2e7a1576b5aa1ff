"""The handshake's answer, before any upgrade (TR-01..TR-07, SE-02, SE-03)."""

import base64

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from voltring_core.domain.secrets import digest
from voltring_core.ocpp.versions import Version
from voltring_core.settings import UnknownChargers
from voltring_node.admission import Door

SECRET = "0123456789abcdefghijABCDEFGHIJ01"


NOBODY_TOOK_OVER = {"takeovers": 0, "swaps_since": None, "swapped_at": None, "is_connected": False, "asked_at": None}


class Chargers:
    """The table of chargers, as far as the door reads it."""

    def __init__(self, **secrets):
        self.rows = {name: digest(secret) if secret else None for name, secret in secrets.items()}
        self.pending = {}
        self.away = False
        self.replaced_by = None

    async def fetch(self, statement, identities):
        if self.away:
            raise OSError("refused")
        return [
            {
                "id": one,
                "status": "registered",
                "secret_hash": self.rows[one],
                "registration": "none",
                "next_secret_hash": self.pending.get(one),
                **NOBODY_TOOK_OVER,
            }
            for one in identities
            if one in self.rows
        ]

    async def fetchval(self, statement, identity, pending):
        if self.replaced_by is not None:  # by somebody who was quicker
            self.rows[identity], self.pending = digest(self.replaced_by), {}
        if self.pending.get(identity) != pending:
            return None
        self.rows[identity] = self.pending.pop(identity)
        return identity

    async def execute(self, statement, identity, status, secret):
        self.rows.setdefault(identity, secret)


class Socket:
    remote_address = ("127.0.0.1", 1)
    charger = version = None


@pytest.fixture
def chargers():
    return Chargers(CP1=SECRET, OPEN=None)


@pytest.fixture
def alarms():
    """What operators are told."""
    return []


@pytest.fixture
def knock(chargers, alarms):
    """`knock(path, ...)`: the status, or the version that was agreed on."""

    async def do(path="/ocpp/CP1", *, protocols=("ocpp1.6",), authorization=None, unknown=UnknownChargers.REJECT):
        headers = Headers([("Sec-WebSocket-Protocol", line) for line in protocols])
        if authorization is not None:
            headers["Authorization"] = authorization
        socket = Socket()
        door = Door(
            chargers,
            unknown,
            lambda charger_id, address: alarms.append(("refused", charger_id)),
            lambda charger_id, address: alarms.append(("changed", charger_id)),
        )
        response = await door.process_request(socket, Request(path, headers))
        return socket.version if response is None else response

    return do


def basic(username, password):
    password = password.encode() if isinstance(password, str) else password
    return "Basic " + base64.b64encode(username.encode() + b":" + password).decode()


GOOD = basic("CP1", SECRET)


async def test_the_right_secret_lets_a_charger_in(knock):
    assert await knock(authorization=GOOD) is Version.V16


@pytest.mark.parametrize(
    "authorization", [basic("CP1", SECRET), "basic " + GOOD[6:], basic("CP1", SECRET.encode().hex())]
)
async def test_a_secret_may_come_plain_or_as_hex_digits(knock, authorization):
    assert await knock(authorization=authorization) is Version.V16


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic caf\xe9",
        "Bearer " + GOOD[6:],
        basic("CP1", "wrong"),
        basic("CP2", SECRET),
        basic("cp1", SECRET),
        basic("CP1", b"\xff\xfe"),
        "Basic " + base64.b64encode(b"no colon").decode(),
    ],
)
async def test_wrong_credentials_are_401_with_a_challenge(knock, authorization):
    response = await knock(authorization=authorization)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic ")


async def test_a_charger_without_a_secret_needs_none(knock):
    assert await knock("/ocpp/OPEN") is Version.V16


@pytest.mark.parametrize("path", ["/ocpp/NOBODY", "/ocpp/cp1", "/ocpp/", "/", "/v1/CP1", "/ocpp/a%2Fb", "/ocpp/%FF"])
async def test_an_unknown_or_impossible_identity_is_404(knock, path):
    assert (await knock(path, authorization=GOOD)).status_code == 404


@pytest.mark.parametrize("protocols", [(), ("",), ("soap",), ("ocpp2.0",), ("OCPP1.6",)])
async def test_no_spoken_subprotocol_is_400(knock, protocols):
    response = await knock(protocols=protocols, authorization=GOOD)
    assert response.status_code == 400
    assert b"ocpp2.1" in response.body


@pytest.mark.parametrize(
    ("protocols", "version"),
    [
        (("ocpp2.0.1, ocpp1.6",), Version.V201),
        (("ocpp1.6,ocpp2.1",), Version.V16),
        (("x", "ocpp2.1 ", "ocpp1.6"), Version.V21),
    ],
)
async def test_the_chargers_own_preference_is_taken_over_repeated_headers(knock, protocols, version):
    assert await knock(protocols=protocols, authorization=GOOD) is version


async def test_without_postgresql_a_charger_is_asked_to_come_again(knock, chargers):
    chargers.away = True
    response = await knock(authorization=GOOD)
    assert response.status_code == 503
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize("unknown", [UnknownChargers.ACCEPT, UnknownChargers.QUARANTINE])
async def test_an_unknown_charger_is_welcome_where_the_setting_says_so(knock, chargers, unknown):
    assert await knock("/ocpp/NEW", authorization=basic("NEW", "mine"), unknown=unknown) is Version.V16
    assert chargers.rows["NEW"] == (digest("mine") if unknown is UnknownChargers.QUARANTINE else None)


async def test_nobody_else_takes_the_place_of_a_quarantined_charger(knock):
    unknown = UnknownChargers.QUARANTINE
    await knock("/ocpp/NEW", authorization=basic("NEW", "mine"), unknown=unknown)
    assert (await knock("/ocpp/NEW", authorization=basic("NEW", "other"), unknown=unknown)).status_code == 401


async def test_the_first_logon_with_a_pending_secret_makes_it_the_only_one(knock, chargers, alarms):
    chargers.pending["CP1"] = digest("the new one of it")
    assert await knock(authorization=GOOD) is Version.V16
    assert alarms == []
    assert await knock(authorization=basic("CP1", "the new one of it")) is Version.V16
    assert alarms == [("changed", "CP1")]
    assert (await knock(authorization=GOOD)).status_code == 401


async def test_a_charger_that_is_refused_for_another_reason_has_not_used_its_secret(knock, chargers, alarms):
    chargers.pending["CP1"] = digest("the new one of it")
    new = basic("CP1", "the new one of it")
    assert (await knock(protocols=(), authorization=new)).status_code == 400
    assert (await knock(authorization=basic("CP2", "the new one of it"))).status_code == 401
    assert (chargers.rows["CP1"], alarms) == (digest(SECRET), [("refused", "CP1")])


@pytest.mark.parametrize(("replaced_by", "outcome"), [("the new one of it", Version.V16), ("an operator's own", 401)])
async def test_where_somebody_was_quicker_what_holds_now_decides(knock, chargers, alarms, replaced_by, outcome):
    chargers.pending["CP1"], chargers.replaced_by = digest("the new one of it"), replaced_by
    answer = await knock(authorization=basic("CP1", "the new one of it"))
    assert getattr(answer, "status_code", answer) == outcome
    assert ("changed", "CP1") not in alarms


async def test_hex_digits_are_known_in_either_case(knock, chargers):
    chargers.rows["CP1"] = digest("00ffee0102030405060708090a0b0c0d")
    assert await knock(authorization=basic("CP1", "00FFEE0102030405060708090A0B0C0D")) is Version.V16
    assert await knock(authorization=basic("CP1", "00FFee0102030405060708090a0b0c0d")) is Version.V16
