"""Readings as lines for PostgreSQL: one a sample, nothing of a charger's text means anything to COPY."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from voltring_core.domain.messages import Sample
from voltring_core.ocpp.versions import Version
from voltring_node.facts import Message, ReadingsFact
from voltring_node.readings import COLUMNS, lines

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
MESSAGE = Message("CP-1", 1, Version.V16, NOON, "in", "[]")
SAMPLE = Sample(
    NOON, "Energy.Active.Import.Register", Decimal("12.50"), "Wh", "12.50", None, "Outlet", "Sample.Periodic"
)


def rows(*samples, charger="CP-1"):
    written = lines(replace(MESSAGE, charger_id=charger), ReadingsFact(samples, 1, None, None))
    assert written.endswith("\n")
    return [line.split("\t") for line in written[:-1].split("\n")]


def test_each_sample_is_a_line_with_its_own_time():
    later = replace(SAMPLE, at=NOON + timedelta(milliseconds=5), value=None, raw="?")
    first, second = rows(SAMPLE, later)
    assert dict(zip(COLUMNS, first, strict=True)) == {
        "received_at": "2026-01-01 12:00:00+00:00",
        "charger_id": "CP-1",
        "transaction_id": r"\N",
        "evse_id": "1",
        "connector_id": r"\N",
        "sampled_at": "2026-01-01 12:00:00+00:00",
        "measurand": "Energy.Active.Import.Register",
        "phase": r"\N",
        "location": "Outlet",
        "context": "Sample.Periodic",
        "unit": "Wh",
        "value": "12.50",
        "raw": "12.50",
    }
    assert (second[5], second[-2:]) == ("2026-01-01 12:00:00.005000+00:00", [r"\N", "?"])


def test_what_means_something_to_copy_is_escaped_and_a_nul_is_shown():
    (row,) = rows(replace(SAMPLE, raw="a\tb\nc\rd\\N\0", measurand="\\.", unit="\t"), charger="C\\P")
    assert (row[1], row[6], row[10], row[-1]) == (r"C\\P", r"\\.", r"\t", "a\\tb\\nc\\rd\\\\N\N{SYMBOL FOR NULL}")
