"""Faults put into the product, or into what its servers promise: the simulation must see each of them.

Each mutant is (what it does, the invariants of which at least one must be seen broken, [(where, name, instead)]).
"""

import asyncio
from dataclasses import dataclass

import sim_scripts
import sim_statements

from voltring_core.cluster.ownership import Socket
from voltring_core.domain.commands import State
from voltring_core.domain.ownership import RouteState
from voltring_node import outcomes, reading
from voltring_node.auditing import Auditor
from voltring_node.commanding import Commander
from voltring_node.deciding import decide, needs
from voltring_node.outcomes import Outcomes
from voltring_node.owning import Owner
from voltring_node.recorder import Recorder
from voltring_node.server import ChargerServer
from voltring_worker.sweeper import Sweeper


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    name: str
    breaks: frozenset
    changes: tuple


MUTANTS = []


def mutant(name, breaks, *changes):
    """List a mutant."""
    MUTANTS.append(Mutant(name, frozenset(breaks.split()), changes))


def _take(tables, charger, message_id, epoch, states=("QUEUED",), newest=False):
    """The statement `take`, with what is wrong with it."""
    now = tables.now()
    ready = [one for one in tables.of(charger) if one["deadline_at"] > now and (not states or one["state"] in states)]
    if not ready:
        return []
    first = min(ready, key=lambda one: (one["lane"], -one["seq"] if newest else one["seq"]))
    sent = {"epoch": epoch, "message_id": message_id, "sent_at": now, "attempts": first["attempts"] + 1}
    row = tables.change("commands", first["id"], state="SENT", **sent)
    return [sim_statements.picked(row, ("id", "action", "payload", "class", "attempts", "reply_to"))]


def _owns(tables, charger, epoch):
    owner = tables.fences.get(charger)
    return owner is not None and owner["epoch"] == epoch


def _take_whatever_state(tables, charger, epoch, message_id, *may):
    return _take(tables, charger, message_id, epoch, states=()) if _owns(tables, charger, epoch) else []


def _take_by_anybody(tables, charger, epoch, message_id, *may):
    return _take(tables, charger, message_id, epoch)


def _take_the_newest(tables, charger, epoch, message_id, *may):
    return _take(tables, charger, message_id, epoch, newest=True) if _owns(tables, charger, epoch) else []


STATEMENTS, TAKE = sim_statements.STATEMENTS, "commands.take"
mutant("take does not look at the state", "I1 states", (STATEMENTS, TAKE, _take_whatever_state))
mutant("take does not look at the fence", "I3", (STATEMENTS, TAKE, _take_by_anybody))
mutant("take begins with the newest", "I7", (STATEMENTS, TAKE, _take_the_newest))
_fence = STATEMENTS["fence.fence"]


def _fence_without_compare(tables, chargers, epochs, *more):
    before = {one: tables.fences[one] for one in chargers if one in tables.fences}
    for charger, row in before.items():
        tables.fences[charger] = {**row, "epoch": 0}
    rows = _fence(tables, chargers, epochs, *more)
    for charger, row in before.items():
        after = tables.fences[charger]["epoch"]
        if after:
            tables.witness.replaced(charger, row["epoch"], after)
        else:
            tables.fences[charger] = row
    return rows


mutant("the fence lets everybody through", "I4", (STATEMENTS, "fence.fence", _fence_without_compare))


def _release_any(data, keys, args):
    """As the script, without comparing."""
    route = data.route(keys[0])
    if route is not None:
        data.put_route(keys[0], type(route)(route.connection_id, route.epoch, RouteState.OFFLINE, None))
    return 1


mutant("release compares nothing", "I5 I12", (sim_scripts.SCRIPTS, "owner_release", _release_any))


def _leave_any(self, connection):
    """As the method, whoever is there."""
    self.connections.pop(connection.id, None)
    if connection.epoch:
        self._depart([Socket(connection.id, connection.connection_id, connection.epoch)])


mutant("a late close takes the new socket's place away", "I12 leaks", (Owner, "leave", _leave_any))
mutant(
    "what was SENT is queued again whatever it is",
    "I1",
    (outcomes, "after_silence", lambda kind, attempts: State.QUEUED),
)


async def silence_gives_back(self, row, message_id, reason):
    await self.unwritten(row, message_id)


mutant("silence counts as never written", "I1", (Outcomes, "silent", silence_gives_back))
_commit = Recorder._commit


async def _answer_first(self, group):
    """As the method, but those who wait are told before it is committed."""
    asked = [entry.asked for entry in group]
    wanted, connection = needs(asked), self._pool
    replies = await reading.repeats(connection, wanted, asked[-1].message.received_at)
    decided = decide(asked, await reading.know(connection, wanted), replies)
    for entry, one in zip(group, decided, strict=True):
        done, entry.done = entry.done, None
        if done is not None:
            done(one)
    await _commit(self, group)


mutant("acknowledged before the commit", "I9", (Recorder, "_commit", _answer_first))


async def _sleep_for_ever(self, *args):
    await asyncio.sleep(1e9)


mutant("nobody looks after owners", "I12 leaks", (Auditor, "run", _sleep_for_ever))
mutant(
    "kicks are not heard, nobody looks after owners",
    "I12 leaks",
    (ChargerServer, "kicked", lambda self, charger_id, epoch: None),
    (Auditor, "run", _sleep_for_ever),
)


async def _no_sweep(self):
    return ""


mutant("nobody sweeps", "I6", (Sweeper, "cycle", _no_sweep))
_ring = Commander.ring


def _ring_twice(self, connection):
    """As the method, but one dispatch does not keep a second one from starting."""
    line = self._lines.pop(connection, None)
    _ring(self, connection)
    if line is not None:
        self._lines.setdefault(connection, line)


mutant("two dispatches of one charger", "I8 errors", (Commander, "ring", _ring_twice))
