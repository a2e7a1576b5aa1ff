"""What goes wrong in a run, when: planned by the seed before it starts, over at its calm."""

from sim_weather import HOWS

KINDS = (
    "kill", "lose machine", "stop", "stall", "redis away", "redis cut", "postgres away", "postgres cut", "both cut",
    "failover", "wipe", "clock", "lose network", "break link", "double", "sweeper down", "bells", "rough", "pointed",
    "pointed", "impatience", "race",
)  # fmt: skip
POINTS = (
    "fence.fence", "fence.fence", "fence.disconnect", "commands.take", "commands.finish", "commands.give_up*",
    "commands.give_back", "commands.insert", "commands.waiting", "transaction.*", "owner_claim", "owner_release",
    "owner_reassert", "owner_state", "owner_look", "doorbells.kick", "doorbells.command", "redis.hget", "redis.xread",
    "redis.set", "admission.find", "fence.reclaim", "fence.owners", "fence.reopen", "commands.await_takes",
    "commands.stumble", "commands.of_message",
)  # fmt: skip


class Faults:
    """The plan of a run, and its hands."""

    def __init__(self, world):
        self._world = world
        self._dice = world.dice_of("faults")
        self._is_over = False
        self.kinds = ()

    def on_ring(self, key, fields):
        """What becomes of a doorbell: lost, doubled, late, or nothing of that."""
        now, bells, data = self._world.loop.time(), self._world.bells, self._world.data
        how = next((how for how, until in bells.items() if until > now), None)
        if how == "doubled":
            data.append(key, fields)
        elif how == "late":
            self._world.loop.call_later(self._dice.uniform(0.1, 6), data.append, key, fields)
        return how in ("lost", "late")

    def plan(self):
        """Choose what goes wrong, and when. Some seeds have all of it, most some of it."""
        dice, world = self._dice, self._world
        self.kinds = tuple(one for one in KINDS if dice.random() < dice.choice((0.2, 0.5, 0.9)))
        world.story.tell(None, f"seed {world.seed}: {len(world.chargers)} chargers, {len(world.nodes)} nodes, "
                               f"{world.seconds:.0f} s of {', '.join(self.kinds) or 'nothing'}")  # fmt: skip
        every = dice.choice((2.0, 5.0, 15.0))
        at = dice.uniform(1, 8)
        while self.kinds and at < world.seconds:
            world.loop.call_later(at, self._do, dice.choice(self.kinds), context=world.street.context)
            at += dice.expovariate(1 / every)

    def stop(self):
        """From now on nothing goes wrong."""
        world = self._world
        world.story.tell(None, "all is well from now on", world.street)
        self._is_over = True
        world.weather.rough, world.weather.pointed = 0.0, {}
        world.bells.clear()
        world.postgres.come_back()
        world.redis.come_back()
        world.worker.is_down = False
        for node in world.nodes:
            if not node.is_up:
                node.start()

    def _do(self, kind):
        if not self._is_over:
            getattr(self, "_" + kind.replace(" ", "_"))()

    def _node(self):
        return self._dice.choice(self._world.nodes)

    def _seconds(self):
        return self._dice.choice((0.3, 2.0, 8.0, 20.0)) * self._dice.uniform(0.5, 1.5)

    def _tell(self, what):
        self._world.story.tell(None, what, self._world.street)

    def _later(self, seconds, call, *args):
        self._world.loop.call_later(seconds, self._unless_over, call, *args, context=self._world.street.context)

    def _unless_over(self, call, *args):
        if not self._is_over:
            call(*args)

    def _restart(self, node):
        if not node.is_up:
            node.start()

    def _kill(self, quietly=False):
        node = self._node()
        if node.is_up:
            node.crash(quietly)
            self._later(self._dice.uniform(0.5, 15), self._restart, node)

    def _lose_machine(self):
        self._kill(quietly=True)

    def _stop(self):
        node = self._node()
        if node.is_up and node.accepts:
            node.end()

    def _stall(self):
        node, seconds = self._node(), self._seconds()
        if node.is_up and not node.place.is_stalled:
            self._world.story.tell(None, f"stands still for {seconds:.1f} s", node.place)
            self._world.loop.stall(node.place, seconds)

    def _away(self, server, name, client=None):
        seconds = self._seconds()
        self._tell(f"{name} is away for {seconds:.1f} s" + (f" for {client}" if client else ""))
        server.go_away(seconds, client)

    def _redis_away(self):
        self._away(self._world.redis, "Redis")

    def _redis_cut(self):
        self._away(self._world.redis, "Redis", self._node().place)

    def _postgres_away(self):
        self._away(self._world.postgres, "PostgreSQL")

    def _postgres_cut(self):
        self._away(self._world.postgres, "PostgreSQL", self._node().place)

    def _both_cut(self):
        node = self._node()
        self._away(self._world.redis, "Redis", node.place)
        self._away(self._world.postgres, "PostgreSQL", node.place)

    def _failover(self):
        data, lag = self._world.data, self._dice.uniform(0.05, 3)
        snapshot = data.snapshot()
        self._later(lag, self._fail_over, snapshot, lag)

    def _fail_over(self, snapshot, lag):
        self._tell(f"Redis fails over and forgets {lag:.2f} s")
        self._world.data.restore(snapshot)

    def _wipe(self):
        self._tell("Redis starts again empty")
        self._world.data.wipe()

    def _clock(self):
        place = self._node().place
        place.wall_offset = self._dice.choice((0.0, -3600.0, 3600.0, -2.0, 2.0))
        self._world.story.tell(None, f"its clock is wrong by {place.wall_offset} s", place)

    def _some_chargers(self):
        chargers = self._world.chargers
        return self._dice.sample(chargers, self._dice.randint(1, max(1, len(chargers) // 3)))

    def _lose_network(self):
        for charger in self._some_chargers():
            charger.loses_network()

    def _break_link(self):
        for charger in self._some_chargers():
            if charger.link is not None:
                charger.link.break_()

    def _double(self):
        for charger in self._some_chargers():
            charger.doubles()

    def _race(self):
        """Everybody connects at once, more than once, and the fence takes its time."""
        self._tell("sockets race for the fence")
        pointed, seconds = self._world.weather.pointed, self._dice.uniform(3, 8)
        pointed["fence.fence"] = (self._dice.choice(("slow", "slow", "late")), 0.4)
        self._later(seconds, pointed.pop, "fence.fence", None)
        for charger in self._world.chargers:
            charger.impatience = 0.6
            self._later(seconds, setattr, charger, "impatience", 0.03)
            charger.hang_up(self._dice.uniform(0, 1))

    def _impatience(self):
        for charger in self._some_chargers():
            charger.impatience = 0.5
            self._later(20.0, setattr, charger, "impatience", 0.03)

    def _sweeper_down(self):
        seconds = self._seconds()
        self._tell(f"the sweeper is down for {seconds:.1f} s")
        self._world.worker.is_down = True
        self._later(seconds, setattr, self._world.worker, "is_down", False)

    def _bells(self):
        how, seconds = self._dice.choice(("lost", "doubled", "late")), self._seconds()
        self._tell(f"doorbells are {how} for {seconds:.1f} s")
        self._world.bells[how] = self._world.loop.time() + seconds

    def _rough(self):
        weather = self._world.weather
        weather.rough = self._dice.choice((0.01, 0.05, 0.2))
        self._tell(f"{weather.rough:.0%} of all calls go wrong")
        self._later(self._seconds(), setattr, weather, "rough", 0.0)

    def _pointed(self):
        point, how = self._dice.choice(POINTS), self._dice.choice(HOWS)
        probability, pointed = self._dice.choice((0.3, 1.0)), self._world.weather.pointed
        self._tell(f"{point} {how}, {probability:.0%}")
        pointed[point] = (how, probability)
        self._later(self._seconds(), pointed.pop, point, None)
