"""Many that want to go on at once do so a few in a turn of the loop, in order."""

import asyncio
from itertools import pairwise

from voltring_node.turns import Turns


async def test_a_few_go_on_in_each_turn_in_the_order_in_which_they_came():
    turns, gone = Turns(3), []

    async def go(number):
        await turns.take()
        gone.append(number)

    tasks = [asyncio.create_task(go(number)) for number in range(20)]
    seen = [0]
    while len(gone) < 20:
        await asyncio.sleep(0)
        seen.append(len(gone))
    assert gone == list(range(20))
    assert max(after - before for before, after in pairwise(seen)) == 3
    await asyncio.gather(*tasks)


async def test_who_comes_later_does_not_overtake_and_who_is_cancelled_holds_nobody_up():
    turns, gone = Turns(1), []

    async def go(number):
        await turns.take()
        gone.append(number)

    tasks = [asyncio.create_task(go(number)) for number in range(4)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    tasks.append(asyncio.create_task(go(4)))
    await asyncio.gather(*tasks, return_exceptions=True)
    assert gone == [0, 1, 3, 4]
