import socket
from pathlib import Path

import pytest

from voltring_local.credentials import keep, keep_token
from voltring_local.errors import StartFailed


def test_a_server_keeps_port_and_password_from_start_to_start(tmp_path: Path) -> None:
    file = tmp_path / "server.json"
    assert keep(file) == keep(file)
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_port_that_a_stranger_took_is_replaced_and_the_password_stays(tmp_path: Path) -> None:
    file = tmp_path / "server.json"
    before = keep(file)
    with socket.create_server(("127.0.0.1", before.port)):
        after = keep(file)
    assert after.port != before.port
    assert after.password == before.password


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "server.json"
    file.write_text("{")
    with pytest.raises(StartFailed, match=r"server\.json is damaged"):
        keep(file)


def test_the_token_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    token = keep_token(file)
    assert len(token) >= 32
    assert keep_token(file) == token
    assert file.stat().st_mode & 0o777 == 0o600
