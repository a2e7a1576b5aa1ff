"""Reports that come in parts: numbered from 0 (some chargers: from 1), until one says it is the last (B07, N02).

    (none) ──part──> Receiving ──the last of all──> Complete
                         └──────silence───────────> Incomplete, with the numbers that are missing

Parts may come out of order, and twice: whatever their order, the report is the same in the end. What a part tells is
taken over as it comes; what a complete report does not mention any more is then forgotten, so that half a report
never takes anything away. A part that comes late joins its report, also when that was complete without it: a lone
part 1 that says it is the last is all of a report that counts from 1, until a part 0 comes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

MOST_NAMED = 100
"""Missing numbers that are named: a charger may number its parts as it likes."""
SILENCE = timedelta(seconds=120)
"""After it no further part is waited for."""


class ReportState(StrEnum):
    """Whether all parts are there."""

    RECEIVING = "Receiving"
    COMPLETE = "Complete"
    INCOMPLETE = "Incomplete"


@dataclass(frozen=True, slots=True)
class Report:
    """A report as far as it came. `request_id` is the charger's word for what it answers."""

    id: UUID
    charger_id: str
    action: str
    request_id: int
    command_id: UUID | None
    state: ReportState
    seqs: tuple[int, ...]
    last_seq: int | None
    started_at: datetime
    updated_at: datetime

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers of the parts that did not come, as far as can be told."""
        return missing(self.seqs, self.last_seq)

    @property
    def outcome(self) -> Mapping[str, Any]:
        """What came of the command that asked for it. `has_end`: a part said that it is the last."""
        return {
            "report_id": str(self.id),
            "state": self.state.value,
            "parts": len(self.seqs),
            "has_end": self.last_seq is not None,
            "missing": list(self.missing),
        }


def missing(seqs: tuple[int, ...], last_seq: int | None) -> tuple[int, ...]:
    """The gaps in the numbers of parts; a report whose first number is 1 began with it."""
    if not seqs:
        return ()
    end = max(seqs) if last_seq is None else last_seq
    expected = 1 if min(seqs) == 1 else 0
    gaps: list[int] = []
    for number in (*sorted(number for number in set(seqs) if number <= end), end + 1):
        gaps += range(expected, min(number, expected + MOST_NAMED))
        expected = number + 1
    return tuple(gaps[:MOST_NAMED])


def open_report(
    identity: UUID, charger_id: str, action: str, request_id: int, command_id: UUID | None, now: datetime
) -> Report:
    """A report of which nothing came yet."""
    return Report(
        identity,
        charger_id,
        action,
        request_id,
        command_id,
        ReportState.RECEIVING,
        (),
        None,
        started_at=now,
        updated_at=now,
    )


def add(report: Report, seq_no: int, now: datetime, *, is_last: bool) -> Report:
    """The report after one more part; one that came before changes nothing but the time."""
    seqs = report.seqs if seq_no in report.seqs else tuple(sorted((*report.seqs, seq_no)))
    last = report.last_seq
    if is_last:
        last = seq_no if last is None else max(seq_no, last)
    complete = last is not None and not missing(seqs, last)
    state = ReportState.COMPLETE if complete else ReportState.RECEIVING
    return replace(report, seqs=seqs, last_seq=last, state=state, updated_at=now)


def end(report: Report, now: datetime) -> Report | None:
    """The report given up after its silence; None while parts may still come."""
    if report.state is not ReportState.RECEIVING or now - report.updated_at < SILENCE:
        return None
    return replace(report, state=ReportState.INCOMPLETE)
