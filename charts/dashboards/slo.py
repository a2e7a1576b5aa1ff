"""The objectives of docs/slo.md: what is promised, what is left of it, and how fast it goes."""

from objectives import BUDGET, FAST, OBJECTIVE, OBJECTIVES, RATIO, SLOW
from panels import HERE, QUARTER, WIDE, Dashboard, Panel, Query, Row


def _of(name: str, key: str) -> str:
    return f'max({name}{{{HERE}, slo="{key}"}})'


def _pace(window: str, key: str) -> str:
    return f"{_of(f'{RATIO}:rate{window}', key)} / (1 - {_of(OBJECTIVE, key)})"


LEFT = Row(
    "What is left of the month's budget",
    (
        *(
            Panel(
                f"Left: {one.key}",
                f"{one.burns}: {1 - one.share:.1%} of it may be so over 30 days. 100% is the whole budget.",
                "percentunit",
                (Query(_of(BUDGET, one.key), "left"),),
                QUARTER,
                is_number=True,
                red=0.1,
                is_red_below=True,
                top=1,
                is_signed=True,
            )
            for one in OBJECTIVES
        ),
        Panel(
            "Budgets over time",
            "A budget that falls in steps was spent in incidents; one that falls evenly, by what is always so.",
            "percentunit",
            (Query(f"max by (slo) ({BUDGET}{{{HERE}}})", "{{slo}}"),),
            WIDE,
            top=1,
            is_signed=True,
        ),
    ),
)
PACES = tuple(
    Row(
        f"Objective: {one.key}, {one.share:.1%}",
        (
            Panel(
                f"How well: {one.key}",
                "The share that goes well, over five minutes and an hour.",
                "percentunit",
                (
                    Query(f"1 - {_of(f'{RATIO}:rate5m', one.key)}", "5 minutes"),
                    Query(f"1 - {_of(f'{RATIO}:rate1h', one.key)}", "1 hour"),
                ),
                top=1,
                red=one.share,
                is_red_below=True,
            ),
            Panel(
                f"How fast the budget goes: {one.key}",
                f"1 spends it evenly over the month; both of a pair beyond {FAST[0]:g} (1 h, 5 min) or {SLOW[0]:g}"
                f" (6 h, 30 min) ring {one.alert}Burns.",
                "short",
                tuple(Query(_pace(window, one.key), window) for window in ("5m", "1h", "30m", "6h", "3d")),
                red=FAST[0],
            ),
        ),
    )
    for one in OBJECTIVES
)
BOARD = Dashboard(
    "voltring-slo",
    "Voltring / Objectives",
    "What is promised, what is left of it, and how fast it goes.",
    (LEFT, *PACES),
)
