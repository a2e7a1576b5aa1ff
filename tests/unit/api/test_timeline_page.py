"""The page for a driver, and its picture: escaped, without scripts, ids and tokens; axes with round numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from voltring_api.models.timeline import Entry, EntryKind, Frame, Gap, Point, Series, Story
from voltring_api.prefer import wants_html
from voltring_api.resources.timeline_html import is_told, page, zone_of
from voltring_api.resources.timeline_plot import nice, plot, ticks

START = datetime(2026, 3, 28, 22, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
HOSTILE = "<script>alert(1)</script>"


def story(**more: Any) -> Story:
    given: dict[str, Any] = dict.fromkeys(Story.model_fields)
    given |= {"id": UUID(int=77), "charger_id": "CP", "time_zone": "Europe/Berlin", "ocpp_version": "1.6"}
    given |= {"ocpp_transaction_id": "4711", "state": "Ended", "id_token": "04A2B3C4", "flags": [], "waits_for": []}
    given |= {"attached": []}
    given |= {"started_at": START, "ended_at": START + timedelta(hours=1), "energy_wh": 7655.0}
    given |= {"energy_in_words": "7.655 kWh.", "billing_in_words": "Billed.", "signed_meter_values": 0}
    return Story.model_validate(given | more)


def entry(kind: EntryKind = EntryKind.STATUS, minute: float = 0, summary: str = "It happened.", **more: Any) -> Entry:
    at = START + timedelta(minutes=minute)
    return Entry(id="x", kind=kind, source="charger", at=at, received_at=at, summary=summary, **more)


def frame(direction: Any, action: str) -> Frame:
    told: dict[str, Any] = {"reply": None, "verdict": "ok", "error_code": None, "flags": [], "latency_ms": None}
    return Frame(id="1", direction=direction, action=action, frame="[]", **told)


def drawn(*points: tuple[float, float | None, float | None], gaps: tuple[tuple[float, float], ...] = ()) -> Series:
    def at(minute: float) -> datetime:
        return START + timedelta(minutes=minute)

    return Series(
        points=[Point(at=at(m), energy_wh=wh, power_w=w, soc_percent=None) for m, wh, w in points],
        gaps=[Gap(begins=at(a), ends=at(b)) for a, b in gaps],
        power_is_derived=False,
        readings=len(points),
    )


NOTHING = drawn()


def test_what_comes_from_outside_is_text_and_never_markup() -> None:
    hostile = story(charger_id=HOSTILE, site_name=HOSTILE, site_place=HOSTILE, charger_model=HOSTILE)
    cost = {"price": {"lines": [{"what": HOSTILE, "unit": HOSTILE}], "total": HOSTILE, "currency": HOSTILE}}
    told = page(hostile.model_copy(update={"cost": cost}), [entry(summary=HOSTILE)], NOTHING)
    assert "<script" not in told
    assert "&lt;script&gt;" in told


def test_times_are_those_of_the_site_also_over_a_change_of_the_clock() -> None:
    told = page(story(), [entry(minute=0), entry(minute=180)], NOTHING)
    assert "28 March 2026, 23:30" in told
    assert "23:30:00" in told
    assert "03:30:00" in told
    assert "29 March 2026" in told
    assert zone_of("No/Such") == ZoneInfo("UTC")


def test_the_page_names_no_id_and_no_token() -> None:
    told = page(story(), [], NOTHING)
    assert "4711" not in told
    assert str(UUID(int=77)) not in told
    assert "04A2B3C4" not in told
    assert "ending in C4" in told


def test_a_cost_is_shown_line_by_line_with_its_taxes_and_its_total() -> None:
    line = {"what": "energy", "quantity": "7.655000", "unit": "kWh", "unit_price": "0.490000", "amount": "3.75"}
    taxes = [{"name": "VAT", "percent": "19", "amount": "0.71"}]
    price = {"lines": [line], "taxes": taxes, "total": "4.46", "currency": "EUR", "prices_include_tax": False}
    told = page(story(cost={"total": "4.46", "currency": "EUR", "price": price}), [], NOTHING)
    for words in ("7.655 kWh", "0.49 EUR", "3.75 EUR", "VAT 19 %", "0.71 EUR", "4.46 EUR"):
        assert words in told


def test_a_driver_is_not_told_what_is_the_operators_own() -> None:
    assert is_told(entry(EntryKind.FLAG))
    assert is_told(entry(EntryKind.MESSAGE, message=frame("in", "StartTransaction")))
    assert not is_told(entry(EntryKind.MESSAGE, message=frame("out", "RemoteStopTransaction")))
    assert not is_told(entry(EntryKind.MESSAGE, message=frame("in", "DataTransfer")))
    assert not is_told(entry(EntryKind.DECISION))
    assert not is_told(entry(EntryKind.ALARM))
    assert not is_told(entry(context=True))


def test_many_readings_in_a_row_are_told_by_the_first_and_the_last() -> None:
    many = [entry(EntryKind.READING, n, f"Reading {n}.") for n in range(9)]
    told = page(story(), many, NOTHING)
    assert "Reading 0." in told
    assert "… 7 more readings" in told
    assert "Reading 8." in told
    assert "Reading 4." not in told


def test_the_picture_breaks_its_lines_where_readings_stopped() -> None:
    points = [(0.0, 0.0, 5000.0), (1.0, 90.0, 5000.0), (30.0, 900.0, 4000.0), (31.0, 990.0, 4000.0)]
    whole, broken = plot(drawn(*points), BERLIN), plot(drawn(*points, gaps=((1, 30),)), BERLIN)
    assert whole.count("<polyline") == 2
    assert broken.count("<polyline") == 4
    assert 'class="gap"' in broken


def test_without_two_points_there_is_no_picture() -> None:
    assert plot(drawn((0, 0, None)), BERLIN) == ""
    assert plot(NOTHING, BERLIN) == ""


@pytest.mark.parametrize("most", [0.004, 0.3, 1, 7.655, 11, 22, 149.9, 1234])
def test_an_axis_ends_at_a_round_number_above_what_it_shows(most: float) -> None:
    end = nice(most)
    assert most < end <= most * 2.1
    assert all(float(f"{end * part:.4g}") == pytest.approx(end * part) for part in (0.25, 0.5, 0.75))


def test_ticks_are_round_local_times() -> None:
    found = ticks(START, START + timedelta(hours=5), BERLIN)
    assert all(START <= at <= START + timedelta(hours=5) for at in found)
    assert all(at.astimezone(BERLIN).minute == 0 for at in found)
    assert 3 <= len(found) <= 9


@pytest.mark.parametrize(
    ("accept", "html"),
    [
        ("text/html", True),
        ("text/html,application/xhtml+xml,*/*;q=0.8", True),
        ("application/json, text/html;q=0.9", False),
        ("*/*", False),
        ("", False),
        ("text/html;q=0, application/json", False),
        ("text/html;q=0.5, application/json", False),
    ],
)
def test_a_page_is_given_to_who_asks_for_one_first(accept: str, html: bool) -> None:
    assert wants_html(accept) is html
