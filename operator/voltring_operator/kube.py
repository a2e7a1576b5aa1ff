"""Kubernetes' API, as little of it as is needed: read, create, patch with preconditions, delete with preconditions.

Every patch is a JSON Patch that begins with `test`: the server refuses it when the object is not the one that was
looked at. Logins are kopf's: the service account of the pod, or KUBECONFIG.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import kopf

from voltring_core.errors import VoltringError
from voltring_core.metrics import KUBERNETES_ERRORS

AGENT = "voltring-operator"
"""So that audit logs and managedFields say who it was."""
TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)
AWAY = (aiohttp.ClientError, TimeoutError, OSError)
LOGIN_AGAIN_S = 300.0
"""Tokens of service accounts are replaced about hourly."""
REFUSED = frozenset({409, 412, 422})
"""What was expected does not hold; 422 is the answer to a `test` that fails."""
GONE = 404
Object = dict[str, Any]


class KubeError(VoltringError):
    """Kubernetes refused something, or is away."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"Kubernetes: {message} ({status})" if status else f"Kubernetes is away: {message}")
        self.status = status


class Refused(VoltringError):
    """What an action expects does not hold any more: the next look decides anew."""


def login() -> kopf.ConnectionInfo:
    """By the service account, else by KUBECONFIG. Raises KubeError."""
    settings = kopf.OperatorSettings()
    if (found := kopf.login_with_service_account(settings=settings)) is not None:
        return replace(found, server=_server(os.environ) or found.server)
    if (found := kopf.login_with_kubeconfig(settings=settings)) is not None:
        return found
    raise KubeError(0, "there is neither a service account nor a KUBECONFIG")


def _server(environment: Mapping[str, str]) -> str:
    """Where Kubernetes tells its pods that it is: an address, so that nothing waits for the cluster's DNS."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "443")
    return f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}" if host else ""


class Kube:
    """One API server."""

    def __init__(self, log_in: Callable[[], kopf.ConnectionInfo] = login) -> None:
        self._log_in = log_in
        self._session: aiohttp.ClientSession | None = None
        self._server = ""
        self._since = 0.0

    async def close(self) -> None:
        """Close what is open."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, path: str, **query: str) -> Object:
        """Raises KubeError; its status is 404 when there is none."""
        return await self._ask("GET", path, query=query)

    async def items(self, path: str, **query: str) -> list[Object]:
        """The objects of a list."""
        return [dict(one) for one in (await self.get(path, **query)).get("items") or ()]

    async def create(self, path: str, body: Object) -> Object:
        """Raises KubeError; its status is 409 when the name is taken."""
        return await self._ask("POST", path, body)

    async def patch(self, path: str, expected: Mapping[str, Any], changes: Mapping[str, Any]) -> Object:
        """Both by JSON pointer. Raises KubeError; its status is among REFUSED when what is expected does not hold."""
        body = [{"op": "test", "path": pointer, "value": value} for pointer, value in expected.items()]
        body += [{"op": "add", "path": pointer, "value": value} for pointer, value in changes.items()]
        return await self._ask("PATCH", path, body, kind="application/json-patch+json")

    async def delete(self, path: str, uid: str) -> Object:
        """Delete it, if it is that one."""
        return await self._ask(
            "DELETE", path, {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        )

    async def _ask(
        self, method: str, path: str, body: Any = None, *, kind: str = "application/json", query: Any = None
    ) -> Object:
        try:
            return await self._answer(method, path, body, kind, query)
        except KubeError as error:
            KUBERNETES_ERRORS.labels(str(error.status)).inc()
            raise
        except AWAY as error:
            KUBERNETES_ERRORS.labels("0").inc()
            raise KubeError(0, str(error) or type(error).__name__) from None

    async def _answer(self, method: str, path: str, body: Any, kind: str, query: Any) -> Object:
        for is_last in (False, True):
            session = await self._ready()
            headers = {"Content-Type": kind} if body is not None else {}
            asked = session.request(method, self._server + path, json=body, headers=headers, params=query)
            async with asked as response:
                if response.status == 401 and not is_last:
                    await self.close()  # the token was replaced
                    continue
                answer = await response.json(content_type=None)
                if response.status >= 400:
                    message = (answer or {}).get("message") if isinstance(answer, dict) else None
                    raise KubeError(response.status, str(message or response.reason))
                return dict(answer)
        raise AssertionError("the last try returns or raises")

    async def _ready(self) -> aiohttp.ClientSession:
        now = asyncio.get_running_loop().time()
        if self._session is None or now - self._since > LOGIN_AGAIN_S:
            await self.close()
            found = await asyncio.to_thread(self._log_in)
            tls = await asyncio.to_thread(found.as_ssl_context) if found.server.startswith("https") else True
            connector = aiohttp.TCPConnector(ssl=tls)
            headers = {"User-Agent": AGENT} | found.as_http_headers()
            self._session = aiohttp.ClientSession(connector=connector, headers=headers, timeout=TIMEOUT)
            self._server, self._since = found.server.rstrip("/"), now
        return self._session


class Paths:
    """Where things are, in one namespace."""

    def __init__(self, namespace: str) -> None:
        ours = f"/apis/voltring.io/v1alpha1/namespaces/{namespace}"
        self.fleets = f"{ours}/ocppfleets"
        self.drains = f"{ours}/ocppdrains"
        self.stateful_sets = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
        self.pods = f"/api/v1/namespaces/{namespace}/pods"
        self.leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self.events = f"/api/v1/namespaces/{namespace}/events"
        self.machines = "/api/v1/nodes"
