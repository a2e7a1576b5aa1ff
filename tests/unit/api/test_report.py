"""Parts of a report, put together."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from voltring_api.models.report import assemble, report_of

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def report(action: str, parts: list[dict[str, Any]], seqs: list[int], last_seq: int | None = None) -> Any:
    row = {"id": uuid4(), "charger_id": "CP", "action": action, "request_id": 7, "command_id": None}
    row |= {"state": "Incomplete", "seqs": seqs, "last_seq": last_seq, "started_at": NOON, "updated_at": NOON}
    return report_of(row, parts, truncated=False)


def test_lists_of_all_parts_are_joined_and_what_numbers_them_is_left_out() -> None:
    parts = [
        {"requestId": 7, "seqNo": 0, "tbc": True, "reportData": [1, 2]},
        {"requestId": 7, "seqNo": 1, "tbc": False, "reportData": [3]},
    ]
    assert assemble(parts) == {"reportData": [1, 2, 3]}


def test_customer_information_is_one_text() -> None:
    parts = [{"data": "Jane", "seqNo": 0}, {"data": " Doe", "seqNo": 1}]
    assert report("NotifyCustomerInformation", parts, [0, 1], 1).text == "Jane Doe"


def test_other_reports_have_no_text() -> None:
    assert report("NotifyReport", [{"data": "odd"}], [0], 0).text is None


def test_missing_numbers_are_named_whatever_the_order_the_parts_came_in() -> None:
    shown = report("NotifyReport", [], [4, 0, 1], 4)
    assert (shown.parts, shown.missing) == (3, [2, 3])


def test_a_report_of_nothing_has_no_content() -> None:
    assert report("NotifyReport", [], []).content == {}


def test_secrets_in_a_report_are_not_shown() -> None:
    told = {"component": {"name": "SecurityCtrlr"}, "variable": {"name": "BasicAuthPassword"}}
    parts = [{"reportData": [told | {"variableAttribute": [{"value": "hunter2hunter2"}]}]}]
    assert "hunter2" not in report("NotifyReport", parts, [0]).model_dump_json()
