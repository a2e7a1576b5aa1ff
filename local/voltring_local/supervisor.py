"""All children of `voltring up`: started together, kept, and stopped in the reverse order of their start."""

import asyncio
from collections.abc import Iterable
from itertools import groupby
from types import TracebackType
from typing import Self

from voltring_local.children import Child
from voltring_local.keeper import Keeper, Observer


class Supervisor:
    """An async context manager; when its block is left, by whatever way, every child is stopped and gone."""

    def __init__(self, observer: Observer) -> None:
        self.hard = asyncio.Event()
        """Set it to end what still runs by SIGKILL."""
        self._observer = observer
        self._keepers: list[Keeper] = []
        self._tasks = asyncio.TaskGroup()

    async def start(self, children: Iterable[Child]) -> None:
        """Start the children together; return when all are ready. StartFailed if one does not get so."""
        keepers = [Keeper(child, self._observer, self.hard) for child in children]
        self._keepers += keepers
        for keeper in keepers:
            self._tasks.create_task(keeper.run(), name=f"keep {keeper.child.name}")
        await asyncio.gather(*(keeper.started for keeper in keepers))

    async def stop(self) -> None:
        """Stop the children: the last started first, neighbours of one kind together."""
        for _, group in groupby(reversed(self._keepers), key=lambda keeper: keeper.child.kind or keeper.child.name):
            await asyncio.gather(*(keeper.stop() for keeper in group))

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
        if isinstance(error, asyncio.CancelledError):
            await self._tasks.__aexit__(kind, error, trace)
        else:
            # An error of the block leaves it as it is, not in a group.
            await self._tasks.__aexit__(None, None, None)
