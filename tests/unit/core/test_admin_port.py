"""The admin port: everybody may look, only the token's holder may act, and a wrong request gets a sentence."""

import logging

import httpx
import pytest

from voltring_core.admin import BODY_LIMIT, AdminServer
from voltring_core.errors import Conflict, Unprocessable

TOKEN = "a-token-of-an-admin-port-0123456789"


@pytest.fixture
def done():
    return []


@pytest.fixture
async def client_of(done):
    clients = []

    async def act(body):
        done.append(dict(body))
        if "busy" in body:
            raise Conflict("the node is stopping")
        if "rate" in body:
            raise Unprocessable("rate: wrong", [{"field": "rate", "message": "wrong"}])
        return {"phase": "Cordoned"}

    async def is_ready():
        return False

    def make(token=TOKEN, shown=TOKEN, scheme="Bearer"):
        server = AdminServer("127.0.0.1", 0, is_ready, lambda: {"name": "node-0"}, {"/drain": act}, token)
        headers = {} if shown is None else {"Authorization": f"{scheme} {shown}"}
        transport = httpx.ASGITransport(app=server.app())
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://admin", headers=headers))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


async def test_looking_is_open_to_everybody_and_a_node_that_is_not_ready_says_404(client_of):
    client = client_of(shown=None)
    assert (await client.get("/status")).json() == {"name": "node-0"}
    assert (await client.get("/healthz")).status_code == 200
    assert (await client.get("/readyz")).status_code == 404
    assert "python_info" in (await client.get("/metrics")).text


async def test_without_a_token_in_the_settings_nobody_may_act_and_is_told_which_setting(client_of, done):
    answer = await client_of(token=None).post("/drain", json={})
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert "VOLTRING_ADMIN_TOKEN" in answer.json()["detail"]
    assert done == []


@pytest.mark.parametrize(
    ("shown", "scheme"),
    [
        (None, ""),
        ("wrong", "Bearer"),
        (TOKEN[:-1], "Bearer"),
        (TOKEN + "x", "Bearer"),
        ("", "Bearer"),
        (TOKEN, "Basic"),
    ],
)
async def test_a_wrong_token_or_none_is_401_and_nothing_is_done_or_logged(client_of, done, caplog, shown, scheme):
    caplog.set_level(logging.DEBUG, "voltring")
    answer = await client_of(shown=shown, scheme=scheme).post("/drain", json={})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert done == []
    assert not shown or shown not in caplog.text


async def test_the_token_lets_act_with_a_body_or_without(client_of, done):
    client = client_of(scheme="bearer")
    assert (await client.post("/drain", json={"reason": "x"})).json() == {"phase": "Cordoned"}
    assert (await client.post("/drain")).status_code == 200
    assert done == [{"reason": "x"}, {}]


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/drain", 405, "/drain takes POST"),
        ("DELETE", "/status", 405, "/status takes "),
        ("GET", "/nothing", 404, "there is no /nothing here"),
    ],
)
async def test_a_wrong_method_or_path_is_a_problem_with_a_sentence(client_of, method, path, status, said):
    answer = await client_of().request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["detail"][: len(said)]) == (status, said)
    assert ("allow" in answer.headers) == (status == 405)


async def test_who_asks_for_health_gets_plain_words(client_of):
    client = client_of(shown=None)
    for path in ("/healthz", "/readyz"):
        assert (await client.get(path)).headers["content-type"].startswith("text/plain")


async def test_an_error_nobody_expected_is_a_problem_without_its_words():
    def broken():
        raise RuntimeError("a detail of the inside")

    async def is_ready():
        return True

    transport = httpx.ASGITransport(AdminServer("127.0.0.1", 0, is_ready, broken).app(), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
        answer = await client.get("/status")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "inside" not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "not JSON"),
        (b"\xff", 400, "not JSON"),
        (b"[1]", 400, "not a JSON object"),
        (b"1e999", 400, "not JSON"),
        (b" " * (BODY_LIMIT + 1), 413, f"{BODY_LIMIT} bytes"),
        (b'{"busy": 1}', 409, "stopping"),
        (b'{"rate": 0}', 422, "rate: wrong"),
    ],
)
async def test_a_wrong_body_is_answered_with_a_sentence(client_of, body, status, said):
    answer = await client_of().post("/drain", content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert said in answer.json()["detail"]
