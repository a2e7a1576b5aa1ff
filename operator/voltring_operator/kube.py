"""Kubernetes' API, as little of it as is needed: read, create, patch with preconditions, delete with preconditions.

Every patch is a JSON Patch that begins with `test`: the server refuses it when the object is not the one that was
looked at. Logins are kopf's: the service account of the pod, or KUBECONFIG (`logins.py`).
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import aiohttp
import kopf

from voltring_core.errors import VoltringError
from voltring_core.metrics import KUBERNETES_ERRORS
from voltring_operator.logins import Logins

AWAY = (aiohttp.ClientError, TimeoutError, OSError)
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
    """One API server; any number of callers may ask at the same time."""

    def __init__(self, log_in: Callable[[], kopf.ConnectionInfo] = login) -> None:
        self._logins = Logins(log_in)

    async def close(self) -> None:
        """Close what is open."""
        await self._logins.close()

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
        headers = {"Content-Type": kind} if body is not None else {}
        for is_last in (False, True):
            async with self._logins.use() as login:
                url = login.server + path
                async with login.session.request(method, url, json=body, headers=headers, params=query) as response:
                    if response.status == 401 and not is_last:
                        await self._logins.refused(login)  # the token was replaced
                        continue
                    answer = await response.json(content_type=None)
                    if response.status >= 400:
                        message = (answer or {}).get("message") if isinstance(answer, dict) else None
                        raise KubeError(response.status, str(message or response.reason))
                    return dict(answer)
        raise AssertionError("the last try returns or raises")


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
