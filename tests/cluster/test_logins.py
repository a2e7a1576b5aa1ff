"""One login at Kubernetes for all who ask at the same time: while the token is replaced, and while answers are open."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import kopf
import pytest
from aiohttp import web
from toy_kubernetes import refusal, serve

from voltring_core.testing import eventually
from voltring_operator import logins
from voltring_operator.kube import Kube, KubeError


@dataclass
class Door:
    """A server that takes one token, and holds answers at `/slow` until it may go on."""

    server: str = ""
    token: str = "first"
    given: list[str] = field(default_factory=list)
    """Tokens that were handed out, one for each login."""
    held: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        if request.headers["Authorization"] != f"Bearer {self.token}":
            return refusal(401, "Unauthorized")
        if request.path == "/slow":
            self.held += 1
            await self.go_on.wait()
        return web.json_response({"path": request.path})

    def log_in(self) -> kopf.ConnectionInfo:
        self.given.append(self.token)
        return kopf.ConnectionInfo(server=self.server, scheme="Bearer", token=self.token)


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made, app = Door(), web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    async with serve(app) as (host, port):
        made.server = f"http://{host}:{port}"
        yield made
        made.go_on.set()


@pytest.fixture
async def kube(door: Door) -> AsyncIterator[Kube]:
    made = Kube(door.log_in)
    yield made
    await made.close()


async def ask(kube: Kube, count: int = 20) -> None:
    told = await asyncio.gather(*(kube.get(f"/{number}") for number in range(count)))
    assert [one["path"] for one in told] == [f"/{number}" for number in range(count)]


async def test_many_who_ask_at_once_log_in_once(door: Door, kube: Kube) -> None:
    await ask(kube)
    assert door.given == ["first"]


async def test_a_token_that_was_replaced_costs_one_login_and_no_answer(door: Door, kube: Kube) -> None:
    await ask(kube)
    door.token = "second"
    await ask(kube)
    assert door.given == ["first", "second"]


async def test_an_answer_that_is_open_is_had_by_the_login_that_asked(
    door: Door, kube: Kube, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = asyncio.create_task(kube.get("/slow"))

    async def is_held() -> bool:
        return door.held == 1

    await eventually(is_held, 60)
    monkeypatch.setattr(logins, "LOGIN_AGAIN_S", -1.0)  # the login of everybody who asks from now on is too old
    await ask(kube, 3)
    assert not slow.done()
    door.go_on.set()
    assert await asyncio.wait_for(slow, 60) == {"path": "/slow"}


async def test_a_token_that_stays_wrong_is_refused_to_everybody(door: Door, kube: Kube) -> None:
    await ask(kube)
    door.token, kept = "second", door.token
    door.log_in = lambda: kopf.ConnectionInfo(server=door.server, scheme="Bearer", token=kept)  # type: ignore[method-assign]
    kube = Kube(door.log_in)
    told = await asyncio.gather(*(kube.get("/") for _ in range(5)), return_exceptions=True)
    assert [one.status for one in told if isinstance(one, KubeError)] == [401] * 5
    await kube.close()
