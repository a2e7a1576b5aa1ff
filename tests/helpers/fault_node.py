"""`python fault_node.py node|api|worker`: a room as it runs in production, but for one step at which it fails.

    FAULT_AT=sent.after     the step, a name of STEPS
    FAULT_DO=kill           kill: SIGKILL; stop: SIGSTOP, once; lose: ConnectionError, as if the link broke there, once
    FAULT_ARMED=<path>      nothing fails before this file exists; a failure that is survived removes it
    FAULT_MATCH=<text>      only where this stands in what the step is about
    FAULT_CLOCK=3600        the process's wall clock is ahead by so many seconds
    FAULT_SET=module:NAME=1.0,...    constants of the product that would make a test slow

The product knows nothing of it: its functions are wrapped here, from outside.
"""

import asyncio
import functools
import importlib
import inspect
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Step:
    """A function of the product, before or after which the process fails."""

    target: str
    after: bool = False
    about: Callable[[tuple[Any, ...], Any], str | None] = lambda arguments, result: ""
    """What the call is about, to be matched; None when it is not this step at all."""


def _taken(_: Any, row: Any) -> str | None:
    return None if row is None else str(row["action"])


def _frame(arguments: tuple[Any, ...], _: Any) -> str | None:
    return str(arguments[1]) if str(arguments[1]).startswith("[2,") else None


def _sent(arguments: tuple[Any, ...], _: Any) -> str:
    return str(arguments[1].action)


def _decided(arguments: tuple[Any, ...], _: Any) -> str:
    return " ".join(str(one.asked.message.action) for one in arguments[1])


def _group(arguments: tuple[Any, ...], _: Any) -> str:
    return " ".join(str(entry.asked.message.action) for entry in arguments[1])


def _left(arguments: tuple[Any, ...], _: Any) -> str | None:
    return "somebody" if arguments[1] else None


def _table(arguments: tuple[Any, ...], _: Any) -> str:
    return str(arguments[1])


def _sweep(arguments: tuple[Any, ...], _: Any) -> str | None:
    return "sweep" if "sent_at < now() -" in str(arguments[1]) else None


QUEUE, SOCKET = "voltring_core.store.queue:Queue", "voltring_node.sockets:Socket"
OWNERSHIP, FENCE = "voltring_core.cluster.ownership:Ownership", "voltring_core.store.fence:Fence"
STEPS: dict[str, tuple[Step, ...]] = {
    "claim.before": (Step(f"{OWNERSHIP}.claim"),),
    "claim.after": (Step(f"{OWNERSHIP}.claim", True),),
    "fence.before": (Step(f"{FENCE}.take"),),
    "fence.after": (Step(f"{FENCE}.take", True),),
    "welcome.after": (Step(f"{QUEUE}.give_up_older", True),),
    "sent.before": (Step(f"{QUEUE}.take"),),
    "sent.after": (Step(f"{QUEUE}.take", True, _taken),),
    "frame.before": (Step(f"{SOCKET}.say", about=_frame), Step(f"{SOCKET}.send_now", about=_frame)),
    "frame.after": (Step(f"{SOCKET}.say", True, _frame), Step(f"{SOCKET}.send_now", True, _frame)),
    "settled.before": (Step("voltring_node.settling:Settler.settle", about=_sent),),
    "settled.after": (Step("voltring_node.settling:Settler.settle", True, _sent),),
    "answered.before": (Step("voltring_core.cluster.doorbells:Doorbells.answer"),),
    "commit.before": (Step("voltring_node.recorder:write", True, _decided),),
    "commit.after": (Step("voltring_node.recorder:Recorder._release", about=_group),),
    "copy.before": (Step("asyncpg.connection:Connection.copy_to_table", about=_table),),
    "departure.before": (Step(f"{FENCE}.disconnect", about=_left),),
    "departure.after": (Step(f"{FENCE}.disconnect", True, _left),),
    "inserted.after": (Step("voltring_core.store.commands:Commands.queue", True),),
    "rung.after": (Step("voltring_core.cluster.doorbells:Doorbells.ring", True),),
    "sweep.middle": (Step("asyncpg.connection:Connection.fetch", True, _sweep),),
    "sweep.after": (Step("voltring_worker.sweeper:Sweeper._tell"),),
}
"""Steps by name. `commit.before`: the rows are written and not committed; `commit.after`: nobody was answered yet."""


class Failure:
    """What happens at the step."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._do = environment.get("FAULT_DO", "kill")
        self._armed = Path(environment["FAULT_ARMED"]) if "FAULT_ARMED" in environment else None
        self._match = environment.get("FAULT_MATCH", "")
        self._is_over = False

    def is_due(self, about: str | None) -> bool:
        """Whether this is the moment."""
        if self._is_over or about is None or self._match not in about:
            return False
        return self._armed is None or self._armed.exists()

    def happen(self) -> None:
        """Fail, at most once."""
        self._is_over = True
        if self._armed is not None and self._do != "kill":
            self._armed.unlink()
        if self._do == "lose":
            raise ConnectionError("the link broke")
        os.kill(os.getpid(), signal.SIGKILL if self._do == "kill" else signal.SIGSTOP)

    def happen_written(self) -> None:
        """Fail once what was written has left the process: the event loop keeps it until its turn ends."""
        asyncio.get_running_loop().call_later(0.002, self.happen)


def install(name: str, failure: Failure) -> None:
    """Let the failure happen at a step."""
    for step in STEPS[name]:
        holder, attribute = _find(step.target)
        setattr(holder, attribute, _wrap(getattr(holder, attribute), step, failure))


def _find(target: str) -> tuple[Any, str]:
    module, _, path = target.partition(":")
    holder: Any = importlib.import_module(module)
    *owners, attribute = path.split(".")
    for owner in owners:
        holder = getattr(holder, owner)
    return holder, attribute


def _wrap(function: Any, step: Step, failure: Failure) -> Any:
    fail = failure.happen_written if step.after and step.target.startswith(SOCKET) else failure.happen

    def before(arguments: tuple[Any, ...]) -> None:
        if not step.after and failure.is_due(step.about(arguments, None)):
            fail()

    def after(arguments: tuple[Any, ...], result: Any) -> Any:
        if step.after and failure.is_due(step.about(arguments, result)):
            fail()
        return result

    @functools.wraps(function)
    async def copied(*arguments: Any, **named: Any) -> Any:
        """Fail as soon as the loop has sent what was written in one turn: the statement, and rows that came with it."""
        loop = asyncio.get_running_loop()
        if failure.is_due(step.about(arguments, None)):
            loop.call_soon(loop.call_soon, fail)
        return await function(*arguments, **named)

    @functools.wraps(function)
    async def awaited(*arguments: Any, **named: Any) -> Any:
        before(arguments)
        return after(arguments, await function(*arguments, **named))

    @functools.wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        before(arguments)
        return after(arguments, function(*arguments, **named))

    if step.target.endswith(".copy_to_table"):
        return copied
    return awaited if inspect.iscoroutinefunction(function) else called


def shift_clock(seconds: float) -> None:
    """Let this process's wall clock be wrong; to be called before the product is imported."""
    import datetime as module

    right, right_time, right_time_ns = module.datetime, time.time, time.time_ns

    class Kind(type):
        def __instancecheck__(cls, one: Any) -> bool:
            return isinstance(one, right)

    class Wrong(right, metaclass=Kind):  # type: ignore[misc,valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return right.now(tz) + module.timedelta(seconds=seconds)

    time.time = lambda: right_time() + seconds
    time.time_ns = lambda: right_time_ns() + int(seconds * 1e9)
    module.datetime = Wrong  # type: ignore[misc]


def main() -> None:
    """Install what the environment asks for and run the room."""
    environment = dict(os.environ)
    if "FAULT_CLOCK" in environment:
        shift_clock(float(environment["FAULT_CLOCK"]))
    for setting in filter(None, environment.get("FAULT_SET", "").split(",")):
        place, _, value = setting.partition("=")
        holder, attribute = _find(place)
        assert hasattr(holder, attribute), place
        setattr(holder, attribute, float(value))
    if "FAULT_AT" in environment:
        install(environment["FAULT_AT"], Failure(environment))
    from voltring_core.cli import main as voltring

    sys.argv[0] = "voltring"
    voltring()


if __name__ == "__main__":
    main()
