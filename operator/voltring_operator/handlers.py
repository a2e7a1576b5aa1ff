"""kopf's part: watches of fleets, drains, StatefulSets and pods say that something has changed, so that nobody waits.

They decide nothing and write nothing. kopf's timers and daemons would: they put a finalizer on each fleet, and a fleet
whose operator was uninstalled first could then never be deleted. kopf has a loop and a thread of its own, because it
cancels what it takes for its own tasks when it ends.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import kopf

from voltring_core.saying import Saying
from voltring_operator.kube import KubeError, login
from voltring_operator.manifests import FLEET, GROUP, VERSION

AGAIN_S = 30.0
"""Seconds until kopf is started again when it has ended: the looks go on without it."""
logger = logging.getLogger("voltring.operator")


class Watching:
    """Watches one namespace, and sets `news` in `loop`."""

    def __init__(
        self,
        namespace: str,
        news: asyncio.Event,
        loop: asyncio.AbstractEventLoop,
        log_in: Callable[[], kopf.ConnectionInfo] = login,
    ) -> None:
        self._namespace, self._news, self._loop, self._log_in = namespace, news, loop, log_in
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failed = Saying(logger)
        self._known: dict[str, tuple[str, ...]] = {}
        self._logins, self._logged_in = 0, -AGAIN_S

    async def cycle(self) -> str:
        """Start kopf, if it does not run."""
        if self._thread is not None and self._thread.is_alive():
            return ""
        is_first = self._thread is None
        self._thread = threading.Thread(target=self._run, name="kopf", daemon=True)
        self._thread.start()
        return "" if is_first else "the watches have ended and are begun anew"

    def stop(self) -> None:
        """End kopf; it is not waited for."""
        self._stop.set()

    def join(self, seconds: float) -> None:
        """Wait until kopf has ended."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self) -> None:
        try:
            asyncio.run(self._watch())
        except Exception as error:  # the looks go on every 15 s without it
            self._failed.met("the watches have failed: %s", error)

    async def _watch(self) -> None:
        # It warns that it minds no signals: the process does.
        logging.getLogger("kopf._core.reactor.running").setLevel(logging.ERROR)
        settings = kopf.OperatorSettings()
        settings.posting.enabled = False
        settings.scanning.disabled = True  # the CRDs are there before the operator, and it may not look at others
        settings.watching.server_timeout = 300
        await kopf.operator(
            registry=self.registry(),
            settings=settings,
            standalone=True,
            namespaces=[self._namespace],
            stop_flag=self._stop,
        )

    def registry(self) -> kopf.OperatorRegistry:
        """What kopf is to call."""
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        def log_in(**_: Any) -> kopf.ConnectionInfo:
            try:
                return self._login()
            except KubeError as error:
                raise kopf.TemporaryError(error.message, delay=AGAIN_S) from None

        @kopf.on.event(GROUP, VERSION, "ocppfleets", registry=registry)
        @kopf.on.event(GROUP, VERSION, "ocppdrains", registry=registry)
        @kopf.on.event("apps", "v1", "statefulsets", labels={FLEET: kopf.PRESENT}, registry=registry)
        @kopf.on.event("", "v1", "pods", labels={FLEET: kopf.PRESENT}, registry=registry)
        def changed(type: str | None, body: Any, **_: Any) -> None:
            sign = signature(body)
            if self._known.get(sign[0]) != sign or type == "DELETED":
                self._known[sign[0]] = sign
                self._loop.call_soon_threadsafe(self._news.set)
            if type == "DELETED":
                del self._known[sign[0]]

        return registry

    def _login(self) -> kopf.ConnectionInfo:
        """Never the same twice: kopf does not take a login again that was refused once, and waits for another one
        for ever, where the server was not itself for a moment. It comes back at once when one is refused."""
        now = time.monotonic()
        if (left := self._logged_in + AGAIN_S - now) > 0:
            raise kopf.TemporaryError("Kubernetes refuses the login", delay=left)
        self._logged_in, self._logins = now, self._logins + 1
        return replace(self._log_in(), priority=self._logins)


def signature(body: Mapping[str, Any]) -> tuple[str, ...]:
    """What is worth a look when it changes. The status that the operator writes itself is not."""
    meta, told = body["metadata"], body.get("status") or {}
    notes = {key: one for key, one in (meta.get("annotations") or {}).items() if not key.startswith("kubectl.")}
    ready = [one.get("status") for one in told.get("conditions") or () if one.get("type") == "Ready"]
    seen = (meta.get("generation"), meta.get("deletionTimestamp"), sorted(notes.items()), ready, told.get("podIP"))
    # Its controller has taken in a new template: from then on it is known which pods are old.
    taken_in = (told.get("observedGeneration"), told.get("updateRevision")) if body.get("kind") == "StatefulSet" else ()
    return (str(meta.get("uid")), *map(str, (*seen, *taken_in)))
