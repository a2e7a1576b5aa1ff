"""docs/quirks.md says what there is: every rule, every flag, profiles and tests by their names."""

import re
from pathlib import Path

import pytest

from voltring_core.ocpp import quirks
from voltring_core.ocpp.quirks.profiles import SHIPPED
from voltring_core.ocpp.quirks.rules import CATALOGUE

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "quirks.md").read_text()
RULES, ROWS = TEXT.split("## Rules")[1].split("## What is known")
FILES = {
    "R": "tests/unit/ocpp_node/test_quirk_rows.py",
    "W": "tests/integration/test_quirks_on_the_wire.py",
    "test_quirk_rules.py": "tests/unit/core/test_quirk_rules.py",
}


def quoted(text):
    return re.findall(r"`([^`]+)`", text)


def test_every_rule_is_listed():
    assert {name for name in quoted(RULES) if name in CATALOGUE} == set(CATALOGUE)


def test_every_flag_is_listed():
    flags = {getattr(quirks, name) for name in quirks.__all__ if name.isupper()}
    table = {
        line.split("|")[1].strip(" `") for line in TEXT.split("## A profile")[0].splitlines() if line.startswith("| `")
    }
    assert table == flags | {"quirk:NAME"}


def test_every_profile_is_named_and_every_named_profile_is_there():
    named = {name for name in quoted(ROWS) if name.endswith(".yaml")}
    assert named == {file.name for file in SHIPPED.glob("*.yaml")}


def rows():
    lines = [line for line in ROWS.splitlines() if line.startswith("| ")][1:]
    return [line.strip("| ").split(" | ") for line in lines]


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0][:40])
def test_every_deviation_has_a_test_that_is_there(row):
    deviation, _, _, test = row
    if deviation.startswith("TLS"):
        assert test == "none"
        return
    if test in ("the same", "G, all of it"):
        return
    file = ""
    for word in re.findall(r"\b[RW] (?=`)|`[^`]+`", test):
        word = word.strip("` ")
        if word in FILES:
            file = (ROOT / FILES[word]).read_text()
        else:
            assert f"def test_{word}(" in file, word
    assert file
