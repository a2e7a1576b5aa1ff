"""The operator's loop: look, plan, carry out; every 15 s, and at once when a fleet or a drain has changed.

It has no memory of its own: whatever it needs to know of the past is in the objects' status. `handlers.py` only says
that something has changed.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from kopf import ConnectionInfo

from voltring_core.admin import AdminServer
from voltring_core.ending import end
from voltring_core.runtime import every, supervise
from voltring_core.saying import Saying
from voltring_core.settings import OperatorSettings
from voltring_operator import handlers, planning, reading
from voltring_operator.actions import Event
from voltring_operator.carrying import Carrier, event, write_status
from voltring_operator.fleet_status import FleetStatus
from voltring_operator.kube import Kube, KubeError, Paths, Refused, login
from voltring_operator.lease import Lease
from voltring_operator.manifests import belongs
from voltring_operator.measuring import Measures, counted, ended
from voltring_operator.nodes import Nodes
from voltring_operator.observing import Observer
from voltring_operator.planning import Plan

logger = logging.getLogger("voltring.operator")
STEPS = 8
"""Looks in a row, when what was done allows the next step at once."""
TWICE = 2
TOGETHER_S = 1.0
STALE = 4
"""Looks that may fail until the operator says that it is not well."""


def utc_now() -> datetime:
    """The wall's clock: what is remembered in objects must be understood by another machine."""
    return datetime.now(UTC)


class Operator:
    """Looks after the fleets of one namespace."""

    def __init__(self, settings: OperatorSettings, kube: Kube, clock: Callable[[], datetime] = utc_now) -> None:
        self._kube, self._settings, self._clock = kube, settings, clock
        self._paths = Paths(settings.namespace)
        self.nodes = Nodes(settings.admin_token, settings.node_timeout, settings.admin_token_previous)
        self.lease = Lease(kube, self._paths.leases, settings.operator_name, settings.lease_seconds)
        self._observer = Observer(kube, self._paths, self.nodes, watch_machines=settings.watch_machines)
        self._measures = Measures()
        self._looked_at = time.monotonic()
        self._told: dict[str, str] = {}
        self._away = Saying(logger)
        self._is_idle = False
        self._refusals: dict[str, int] = {}
        """In a row, by fleet."""
        self.news = asyncio.Event()
        """Set when something has changed."""

    @property
    def is_well(self) -> bool:
        """Whether it has looked lately, or waits for another one that does."""
        return time.monotonic() - self._looked_at < STALE * self._settings.look_seconds

    async def cycle(self) -> str:
        """Look once at every fleet. Returns what there is to say of it."""
        self.news.clear()
        began = time.perf_counter()
        try:
            said = await self._look()
        except KubeError as error:
            self._measures.looked("failed", began)
            self._away.met("nothing is done: %s", error)
            return ""
        self._away.over("Kubernetes is there again")
        self._measures.looked("acted" if self.lease.is_ours or self._is_idle else "waited", began)
        self._looked_at = time.monotonic()
        return said

    async def wait(self) -> None:
        """Until the next look, a second at least: what changes together is looked at together."""
        await asyncio.sleep(min(TOGETHER_S, self._settings.look_seconds))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.news.wait(), self._settings.look_seconds)

    async def _look(self) -> str:
        fleets = await self._observer.fleets()
        self.lease.belongs_to([belongs(fleet) for fleet in fleets])
        self._is_idle = not fleets
        if self._is_idle:  # nothing to guard: a Lease of nobody's would be left behind
            self._measures.keep(())
            return self._new("lease", "there is no fleet")
        if not await self.lease.hold():
            self._measures.keep(())
            return self._new("lease", f"another operator acts: {self.lease.holder}")
        said = [self._new("lease", "this operator acts")]
        self._measures.keep({fleet["metadata"]["name"] for fleet in fleets})
        for fleet in fleets:
            said.append(await self._tend(fleet))
        return "; ".join(one for one in said if one)

    async def _tend(self, found: Mapping[str, Any]) -> str:
        name, said = found["metadata"]["name"], ""
        for step in range(STEPS):
            try:
                fleet = await self._observer.again(found) if step else found
                made, is_done = await self._step(fleet)
            except Refused as refused:
                return await self._refused(found, refused)
            except KubeError as error:
                if error.status == 0:
                    raise
                return self._new(name, f"{name}: {error}")
            said = made.status.message
            self._refusals.pop(name, None)
            if not (is_done and made.goes_on):
                break
        return self._new(name, f"{name}: {said or 'all is well'}")

    async def _step(self, found: Mapping[str, Any]) -> tuple[Plan, bool]:
        """One look at one fleet; whether all that was planned is done. Raises Refused."""
        now = self._clock()
        try:
            fleet = reading.fleet(found)
        except reading.SpecError as error:
            before, generation = reading.status(found), int(found["metadata"].get("generation") or 0)
            refusal = planning.refusal(before, generation, error.message, now)
            self._measures.unreadable(found["metadata"]["name"])
            await self._write(found, before, refusal)
            return refusal, False
        seen = await self._observer.look(fleet)
        made = planning.plan(seen, now)
        self._measures.planned(seen, made.status, len(made.actions))
        await self._write(found, fleet.status, made)
        carrier = Carrier(self._kube, self._paths, self.nodes, self.lease, seen)
        for action in made.actions:
            with counted(type(action).__name__):
                await carrier.carry_out(action)
            ended(action, seen)
            logger.info("%s: %s", fleet.name, action)
        await self._tell(found, made.events, {one.name: one.uid for one in seen.drains})
        return made, True

    async def _write(self, fleet: Mapping[str, Any], before: FleetStatus, made: Plan) -> None:
        await self.lease.must_be_ours()
        if made.status != before:
            with counted("WriteStatus"):
                await write_status(self._kube, self._paths, fleet, made.status)
        await self._tell(fleet, made.news, {})

    async def _refused(self, fleet: Mapping[str, Any], refused: Refused) -> str:
        """Objects change between look and act, and then the next look knows better. What is refused twice in a row
        people should hear of."""
        name = fleet["metadata"]["name"]
        count = self._refusals[name] = self._refusals.get(name, 0) + 1
        if count == TWICE:
            await self._tell(fleet, (Event("Refused", refused.message, True),), {})
        return self._new(name, f"{name}: {refused.message}")

    async def _tell(self, fleet: Mapping[str, Any], events: tuple[Event, ...], drains: Mapping[str, str]) -> None:
        """Kubernetes Events; that one can't be written is no reason to stop. `drains` are uids by name."""
        for one in events:
            logger.log(logging.WARNING if one.is_warning else logging.INFO, "%s: %s", one.reason, one.note)
            try:
                body = event(fleet, one, self._settings.operator_name, drains.get(one.about, ""))
                await self._kube.create(self._paths.events, body)
            except KubeError as error:
                logger.warning("an event could not be written: %s", error)

    def _new(self, about: str, sentence: str) -> str:
        """The sentence, if it is not what was said last."""
        is_known, self._told[about] = self._told.get(about) == sentence, sentence
        return "" if is_known else sentence

    async def close(self) -> None:
        """Let the next one begin at once."""
        with contextlib.suppress(KubeError):
            await self.lease.release()
        await self.nodes.close()
        await self._kube.close()


async def run(settings: OperatorSettings, stop: asyncio.Event, log_in: Callable[[], ConnectionInfo] = login) -> None:
    """Run the operator until `stop`."""
    operator = Operator(settings, Kube(log_in))
    told = {"room": "operator"}
    admin = AdminServer(settings.admin_host, settings.admin_port, _ready(operator), lambda: told, room="operator")

    async def looks() -> None:
        while not stop.is_set():
            if said := await operator.cycle():
                logger.info(said)
            await operator.wait()

    async with asyncio.TaskGroup() as group:
        await admin.start(group)
        watching = handlers.Watching(settings.namespace, operator.news, asyncio.get_running_loop(), log_in)
        work = (("looks", looks), ("watches", lambda: every(handlers.AGAIN_S, watching.cycle, stop)))
        chores = [group.create_task(supervise(name, one, stop), name=name) for name, one in work]
        await stop.wait()
        watching.stop()
        await end(chores)
        await operator.close()
        await admin.stop()


def _ready(operator: Operator) -> Any:
    async def is_ready() -> bool:
        return operator.is_well

    return is_ready
