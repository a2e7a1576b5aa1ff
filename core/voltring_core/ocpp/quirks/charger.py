"""The rules that hold for one charger, and what they make of its messages."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any

from voltring_core.ocpp.quirks.rules import CATALOGUE, Rule
from voltring_core.ocpp.versions import Version

Payload = dict[str, Any]
NOTHING: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Adapted:
    """A command's payload as it may be sent, and the flags of what was rewritten."""

    payload: Payload
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A command that is not sent: the rule, and a sentence for the operator."""

    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Quirks:
    """The resolved rules of one charger, each with its argument; `Quirks()` has none."""

    rules: Mapping[str, object] = field(default_factory=lambda: NOTHING)
    _inbound: tuple[Rule, ...] = field(default=(), init=False, repr=False, compare=False)
    _outbound: tuple[Rule, ...] = field(default=(), init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        chosen = [rule for name, rule in CATALOGUE.items() if name in self.rules]
        object.__setattr__(self, "_inbound", tuple(rule for rule in chosen if rule.inbound))
        object.__setattr__(self, "_outbound", tuple(rule for rule in chosen if rule.outbound))

    def inbound(
        self, version: Version, action: str, payload: Payload, received_at: datetime | None = None
    ) -> tuple[Payload, tuple[str, ...]]:
        """What a charger said, before it is checked: mended in a copy, with a flag for each rule that did."""
        if not self._inbound:
            return payload, ()
        rules = [rule for rule in self._inbound if not rule.actions or action in rule.actions]
        if not rules:
            return payload, ()
        try:
            mended = deepcopy(payload)
            done = tuple(rule.flag for rule in rules if self._mend(rule, action, mended, received_at))
        except RecursionError:
            return payload, ()  # nested beyond reading: nothing that a rule is about
        return (mended, done) if done else (payload, ())

    def _mend(self, rule: Rule, action: str, payload: Payload, received_at: datetime | None) -> bool:
        assert rule.inbound is not None
        argument = self.rules[rule.name]
        return rule.inbound(payload, action, (argument, received_at) if rule.is_timed else argument)

    def outbound(self, version: Version, action: str, payload: Payload) -> Adapted | Refused:
        """A command as this charger may be given it."""
        rules = [rule for rule in self._outbound if action in rule.actions]
        if not rules:
            return Adapted(payload)
        adapted, flags = deepcopy(payload), []
        for rule in rules:
            assert rule.outbound is not None
            done = rule.outbound(adapted, action, self.rules[rule.name])
            if isinstance(done, str):
                return Refused(rule.name, _sentence(rule.name, done))
            if done:
                flags.append(rule.flag)
        return Adapted(adapted, tuple(flags)) if flags else Adapted(payload)

    @property
    def names(self) -> tuple[str, ...]:
        """The rules that hold, in the catalogue's order."""
        return tuple(name for name in CATALOGUE if name in self.rules)

    @property
    def assume_version(self) -> Version | None:
        """What is spoken where no subprotocol is named (TR-07)."""
        given = self.rules.get("assume_version")
        return None if given is None else Version(str(given))

    @property
    def any_username(self) -> bool:
        """Whether the user name of HTTP Basic is not looked at; the password is."""
        return "any_username" in self.rules

    @property
    def id_in_any_case(self) -> bool:
        """Whether it may write its id in another case than it is registered in."""
        return "id_in_any_case" in self.rules

    @property
    def lenient_boot(self) -> bool:
        """Whether StatusNotification and MeterValues are taken before it is accepted (TR-33)."""
        return "lenient_boot" in self.rules

    @property
    def accepted_without_boot(self) -> bool:
        """Whether it counts as accepted though it never boots."""
        return "accepted_without_boot" in self.rules

    @property
    def commands_after_boot(self) -> bool:
        """Whether it is commanded only after it has booted, or gone on without, on this socket."""
        return "commands_after_boot" in self.rules

    @property
    def one_message_at_a_time(self) -> bool:
        """Whether no CALL of ours may be open while one of its own is."""
        return "one_message_at_a_time" in self.rules

    @property
    def reconnect_when_deaf(self) -> int | None:
        """After how many unanswered CALLs in a row its socket is closed; None: never."""
        given = self.rules.get("reconnect_when_deaf")
        return given if isinstance(given, int) else None


def _sentence(rule: str, why: str) -> str:
    switch = f'{{"{rule}": false}}'
    return f"{why[0].upper()}{why[1:]} ({rule}). To send it all the same, set the charger's quirks to {switch}."
