"""The table of docs/conformance.md is true: every case has a row, every test it names is there and plays that case."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CASES = ROOT / "tests" / "integration" / "conformance"
PAGE = ROOT / "docs" / "conformance.md"
TEST = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
REASONS = ("In part: ", "Not yet: ", "No message of the CSMS is concerned")

V16 = """
    001 003 004_1 004_2 005_1 007 010 011_1 011_2 012 013 014 017_1 017_2 018_1 019_1 019_2 021 023_1 023_2 023_3 024
    026 028 030 031 032_1 037_1 037_3 039 040_1 040_2 061 064
    042_1 042_2 043_1 043_3 043_4 043_5
    044_1 044_2 044_3 045_1 045_2
    046 047 048_1 048_2 048_3 048_4 049 051 052 053
    054 055
    056 057 059 066 067
    073 074 075_1 075_2 076 077 078 079 080 081 083 085 086 087 088
    """.split()
V201 = {
    "A": "01 02 03 04 06 07 08 09 10 11 12 14 19",
    "B": "01 02 06 07 09 10 12 13 14 18 20 21 22 25 26 27 30 31 42 44 58",
    "C": "02 06 07 08 20 37 38 39 40 43 47 48 49 50 51 52",
    "D": "01 02 03 04 08 09",
    "E": "01 02 03 04 07 08 09 10 11 12 14 15 16 17 19 20 21 22 26 29 30 31 33 34 38 39 53",
    "F": "01 02 03 04 06 11 12 13 14 15 18 20 23 24 27",
    "G": "03 04 05 06 07 08 11 14 17 20",
    "H": "01 07 08 14 15 17 19 20 22",
    "I": "01 02",
    "J": "01 02 03 04 07 08 09 10 11",
    "K": "01 03 04 05 06 08 10 15 19 29 30 31 32 33 34 35 36 37 43 44 53 55 57 58 59 60 70",
    "L": "01 02 03 04 05 06 07 08 09 10 11 13",
    "M": "01 02 03 04 05 13 14 15 16 18 19 20 21 24 26 28",
    "N": "01 02 03 05 08 16 17 18 21 24 25 27 28 29 30 31 32 34 35 36 44 46 47 49 50 60 62 63",
    "O": "01 02 03 04 05 06 07 08 09 10 12 13 14 17 18 19 26 27 28",
    "P": "02 03",
}
IDS_16 = [f"TC_{number}" for number in V16]
IDS_201 = [f"TC_{block}_{number}" for block, numbers in V201.items() for number in numbers.split()]
USE_CASES_21 = """
    B09 B13 C17 C18 C25 E16 E17 F06 F07 I07 I08 I09 I10 I11 I12 K18 K20 K21 K22 K23 K27 K28 K29 N11 N15 Q01 Q02 Q03 Q08
    Q09 Q10 Q11 Q12 R01 R04 R05 S01 S03 S04
    """.split()


@cache
def rows() -> list[tuple[str, str, str]]:
    """Id (or use cases), words, test or reason of every row, in the page's order."""
    cells = [line.strip().strip("|").split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    told = [tuple(cell.strip() for cell in row) for row in cells if len(row) == 3]
    return [(row[0], row[1], row[2]) for row in told if row[0] not in ("Id", "Use case")]


@cache
def functions() -> dict[tuple[str, str], frozenset[str]]:
    """Every case's test, and the ids that its parameters name."""
    found = {}
    for path in sorted(CASES.glob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_"):
                found[path.name, node.name] = _named(node)
    return found


def _named(node: ast.AsyncFunctionDef) -> frozenset[str]:
    keywords = [one for mark in node.decorator_list for one in ast.walk(mark) if isinstance(one, ast.keyword)]
    values = [one.value.value for one in keywords if one.arg == "id" and isinstance(one.value, ast.Constant)]
    return frozenset(part for value in values for part in str(value).split("-"))


def plays(case: str, file: str, name: str) -> bool:
    """Whether a test says that it plays this case: by its own name, or by a parameter's."""
    return name.startswith(f"test_{case.lower()}_") or case in functions()[file, name]


def test_every_case_has_one_row_in_order() -> None:
    assert [row[0] for row in rows() if row[0].startswith("TC_")] == IDS_16 + IDS_201


def test_every_row_says_what_it_is_about_and_names_a_test_or_a_reason() -> None:
    for case, words, cell in rows():
        assert words, case
        assert TEST.search(cell) or cell.startswith(REASONS), case
        left = TEST.sub("", cell).strip(" .,")
        assert not left or left.startswith(REASONS), case


def test_every_test_that_is_named_is_there_and_plays_its_case() -> None:
    named = {(case, *found) for case, _, cell in rows() for found in TEST.findall(cell)}
    assert [one for one in sorted(named) if one[1:] not in functions()] == []
    assert [one for one in sorted(named) if one[0].startswith("TC_") and not plays(*one)] == []


def test_every_case_that_a_test_plays_has_its_row() -> None:
    rowed = {(case, *found) for case, _, cell in rows() for found in TEST.findall(cell)}
    played = {(case, file, name) for case in IDS_16 + IDS_201 for file, name in functions() if plays(case, file, name)}
    assert played - rowed == set()
    ids = {one for named in functions().values() for one in named if one.startswith("TC_")}
    assert ids <= set(IDS_16 + IDS_201)


def test_every_use_case_that_2_1_adds_has_a_row() -> None:
    told = " ".join(case for case, _, _ in rows() if not case.startswith("TC_"))
    assert [one for one in USE_CASES_21 if one not in told] == []


@pytest.mark.parametrize(("version", "ids"), [("1.6", IDS_16), ("2.0.1", IDS_201)])
def test_the_totals_are_those_of_the_rows(version: str, ids: list[str]) -> None:
    cells = {case: cell for case, _, cell in rows() if case in ids}
    in_part = sum("In part: " in cell for cell in cells.values())
    not_yet = sum("Not yet: " in cell for cell in cells.values())
    line = f"| OCPP {version} | {len(ids)} | {len(ids) - in_part - not_yet} | {in_part} | {not_yet} |"
    assert line in PAGE.read_text().splitlines()
