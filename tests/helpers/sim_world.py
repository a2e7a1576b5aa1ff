"""One simulated installation and what goes wrong in it, all by the seed: `run(seed)` gives a `World` to be judged."""

import asyncio
import itertools
import logging
from random import Random

import sim_postgres
import sim_redis
from sim_charger import Charger
from sim_clock import simulated
from sim_faults import Faults
from sim_loop import Place, VirtualLoop
from sim_node import SETTINGS, SimNode, doubled
from sim_operators import Api, Worker
from sim_socket import Link
from sim_story import Story
from sim_weather import Server, Weather
from sim_witness import Witness

QUIET_S = 130.0
"""Seconds after the last fault until everything must have come right: deadlines, silence limits, anti-entropy."""
PROBE_S = 32.0
"""The deadline of what is asked then."""
LAST_S = 3.0
"""For what was said last to be written down."""
HANDSHAKE_WAIT_S = 15.0


class World:
    """Nodes, servers, chargers, operators; `story` tells what happened, `witness` what went wrong."""

    def __init__(self, seed, loop, **sizes):
        self.seed = seed
        self.loop = loop
        self.dice = self.dice_of("world")
        self.story = Story(loop)
        self.settings = dict(SETTINGS)
        self._places = []
        self.street = self.place("street")
        self.links = {}
        self._numbers = itertools.count(1)
        self.chargers = sizes.get("chargers") or self.dice.choice((4, 6, 8, 12, 20, 40))
        self.seconds = sizes.get("seconds") or self.dice.uniform(40, 90)
        self.orders = sizes.get("orders") or self.dice.choice((1.0, 2.0, 4.0))
        """Commands for each charger."""

    def build(self, clock):
        """Make the servers and everybody who uses them."""
        place = self.place("servers")
        self.bells = {}
        """Until when doorbells are lost, doubled or late."""
        self.weather = Weather()
        self.tables = sim_postgres.Tables(clock.true_now)
        self.data = sim_redis.Data(clock.true_us)
        common = (self.loop, self.dice_of("servers"), self.story, self.weather)
        self.postgres = Server(place, *common, sim_postgres.ERRORS, sim_postgres.PATIENCE_S)
        self.redis = Server(place, *common, sim_redis.ERRORS, sim_redis.PATIENCE_S)
        self.nodes = [SimNode(self, f"node-{number}") for number in range(self.dice.choice((2, 3, 3, 4)))]
        self.chargers = [Charger(self, number) for number in range(1, self.chargers + 1)]
        self.api, self.worker = Api(self), Worker(self)
        self.witness = Witness(self)
        self.faults = Faults(self)
        self.data.on_ring = self.faults.on_ring
        for charger in self.chargers:
            self.tables.add_charger(charger.id)

    def place(self, name):
        """A process of its own."""
        self._places.append(Place(name))
        return self._places[-1]

    def dice_of(self, name):
        """Dice of somebody's own, so that one more throw here changes nothing there."""
        return Random(f"{self.seed} {name}")

    def connect(self, charger):
        """A charger's connection to some node, by chance."""
        link = Link(self, self.dice.choice(self.nodes), charger, next(self._numbers))
        node = link.node
        if not node.is_up or not node.accepts:
            self.loop.call_later(0.05, link.refuse, 502, context=self.street.context)
            return link
        self.links[link] = None
        self.loop.call_later(0.01, node.accept, link, context=node.place.context)
        self.loop.call_later(HANDSHAKE_WAIT_S, self._not_answered, link, context=self.street.context)
        return link

    def _not_answered(self, link):
        charger = link.charger_end
        if charger.link is link and not charger.is_open:
            link.cut_by_charger()
            charger.refused(link, "nothing")

    def node_wrote(self, socket, text):
        """A node writes to a socket."""
        self.witness.wrote(socket, text)

    def node_heard(self, socket, text):
        """A text of a charger has come to a node."""
        self.witness.heard(socket, text)

    def report(self, most=3):
        """What is wrong, the story of those concerned, and how to see it again."""
        faults = [f"{invariant} {charger or ''}: {what}" for invariant, charger, what in self.witness.faults]
        concerned = list(dict.fromkeys(charger for _, charger, _ in self.witness.faults))[:most]
        stories = [f"--- the story of {one or 'servers and nodes'}\n{self.story.of(one)}" for one in concerned]
        again = f"VOLTRING_SEED={self.seed} ./voltring test simulation"
        return "\n".join([f"seed {self.seed}", *faults, *stories, f"to see it again: {again}"])

    async def main(self):
        """All of it."""
        for node in self.nodes:
            node.start()
        self.api.start()
        self.worker.start()
        for charger in self.chargers:
            charger.start()
        self.faults.plan()
        await asyncio.sleep(self.seconds)
        self.faults.stop()
        for charger in self.chargers:
            charger.is_calm = True
        await asyncio.sleep(QUIET_S)
        self.api.probe()
        await asyncio.sleep(PROBE_S)
        for charger in self.chargers:
            charger.is_silent = True
        await asyncio.sleep(LAST_S)
        self.witness.judge()
        await self._clear()

    async def _clear(self):
        """End every task, those of the dead as well, so that nothing is left to the garbage collector."""
        self.witness.is_over = self.story.is_over = True
        self.postgres.go_away(1e9)
        self.redis.go_away(1e9)
        for place in self._places:
            place.is_dead = place.is_stalled = False
            self.loop.give_back(place)
        mine = asyncio.current_task()
        for _ in range(50):
            tasks = [task for task in asyncio.all_tasks() if task is not mine]
            if not tasks:
                return
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=0.5)
        raise AssertionError(f"these tasks do not end: {tasks}")


class _Listening(logging.Handler):
    """Puts what the product logs into the story; an error is a fault of the run."""

    def __init__(self, world):
        super().__init__(logging.WARNING)
        self._world = world

    def emit(self, record):
        witness = self._world.witness
        if not witness.is_over:
            self._world.story.tell(None, f"{record.levelname} {record.name}: {record.getMessage()}"[:300])
            if record.levelno >= logging.ERROR:
                witness.logged(record)


def run(seed, judge=True, **sizes):
    """Run a seed; the world as it is at the end. Its `witness.faults` are what is wrong with it."""
    loop = VirtualLoop(seed)
    world = World(seed, loop, **sizes)
    logger = logging.getLogger("voltring")
    with simulated(loop, seed) as clock, doubled(world):
        world.build(clock)
        listening = _Listening(world)
        level, propagate = logger.level, logger.propagate
        logger.addHandler(listening)
        logger.setLevel(logging.WARNING)
        logger.propagate = False
        try:
            loop.run_until_complete(world.main())
        finally:
            logger.removeHandler(listening)
            logger.setLevel(level)
            logger.propagate = propagate
            loop.close()
    return world
