"""The sessions of tests/recorded, and a node's decisions about them without a server."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.chargers import Admission, Standing
from voltring_core.domain.messages import Metered, Registration, TokenStatus
from voltring_core.ocpp.conversation import Called
from voltring_core.ocpp.versions import Version
from voltring_core.store.evidence import evidence_of
from voltring_node.deciding import Asked, decide, needs
from voltring_node.facts import AttachedFact, Message, ReadingsFact, TransactionFact
from voltring_node.knowledge import Known
from voltring_node.understanding import Understood, understand

FOLDER = Path(__file__).parents[1] / "recorded"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CHARGER = "CP-1"
APART = frozenset({"missing", "found"})
"""What a file expects of a session that is no field of it."""


@dataclass(frozen=True)
class Recorded:
    """One file."""

    name: str
    content: dict

    @property
    def version(self):
        return Version(self.content["version"])

    @property
    def sessions(self):
        """Fields that each session has."""
        found = ({name: word for name, word in one.items() if name not in APART} for one in self.content["sessions"])
        return [_filled(one, lambda at: at, []) for one in found]

    @property
    def any_order(self):
        return self.content.get("order") != "as received"

    @property
    def node_differs(self):
        return [set(one) for one in self.content.get("node_differs", [[] for _ in self.content["sessions"]])]

    def said(self, row, given):
        """Time of receipt, action and payload of a message; `given` are the ids answered until then."""
        found = self.content["said"][row]
        ((action, payload),) = ((name, word) for name, word in found.items() if name != "at")
        return moment(found["at"]), action, _filled(payload, datetime.isoformat, given)


def recorded():
    """All of them."""
    files = sorted(FOLDER.glob("*.yaml"))
    return [Recorded(file.stem, yaml.safe_load(file.read_text(encoding="utf-8"))) for file in files]


def moment(minute):
    return NOON + timedelta(minutes=float(minute))


def _filled(word, write, given):
    """`@7` as a time, written by `write`; `#1` as an id."""
    if isinstance(word, dict):
        return {name: _filled(one, write, given) for name, one in word.items()}
    if isinstance(word, list):
        return [_filled(one, write, given) for one in word]
    if isinstance(word, str) and word.startswith("@"):
        return write(moment(word[1:]))
    if isinstance(word, str) and word.startswith("#"):
        return given[int(word[1:]) - 1]
    return word


def message(version, number, received_at, action, payload):
    """A charger's message as the node understands it."""
    found = understand(version, Registration.ACCEPTED, Called(f"m{number}", action, payload))
    assert isinstance(found, Understood), found
    frame = json.dumps([2, f"m{number}", action, payload])
    return Message(
        CHARGER,
        1,
        version,
        received_at,
        "in",
        frame,
        2,
        f"m{number}",
        action,
        found.payload,
        found.said,
        found.natural_key,
        found.flags,
    )


@dataclass
class Played:
    """What a node makes of a story, and what was heard of each of its sessions."""

    known: Known = field(default_factory=Known)
    replies: dict = field(default_factory=dict)
    given: list = field(default_factory=list)
    sessions: dict = field(default_factory=dict)
    heard: dict = field(default_factory=dict)
    attached: dict = field(default_factory=dict)

    def hear(self, one):
        """Decide one message and keep what it brings."""
        wanted = needs([Asked(one)])
        self.known.fresh_ids = [100 + len(self.sessions)] if wanted.fresh_ids else []
        self.known.standings.setdefault(CHARGER, Standing(Admission.REGISTERED))
        (decided,) = decide(
            [Asked(one)], self.known, {key: self.replies[key] for key in wanted.keys & set(self.replies)}
        )
        if decided.natural_key is not None:
            self.replies[CHARGER, decided.natural_key] = decided.reply
        if (
            one.action == "StartTransaction"
            and (number := json.loads(decided.reply)[2]["transactionId"]) not in self.given
        ):
            self.given.append(number)
        for fact in decided.facts:
            self._keep(one, fact)

    def _keep(self, one, fact):
        if isinstance(fact, TransactionFact):
            self.sessions[fact.transaction.id] = fact.transaction
            if fact.said is not None:
                self.heard.setdefault(fact.transaction.id, []).append((one.received_at, one.said))
        elif isinstance(fact, ReadingsFact) and fact.transaction is not None and isinstance(one.said, Metered):
            self.heard[fact.transaction.id].append((one.received_at, one.said))
        elif isinstance(fact, AttachedFact):
            self.attached[fact.orphan_id] = fact.transaction_id

    @property
    def own(self):
        """The sessions that are left, the first that began first."""
        return [one for one in self.sessions.values() if one.id not in self.attached]

    def evidence(self, session):
        """As the store loads it."""
        heard = list(self.heard[session.id])
        for orphan, of in self.attached.items():
            heard += self.heard[orphan] if of == session.id else ()
        return evidence_of(session, heard)


def played(story):
    """A recorded story, decided message by message as it came."""
    scene = Played()
    for token in story.content.get("tokens", ["CARD"]):
        scene.known.tokens[token.lower()] = KnownToken(token, TokenStatus.ACCEPTED, None, None)
    for row in range(len(story.content["said"])):
        received_at, action, payload = story.said(row, scene.given)
        scene.hear(message(story.version, row, received_at, action, payload))
    return scene
