"""Many small questions become one bulk call; every caller gets an answer or the reason."""

import asyncio
import functools
import operator

import pytest

from voltring_core.store.batched import Batched


class Bulk:
    """Doubles what it is asked, and keeps the batches."""

    def __init__(self):
        self.batches = []
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, questions):
        self.batches.append(list(questions))
        await self.open.wait()
        return [2 * question for question in questions]


async def test_questions_gather_while_a_bulk_call_runs():
    bulk = Bulk()
    batched = Batched("double", bulk)
    answers = await asyncio.gather(*(batched.ask(number) for number in range(20)))
    assert answers == [2 * number for number in range(20)]
    assert functools.reduce(operator.iadd, bulk.batches, []) == list(range(20))
    assert len(bulk.batches) < 20


async def test_a_batch_is_bounded():
    bulk = Bulk()
    batched = Batched("double", bulk, most=4)
    await asyncio.gather(*(batched.ask(number) for number in range(10)))
    assert [len(batch) for batch in bulk.batches] == [4, 4, 2]


async def test_the_same_question_twice_gets_two_answers():
    assert await asyncio.gather(*(Batched("double", Bulk()).ask(3) for _ in range(2))) == [6, 6]
    batched = Batched("double", Bulk())
    assert await asyncio.gather(batched.ask(3), batched.ask(3)) == [6, 6]


async def test_an_error_reaches_every_caller_and_the_next_question_is_asked_again():
    fails = True

    async def bulk(questions):
        if fails:
            raise OSError("away")
        return list(questions)

    batched = Batched("fail", bulk)
    async with asyncio.timeout(2):
        found = await asyncio.gather(*(batched.ask(number) for number in range(3)), return_exceptions=True)
    assert [str(one) for one in found] == ["away"] * 3
    fails = False
    assert await batched.ask(7) == 7


@pytest.mark.parametrize("answers", [[], [1], [1, 2, 3]])
async def test_a_wrong_number_of_answers_leaves_nobody_waiting(answers):
    async def bulk(questions):
        return answers

    batched = Batched("short", bulk)
    async with asyncio.timeout(2):
        found = await asyncio.gather(batched.ask(1), batched.ask(2), return_exceptions=True)
    assert [type(one) for one in found] == [RuntimeError] * 2


async def test_a_caller_who_went_away_does_not_disturb_the_others():
    bulk = Bulk()
    bulk.open.clear()
    batched = Batched("double", bulk)
    first = asyncio.create_task(batched.ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone, other = asyncio.create_task(batched.ask(2)), asyncio.create_task(batched.ask(3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    bulk.open.set()
    assert (await first, await other) == (2, 6)
    assert bulk.batches == [[1], [3]]
