"""A whole upgrade and a scale-down, from the chargers' side: who moved how often, and how long they were away.

    .venv/bin/python tests/bench/upgrade.py [--chargers 3000] [--charging 600] [--nodes 3] [--back-off 1 10]

The operator as a process on an API server in memory, real nodes as its pods, HAProxy before them, PostgreSQL (fsync on)
and Valkey, all of it on loopback, with the product's own settings but for the canary's ten minutes. Needs HAProxy
(apt-get install haproxy). A run in which a fact is missing, a command was doubled, or a charger's session was ended is
void, and the exit status says so.
"""

import argparse
import asyncio
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import kopf
import yaml
from facts import compared
from measure import machine

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))
from fleet_street import Street
from router_names import Names
from storm import PASSWORD, Child, _execute, digest
from toy_kubernetes import ToyKubernetes, serve

from voltring_core.store.migrate import migrate
from voltring_core.testing import eventually
from voltring_local.servers import start_postgres, start_valkey

LONGEST_S = 900.0
"""After which an operation counts as lost."""
PREFIX = "UPGRADE"
COMMANDS_PER_S = 5.0
SAMPLE_S = 0.5
CALM_S = 12.0
MOST_MOVES, MOST_BEYOND_S = 2.0, 10.0
"""What a whole upgrade may cost each charger: connections on average, seconds offline beyond its own back-off."""


@dataclass
class Limbo:
    """How many chargers were on their way, as the nodes told of their drains and recalls, against their windows."""

    samples: int = 0
    most: float = 0.0
    widest: float = 0.0
    beyond: int = 0
    """Samples in which limbo was above the widest window of that operation so far."""
    by_operation: dict[str, float] = field(default_factory=dict)

    def look(self, told: dict[str, Any]) -> None:
        for kind, going in (("drain", ("Draining", "Quiescing")), ("recall", ("Recalling",))):
            part = told[kind]
            if part is None or part["phase"] not in going:
                continue
            # A window that has narrowed holds for what is closed from then on.
            key = f"{told['uid']} {part['reason']}"
            wide = self.by_operation[key] = max(self.by_operation.get(key, 0.0), part["window"])
            self.samples += 1
            self.most, self.widest = max(self.most, part["limbo"]), max(self.widest, wide)
            self.beyond += part["limbo"] > max(1.0, wide)


async def sample(street: Street, limbo: Limbo) -> None:
    """Ask the nodes again and again; to be cancelled."""
    async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while True:
            for one in list(street.kubelet.containers.values()):
                try:
                    limbo.look((await client.get(f"{one.room.admin}/status")).json())
                except (httpx.HTTPError, ValueError):
                    continue
            await asyncio.sleep(SAMPLE_S)


@dataclass(frozen=True, slots=True)
class Operation:
    """What was done, and when, on the monotonic clock."""

    name: str
    began: float
    ended: float
    limbo: Limbo


async def measured(street: Street, name: str, to: int, **spec: Any) -> Operation:
    """Change the fleet, and wait until it has come to its end."""
    limbo, began, generation = Limbo(), time.monotonic(), (await street.fleet())["metadata"]["generation"]
    sampling = asyncio.create_task(sample(street, limbo))
    await street.change(**spec)

    async def is_seen() -> bool:
        await asyncio.sleep(SAMPLE_S)
        told = (await street.fleet())["status"]
        return told["observedGeneration"] > generation and bool(await street.drains())

    await street.until(is_seen, LONGEST_S)
    await street.settled(to, LONGEST_S)
    ended = time.monotonic()
    sampling.cancel()
    await asyncio.gather(sampling, return_exceptions=True)
    print(f"{name}: {ended - began:.0f} s", flush=True)
    return Operation(name, began, ended, limbo)


def told_of(operation: Operation, found: dict[str, Any], chargers: int) -> list[str]:
    """Print what it meant for the chargers; what is wrong with it."""
    outages = [one for one in found["outages"] if operation.began <= one[1] < operation.ended]
    moves = Counter(one[0] for one in outages)
    beyond = sorted(max(0.0, back - lost - wait) for _, lost, back, wait, _, _ in outages)
    of_each = Counter[str]()
    for charger, lost, back, wait, _, _ in outages:
        of_each[charger] += max(0.0, back - lost - wait)  # type: ignore[assignment]
    mean = len(outages) / chargers
    codes = ", ".join(f"{code or 'none'} {count}" for code, count in Counter(one[4] for one in outages).most_common())
    retried = sum(one[5] > 1 for one in outages)
    print(f"{operation.name}, {operation.ended - operation.began:.0f} s:")
    print(f"  moves of each charger: {mean:.3f} on average, {max(moves.values(), default=0)} at most; codes: {codes}")
    if beyond:
        average = sum(beyond) / len(beyond)
        at = ", ".join(f"{share:.0%} {_at(beyond, share):.2f}" for share in (0.5, 0.99))
        print(f"  offline beyond its own back-off: {average:.2f} s on average, {at}, {beyond[-1]:.2f} s at most")
        print(f"  summed up for each charger: {max(of_each.values()):.2f} s at most; more than one try: {retried}")
    limbo = operation.limbo
    print(
        f"  limbo: {limbo.most:.0f} at most, widest window {limbo.widest:.0f};"
        f" above it in {limbo.beyond} of {limbo.samples} samples"
    )
    wrong = [f"{operation.name}: {mean:.3f} moves of each charger"] if mean > MOST_MOVES else []
    per_charger = [of_each[one] / moves[one] for one in moves]
    if slow := sum(one > MOST_BEYOND_S for one in per_charger):
        wrong.append(f"{operation.name}: {slow} chargers were offline for longer than their back-off and 10 s")
    if limbo.beyond:
        wrong.append(f"{operation.name}: limbo was above the window")
    return wrong


async def verdict(street: Street, found: dict[str, Any], ended: int) -> list[str]:
    """What was lost, doubled or interrupted; printed, and returned."""
    wrong = await compared(street.database, found["facts"])
    obeyed = Counter((one[0], one[2]) for one in found["obeyed"])
    orders = {(one.charger_id, json.dumps(one.payload, sort_keys=True)): one.id for one in street.orders.orders}
    rows = await street.database.fetch("SELECT id, state, attempts FROM commands WHERE created_by = 'test'")
    states = {str(row["id"]): row["state"] for row in rows}
    times = Counter(obeyed[one] for one in orders)
    by_state = Counter(states.values())
    doubled = sum(count for n, count in times.items() if n > 1)
    print(f"  commands: {len(orders)} sent, {times[1]} executed once, {times[0]} never, {doubled} doubled")
    print(f"  commands by state: {dict(by_state)}")
    wrong += [f"{count} commands were executed {n} times" for n, count in times.items() if n > 1]
    lost = [one for one, number in orders.items() if states[number] == "ACCEPTED" and not obeyed[one]]
    wrong += [f"{len(lost)} commands are ACCEPTED and were never executed"] if lost else []
    odd = {state: count for state, count in by_state.items() if state != "ACCEPTED"}
    wrong += [f"commands that did not come to their end: {odd}"] if odd else []
    print(f"  sessions that were over before their charger ended them: {ended}")
    wrong += [f"{ended} sessions were interrupted"] if ended else []
    wrong += [f"{found['unsaid']} facts could not be told"] if found["unsaid"] else []
    print(f"  what else the chargers saw: {found['counts'] or 'nothing'}")
    return wrong


ENDED = "SELECT count(*) FROM transactions WHERE state <> 'Active'"


def _at(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


async def play(street: Street, root: Path, options: argparse.Namespace) -> list[str]:
    """Both operations, and what was wrong with them."""
    await street.make(options.nodes)
    told = root / "told.json"
    plan = {"prefix": PREFIX, "chargers": options.chargers, "charging": options.charging, "told": str(told)}
    crowd = Child(kind="", port=street.router.port, back_off=options.back_off, **plan, script="upgrade_crowd.py")
    try:
        await crowd.hear()
        print(f"{options.chargers} chargers are connected, {options.charging} of them charge", flush=True)
        names = [f"{PREFIX}-{number:05}" for number in range(options.chargers)]
        giving = asyncio.create_task(street.orders.run(names))
        await asyncio.sleep(CALM_S)
        done, less = [], options.nodes - 1
        if options.only != "scale-down":
            image = {"template": street.template("voltring-node:2")}
            done.append(await measured(street, f"upgrade of {options.nodes} nodes", options.nodes, **image))
            await asyncio.sleep(CALM_S)
        if options.only != "upgrade":
            done.append(await measured(street, f"from {options.nodes} to {less} nodes", less, replicas=less))
            await asyncio.sleep(CALM_S)
        giving.cancel()
        await asyncio.gather(giving, return_exceptions=True)
        await eventually(lambda: _over(street), 120)
        ended = await street.database.fetchval(ENDED)
        crowd.say("stop")
        await crowd.hear()
    finally:
        crowd.end()
    found = json.loads(told.read_text())
    wrong = [sentence for one in done for sentence in told_of(one, found, options.chargers)]
    between = [one for one in found["outages"] if not any(op.began <= one[1] < op.ended for op in done)]
    print(f"sockets lost beside these operations: {len(between)}; away at the end: {len(found['away'])}")
    print("all in all:")
    wrong += await verdict(street, found, ended)
    ends = Counter((one.phase, one.connected) for one in street.planned_ends())
    print(f"  nodes as they were told to end: {dict(ends)}")
    return wrong + (["a node was ended before it was drained"] if set(ends) != {("Drained", 0)} else [])


async def _over(street: Street) -> bool:
    statement = "SELECT count(*) FROM commands WHERE state IN ('QUEUED', 'SENT')"
    return not await street.database.fetchval(statement)


async def run(root: Path, dsn: str, redis_url: str, options: argparse.Namespace) -> list[str]:
    """On a stage of its own."""
    await migrate(dsn)
    today = datetime.now(UTC).date()
    for table in ("ocpp_messages", "meter_values"):
        await _execute(dsn, f"SELECT make_day_partition('{table}', '{table}_today', '{today}')")
    await _execute(
        dsn,
        "INSERT INTO chargers (id, secret_hash) SELECT $1 || '-' || lpad(n::text, 5, '0'), $2 "
        "FROM generate_series(0, $3::int - 1) AS n",
        PREFIX,
        digest(PASSWORD),
        options.chargers,
    )
    async with AsyncExitStack() as ends:
        host, port = await ends.enter_async_context(serve(ToyKubernetes().app()))
        url, config = f"http://{host}:{port}", root / "kubeconfig"
        context = {"name": "toy", "context": {"cluster": "toy", "user": "toy"}}
        parts = {"clusters": [{"name": "toy", "cluster": {"server": url}}], "users": [{"name": "toy", "user": {}}]}
        config.write_text(yaml.safe_dump({"current-context": "toy", "contexts": [context], **parts}))
        names = ends.enter_context(Names())
        street = Street(lambda: kopf.ConnectionInfo(server=url), config, "bench", dsn, redis_url, names, root)
        street.is_quiet, street.kubelet.is_quick = True, False
        street.operator_settings = {"LOOK_SECONDS": "15", "LEASE_SECONDS": "30", "NODE_TIMEOUT": "3"}
        street.node_settings = {"LEASE_SECONDS": "15", "LIMBO_SECONDS": "180", "STOP_SECONDS": "25"}
        street.node_settings |= {"STATUS_PATIENCE": "3600"}  # its questions are no part of this
        await ends.enter_async_context(street)
        street.orders.pause_s = 1 / COMMANDS_PER_S
        return await play(street, root, options)


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--chargers", type=int, default=3000)
    asked.add_argument("--charging", type=int, default=600)
    asked.add_argument("--nodes", type=int, default=3)
    asked.add_argument("--back-off", type=float, nargs=2, default=[1.0, 10.0], help="seconds, after a lost connection")
    asked.add_argument("--only", choices=["upgrade", "scale-down"], help="one of both")
    options = asked.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {machine()}", flush=True)
    with tempfile.TemporaryDirectory(prefix="voltring-bench-") as folder:
        root = Path(folder)
        with start_postgres(root / "postgres") as postgres, start_valkey(root / "valkey") as valkey:
            wrong = asyncio.run(run(root, postgres.dsn, valkey.url, options))
    for sentence in wrong:
        print(f"VOID: {sentence}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
