"""As much of a Kubernetes API as Helm's `lookup` asks: what kinds there are, and one Secret or another."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

NAMESPACE = "charging"
KINDS = {
    "v1": "Secret ConfigMap Service ServiceAccount Pod",
    "apps/v1": "Deployment StatefulSet",
    "batch/v1": "Job",
    "networking.k8s.io/v1": "NetworkPolicy Ingress",
    "policy/v1": "PodDisruptionBudget",
    "rbac.authorization.k8s.io/v1": "Role RoleBinding ClusterRole ClusterRoleBinding",
    "voltring.io/v1alpha1": "OcppFleet OcppDrain",
}


class Cluster:
    """Secrets by name, and who asked for which."""

    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, Any]] = {}
        self.asked: list[str] = []

    def answer(self, path: str) -> Any:
        """The object, or None."""
        secrets = f"/api/v1/namespaces/{NAMESPACE}/secrets/"
        if path.startswith(secrets):
            self.asked.append(path.removeprefix(secrets))
            return self.secrets.get(self.asked[-1])
        return self._known(path)

    def _known(self, path: str) -> Any:
        groups = [
            {"name": group, "versions": [{"groupVersion": f"{group}/{version}", "version": version}]}
            for group, version in (name.split("/") for name in KINDS if "/" in name)
        ]
        return {
            "/version": {"major": "1", "minor": "31", "gitVersion": "v1.31.0"},
            "/api": {"kind": "APIVersions", "versions": ["v1"]},
            "/apis": {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups},
            **{f"/apis/{name}" if "/" in name else f"/api/{name}": _resources(name) for name in KINDS},
        }.get(path)


def _resources(name: str) -> Any:
    kinds = [
        {
            "name": f"{kind.lower()[:-1]}ies" if kind.endswith("y") else f"{kind.lower()}s",
            "kind": kind,
            "namespaced": not kind.startswith("Cluster"),
            "verbs": ["get", "list"],
        }
        for kind in KINDS[name].split()
    ]
    return {"kind": "APIResourceList", "groupVersion": name, "resources": kinds}


@contextmanager
def running(cluster: Cluster, folder: Path) -> Iterator[Path]:
    """Serve it on loopback; the path of a kubeconfig."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = cluster.answer(self.path.split("?")[0])
            said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}
            body = json.dumps(said if found is None else found).encode()
            self.send_response(404 if found is None else 200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    config = folder / "kubeconfig"
    address = f"http://127.0.0.1:{server.server_address[1]}"
    config.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "c", "cluster": {"server": address}}],
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                "users": [{"name": "u", "user": {}}],
                "current-context": "c",
            }
        ),
        encoding="utf-8",
    )
    try:
        yield config
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
