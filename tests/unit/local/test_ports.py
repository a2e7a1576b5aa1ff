import os
import socket

import pytest

from voltring_local.errors import StartFailed
from voltring_local.ports import HIGH, LOW, claim, free_ports


def test_free_ports_differ_and_lie_below_those_of_outgoing_connections() -> None:
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(LOW <= port < HIGH for port in ports)


def test_more_ports_than_there_are_is_said() -> None:
    with pytest.raises(StartFailed, match="there are not 3 free ports"):
        free_ports(3, avoid=frozenset(range(LOW, HIGH)))


def test_a_busy_port_is_named_with_the_option_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        port = stranger.getsockname()[1]
        with pytest.raises(StartFailed, match=f"port {port} on 127.0.0.1 is taken .* with --api-port"):
            claim("127.0.0.1", port, "--api-port")


def test_a_port_that_others_share_is_busy_too() -> None:
    with socket.socket() as stranger:
        stranger.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        with pytest.raises(StartFailed, match="is taken"):
            claim("127.0.0.1", stranger.getsockname()[1], "--ocpp-port")


def test_zero_claims_any_free_port() -> None:
    assert LOW <= claim("127.0.0.1", 0, "--api-port") < HIGH


@pytest.mark.skipif(os.geteuid() == 0, reason="root may listen everywhere")
def test_a_port_that_is_roots_is_said_so() -> None:
    with pytest.raises(StartFailed, match="port 80 is not for this user: choose one from 1024 on with --api-port"):
        claim("127.0.0.1", 80, "--api-port")


def test_an_address_of_another_machine_is_said() -> None:
    with pytest.raises(StartFailed, match=r"--host 192\.0\.2\.1 is no address of this machine"):
        claim("192.0.2.1", 9000, "--ocpp-port")
