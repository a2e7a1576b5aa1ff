"""The whole way of a frame without I/O: read, understood, decided, answered; what is kept is kept in memory."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from fuzz_frames import Frames
from fuzz_oracle import ask_of, wrong_with

from voltring_core.domain.authorization import KnownToken
from voltring_core.domain.chargers import Admission, Standing
from voltring_core.domain.messages import Beat, Registration, TokenStatus
from voltring_core.ocpp.conversation import Called, Conversation, Sent, Stray
from voltring_core.ocpp.frames import MessageType, Payload
from voltring_core.ocpp.quirks import Quirks
from voltring_core.ocpp.quirks.rules import CATALOGUE, Rule
from voltring_core.ocpp.versions import Version
from voltring_core.ocpp.wire import write_time
from voltring_node.deciding import FAULT, Asked, Decided, decide, needs
from voltring_node.facts import Message, Refusal
from voltring_node.knowledge import Known
from voltring_node.understanding import Answerable, Understood, understand

EXPECTED = frozenset({"StatusNotification"})  # what a station was asked for before it is accepted
ARGUMENTS = (True, 3, "Europe/Berlin", [-1, 0, 7], "kWh")


def _argument(rule: Rule) -> Any:
    return next(one for one in ARGUMENTS if rule.takes.fits(one))


_INBOUND = {rule.name: _argument(rule) for rule in CATALOGUE.values() if rule.inbound}
QUIRKS = (
    Quirks(_INBOUND),
    Quirks({"lenient_boot": True}),
    *(Quirks({name: argument}) for name, argument in _INBOUND.items()),
)
"""Chargers of every known deviation, and one that has them all."""
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GROUP = 16
FORGET_AFTER = 1000  # frames: what is known stays small, so that memory that grows is a leak


class IllegalAnswer(AssertionError):
    """A frame that was not answered as it must be."""


@dataclass
class Base:
    """What PostgreSQL would keep."""

    known: Known = field(default_factory=Known)
    replies: dict[tuple[str, bytes], str | None] = field(default_factory=dict)
    last_id: int = 0

    def decide(self, group: list[Asked], rng: Random) -> list[Decided]:
        """Decide a group, with all that it has to know."""
        wanted, known = needs(group), self.known
        known.fresh_ids = [self.last_id + number for number in range(wanted.fresh_ids, 0, -1)]
        self.last_id += wanted.fresh_ids
        for charger in sorted(wanted.chargers):
            known.standings.setdefault(charger, Standing(rng.choice(list(Admission))))
        for token in sorted(wanted.tokens):
            if token not in known.tokens and rng.random() < 0.5:
                status = rng.choice(list(TokenStatus))
                known.tokens[token] = KnownToken(token, status, rng.choice((None, "G" * 36)), rng.choice((None, NOON)))
        decided = decide(group, known, {key: self.replies[key] for key in wanted.keys if key in self.replies})
        for one in decided:
            if one.natural_key is not None:
                self.replies[one.asked.message.charger_id, one.natural_key] = one.reply
        return decided


class Driver:
    """Sends the frames of one version and seed through, and looks at every answer."""

    def __init__(self, version: Version, seed: int) -> None:
        self.version, self.seed = version, seed
        self.frames = Frames(version, seed)
        self.rng = Random(seed)
        self.sent = self.answered = self.results = 0
        self._now = NOON
        self._base = Base()
        self._group: list[tuple[int, str, Asked]] = []
        self._talk = Conversation(version)

    def run(self, count: int) -> None:
        """Send `count` frames. Raises IllegalAnswer with the seed, the number and the frame."""
        for number in range(self.sent, self.sent + count):
            text = self.frames.next()
            try:
                self._send(number, text)
            except IllegalAnswer:  # of this frame, or of an earlier one of its group
                raise
            except Exception as error:
                raise IllegalAnswer(self._blame(number, text, error)) from error
        self._settle()

    def _blame(self, number: int, text: str, error: object) -> str:
        shown = text if len(text) < 800 else f"{text[:500]} ... {text[-200:]}"
        place = f"VOLTRING_FUZZ_SEED={self.seed}, OCPP {self.version}, frame {number}"
        return f"{type(error).__name__ if isinstance(error, Exception) else ''} {error} ({place}):\n{shown!r}"

    def _send(self, number: int, text: str) -> None:
        self.sent += 1
        self._now += timedelta(seconds=1)
        if self.sent % FORGET_AFTER == 0:
            self._settle()
            self._base, self._talk = Base(), Conversation(self.version)
        if self._talk.outstanding is None and self.rng.random() < 0.1:
            self._talk.call(str(self.rng.randrange(50)), "Reset", {}, 0.0)
        elif self.rng.random() < 0.02:
            self._talk.expire(1.0)
        event = self._talk.receive(text)
        if isinstance(event, Called | Sent):
            self._asks(number, text, event)
        elif (asked := ask_of(text)) and asked.is_certain and not (isinstance(event, Stray) and event.reply):
            self._fail(number, text, f"a CALL without an answer, taken for {event}")
        elif isinstance(event, Stray) and event.reply is not None:
            self._check(number, text, event.reply)

    def _asks(self, number: int, text: str, event: Called | Sent) -> None:
        registration = self.rng.choices(list(Registration), [1, 20, 1, 1])[0]
        quirks = self.rng.choice(QUIRKS) if self.rng.random() < 0.5 else Quirks()
        found = understand(self.version, registration, event, EXPECTED, quirks)
        if isinstance(found, Answerable):
            if isinstance(event, Called):
                self._check(number, text, self._at_once(event, found.answer))
        elif isinstance(found.said, Beat):
            self._check(number, text, self._talk.answer(event.message_id, {"currentTime": write_time(self._now)}))
        else:
            self._group.append((number, text, self._asked(text, event, found)))
            if len(self._group) >= GROUP:
                self._settle()

    def _at_once(self, called: Called, answer: Payload | Refusal) -> str:
        if isinstance(answer, Refusal):
            return self._talk.refuse(called.message_id, answer.code, answer.description)
        return self._talk.answer(called.message_id, answer)

    def _asked(self, text: str, event: Called | Sent, found: Understood) -> Asked:
        message = Message(
            f"CP-{self.rng.randrange(4)}",
            1,
            self.version,
            self._now,
            "in",
            text,
            MessageType.CALL if isinstance(event, Called) else MessageType.SEND,
            event.message_id,
            event.action,
            found.payload,
            found.said,
            found.natural_key,
            found.flags,
        )
        return Asked(message)

    def _settle(self) -> None:
        """Decide what has gathered, as the recorder does."""
        group, self._group = self._group, []
        try:
            decided = self._base.decide([asked for _, _, asked in group], self.rng)
        except Exception as error:
            for number, text, asked in group:  # which of them is it
                self._settle_one(number, text, asked)
            number, text, _ = group[-1]
            raise IllegalAnswer(self._blame(number, text, error)) from error
        for (number, text, asked), one in zip(group, decided, strict=True):
            if FAULT in one.flags:
                self._fail(number, text, "the handler raised")
            if (one.reply is None) is not (asked.message.type == MessageType.SEND):
                self._fail(number, text, f"decided with the answer {one.reply}")
            if one.reply is not None:
                self._check(number, text, one.reply)

    def _settle_one(self, number: int, text: str, asked: Asked) -> None:
        try:
            self._base.decide([asked], self.rng)
        except Exception as error:
            raise IllegalAnswer(self._blame(number, text, error)) from error

    def _check(self, number: int, text: str, reply: str) -> None:
        self.answered += 1
        self.results += reply.startswith("[3,")
        wrong = wrong_with(reply, ask_of(text), self.version)
        if wrong:
            self._fail(number, text, f"{wrong}, in {reply[:200]}")

    def _fail(self, number: int, text: str, why: str) -> None:
        raise IllegalAnswer(self._blame(number, text, why))
