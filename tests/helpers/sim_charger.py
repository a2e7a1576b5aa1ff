"""A charger of OCPP 1.6 for the simulation: raw frames, an outbox that repeats what was not acknowledged, its moods.

It boots, beats, charges, and answers commands: at once, later, much later, never, twice, on its next socket, or it
hangs up right after it did what it was told. It counts what it executes.
"""

import json
from datetime import timedelta

from sim_clock import NOON
from sim_loop import START
from sim_recording import told_key

ANSWER_WAIT_S = 12.0
"""Seconds that it waits for the answer to a CALL before it repeats it."""
GIVES_UP = 2
"""CALLs without an answer, one after the other, before it tries another connection."""
MOODS = (
    ("answers", 60), ("takes its time", 14), ("is too late", 5), ("never answers", 5), ("rejects", 6),
    ("hangs up", 5), ("answers after reconnect", 3), ("answers twice", 2),
)  # fmt: skip
OWN_WORDS = {
    "GetConfiguration": {"configurationKey": [], "unknownKey": []},
    "UnlockConnector": {"status": "Unlocked"},
    "DataTransfer": {"status": "Accepted"},
}
REJECTIONS = {"UnlockConnector": {"status": "UnlockFailed"}, "GetConfiguration": {"configurationKey": []}}


class Charger:
    """One charger; all it does is callbacks on the street's clock."""

    def __init__(self, world, number):
        self.world = world
        self.loop = world.loop
        self.dice = world.dice_of(f"charger {number}")
        self.id = f"CP-{number}"
        self.link = None
        """The connection that it uses, open or about to be."""
        self.is_open = False
        self.is_booted = False
        self.must_boot = True
        self.outbox = []
        """Transaction messages that are not acknowledged, in order: [action, payload, needs the transaction's id]."""
        self.asked = None
        """The CALL that waits for its answer: (message id, action, payload)."""
        self.unanswered = 0
        self.wants = []
        """What it will say beside transactions, the next first."""
        self.transaction = None
        self.is_charging = False
        self.meter = 0
        self.owed = []
        """Answers that go with the next socket."""
        self.executed = {}
        """How often a command's CALL was executed, by message id, with its action."""
        self.acknowledged = []
        """Keys of the transaction messages that were acknowledged."""
        self.tries = 0
        self.is_calm = self.is_silent = False
        self.impatience = 0.03
        """How likely it opens one more connection while it opens one, or just has."""
        self._timer = None
        self._number = 0

    def tell(self, what):
        self.world.story.tell(self.id, what, self.world.street)

    def start(self):
        """Power up."""
        self._later(self.dice.uniform(0, 3), self.connect)
        self._later(self.dice.uniform(5, 20), self._beat)
        self._later(self.dice.uniform(3, 30), self._session)

    def _later(self, seconds, call, *args):
        return self.loop.call_later(seconds, call, *args, context=self.world.street.context)

    # Connections

    def connect(self):
        """Open a connection, whatever becomes of the one before."""
        self.is_open, self.asked = False, None
        self.link = self.world.connect(self)
        self.tell(f"connects to {self.link.node.place} (link {self.link.number})")
        if not self.is_calm and self.dice.random() < self.impatience:
            self._later(self.dice.uniform(0.0, 0.6), self._try_another, self.link)

    def reconnect(self, link, seconds=None):
        """Try again, if `link` is still the one that counts."""
        if link is self.link:
            self.link, self.is_open, self.asked = None, False, None
            self.tries += 1
            wait = seconds if seconds is not None else self.dice.uniform(0.2, min(1.0 + self.tries, 8.0))
            self._later(wait, self._connect_if_alone)

    def _try_another(self, link):
        """It has no patience with a handshake, and leaves it to itself."""
        if link is self.link:
            self.tell(f"does not wait for link {link.number}")
            self.connect()

    def _connect_if_alone(self):
        if self.link is None:
            self.connect()

    def hang_up(self, seconds=None):
        """Drop the connection and come again."""
        link = self.link
        if link is not None:
            link.cut_by_charger()
            self.reconnect(link, seconds)

    def opened(self, link):
        """The upgrade is done."""
        if link is not self.link:
            return
        self.is_open, self.tries, self.unanswered = True, 0, 0
        self.tell(f"is connected (link {link.number})")
        for text in self.owed:
            link.to_node(text)
        self.owed = []
        if self.must_boot or self.dice.random() < 0.3:
            self.must_boot = True
        self._talk()

    def refused(self, link, status):
        """The upgrade was refused."""
        self.tell(f"is refused with {status} (link {link.number})")
        self.reconnect(link)

    def closed(self, link, code):
        """The connection ended."""
        self.tell(f"link {link.number} is closed: {code}")
        self.reconnect(link)

    # What it says

    def _talk(self):
        if not self.is_open or self.asked is not None:
            return
        if self.must_boot:
            boot = {"chargePointVendor": "Sim", "chargePointModel": "One"}
            self._ask("BootNotification", boot)
        elif self.outbox and self.outbox[0][1].get("transactionId", 0) is not None:
            self._ask(*self.outbox[0])
        elif self.wants:
            self._ask(*self.wants.pop(0))

    def _ask(self, action, payload):
        self._number += 1
        message_id = f"{self.id}.{self._number}"
        self.asked = (message_id, action, payload)
        self.link.to_node(json.dumps([2, message_id, action, payload]))
        self._timer = self._later(ANSWER_WAIT_S, self._no_answer, message_id)

    def _no_answer(self, message_id):
        if self.asked is None or self.asked[0] != message_id:
            return
        self.tell(f"has no answer to {self.asked[1]} {message_id}")
        self.asked = None
        self.unanswered += 1
        if self.unanswered >= GIVES_UP:
            self.hang_up()
        else:
            self._talk()

    def _answered(self, message_id, payload):
        if self.asked is None or self.asked[0] != message_id:
            return
        _, action, said = self.asked
        self.asked, self.unanswered = None, 0
        self._timer.cancel()
        if action == "BootNotification":
            self.must_boot = payload["status"] != "Accepted"
            self.is_booted = True
            if self.must_boot:
                self._later(payload["interval"], self._talk)
                return
        elif self.outbox and self.outbox[0][1] is said:
            self.outbox.pop(0)
            self.acknowledged.append(told_key(self.id, action, said))
            self.tell(f"{action} is acknowledged")
            if action == "StartTransaction":
                self._is_started(payload["transactionId"])
        self._talk()

    def _is_started(self, transaction_id):
        """Give the number to what waits for it, up to the next session's start."""
        for action, payload in self.outbox:
            if action == "StartTransaction":
                return
            payload["transactionId"] = transaction_id
        self.transaction = transaction_id

    def _refused_call(self, message_id):
        if self.asked is not None and self.asked[0] == message_id:
            action = self.asked[1]
            self.asked, self.unanswered = None, 0
            self._timer.cancel()
            self.tell(f"{action} is refused")
            self._later(1.0, self._talk)

    def _beat(self):
        if self.is_silent:
            return
        if not self.must_boot and len(self.wants) < 3:
            self.wants.append(("Heartbeat", {}))
            self._talk()
        self._later(self.dice.uniform(15, 40), self._beat)

    def _now(self):
        return (NOON + timedelta(seconds=self.loop.time() - START)).isoformat().replace("+00:00", "Z")

    def _session(self):
        if self.is_calm:
            return
        if self.is_charging:
            stop = {"transactionId": self.transaction, "meterStop": self.meter, "timestamp": self._now()}
            self.outbox.append(("StopTransaction", stop))
            self.is_charging = False
            self._later(self.dice.uniform(5, 40), self._session)
        else:
            self.is_charging, self.transaction = True, None
            start = {"connectorId": 1, "idTag": "TAG", "meterStart": self.meter, "timestamp": self._now()}
            self.outbox.append(("StartTransaction", start))
            for _ in range(self.dice.randint(0, 3)):
                self._later(self.dice.uniform(1, 20), self._measure)
            self._later(self.dice.uniform(8, 40), self._session)
        self._talk()

    def _measure(self):
        if not self.is_charging:
            return
        self.meter += self.dice.randint(1, 100)
        value = {"timestamp": self._now(), "sampledValue": [{"value": str(self.meter)}]}
        self.outbox.append(
            ("MeterValues", {"connectorId": 1, "transactionId": self.transaction, "meterValue": [value]})
        )
        self._talk()

    # What it is told

    def text(self, link, text):
        """A frame of the CSMS came."""
        if link.is_cut:
            return
        frame = json.loads(text)
        if frame[0] == 2:
            self._told(link, frame[1], frame[2])
        elif frame[0] == 3:
            self._answered(frame[1], frame[2])
        else:
            self._refused_call(frame[1])

    def _told(self, link, message_id, action):
        self.executed.setdefault(message_id, []).append(action)
        names, weights = zip(*MOODS, strict=True)
        mood = "answers" if self.is_calm else self.dice.choices(names, weights)[0]
        self.tell(f"executes {action} {message_id[:8]}, {mood} (link {link.number})")
        answer = OWN_WORDS.get(action, {"status": "Accepted"})
        if mood == "rejects":
            answer = REJECTIONS.get(action, {"status": "Rejected"})
        text = json.dumps([3, message_id, answer])
        if mood in ("answers", "rejects", "answers twice"):
            self._later(self.dice.uniform(0.01, 0.5), self._reply, link, text)
            if mood == "answers twice":
                self._later(1.0, self._reply, link, text)
        elif mood == "takes its time":
            self._later(self.dice.uniform(0.5, 8), self._reply, link, text)
        elif mood == "is too late":
            self._later(self.dice.uniform(10.5, 25), self._reply, link, text)
        elif mood == "hangs up":
            self._hang_up_on(link)
        elif mood == "answers after reconnect":
            self.owed.append(text)
            self._hang_up_on(link)
        if action == "Reset":
            self.must_boot = True
            self._later(1.5, self._hang_up_on, link)

    def _hang_up_on(self, link):
        if link is self.link:
            self.hang_up()
        else:
            link.cut_by_charger()

    def _reply(self, link, text):
        if not link.is_cut:
            link.to_node(text)

    # What happens to it

    def loses_network(self):
        """Its connection goes half open; it notices and comes again, the node does not."""
        link = self.link
        if link is not None:
            self.tell(f"link {link.number} goes silent")
            link.mute()
            self._later(self.dice.uniform(0.1, 20), self.reconnect, link, 0.0)

    def doubles(self):
        """Open another connection and leave the old one open."""
        if self.link is not None and self.is_open:
            self.tell("opens a second connection")
            self.connect()
