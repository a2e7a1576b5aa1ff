"""docs/tariffs.md says what there is: its examples come to what it says, its table of nights is right."""

import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tariff_making import component, tariff, usage

from voltring_core.domain.tariffs import Component, Conditions, Kind, Price, Tariff, explain, parse, price

TEXT = (Path(__file__).parents[3] / "docs" / "tariffs.md").read_text()
EXAMPLES = re.split(r"^### ", TEXT.partition("## Examples")[2].partition("\n## ")[0], flags=re.MULTILINE)[1:]
NIGHTS = re.findall(r"^\| (\d\d:\d\d) to (\d\d:\d\d) \|(.+)\|(.+)\|(.+)\|$", TEXT, flags=re.MULTILINE)
OFTEN = {"none": 0, "30 min": 30, "1 h": 60, "1 h 30": 90, "2 h": 120, "7 h": 420, "8 h": 480, "9 h": 540}


def blocks(example: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", example, flags=re.DOTALL)


def priced(example: str) -> tuple[Tariff, Price]:
    words, asked = map(json.loads, blocks(example, "json"))
    energy_wh = str(Decimal(asked["energy_kwh"]) * 1000)
    stretches = [(asked["charging_minutes"], energy_wh), (asked.get("idle_minutes", 0), "0", True)]
    session = usage(*stretches, start=datetime.fromisoformat(asked["start"]))
    by = parse(words)
    return by, price(session, by, ZoneInfo(asked["time_zone"]))


def test_there_are_the_three_basic_ones() -> None:
    assert [one.split(":")[0] for one in EXAMPLES] == ["Flat", "Time-based", "Combined"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.split(":")[0])
def test_an_example_comes_to_what_is_written_beside_it(example: str) -> None:
    by, found = priced(example)
    (told,) = blocks(example, "text")
    assert list(explain(found, by)) == told.splitlines()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda one: one.split(":")[0])
def test_the_table_of_an_example_has_each_amount_and_the_total(example: str) -> None:
    _, found = priced(example)
    amounts = [row.split("|")[-2].strip(" *") for row in example.splitlines() if row.startswith("| ")][1:]
    taxes = [str(tax.amount) for tax in found.taxes]
    expected = sorted([*(str(line.amount) for line in found.lines), *taxes, str(found.net), str(found.total)])
    assert sorted(amounts) == expected


@pytest.mark.parametrize(
    ("start", "end", "night", "minutes"),
    [
        (start, end, night, OFTEN[re.split("[:,]", cell)[0].strip()])
        for start, end, *cells in NIGHTS
        for night, cell in zip(("2026-05-04", "2026-03-28", "2026-10-24"), cells, strict=True)
    ],
)
def test_a_window_of_the_table_is_as_long_as_it_says(start: str, end: str, night: str, minutes: int) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    by = tariff(component("charging_time", "1", start_time_of_day=start, end_time_of_day=end))
    noon = datetime.fromisoformat(f"{night}T12:00:00").replace(tzinfo=berlin).astimezone(ZoneInfo("UTC"))
    lines = price(usage((20 * 60, "0"), start=noon), by, berlin).lines
    assert sum(line.quantity for line in lines) == minutes


def test_every_field_and_every_kind_is_described() -> None:
    fields = {*Tariff.model_fields, *Component.model_fields, *Conditions.model_fields, *map(str, Kind)}
    assert fields - set(re.findall(r"`(\w+)`", TEXT)) == set()
    assert len(NIGHTS) == 4
