"""A report of a charger: what came in numbered parts, put together."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import Field

from voltring_api.models.base import Instant, Output
from voltring_api.redacting import redacted
from voltring_core.domain.reports import ReportState, missing

BESIDE = frozenset({"seqNo", "tbc", "requestId", "generatedAt"})
"""Fields that number a part, and are no content."""


class ReportSummary(Output):
    """A report, without its content."""

    id: UUID
    charger_id: str
    action: str = Field(description="The message that its parts came in.", examples=["NotifyReport"])
    request_id: int = Field(description="The number that the charger names as what it answers.")
    command_id: UUID | None = Field(description="The command that it answers; null: nobody here asked.")
    state: ReportState = Field(description="Incomplete: no part came for a while, and some are missing.")
    parts: int = Field(description="How many parts came.")
    missing: list[int] = Field(description="The numbers of parts that did not come, as far as can be told.")
    started_at: Instant
    updated_at: Instant


class Report(ReportSummary):
    """A report and what it says, in the order of its parts. Secrets are not shown."""

    content: dict[str, Any] = Field(
        description="Lists and texts of all parts, one after the other; of anything else the latest part's word.",
        examples=[{"reportData": []}],
    )
    text: str | None = Field(description="Customer information as one text; null for other reports.")
    truncated: bool = Field(description="There are more parts than are shown here.")


def summary_of(row: Mapping[str, Any]) -> ReportSummary:
    """The report in a row of table `reports`."""
    return ReportSummary.model_validate(_fields(row))


def report_of(row: Mapping[str, Any], parts: Sequence[Mapping[str, Any]], *, truncated: bool) -> Report:
    """The report in a row of `reports` with the contents of its parts, in their order."""
    content = assemble([redacted(row["action"], part, "request") for part in parts])
    data = content.get("data")
    text = data if row["action"] == "NotifyCustomerInformation" and isinstance(data, str) else None
    return Report.model_validate({**_fields(row), "content": content, "text": text, "truncated": truncated})


def assemble(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The parts as one: their lists and their texts one after the other."""
    whole: dict[str, Any] = {}
    for part in parts:
        for name, value in part.items():
            if name not in BESIDE:
                whole[name] = _joined(whole.get(name), value, is_text=name == "data")
    return whole


def _joined(before: Any, value: Any, *, is_text: bool) -> Any:
    if isinstance(before, list) and isinstance(value, list):
        return before + value
    if is_text and isinstance(before, str) and isinstance(value, str):
        return before + value
    return value


def _fields(row: Mapping[str, Any]) -> dict[str, Any]:
    seqs = tuple(row["seqs"])
    return {**row, "parts": len(seqs), "missing": list(missing(seqs, row["last_seq"]))}
