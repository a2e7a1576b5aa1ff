"""A Kubernetes API server in memory, as far as an operator and its preconditions can tell it from a real one.

Objects of any kind by their paths; resourceVersion, uid, generation; JSON Patch with `test`; the status as a
subresource; preconditions and grace at deletion; label selectors, watches, discovery. Our own kinds are judged by
their definitions, and who comes with the operator's token may do what the chart lets it (`toy_judge.py`).
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import jsonpatch
import jsonpointer
from aiohttp import web
from toy_judge import Judged, admit, asked, may, rules

KINDS = {
    "v1": ("pods", "events", "nodes", "namespaces"),
    "apps/v1": ("statefulsets",),
    "coordination.k8s.io/v1": ("leases",),
    "apiextensions.k8s.io/v1": ("customresourcedefinitions",),
    "voltring.io/v1alpha1": ("ocppfleets", "ocppdrains"),
}
CLUSTERWIDE = ("nodes", "namespaces", "customresourcedefinitions")
GRACEFUL = "pods"
OPERATOR = "of the operator's service account"
"""The bearer token of somebody who may do what the chart lets the operator do; all others may do everything."""
SPLIT = ("ocppfleets", "ocppdrains", "statefulsets", "pods")
"""Kinds whose status is a subresource."""
Object = dict[str, Any]


class ToyKubernetes:
    """`objects` by path of the collection and name."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], Object] = {}
        self.writes: list[str] = []
        """Method and path of what was changed."""
        self._version = 100
        self._watchers: list[tuple[str, asyncio.Queue[Object]]] = []

    def of(self, plural: str) -> list[Object]:
        """All objects of a kind."""
        return [one for (path, _), one in self.objects.items() if path.endswith(f"/{plural}")]

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        parts = request.path.strip("/").split("/")
        if (who := request.headers.get("Authorization", "")) not in ("", f"Bearer {OPERATOR}"):
            return refusal(401, "Unauthorized")
        if (found := discovery(parts)) is not None:
            return web.json_response(found)
        if who and (why := _forbidden(request, parts)):
            return refusal(403, why)
        head = 2 if parts[0] == "api" else 3
        rest = parts[head:]
        if rest[:1] == ["namespaces"] and len(rest) > 2:
            head, rest = head + 2, rest[2:]
        collection, name, sub = "/" + "/".join(parts[: head + 1]), rest[1] if len(rest) > 1 else "", rest[2:]
        if request.method == "GET" and not name:
            return await self._list(request, collection)
        body = json.loads(await request.text() or "{}")
        if request.method == "POST":
            return self._create(collection, body)
        key = (collection, name)
        if key not in self.objects:
            return refusal(404, f"{name} not found")
        if request.method == "GET":
            return web.json_response(self.objects[key])
        if request.method == "DELETE":
            return self._delete(key, body)
        return self._patch(key, body, is_status=sub == ["status"])

    def _create(self, collection: str, body: Object) -> web.Response:
        meta = body["metadata"]
        if "generateName" in meta:
            meta["name"] = meta["generateName"] + uuid4().hex[:6]
        key = (collection, meta["name"])
        if key in self.objects:
            return refusal(409, f"{meta['name']} already exists")
        plural = collection.rpartition("/")[2]
        if plural in SPLIT:
            body = {name: one for name, one in body.items() if name != "status"}
        try:
            body = admit(plural, body)
        except Judged as judged:
            return refusal(422, f"{meta['name']} is invalid: {judged}")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        made = {"uid": str(uuid4()), "creationTimestamp": now, "generation": 1, "resourceVersion": self._next()}
        self.objects[key] = {**body, "metadata": {**meta, **made}}
        return self._changed("POST", key, "ADDED")

    def _patch(self, key: tuple[str, str], body: Any, *, is_status: bool) -> web.Response:
        before = self.objects[key]
        try:
            after = jsonpatch.apply_patch(before, body)
        except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException) as error:
            return refusal(422, f"the patch can't be applied: {error}")
        plural = key[0].rpartition("/")[2]
        if plural in SPLIT:
            kept = {**before, "status": after.get("status", {})} if is_status else {**after}
            if not is_status and "status" in before:
                kept["status"] = before["status"]
            after = kept
        try:
            after = admit(plural, after, before)
        except Judged as judged:
            return refusal(422, f"{key[1]} is invalid: {judged}")
        if after == before:
            return web.json_response(before)
        grown = before["metadata"]["generation"] + (after.get("spec") != before.get("spec"))
        after["metadata"] = {**after["metadata"], "generation": grown, "resourceVersion": self._next()}
        self.objects[key] = after
        return self._changed("PATCH", key, "MODIFIED")

    def _delete(self, key: tuple[str, str], body: Object) -> web.Response:
        found = self.objects[key]
        wanted = (body.get("preconditions") or {}).get("uid", found["metadata"]["uid"])
        if wanted != found["metadata"]["uid"]:
            return refusal(409, f"the uid is {found['metadata']['uid']}")
        if key[0].endswith(GRACEFUL) and body.get("gracePeriodSeconds") != 0:
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            meta = {**found["metadata"], "deletionTimestamp": now, "resourceVersion": self._next()}
            self.objects[key] = {**found, "metadata": meta}
            return self._changed("DELETE", key, "MODIFIED")
        answer = self._changed("DELETE", key, "DELETED")
        del self.objects[key]
        return answer

    def _changed(self, method: str, key: tuple[str, str], kind: str) -> web.Response:
        self.writes.append(f"{method} {key[0].rpartition('/')[2]}/{key[1]}")
        for collection, queue in self._watchers:
            if collection == key[0]:
                queue.put_nowait({"type": kind, "object": self.objects[key]})
        return web.json_response(self.objects[key])

    async def _list(self, request: web.Request, collection: str) -> web.StreamResponse:
        selector = request.query.get("labelSelector", "")
        items = [one for (path, _), one in self.objects.items() if path == collection and _matches(one, selector)]
        if request.query.get("watch") not in ("true", "1"):
            return web.json_response({"metadata": {"resourceVersion": str(self._version)}, "items": items})
        queue: asyncio.Queue[Object] = asyncio.Queue()
        watcher = collection, queue
        self._watchers.append(watcher)
        response = web.StreamResponse()
        try:
            await response.prepare(request)
            while True:
                await response.write(json.dumps(await queue.get()).encode() + b"\n")
        except ConnectionError:  # whoever watched has been killed
            return response
        finally:
            self._watchers.remove(watcher)

    def _next(self) -> str:
        self._version += 1
        return str(self._version)


def discovery(parts: list[str]) -> Object | None:
    """What a client asks to learn which kinds there are; None when it asks for something else."""
    groups = [one for one in KINDS if "/" in one]
    if parts == ["api"]:
        return {"kind": "APIVersions", "versions": ["v1"]}
    if parts == ["version"]:
        return {"major": "1", "minor": "33", "gitVersion": "v1.33.0"}
    if parts == ["apis"]:
        named = [{"groupVersion": one, "version": one.split("/")[1]} for one in groups]
        return {
            "groups": [{"name": g["groupVersion"].split("/")[0], "preferredVersion": g, "versions": [g]} for g in named]
        }
    which = "/".join(parts[1:])
    if parts[0] not in ("api", "apis") or which not in KINDS:
        return None
    verbs = ["get", "list", "watch", "create", "patch", "delete"]
    kinds = [
        {"name": one, "singularName": one[:-1], "kind": one, "namespaced": one not in CLUSTERWIDE, "verbs": verbs}
        for one in KINDS[which]
    ]
    return {"kind": "APIResourceList", "groupVersion": which, "resources": kinds}


def _forbidden(request: web.Request, parts: list[str]) -> str:
    group, resource, verb = asked(request.method, parts, request.query)
    role, everywhere = rules()
    is_ours = "namespaces" in parts
    if may(role if is_ours else everywhere, group, resource, verb):
        return ""
    return f"cannot {verb} {resource} in {group or 'the core group'}{'' if is_ours else ' of the cluster'}"


def refusal(status: int, message: str) -> web.Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "code": status,
    }
    return web.json_response(body, status=status)


def _matches(found: Object, selector: str) -> bool:
    labels = found["metadata"].get("labels") or {}
    wanted = [one.partition("=") for one in selector.split(",") if one]
    return all(labels.get(key) == value if equal else key in labels for key, equal, value in wanted)


@asynccontextmanager
async def serve(app: web.Application, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[tuple[str, int]]:
    """Host and port."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][0], runner.addresses[0][1]
    finally:
        await runner.cleanup()
