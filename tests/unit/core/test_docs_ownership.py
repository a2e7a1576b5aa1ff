"""docs/ownership.md says what there is: every test that it names, every link, every state, every invariant."""

import ast
import re
from pathlib import Path

import pytest

from voltring_core.domain.commands import State
from voltring_core.domain.ownership import RouteState

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
TEXT = (DOCS / "ownership.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
INVARIANTS = re.split(r"^### (?=I\d+ )", TEXT.partition("## Invariants")[2], flags=re.MULTILINE)[1:]


def functions_of(path):
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse(path.read_text()).body if isinstance(node, kinds)}


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda value: value)
def test_every_named_test_is_there(path, name):
    assert name in functions_of(ROOT / path)


def test_every_invariant_has_a_test_that_holds_it():
    assert [one.split()[0] for one in INVARIANTS] == [f"I{number}" for number in range(1, 13)]
    assert [one.split()[0] for one in INVARIANTS if "- `tests/" not in one] == []


def test_every_path_and_link_leads_somewhere():
    paths = re.findall(r"`?(tests/[\w/]+\.py)`?", TEXT)
    assert [path for path in paths if not (ROOT / path).is_file()] == []
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert [link for link in links if not (DOCS / link).exists()] == []


def test_every_state_and_every_script_is_told():
    scripts = {file.name for file in (ROOT / "core/voltring_core/cluster/lua").glob("owner_*.lua")}
    words = set(re.findall(r"[\w.]+", TEXT + (DOCS / "images" / "ownership.svg").read_text()))
    assert {state.value for state in (*State, *RouteState)} <= words
    assert scripts - {"owner_look.lua"} <= {word if word.endswith(".lua") else f"{word}.lua" for word in words}


def test_every_statement_that_is_named_is_there():
    store = ROOT / "core" / "voltring_core" / "store"
    for file in ("commands.sql", "fence.sql"):
        known = set(re.findall(r"^-- name: (\w+)", (store / file).read_text(), re.MULTILINE))
        cells = re.findall(rf"`{file}`: ([^|]+?)(?:\||$)", TEXT, re.MULTILINE)
        named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
        assert named <= known
        assert named
    table = TEXT.partition("statement of `commands.sql`")[2].partition("\n\n")[0]
    last = [row.rstrip("| ").rpartition("|")[2] for row in table.splitlines() if row.startswith("| ")]
    known = set(re.findall(r"^-- name: (\w+)", (store / "commands.sql").read_text(), re.MULTILINE))
    assert {name for cell in last for name in re.findall(r"`(\w+)`", cell)} <= known
