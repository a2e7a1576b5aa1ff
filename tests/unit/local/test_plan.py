from pathlib import Path
from typing import Any

import pytest

from voltring_core.settings import UnknownChargers
from voltring_local.children import Child
from voltring_local.credentials import Credentials
from voltring_local.options import Options
from voltring_local.plan import Addresses, Plan, admin_names, plan
from voltring_local.postgres import Postgres
from voltring_local.probes import Answers, Ends
from voltring_local.valkey import Valkey

DATA = Path("/data")


def _plan(listen_fd: int | None = None, **wishes: Any) -> Plan:
    options = Options(DATA, unknown_chargers=UnknownChargers.ACCEPT, **wishes)
    ports = {name: 20_000 + number for number, name in enumerate(admin_names(options))}
    return plan(options, Addresses("postgresql://p", "redis://r", "token", ports, listen_fd))


def _room(made: Plan, name: str) -> Child:
    return next(child for child in made.rooms if child.name == name)


def test_every_node_is_a_process_of_its_own_with_its_own_name_and_metrics() -> None:
    made = _plan(nodes=3)
    assert [child.name for child in made.rooms] == ["api", "worker", "node-0", "node-1", "node-2"]
    assert _room(made, "node-2").env["VOLTRING_NODE_NAME"] == "node-2"
    assert _room(made, "node-2").ready == Answers("127.0.0.1", 20_004)


def test_the_api_has_an_admin_port_as_every_room_has() -> None:
    api = _room(_plan(), "api")
    assert api.ready == Answers("127.0.0.1", 20_000)
    assert (api.env["VOLTRING_ADMIN_HOST"], api.env["VOLTRING_ADMIN_PORT"]) == ("127.0.0.1", "20000")


def test_nodes_that_end_together_wait_for_nobody_to_take_their_chargers() -> None:
    assert _room(_plan(nodes=3), "node-1").env["VOLTRING_STOP_SECONDS"] == "0"


def test_the_nodes_share_the_port_by_the_kernel() -> None:
    env = _room(_plan(ocpp_port=9100), "node-0").env
    assert env["VOLTRING_OCPP_PORT"] == "9100"
    assert env["VOLTRING_OCPP_REUSE_PORT"] == "true"


def test_where_the_kernel_does_not_balance_the_nodes_inherit_one_socket() -> None:
    node = _room(_plan(listen_fd=7), "node-0")
    assert node.env["VOLTRING_OCPP_LISTEN_FD"] == "7"
    assert node.inherits == (7,)
    assert "VOLTRING_OCPP_PORT" not in node.env


def test_every_room_but_the_chargers_knows_the_servers() -> None:
    made = _plan()
    for child in (made.migrate, *made.rooms):
        assert child.env["VOLTRING_POSTGRES_DSN"] == "postgresql://p"
        assert child.env["VOLTRING_REDIS_URL"] == "redis://r"
    assert made.chargers is not None
    assert not made.chargers.env


def test_the_migration_is_a_step_that_ends_before_the_rooms_start() -> None:
    assert _plan().migrate.ready == Ends()


def test_only_the_api_gets_the_token() -> None:
    made = _plan()
    holders = [child.name for child in made.rooms if "token" in child.env.values()]
    assert holders == ["api"]


def test_chargers_are_one_process_that_plays_all_of_them() -> None:
    chargers = _plan(chargers=200).chargers
    assert chargers is not None
    words = chargers.argv[chargers.argv.index("simulate") :]
    assert words[words.index("--count") + 1] == "200"
    assert words[words.index("--url") + 1] == "ws://127.0.0.1:9000/ocpp"


def test_prometheus_is_one_more_process_on_loopback_where_it_is_wanted() -> None:
    assert _plan().prometheus is None
    watching = _plan(prometheus=Path("/usr/bin/prometheus"), prometheus_port=8091, host="0.0.0.0").prometheus
    assert watching is not None
    assert watching.argv[0] == "/usr/bin/prometheus"
    assert "--web.listen-address=127.0.0.1:8091" in watching.argv
    assert "--storage.tsdb.path=/data/prometheus/data" in watching.argv
    assert watching.ready == Answers("127.0.0.1", 8091, "/-/ready")


def test_no_chargers_means_no_process_for_them() -> None:
    assert _plan(chargers=0).chargers is None


def test_all_can_be_stopped_within_ten_seconds() -> None:
    made = _plan(nodes=8, prometheus=Path("/usr/bin/prometheus"))
    assert made.chargers is not None
    assert made.prometheus is not None
    kinds = {child.kind: child.stop_within for child in (*made.rooms, made.prometheus, made.chargers)}
    secret = Credentials(1, "")
    servers = [Postgres(DATA, secret).child(), Valkey(DATA, secret).child()]
    assert sum(kinds.values()) + sum(server.stop_within for server in servers) < 10


def test_secrets_do_not_show_when_an_address_is_printed() -> None:
    assert "hush" not in repr(Addresses("postgresql://p", "redis://r", "hush", {}))


@pytest.mark.parametrize("name", ["api", "worker", "node-0"])
def test_each_process_has_its_own_log(name: str) -> None:
    assert _room(_plan(), name).log == DATA / "logs" / f"{name}.log"


def test_no_chargers_are_played_where_nobody_registers_them() -> None:
    options = Options(DATA, unknown_chargers=UnknownChargers.REJECT, nodes=1)
    at = Addresses("postgresql://p", "redis://r", "token", dict.fromkeys(admin_names(options), 20_000))
    assert plan(options, at).chargers is None
