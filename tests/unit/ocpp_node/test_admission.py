"""The handshake's answer, before any upgrade (TR-01..TR-07, SE-02, SE-03)."""

import base64
from ipaddress import ip_network

import pytest
from websockets.datastructures import Headers
from websockets.http11 import Request

from voltring_core.domain.secrets import digest
from voltring_core.metrics import FAULTS, HANDSHAKES
from voltring_core.ocpp.versions import Version
from voltring_core.settings import UnknownChargers
from voltring_node.admission import Door
from voltring_node.sampling import total

SECRET = "0123456789abcdefghijABCDEFGHIJ01"


NOBODY_TOOK_OVER = {"takeovers": 0, "swaps_since": None, "swapped_at": None, "is_connected": False, "asked_at": None}


class Chargers:
    """The table of chargers, as far as the door reads it."""

    def __init__(self, **secrets):
        self.rows = {name: digest(secret) if secret else None for name, secret in secrets.items()}
        self.pending = {}
        self.away = False
        self.replaced_by = None
        self.more = {}
        """Other columns, by charger."""

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
                **self.more.get(one, {}),
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
    charger = version = origin = None


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

    async def do(
        path="/ocpp/CP1",
        *,
        protocols=("ocpp1.6",),
        authorization=None,
        unknown=UnknownChargers.REJECT,
        trusted=(),
        said=(),
    ):
        headers = Headers([("Sec-WebSocket-Protocol", line) for line in protocols] + list(said))
        if authorization is not None:
            headers["Authorization"] = authorization
        socket = Socket()
        door = Door(
            chargers,
            unknown,
            lambda charger_id, address: alarms.append(("refused", charger_id)),
            lambda charger_id, address: alarms.append(("changed", charger_id)),
            trusted=trusted,
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


ROUTER = [ip_network("127.0.0.0/8")]
TLS = ("X-Forwarded-Proto", "https")


def shown(name):
    """What the router says of a charger with a certificate of that name."""
    return [TLS, ("X-Voltring-Client-Name", name)]


async def test_a_charger_of_profile_3_gets_in_by_its_certificate_and_by_nothing_else(knock, chargers, alarms):
    chargers.more["CP1"] = {"security_profile": 3}
    assert await knock(trusted=ROUTER, said=shown("CP1")) is Version.V16
    assert await knock(trusted=ROUTER, said=shown("CP1"), authorization=basic("CP1", "whatever it is")) is Version.V16
    assert alarms == []
    for said in ([], [TLS], shown("CP2"), shown("cp1"), shown(""), shown("CP1")[1:], shown("CP1") + shown("CP1")[1:]):
        refused = await knock(trusted=ROUTER, said=said, authorization=GOOD)
        assert refused.status_code == 401, said
        assert alarms.pop() == ("refused", "CP1")


async def test_what_anybody_but_the_router_says_of_a_certificate_is_not_believed(knock, chargers):
    chargers.more["CP1"] = {"security_profile": 3}
    for trusted in ((), [ip_network("10.0.0.0/8"), ip_network("::/0")]):
        assert (await knock(trusted=trusted, said=shown("CP1"), authorization=GOOD)).status_code == 401


async def test_a_certificate_may_have_the_name_that_the_charger_is_registered_with(knock, chargers):
    chargers.more["CP1"] = {"security_profile": 3, "certificate_name": "SN-0815"}
    assert await knock(trusted=ROUTER, said=shown("SN-0815")) is Version.V16
    assert (await knock(trusted=ROUTER, said=shown("CP1"))).status_code == 401
    chargers.more["CP1"] = {"security_profile": 3, "certificate_name": "Säule"}
    as_websockets_reads_it = "Säule".encode().decode("latin-1")
    assert await knock(trusted=ROUTER, said=shown(as_websockets_reads_it)) is Version.V16


async def test_a_charger_of_profile_2_must_come_over_tls_and_with_its_secret(knock, chargers):
    chargers.more["CP1"] = {"security_profile": 2}
    assert await knock(trusted=ROUTER, said=[TLS], authorization=GOOD) is Version.V16
    assert (await knock(trusted=ROUTER, said=[("X-Forwarded-Proto", "http")], authorization=GOOD)).status_code == 401
    assert (await knock(said=[TLS], authorization=GOOD)).status_code == 401
    assert (await knock(trusted=ROUTER, said=shown("CP1"))).status_code == 401, "a certificate is no secret"


async def test_a_certificate_lets_no_charger_in_that_is_to_have_a_secret(knock):
    assert (await knock(trusted=ROUTER, said=shown("CP1"))).status_code == 401
    assert await knock("/ocpp/OPEN", trusted=ROUTER, said=shown("CP1")) is Version.V16, "it needs nothing"


async def test_a_secret_that_waits_to_be_used_is_left_alone_by_a_charger_with_a_certificate(knock, chargers, alarms):
    chargers.more["CP1"] = {"security_profile": 3}
    chargers.pending["CP1"] = digest("the next secret of it")
    said = shown("CP1")
    assert await knock(trusted=ROUTER, said=said, authorization=basic("CP1", "the next secret of it")) is Version.V16
    assert (chargers.pending.keys(), alarms) == ({"CP1"}, [])


async def test_a_handshake_that_meets_a_fault_of_ours_is_counted_and_one_while_postgresql_is_away_is_not(
    knock, chargers
):
    asked, faults = total(HANDSHAKES), total(FAULTS)
    chargers.away = True
    assert (await knock(authorization=GOOD)).status_code == 503
    assert (total(HANDSHAKES), total(FAULTS)) == (asked + 1, faults)
    chargers.away, chargers.rows = False, None
    with pytest.raises(TypeError):  # websockets answers 500
        await knock(authorization=GOOD)
    assert (total(HANDSHAKES), total(FAULTS)) == (asked + 2, faults + 1)
