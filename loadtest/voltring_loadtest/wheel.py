"""One timer for many chargers: they wake together in slots of some milliseconds.

A timer each would wake the process once a charger; waking a handful at a time costs a fraction of it.
"""

import asyncio
import time
from collections.abc import Callable

SLOT = 0.05  # seconds; nothing that a charger does is more punctual than this
LONGEST = 3600.0


class Wheel:
    """Calls `act(slot)` of everybody who asked for a slot, once its time has come. Nothing can be cancelled:

    who changed their mind ignores the call, by comparing the slot with the one they want now.
    """

    def __init__(self) -> None:
        self._slots: dict[int, list[Callable[[int], None]]] = {}

    def at(self, when: float, act: Callable[[int], None]) -> int:
        """Ask to be called at `when`, Unix seconds, or up to a slot later. Returns the slot."""
        now = time.time()
        slot = int(min(max(when, now), now + LONGEST) / SLOT) + 1
        waiting = self._slots.get(slot)
        if waiting is None:
            self._slots[slot] = [act]
            asyncio.get_running_loop().call_later(slot * SLOT - now + 0.002, self._turn, slot)
        else:
            waiting.append(act)
        return slot

    def _turn(self, slot: int) -> None:
        for act in self._slots.pop(slot):
            act(slot)
