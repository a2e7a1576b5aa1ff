"""A fleet on Kubernetes in pure Python, on a virtual clock: StatefulSet controller, kubelet, nodes, router, chargers.

It does what an operator's actions say, if their preconditions hold, and watches what must never happen (`wrongs`). An
operator that dies, repeats itself or acts on an old look is played by whoever calls `carry_out`.
"""

import random
from datetime import UTC, datetime, timedelta

from toy_nodes import ToyDrain, ToyNode, ToyPod, home

from voltring_operator import actions as do
from voltring_operator.drains import DrainPhase, DrainState
from voltring_operator.fleet_status import FleetStatus
from voltring_operator.model import Fleet, Observed, Pod, Slot, StatefulSet
from voltring_operator.planning import plan
from voltring_operator.report import read
from voltring_operator.spec import FleetSpec

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
STEP_S = 5
LOOK_S = 15
LEARNS_S = 15


class ToyFleet:
    """`fleet.run(seconds)` lets time pass; `observe()` and `carry_out()` are the operator's."""

    def __init__(self, spec: FleetSpec, chargers: int, seed: int = 0) -> None:
        self.spec, self.status, self.generation = spec, FleetStatus(), 1
        self.random = random.Random(seed)
        self.s = 0.0
        self.version = 0
        self.stateful_set: StatefulSet | None = None
        self.pods: dict[int, ToyPod] = {}
        self.drains: dict[str, DrainState] = {}
        self.chargers: dict[str, int | None] = {}
        self.back: dict[str, float] = {}
        self.held: set[str] = set()
        self.busy: set[str] = set()
        """Those that no recall sends home."""
        self.silent: set[int] = set()
        self.cordoned: set[str] = set()
        self.broken: set[str] = set()
        """Revisions whose pods never get ready."""
        self.resume = ""
        self.wrongs: list[str] = []
        self.sizes: list[tuple[float, int]] = []
        self.moves = 0
        self.events: list[do.Event] = []
        self.arrive(chargers)

    # What happens outside.

    def arrive(self, count: int) -> None:
        for number in range(len(self.chargers), len(self.chargers) + count):
            self.chargers[f"c{number}"], self.back[f"c{number}"] = None, self.s

    def leave(self, count: int) -> None:
        for name in list(self.chargers)[:count]:
            self.chargers.pop(name)
            self.back.pop(name, None)

    def restart(self, ordinal: int) -> None:
        """The container crashes: another process, in the same pod."""
        pod = self.pods[ordinal]
        self._disconnect(ordinal)
        pod.node, pod.restarts = ToyNode(self._uid("n")), pod.restarts + 1
        pod.ready = self.s

    @property
    def now(self) -> datetime:
        return START + timedelta(seconds=self.s)

    def look(self) -> list[do.Action]:
        """An operator that is well looks once, and does what it planned."""
        made = plan(self.observe(), self.now)
        self.status = made.status
        self.events += [*made.news, *made.events]
        done = []
        for action in made.actions:
            if isinstance(action, do.CreateDrain) and self.end["active"]:
                self.wrongs.append(f"{action}: another operation goes on")
            if not self.carry_out(action):
                break
            done.append(action)
        return done

    def operate(self, seconds: float) -> list[do.Action]:
        """Time passes, with an operator that looks every 15 s."""
        done: list[do.Action] = []
        for _ in range(int(seconds // LOOK_S)):
            self.run(LOOK_S)
            done += self.look()
        return done

    def run(self, seconds: float) -> None:
        for _ in range(int(seconds // STEP_S)):
            self.s += STEP_S
            self._kubernetes()
            for pod in self.pods.values():
                self._drain(pod)
                self._recall(pod)
            self._connect()

    # What the operator sees and does.

    def observe(self) -> Observed:
        count = max([self.stateful_set.replicas if self.stateful_set else 0, *(one + 1 for one in self.pods)])
        fleet = Fleet("f", "ns", "fleet-uid", self.generation, "1", self.spec, self.status, self.resume)
        slots = tuple(self._slot(ordinal) for ordinal in range(count))
        return Observed(fleet, self.stateful_set, slots, tuple(self.drains.values()))

    def carry_out(self, action: do.Action) -> bool:
        """Whether it was done; False when what it expects does not hold any more."""
        match action:
            case do.ApplyStatefulSet():
                return self._apply(action)
            case do.Scale():
                return self._scale(action)
            case do.CreateDrain():
                return self._create(action)
            case do.WriteDrain():
                return self._write(action)
            case do.DeleteDrain():
                return self.drains.pop(action.name, None) is not None
            case do.DeletePod():
                return self._delete(action)
            case do.OrderDrain() | do.Undrain() | do.Recall():
                return self._post(action)

    # Kubernetes.

    def _apply(self, action: do.ApplyStatefulSet) -> bool:
        now, digest = self.stateful_set, action.manifest["metadata"]["annotations"]["voltring.io/digest"]
        if (now.uid if now else "") != action.expecting_uid:
            return False
        if now is not None and now.resource_version != action.expecting_version:
            return False
        replicas = now.replicas if now else action.manifest["spec"]["replicas"]
        uid = now.uid if now else self._uid("sts")
        self.stateful_set = StatefulSet(uid, self._next(), replicas, f"rev-{digest}", digest)
        return True

    def _scale(self, action: do.Scale) -> bool:
        now = self.stateful_set
        expected = now is not None and now.uid == action.expecting_uid
        if now is None or not expected or now.resource_version != action.expecting_version:
            return False
        if now.replicas != action.from_:
            self.wrongs.append(f"{action} while there were {now.replicas}")
        if action.to < action.from_:
            self._check_removal(action)
        self.stateful_set = StatefulSet(now.uid, self._next(), action.to, now.revision, now.made_from)
        self.sizes.append((self.s, action.to))
        return True

    def _check_removal(self, action: do.Scale) -> None:
        pod = self.pods.get(action.from_ - 1)
        if pod is None or action.to != action.from_ - 1:
            self.wrongs.append(f"{action}: not by its highest slot")
        elif (pod.uid, pod.node.uid) != (action.pod_uid, action.node_uid):
            self.wrongs.append(f"{action}: another incarnation than the one that was drained")
        elif pod.node.phase != "Drained" or self._at(pod.ordinal):
            self.wrongs.append(f"{action}: {pod.node.phase} with {len(self._at(pod.ordinal))} chargers")

    def _create(self, action: do.CreateDrain) -> bool:
        if action.name in self.drains:
            return False
        self.drains[action.name] = DrainState(
            name=action.name,
            uid=self._uid("d"),
            resource_version=self._next(),
            created_at=self.now,
            spec=action.spec,
        )
        return True

    def _write(self, action: do.WriteDrain) -> bool:
        now = self.drains.get(action.name)
        if now is None or now.uid != action.uid or now.resource_version != action.expecting_version:
            return False
        self.drains[action.name] = now.model_copy(update={"status": action.status, "resource_version": self._next()})
        return True

    def _delete(self, action: do.DeletePod) -> bool:
        pod = self.pods.get(action.slot)
        if pod is None or pod.uid != action.uid or pod.ends is not None:
            return False
        if action.node_uid and (pod.node.uid != action.node_uid or pod.node.phase != "Drained"):
            return False  # whoever does it asks the process once more
        left = len(self._at(action.slot))
        if left and (action.node_uid or (self.stateful_set and self.stateful_set.replicas > 1)):
            self.wrongs.append(f"{action}: {left} chargers are connected")
        pod.ends = self.s + 10
        return True

    def _kubernetes(self) -> None:
        now = self.stateful_set
        if now is None:
            return
        for ordinal, pod in list(self.pods.items()):
            if ordinal >= now.replicas and pod.ends is None:
                pod.ends = self.s + 10
            if pod.ends is not None and self.s >= pod.ends:
                self._disconnect(ordinal)
                del self.pods[ordinal]
            elif pod.ready is None and self.s >= pod.created + 10 and pod.revision not in self.broken:
                pod.ready = self.s
        for ordinal in range(now.replicas):
            if ordinal not in self.pods:
                machine = next(one for one in (f"m{n}" for n in range(ordinal, 99)) if one not in self.cordoned)
                uid = self._uid("p")
                self.pods[ordinal] = ToyPod(ordinal, uid, now.revision, self.s, machine, ToyNode(self._uid("n")))

    # Nodes.

    def _post(self, action: do.OrderDrain | do.Undrain | do.Recall) -> bool:
        pod = self.pods.get(action.slot)
        if pod is None or pod.ready is None or pod.uid != action.pod_uid or pod.node.uid != action.node_uid:
            return False
        node = pod.node
        if isinstance(action, do.Undrain):
            if node.drain is None or node.drain.reason != action.reason:
                return False
            node.phase, node.limbo = "Serving", set()
        elif isinstance(action, do.Recall):
            node.recall = action.reason, action.rate, self.s + action.until_s
        else:
            self._order(node, action, len(self._at(action.slot)))
        return True

    def _order(self, node: ToyNode, order: do.OrderDrain, connected: int) -> None:
        window = float(order.window or 5)
        if node.drain is None or node.phase == "Serving":
            node.phase = "Cordoned"
            node.drain = ToyDrain(order.reason, 0, 0, 0, 0, "", self.s, initial=connected)
        drain = node.drain
        drain.reason, drain.rate, drain.window, drain.firmware = order.reason, order.rate, window, order.firmware.value
        drain.until, drain.deadline = self.s + order.until_s, self.s + order.deadline_s

    def _drain(self, pod: ToyPod) -> None:
        node, drain = pod.node, pod.node.drain
        if drain is None or node.phase not in ("Cordoned", "Propagating", "Draining", "Drained"):
            return
        node.limbo = {one for one in node.limbo if self.chargers.get(one, -1) is None}
        drain.returned = drain.closed - len(node.limbo)
        if node.phase in ("Cordoned", "Propagating"):
            node.phase = "Propagating" if node.phase == "Cordoned" else "Draining"
            return
        here = self._at(pod.ordinal)
        if not here:
            node.phase = "Drained"
            return
        closable = [one for one in here if one not in self.held]
        if self.s >= drain.deadline:
            if drain.firmware == "Defer":
                node.phase, drain.phase, drain.note = "Serving", "Aborted", f"the deadline came with {len(here)} left"
                return
            closable = here
        elif not any(one.is_up and one.node.phase == "Serving" for one in self.pods.values()):
            return
        rate = drain.rate if self.s < drain.until else min(drain.rate, 5)
        node.credit = min(node.credit, 1) + rate * STEP_S
        closes = max(0, min(len(closable), int(node.credit), int(drain.window) - len(node.limbo)))
        for name in closable[:closes]:
            self._close(name, node)
        node.credit -= closes
        drain.closed += closes
        if len(node.limbo) > drain.window:
            self.wrongs.append(f"{len(node.limbo)} in limbo, the window is {drain.window}")

    def _recall(self, pod: ToyPod) -> None:
        node = pod.node
        if node.recall is None or self.s >= node.recall[2] or node.phase != "Serving":
            return
        node.credit = min(node.credit, 1) + node.recall[1] * STEP_S
        idle = [one for one in self._misplaced(pod.ordinal) if one not in self.busy]
        for name in idle[: int(node.credit)]:
            self._close(name, None)
            node.credit -= 1

    def _close(self, name: str, node: ToyNode | None) -> None:
        self.chargers[name], self.back[name] = None, self.s + self.random.choice((5, 10, 15))
        if node is not None:
            node.limbo.add(name)

    def _disconnect(self, ordinal: int) -> None:
        for name in self._at(ordinal):
            self._close(name, None)

    # Router and chargers.

    def _connect(self) -> None:
        up = [one.ordinal for one in self.pods.values() if one.is_up and one.node.phase in ("Serving", "Cordoned")]
        for name, at in self.chargers.items():
            if at is None and self.s >= self.back[name] and up:
                self.chargers[name] = home(name, up)
                self.moves += 1

    def _at(self, ordinal: int) -> list[str]:
        return [name for name, at in self.chargers.items() if at == ordinal]

    def _misplaced(self, ordinal: int) -> list[str]:
        """As far as a node knows: that another one serves it learns some seconds later."""
        pods = [one for one in self.pods.values() if one.is_up and one.node.phase == "Serving"]
        up = [one.ordinal for one in pods if one.ready is not None and one.ready <= self.s - LEARNS_S]
        return [name for name in self._at(ordinal) if up and home(name, up) != ordinal]

    def _slot(self, ordinal: int) -> Slot:
        pod = self.pods.get(ordinal)
        if pod is None:
            return Slot(ordinal)
        seen = Pod(
            name=f"f-node-{ordinal}",
            ordinal=ordinal,
            uid=pod.uid,
            revision=pod.revision,
            created_at=START + timedelta(seconds=pod.created),
            is_ready=pod.is_up and pod.node.phase == "Serving",
            ready_since=None if pod.ready is None else START + timedelta(seconds=pod.ready),
            is_running=pod.ready is not None,
            is_leaving=pod.ends is not None,
            restarts=pod.restarts,
            machine=pod.machine,
        )
        answers = pod.ready is not None and ordinal not in self.silent
        report = read(self._document(pod)) if answers else None
        return Slot(ordinal, seen, report, pod.machine in self.cordoned, "" if answers else "does not answer")

    def _document(self, pod: ToyPod) -> dict[str, object]:
        here, node = self._at(pod.ordinal), pod.node
        limbo = len(node.limbo) if node.phase != "Serving" else 0
        drain = node.drain
        told = drain and {
            "phase": drain.phase if drain.phase == "Aborted" else node.phase,
            "cause": "stop" if pod.ends is not None else "order",
            "reason": drain.reason,
            "note": drain.note,
            "initial": drain.initial,
            "remaining": len(here),
            "closed": drain.closed,
            "returned": drain.returned,
            "limbo": limbo,
            "window": drain.window,
            "rate_now": drain.rate,
        }
        return {
            "name": f"f-node-{pod.ordinal}",
            "uid": node.uid,
            "version": pod.revision,
            "phase": node.phase,
            "ready": node.phase == "Serving",
            "connections": {"ocpp1.6": len(here)} if here else {},
            "accepting": {"capacity_per_s": 100.0, "arrivals_per_s": 0.0, "refused_per_s": 0.0, "queue_s": 0.0},
            "loop_lag": {"p99_s": 0.004},
            "errors": {"share": node.errors},
            "limbo": limbo,
            "misplaced": len(self._misplaced(pod.ordinal)),
            "drain": told,
            "recall": self._recalled(pod),
            "redis": {"away_since": None},
            "postgres": {"away_since": None},
        }

    def _recalled(self, pod: ToyPod) -> dict[str, str] | None:
        if pod.node.recall is None:
            return None
        is_on = any(one not in self.busy for one in self._misplaced(pod.ordinal))
        return {"phase": "Recalling" if is_on else "Done", "reason": pod.node.recall[0]}

    def _uid(self, what: str) -> str:
        self.version += 1
        return f"{what}{self.version:07d}"

    def _next(self) -> str:
        self.version += 1
        return str(self.version)

    # How it stands.

    @property
    def end(self) -> dict[str, object]:
        """What has to be the same, whatever happened on the way."""
        now = self.stateful_set
        return {
            "replicas": now and now.replicas,
            "pods": sorted(self.pods),
            "old": [one.ordinal for one in self.pods.values() if now is None or one.revision != now.revision],
            "phases": sorted({one.node.phase for one in self.pods.values()}),
            "cordoned": [one.ordinal for one in self.pods.values() if one.machine in self.cordoned],
            "offline": sum(at is None for at in self.chargers.values()),
            "misplaced": sum(len(self._misplaced(one)) for one in self.pods),
            "active": [one.name for one in self.drains.values() if one.status.phase not in _ENDED],
        }


_ENDED = (DrainPhase.DONE, DrainPhase.ABORTED, DrainPhase.FAILED)
