"""What `helm test` runs in a cluster, against rooms that run here."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voltring_core.testing import Room, free_port

SCRIPT = Path(__file__).parents[2] / "charts" / "voltring" / "files" / "helm_test.py"
TOKEN = "a-bootstrap-token-of-a-test-0123456789"


def play(api: str, ocpp: str, token: str = TOKEN, patience: str = "60") -> Any:
    environment = os.environ | {"API": api, "OCPP": ocpp, "TOKEN": token, "PATIENCE": patience}
    return subprocess.run([sys.executable, str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=300)


def test_the_charts_own_test_passes_twice_and_fails_with_a_wrong_token(
    start_node: Callable[..., Any], postgres_dsn: str, redis_url: str, tmp_path: Path
) -> None:
    node, port = start_node(UNKNOWN_CHARGERS="reject"), free_port()
    shared = {"POSTGRES_DSN": postgres_dsn, "REDIS_URL": redis_url}
    own = {"API_PORT": str(port), "ADMIN_PORT": str(free_port()), "BOOTSTRAP_TOKEN": TOKEN}
    api = Room("api", shared | own, tmp_path / "api.log")
    worker = Room("worker", shared | {"ADMIN_PORT": str(free_port())}, tmp_path / "worker.log")
    url = f"http://127.0.0.1:{port}"
    try:
        api.wait_ready(f"{api.admin}/readyz", 60)
        worker.wait_ready(f"{worker.admin}/readyz", 60)
        for _ in range(2):
            passed = play(url, node.ocpp)
            assert passed.returncode == 0, passed.stdout + passed.stderr
            assert "is kept with 1500" in passed.stdout
        refused = play(url, node.ocpp, token="x" * 40, patience="1")
        assert refused.returncode != 0
        assert "not so within 1 s: the API answers (HTTP Error 401" in refused.stderr
    finally:
        worker.stop(60)
        api.stop(60)
