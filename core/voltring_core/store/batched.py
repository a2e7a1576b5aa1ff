"""Many small questions asked at once: what single callers await is done by one bulk call.

While one bulk call runs, the next ones gather; a storm of ten thousand logins costs some dozens of statements.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


class Batched(Generic[Q, A]):
    """Turns `bulk(questions) -> answers` (same order, same length) into `ask(question) -> answer`."""

    def __init__(self, name: str, bulk: Callable[[Sequence[Q]], Awaitable[Sequence[A]]], most: int = 500) -> None:
        self._name = name
        self._bulk = bulk
        self._most = most
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._running: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """The answer to one question. Raises what the bulk call raises."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._running is None:
            self._running = asyncio.create_task(self._work(), name=self._name)
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                if batch := [one for one in batch if not one[1].done()]:
                    await self._answer(batch)
        finally:
            self._running = None

    async def _answer(self, batch: list[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._bulk([question for question, _ in batch])
            if len(answers) != len(batch):
                raise RuntimeError(f"{len(answers)} answers to {len(batch)} questions")
        except Exception as error:
            # Every caller gets the reason; none of them is left waiting.
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
