"""Profiles: which rules hold for the chargers of a vendor, a model, a firmware. One file each, data only.

A file names `vendor`, `model` and `firmware` (shell globs in any case, one or a list, each may be absent), the
`source` that the deviation is known from, and `rules`: name -> argument, or `false` to switch off what a less
specific profile says.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from pathlib import Path

import yaml

from voltring_core.errors import SettingsError
from voltring_core.ocpp.quirks.charger import Quirks
from voltring_core.ocpp.quirks.rules import CATALOGUE

SHIPPED = Path(__file__).parent
PATTERNS = ("vendor", "model", "firmware")
FIELDS = frozenset({*PATTERNS, "source", "rules"})
CHARGERS_KEPT = 4096
"""Kinds of chargers (vendor, model, firmware) whose rules are remembered."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known of some chargers. An empty tuple of patterns fits every charger, also an unknown one."""

    name: str
    vendor: tuple[str, ...]
    model: tuple[str, ...]
    firmware: tuple[str, ...]
    source: str
    rules: Mapping[str, object]

    def fits(self, vendor: str | None, model: str | None, firmware: str | None) -> bool:
        """Whether a charger that says so of itself is meant."""
        said = ((self.vendor, vendor), (self.model, model), (self.firmware, firmware))
        return all(not patterns or _matches(patterns, word) for patterns, word in said)

    @property
    def specificity(self) -> tuple[int, int, str]:
        """More fields named, then longer patterns, then the name: the greatest has the last word."""
        given = [patterns for patterns in (self.vendor, self.model, self.firmware) if patterns]
        return len(given), sum(min(map(len, patterns)) for patterns in given), self.name


def load(folder: Path) -> tuple[Profile, ...]:
    """The profiles of a folder, the least specific first. Raises SettingsError with the file and the rule."""
    profiles = [_read(file) for file in sorted(folder.glob("*.yaml"))]
    return tuple(sorted(profiles, key=lambda profile: profile.specificity))


@cache
def shipped() -> tuple[Profile, ...]:
    """The profiles that come with this program."""
    return load(SHIPPED)


def resolve(
    vendor: str | None, model: str | None, firmware: str | None, override: Mapping[str, object] | None
) -> Quirks:
    """The rules of one charger: of all profiles that fit, the more specific last, then the operator's.

    An override's rule that is unknown here (it was set on a newer version) or has a wrong argument is passed over:
    `check_override` is for whoever sets it.
    """
    known = _of_profiles(vendor, model, firmware)
    if not override or not isinstance(override, Mapping):
        return known
    usable = {name: given for name, given in override.items() if _fault_of(name, given) is None}
    return Quirks(_merged(known.rules, usable))


def check_override(override: object) -> list[str]:
    """What is wrong with an operator's override, a sentence each; empty when nothing is."""
    if not isinstance(override, Mapping):
        return ['quirks must be an object of rules, each with its argument, such as {"lenient_boot": true}']
    return [fault for name, given in override.items() if (fault := _fault_of(name, given)) is not None]


@lru_cache(maxsize=CHARGERS_KEPT)
def _of_profiles(vendor: str | None, model: str | None, firmware: str | None) -> Quirks:
    rules: dict[str, object] = {}
    for profile in shipped():
        if profile.fits(vendor, model, firmware):
            rules = _merged(rules, profile.rules)
    return Quirks(rules) if rules else Quirks()


def _merged(rules: Mapping[str, object], later: Mapping[str, object]) -> dict[str, object]:
    return {name: given for name, given in {**rules, **later}.items() if given is not False}


def _matches(patterns: tuple[str, ...], word: str | None) -> bool:
    said = (word or "").strip().lower()
    return bool(said) and any(fnmatchcase(said, pattern.lower()) for pattern in patterns)


def _fault_of(name: object, given: object) -> str | None:
    rule = CATALOGUE.get(name) if isinstance(name, str) else None
    if rule is None:
        near = get_close_matches(str(name), CATALOGUE, n=1)
        return f"there is no rule {str(name)[:60]!r}" + (f": did you mean {near[0]}?" if near else "")
    if given is False or rule.takes.fits(given):
        return None
    return f"{name} must be {rule.takes.wants}, or false"


def _read(file: Path) -> Profile:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{file.name} can't be read: {error}") from None
    if fault := _fault_in(found):
        raise SettingsError(f"{file.name}: {fault}")
    vendor, model, firmware = (_patterns(found.get(name)) for name in PATTERNS)
    return Profile(file.stem, vendor, model, firmware, found["source"], found["rules"])


def _fault_in(found: object) -> str | None:
    if not isinstance(found, dict):
        return "a profile is a mapping of vendor, model, firmware, source and rules"
    if unknown := sorted(str(name) for name in found if name not in FIELDS):
        return f"{unknown[0]} is no field of a profile"
    for name in PATTERNS:
        if name in found and not _patterns(found[name]):
            return f"{name} must be a glob in quotes, or a list of them"
    if not isinstance(found.get("source"), str):
        return "source is missing: where is the deviation known from?"
    rules = found.get("rules")
    if not isinstance(rules, dict) or not rules:
        return "rules is missing: a mapping of rule to argument"
    return next((fault for name, given in rules.items() if (fault := _fault_of(name, given))), None)


def _patterns(given: object) -> tuple[str, ...]:
    """The globs of a field; empty when there are none, or when they are no text."""
    several = given if isinstance(given, list) else [given]
    words = tuple(one for one in several if isinstance(one, str) and one)
    return words if len(words) == len(several) else ()
