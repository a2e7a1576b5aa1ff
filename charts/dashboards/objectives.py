"""The service's objectives (docs/slo.md), and the rules that follow from each: how much goes wrong, over seven windows;
how much of the month's budget is left; and when somebody is to be woken, or written to, as the budget goes too fast.

The alerts are those of the SRE workbook: two windows each, a long one that says that it matters, and a short one that
says that it still goes on.
"""

from dataclasses import dataclass
from typing import Any

RATIO, BUDGET, OBJECTIVE = "voltring_slo:error_ratio", "voltring_slo:error_budget:left30d", "voltring_slo:objective"
HERE = 'namespace="@namespace@"'
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
FAST, SLOW = (14.4, "1h", "5m"), (6.0, "6h", "30m")
"""How many times too fast, and over which windows: 2 % of the month's budget in an hour, 5 % in six."""
DAY, DAYS = (3.0, "1d", "2h"), (1.0, "3d", "6h")
"""10 % in a day, and all of it in the month."""
ENOUGH = 10
"""So many must have gone wrong within the long window: one of three handshakes at night wakes nobody."""
Rule = dict[str, Any]


@dataclass(frozen=True)
class Objective:
    """What share is to go well over 30 days."""

    key: str
    """In the label `slo`, and in the alerts' names."""
    share: float
    bad: str
    """What goes wrong, as an expression with `WINDOW` in it."""
    everything: str
    burns: str
    """What is the matter when an alert rings, as a sentence's beginning: `... (12% within an hour)`."""
    events: str | None = None
    """How many went wrong; None where it is no count."""

    @property
    def alert(self) -> str:
        """The stem of the alerts' names."""
        return f"Voltring{self.key.capitalize()}Budget"

    def ratio(self, window: str) -> str:
        """The share that goes wrong; absent while there is nothing to go wrong."""
        return f"({self.bad}) / ({self.everything} > 0)".replace("WINDOW", window)


def _rate(selected: str) -> str:
    return f"sum by (namespace) (rate({selected}[WINDOW]))"


def _or_none(counted: str, beside: str) -> str:
    """A counter that is not there before it has counted is zero."""
    return f"{counted} or 0 * {beside}"


_REFUSED = f'voltring_node_refused_total{{{HERE}, status="503", reason!~"drain|the node stops"}}'
_LET_IN = _rate(f"voltring_node_accepted_total{{{HERE}}}")
_ACKS = "voltring_node_acknowledgement_seconds"
_ACKED = _rate(f"{_ACKS}_count{{{HERE}}}")
_UNANSWERED = f'voltring_node_messages_total{{{HERE}, outcome="unanswered"}}'
_SENT = "voltring_node_command_hop_seconds"
_ANSWERED = _rate(f'{_SENT}_count{{{HERE}, hop="sent"}}')
_SILENT = f'voltring_node_commands_total{{{HERE}, state=~"UNKNOWN|QUEUED"}}'
OBJECTIVES = (
    Objective(
        key="online",
        share=0.97,
        bad=f'sum by (namespace) (avg_over_time(voltring_worker_chargers{{{HERE}, state=~"silent|offline"}}[WINDOW]))',
        everything=f'sum by (namespace) (avg_over_time(voltring_worker_chargers{{{HERE}, state!="never"}}[WINDOW]))',
        burns="Chargers are offline",
    ),
    Objective(
        key="admission",
        share=0.995,
        bad=_or_none(_rate(_REFUSED), _LET_IN),
        everything=f"({_or_none(_rate(_REFUSED), _LET_IN)}) + {_LET_IN}",
        burns="Chargers are told to come again",
        events=f"sum by (namespace) (increase({_REFUSED}[WINDOW]))",
    ),
    Objective(
        key="acknowledgement",
        share=0.999,
        bad=f'{_ACKED} - {_rate(f"""{_ACKS}_bucket{{{HERE}, le="1.0"}}""")} + ({_or_none(_rate(_UNANSWERED), _ACKED)})',
        everything=f"{_ACKED} + ({_or_none(_rate(_UNANSWERED), _ACKED)})",
        burns="Messages are acknowledged after more than a second, or not at all",
        events=f"sum by (namespace) (increase({_ACKS}_count{{{HERE}}}[WINDOW]))"
        f' - sum by (namespace) (increase({_ACKS}_bucket{{{HERE}, le="1.0"}}[WINDOW]))'
        f" + (sum by (namespace) (increase({_UNANSWERED}[WINDOW]))"
        f" or 0 * sum by (namespace) (increase({_ACKS}_count{{{HERE}}}[WINDOW])))",
    ),
    Objective(
        key="command",
        share=0.99,
        bad=f'{_ANSWERED} - {_rate(f"""{_SENT}_bucket{{{HERE}, hop="sent", le="5.0"}}""")} + {_rate(_SILENT)}',
        everything=f"{_ANSWERED} + {_rate(_SILENT)}",
        burns="Connected chargers answer commands after more than 5 seconds, or not at all",
        events=f'sum by (namespace) (increase({_SENT}_count{{{HERE}, hop="sent"}}[WINDOW]))'
        f' - sum by (namespace) (increase({_SENT}_bucket{{{HERE}, hop="sent", le="5.0"}}[WINDOW]))'
        f" + sum by (namespace) (increase({_SILENT}[WINDOW]))",
    ),
)


def groups() -> list[dict[str, Any]]:
    """All rules of all objectives, as Prometheus reads them."""
    return [{"name": f"voltring.slo.{one.key}", "rules": [*_records(one), *_alerts(one)]} for one in OBJECTIVES]


def _records(one: Objective) -> list[Rule]:
    made = [_record(one, f"{RATIO}:rate{window}", one.ratio(window)) for window in WINDOWS]
    named = f'{HERE}, slo="{one.key}"'
    hour = f"{RATIO}:rate1h{{{named}}}"
    left = f"1 - avg_over_time({RATIO}:rate5m{{{named}}}[30d]) / {_number(1 - one.share)}"
    return [*made, _record(one, OBJECTIVE, f"0 * {hour} + {one.share}"), _record(one, BUDGET, left)]


def _record(one: Objective, name: str, expr: str) -> Rule:
    return {"record": name, "expr": expr, "labels": {"slo": one.key}}


def _alerts(one: Objective) -> list[Rule]:
    return [
        _alert(one, "Burns", "critical", (FAST, SLOW), "2m", "a few days at most"),
        _alert(one, "Leaks", "warning", (DAY, DAYS), "15m", "less than the month that it is for"),
    ]


def _alert(
    one: Objective, word: str, severity: str, paces: tuple[tuple[float, str, str], ...], wait: str, lasts: str
) -> Rule:
    return {
        "alert": one.alert + word,
        "expr": "\nor\n".join(_pace(one, *pace) for pace in paces) + "\n",
        "for": wait,
        "labels": {"severity": severity},
        "annotations": {
            "summary": f"{one.burns} ({{{{ $value | humanizePercentage }}}})",
            "description": f"{one.share * 100:g}% over 30 days are to be well (docs/slo.md). At this pace the budget"
            f" for errors lasts {lasts}.",
            "runbook_url": f"@runbooks@/{one.alert}{word}.md",
        },
    }


def _pace(one: Objective, times: float, long: str, short: str) -> str:
    limit = _number(times * (1 - one.share))
    named = f'{HERE}, slo="{one.key}"'
    parts = [f"{RATIO}:rate{long}{{{named}}} > {limit}", f"and {RATIO}:rate{short}{{{named}}} > {limit}"]
    if one.events:
        enough = one.events.replace("WINDOW", long)
        parts.append(f"and on (namespace) ({enough}) > {ENOUGH}")
    return "(\n  " + "\n  ".join(parts) + "\n)"


def _number(value: float) -> str:
    return f"{value:.6g}"
