"""Sees what happens in a run and judges it at its end: the invariants of ownership and commands."""

import json
from collections import Counter
from datetime import timedelta

from sim_clock import NOON
from websockets.protocol import State as SocketState

from voltring_core.domain.commands import FINAL, MAX_ATTEMPTS, TRANSITIONS, State
from voltring_core.domain.ownership import RouteState

SLACK_S = 60.0
"""Beyond a command's deadline and twice its timeout: a statement that hung until its own timeout, and the sweep."""
OVER = frozenset(state.value for state in FINAL)


class Witness:
    """What was seen; `faults` are (invariant, charger or None, what is wrong)."""

    def __init__(self, world):
        self._world = world
        self.faults = []
        self.is_over = False
        self.commands = {}
        """Commands by the ids of the messages that carry them."""
        self.over_at = {}
        self.written = Counter()
        """Frames written for each command."""
        world.tables.witness = self
        world.tables.watchers.append(self._row)
        world.data.on_route = self._route

    def fault(self, invariant, charger, what):
        """Something is wrong."""
        if not self.is_over:
            self._world.story.tell(charger, f"!! {invariant}: {what}")
            self.faults.append((invariant, charger, what))

    def logged(self, record):
        """The product logged an error."""
        trace = logging_trace(record)
        self.fault("errors", None, f"{record.getMessage()} {trace}")

    # While it runs

    def _row(self, table, before, after):
        if table == "fences":
            self._fenced(before, after)
        elif table == "commands":
            self._command(before, after)

    def _fenced(self, before, after):
        charger = after["charger_id"]
        if before is None or after["connection_id"] != before["connection_id"]:
            self._world.story.tell(charger, f"fence: {_owner(before)} -> {_owner(after)} of {after['node_uid']}")
            if before is not None:
                self.replaced(charger, before["epoch"], after["epoch"])
        elif after["epoch"] != before["epoch"]:
            self.replaced(charger, before["epoch"], after["epoch"])
            self._world.story.tell(charger, f"fence: {_owner(before)} -> {_owner(after)}")
        elif before["disconnected_at"] is None and after["disconnected_at"] is not None:
            self._world.story.tell(charger, f"fence: {_owner(after)} is closed")

    def replaced(self, charger, before, after):
        """One owner at the fence followed another."""
        if after <= before:
            self.fault("I4", charger, f"the fence went from {before} to {after}")

    def _command(self, before, after):
        state, was = after["state"], before and before["state"]
        if before is not None and state == was:
            return
        charger, name = after["charger_id"], f"{after['action']} {str(after['id'])[:8]}"
        detail = f" as {after['message_id'][:8]}, epoch {after['epoch']}" if state == "SENT" else ""
        self._world.story.tell(charger, f"{name}: {was or 'new'} -> {state}{detail}")
        if was is not None and State(state) not in TRANSITIONS[State(was)]:
            self.fault("states", charger, f"{name} went from {was} to {state}")
        if state == "SENT":
            self._sent(charger, before, after)
        if state in OVER and after["id"] not in self.over_at:
            self.over_at[after["id"]] = self._world.tables.now()

    def _sent(self, charger, before, after):
        self.commands[after["message_id"]] = after
        if before["class"] == "N" and before["attempts"]:
            self.fault("I1", charger, f"{before['action']} is sent again after {before['attempts']} attempts")
        self._in_order(charger, after)
        row = self._world.tables.fences.get(charger)
        if row is None or row["epoch"] != after["epoch"]:
            self.fault("I3", charger, f"SENT under the epoch {after['epoch']}, which does not own")

    def _in_order(self, charger, sent):
        """Nothing older of its lane waits, unless it is what a charger that has not booted may be sent."""
        if sent["payload"].get("requestedMessage") == "BootNotification":
            return
        for one in self._world.tables.of(charger):
            waits = one["state"] == "QUEUED" and one["deadline_at"] > sent["sent_at"]
            if waits and one["lane"] == sent["lane"] and one["seq"] < sent["seq"]:
                self.fault("I7", charger, f"{sent['action']} overtakes {one['action']}")

    def _route(self, key, before, after):
        charger = key[3:-1]
        self._world.story.tell(charger, f"route: {_shown(before)} -> {_shown(after)}")
        if after.state is RouteState.OFFLINE:
            for node in self._world.nodes:
                owner = node.server._owner if node.is_up and node.server else None
                held = owner.connections.get(charger) if owner else None
                if held is not None and held.connection_id == before.connection_id and held.is_open:
                    self.fault("I5", charger, f"the route of an open socket was released: {_shown(before)}")

    def wrote(self, socket, text):
        """A node writes."""
        if not text.startswith("[2,"):
            return
        _, message_id, action, _ = json.loads(text)
        charger, now = socket.link.charger_end.id, self._world.loop.time()
        self._world.story.tell(charger, f"writes {action} {message_id[:8]} (link {socket.link.number})")
        timeout = self._world.settings["call_timeout"]
        if socket.own_call is not None and now - socket.own_call[1] < timeout - 1e-6:
            self.fault("I8", charger, f"{action} is written while {socket.own_call[0][:8]} is open")
        socket.own_call = (message_id, now)
        row = self.commands.get(message_id)
        if row is None:
            self.fault("I1", charger, f"{action} {message_id[:8]} is written before it is SENT")
            return
        self.written[row["id"]] += 1

    def heard(self, socket, text):
        """A charger's text came to a node."""
        if socket.own_call is not None and text.startswith(("[3,", "[4,")) and socket.own_call[0] in text:
            socket.own_call = None

    # At the end

    def judge(self):
        """Everything is over and had its time."""
        self._judge_commands()
        self._judge_facts()
        for charger in self._world.chargers:
            self._judge_owner(charger)
        for node in self._world.nodes:
            self._judge_node(node)
        for place, context in self._world.loop.faults:
            self.fault("errors", None, f"{place}: {context['message']} {context.get('exception')!r}")

    def _judge_commands(self):
        executed = Counter()
        for charger in self._world.chargers:
            for message_id, actions in charger.executed.items():
                row = self.commands.get(message_id)
                if row is not None:
                    executed[row["id"]] += len(actions)
        calm = NOON + timedelta(seconds=self._world.seconds)
        for row in self._world.tables.commands.values():
            name = f"{row['action']} {str(row['id'])[:8]} is {row['state']}"
            most = 1 if row["class"] == "N" else MAX_ATTEMPTS
            if executed[row["id"]] > most:
                self.fault("I1", row["charger_id"], f"{name}: executed {executed[row['id']]} times")
            if row["state"] not in OVER:
                self.fault("I6", row["charger_id"], f"{name}, its deadline was {row['deadline_at']}")
                continue
            limit = max(row["deadline_at"], calm) + timedelta(
                seconds=2 * self._world.settings["call_timeout"] + SLACK_S
            )
            if self.over_at[row["id"]] > limit:
                self.fault("I6", row["charger_id"], f"{name} since {self.over_at[row['id']]}, later than {limit}")
        for id in self._world.api.promised:
            if id not in self._world.tables.commands:
                self.fault("I6", None, f"the command {id} was promised and is lost")
        for id in self._world.api.probes:
            row = self._world.tables.commands.get(id)
            if row is None or row["state"] != State.ACCEPTED.value:
                state = row and row["state"]
                self.fault("I12", row and row["charger_id"], f"when all was well a command is {state}")

    def _judge_facts(self):
        told = self._world.tables.told
        for charger in self._world.chargers:
            for key in charger.acknowledged:
                if told.get(key) != 1:
                    self.fault("I9", charger.id, f"acknowledged and {told.get(key, 0)} times there: {key[1:]}")
            if charger.outbox:
                self.fault("I9", charger.id, f"{len(charger.outbox)} messages are not acknowledged at the end")
        for key, times in told.items():
            if times > 1:
                self.fault("I9", key[0], f"{times} times there: {key[1:]}")

    def _judge_owner(self, charger):
        link = charger.link
        if link is None or not charger.is_open or link.socket is None:
            self.fault("I12", charger.id, "is not connected")
            return
        others = [one.number for one in self._world.links if one.charger_end is charger and one is not link]
        if others:
            self.fault("I12", charger.id, f"older sockets are open still: links {others}, beside {link.number}")
        node = link.node
        held = node.server._owner.connections.get(charger.id) if node.is_up and node.server else None
        if held is None or held.socket is not link.socket:
            self.fault("I12", charger.id, f"its socket (link {link.number}) is not owned by {node.place}")
            return
        mine = (held.connection_id, held.epoch)
        row = self._world.tables.fences[charger.id]
        if (str(row["connection_id"]), row["epoch"]) != mine or row["disconnected_at"] is not None:
            self.fault("I12", charger.id, f"the fence has {_owner(row)}, the socket is {mine}")
        route = self._world.data.routes.get(f"o:{{{charger.id}}}")
        routed = route and (route.connection_id, route.epoch)
        if routed != mine or route.node is None or not route.node.startswith(node.name):
            self.fault("I12", charger.id, f"the route is {_shown(route)}, the socket {mine}")

    def _judge_node(self, node):
        if not node.is_up or node.server is None:
            reason = None if node.task.cancelled() or not node.task.done() else node.task.exception()
            self.fault("errors", None, f"{node.place} does not run: {reason!r}")
            return
        server = node.server
        live = {link.socket for link in self._world.links if link.node is node}
        owned = {one.socket for one in server._owner.connections.values()}
        if owned != live:
            self.fault("leaks", None, f"{node.place} has {len(live)} sockets and owns {len(owned)} connections")
        left = {
            "lines": len(server._commander._lines),
            "tasks": len(server._commander._tasks),
            "closing": len(server._closing),
            "messages": len(server._recorder),
            "conversations": len(node.conversations) - len(live),
        }
        if any(left.values()):
            self.fault("leaks", None, f"{node.place} at rest: {left}")
        if any(one.socket.state is not SocketState.OPEN for one in server._owner.connections.values()):
            self.fault("leaks", None, f"{node.place} holds closed sockets")


def logging_trace(record):
    """The last lines of a record's traceback."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    return repr(record.exc_info[1])


def _owner(row):
    return None if row is None else f"{str(row['connection_id'])[:8]}@{row['epoch']}"


def _shown(route):
    return None if route is None else f"{route.state} {route.connection_id[:8]}@{route.epoch} at {route.node}"
