"""`domain/placement.py` is HAProxy's hash: asked of a real one, by the form that the chart has."""

import http.client
import random
import string
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote

from router_names import Names
from router_street import SUFFIX, Doubles, Router

from voltring_core.domain.placement import home

SIGNS = string.ascii_letters + string.digits + "*-_=+|@."
EVERYBODY = frozenset(range(6))


def homes(router: Router, paths: Iterable[str]) -> list[int]:
    """Where the router sends each, over one connection."""
    asking = http.client.HTTPConnection("127.0.0.1", router.port, timeout=60)
    found = []
    for path in paths:
        asking.request("GET", path)
        found.append(int(asking.getresponse().read()))
    asking.close()
    return found


def some_ids(size: int) -> list[str]:
    lots = random.Random(7)
    return [f"CP-{number}" for number in range(size // 2)] + [
        "".join(lots.choices(SIGNS, k=lots.randint(1, 48))) for _ in range(size - size // 2)
    ]


async def only(router: Router, up: frozenset[int]) -> None:
    """Let the router know these alone."""
    for node in EVERYBODY:
        router.ask(f"set server nodes/node-{node} state {'ready' if node in up else 'maint'}")
    await router.sees(up=up)


async def test_four_thousand_chargers_go_where_placement_says_whoever_is_up(
    start_router: Callable[..., Router], doubles: Doubles
) -> None:
    router = start_router()
    await router.sees(up=EVERYBODY)
    ids = some_ids(4000)
    for up in (EVERYBODY, frozenset({0, 1, 2}), frozenset({1, 4, 5}), frozenset({2})):
        await only(router, up)
        said = homes(router, (f"/ocpp/{quote(one, safe='')}" for one in ids))
        assert said == [home(one, up) for one in ids]


async def test_a_second_replica_that_saw_nodes_in_another_order_sends_everybody_to_the_same_node(
    start_router: Callable[..., Router], doubles: Doubles
) -> None:
    first, second = start_router("first"), start_router("second")
    await first.sees(up=EVERYBODY)
    await second.sees(up=EVERYBODY)
    for up in (frozenset({3}), frozenset({3, 5}), frozenset({5, 0}), EVERYBODY):
        await only(second, up)
    paths: Sequence[str] = [f"/ocpp/{quote(one, safe='')}" for one in some_ids(1000)]
    assert homes(first, paths) == homes(second, paths)


async def test_only_the_id_decides_not_what_is_before_it_nor_how_it_is_written(
    start_router: Callable[..., Router], doubles: Doubles
) -> None:
    router = start_router()
    await router.sees(up=EVERYBODY)
    for number in range(40):
        charger_id = f"Cp-{number}"
        written = [
            f"/ocpp/{charger_id}",
            f"/ocpp/{charger_id}?token={number}/{number}",
            f"//ocpp//{charger_id}/",
            f"/behind/a/proxy/ocpp/{charger_id}",
            f"/ocpp/{charger_id.upper()}",
            f"/ocpp/{charger_id.replace('-', '%2d').replace('C', '%43')}",
            f"http://127.0.0.1:{router.port}/ocpp/{charger_id}",
        ]
        assert set(homes(router, written)) == {home(charger_id, EVERYBODY)}


async def test_a_node_that_has_no_address_any_more_moves_its_own_chargers_alone_and_they_are_back_with_it(
    start_router: Callable[..., Router], doubles: Doubles, names: Names
) -> None:
    router = start_router()
    await router.sees(up=EVERYBODY)
    ids = some_ids(500)
    paths = [f"/ocpp/{quote(one, safe='')}" for one in ids]
    before = homes(router, paths)
    address = names.addresses.pop(f"street-node-4.{SUFFIX}")
    await router.sees(up=EVERYBODY - {4})
    without = homes(router, paths)
    assert without == [home(one, EVERYBODY - {4}) for one in ids]
    assert all(now == then for now, then in zip(without, before, strict=True) if then != 4)
    names.addresses[f"street-node-4.{SUFFIX}"] = address
    await router.sees(up=EVERYBODY)
    assert homes(router, paths) == before
