"""The embedded servers by themselves: started, killed, recovered, in each way of living with root and of dying."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis

from voltring_local.child import nobody
from voltring_local.errors import StartFailed
from voltring_local.servers import start_postgres, start_valkey

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become nobody")


def _sql(dsn: str, *statements: str) -> list[Any]:
    async def ask() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return [await connection.fetch(statement) for statement in statements]
        finally:
            await connection.close()

    return asyncio.run(ask())


def test_postgres_keeps_what_it_committed_through_kill_9(tmp_path: Path) -> None:
    with start_postgres(tmp_path) as server:
        _sql(server.dsn, "create table t (n int)", "insert into t values (7)")
        server.kill()
    with start_postgres(tmp_path) as again:
        assert again.dsn == server.dsn
        assert _sql(again.dsn, "select n from t")[0][0]["n"] == 7


def test_postgres_starts_again_while_a_session_of_the_killed_one_is_busy(tmp_path: Path) -> None:
    with start_postgres(tmp_path, fsync=False) as server:
        busy = "select count(*) from generate_series(1, 8000000)"
        psql = Path(server.child.argv[0]).with_name("psql")
        with subprocess.Popen([psql, server.dsn, "-c", busy], stderr=subprocess.DEVNULL) as session:
            _until(lambda: _sql(server.dsn, f"select from pg_stat_activity where query = '{busy}'")[0])
            server.kill()
            with start_postgres(tmp_path, fsync=False) as again:
                assert _sql(again.dsn, "select 1 as one")[0][0]["one"] == 1
            session.wait(30)
    assert "is still in use" in server.child.log.read_text()


def test_valkey_keeps_what_it_answered_through_kill_9(tmp_path: Path) -> None:
    with start_valkey(tmp_path) as server:
        redis.Redis.from_url(server.url).set("key", "value")
        server.kill()
    with start_valkey(tmp_path) as again:
        assert again.url == server.url
        assert redis.Redis.from_url(again.url).get("key") == b"value"


def test_servers_ask_for_their_passwords(tmp_path: Path) -> None:
    with start_postgres(tmp_path, fsync=False) as postgres, start_valkey(tmp_path) as valkey:
        port = postgres.dsn.rpartition(":")[2]
        with pytest.raises(asyncpg.InvalidPasswordError):
            _sql(f"postgresql://voltring:wrong@127.0.0.1:{port}")
        with pytest.raises(redis.AuthenticationError):
            redis.Redis(port=int(valkey.url.rpartition(":")[2].split("/")[0])).ping()


def test_acknowledged_is_on_the_disk(tmp_path: Path) -> None:
    with start_postgres(tmp_path) as server:
        shown = _sql(server.dsn, "show fsync", "show synchronous_commit", "show full_page_writes")
    assert [rows[0][0] for rows in shown] == ["on", "on", "on"]


def test_directories_hold_installations_that_run_side_by_side(tmp_path: Path) -> None:
    with start_postgres(tmp_path / "a", fsync=False) as a, start_postgres(tmp_path / "b", fsync=False) as b:
        _sql(a.dsn, "create table only_here ()")
        with pytest.raises(asyncpg.UndefinedTableError):
            _sql(b.dsn, "select from only_here")


def test_a_stale_pid_file_does_not_stop_the_start(tmp_path: Path) -> None:
    with start_postgres(tmp_path, fsync=False):
        pass
    # The number has come round and belongs to a process that has nothing to do with PostgreSQL.
    (tmp_path / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n")
    with start_postgres(tmp_path, fsync=False) as server:
        assert _sql(server.dsn, "select 1 as one")


def test_a_start_killed_half_way_leaves_no_half_cluster(tmp_path: Path) -> None:
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18\n")
    with start_postgres(tmp_path, fsync=False) as server:
        assert _sql(server.dsn, "select 1 as one")
    assert not (tmp_path / "postgres.new").exists()


def test_data_of_another_version_are_named_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(StartFailed, match="holds data of PostgreSQL 16; this one is 18"):
        start_postgres(tmp_path)


def test_long_paths_with_blanks_and_quotes_are_fine(tmp_path: Path) -> None:
    odd = tmp_path / 'a "quoted" name' / ("long " * 30).strip()
    with start_postgres(odd, fsync=False) as postgres, start_valkey(odd) as valkey:
        assert _sql(postgres.dsn, "show unix_socket_directories")[0][0][0] == ""
        assert redis.Redis.from_url(valkey.url).config_get("dir")["dir"] == str(odd / "valkey")


def test_the_unix_socket_lies_in_the_data_directory_which_is_closed_to_others() -> None:
    with tempfile.TemporaryDirectory(prefix="vr") as short, start_postgres(Path(short), fsync=False) as server:
        folder = Path(_sql(server.dsn, "show unix_socket_directories")[0][0][0])
        assert folder == Path(short) / "postgres"
        assert folder.stat().st_mode & 0o077 == 0


@as_root
def test_root_may_change_between_its_two_ways(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    owners = []
    for without_namespaces in ("0", "1", "0"):
        monkeypatch.setenv(nobody.FORCE, without_namespaces)
        with start_postgres(closed / "data", fsync=False) as server:
            _sql(server.dsn, "create table if not exists t ()", "select from t")
            owners.append((closed / "data" / "postgres").stat().st_uid)
    assert owners[1] == 65534


@pytest.mark.parametrize("follow", ["kernel", "pipe"])
def test_servers_end_with_the_process_that_started_them(
    follow: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOLTRING_FOLLOW", follow)
    program = (
        "import pathlib, sys, time; from voltring_local.servers import *; d = pathlib.Path(sys.argv[1])\n"
        "print(start_postgres(d, fsync=False).pid, start_valkey(d).pid, flush=True); time.sleep(600)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pids = [int(word) for word in owner.stdout.readline().split()]
        assert len(pids) == 2
        owner.kill()
    _until(lambda: not any(_runs(pid) for pid in pids))


def _runs(pid: int) -> bool:
    """Whether it still works: what nobody has reaped yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _until(condition: Callable[[], object], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
