"""Grafana dashboards as values: what a panel shows, and the JSON that Grafana reads (10.4 or later)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

HERE = 'namespace="$namespace"'
"""In every selector: the release that is looked at."""
WIDE, HALF, THIRD, QUARTER = 24, 12, 8, 6
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA = 39
Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """An expression, and how its lines are called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel:
    """One picture. `unit` is one of Grafana's; `red` is the value from which on it is red."""

    title: str
    says: str
    unit: str
    queries: tuple[Query, ...]
    width: int = HALF
    is_number: bool = False
    is_stacked: bool = False
    red: float | None = None
    is_red_below: bool = False
    top: float | None = None
    """The axis' upper end."""
    is_signed: bool = False
    """Whether it may fall below zero."""

    @property
    def height(self) -> int:
        """In rows of Grafana's grid."""
        return 4 if self.is_number else 8


@dataclass(frozen=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Dashboard:
    """One page. Its uid stays over versions, so that links to it do."""

    uid: str
    title: str
    says: str
    rows: tuple[Row, ...]


def document(board: Dashboard) -> Json:
    """As Grafana imports it."""
    return {
        "uid": board.uid,
        "title": board.title,
        "description": board.says,
        "tags": ["voltring"],
        "schemaVersion": SCHEMA,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [_datasource(), _namespace()]},
        "links": [_others()],
        "annotations": {"list": []},
        "panels": list(_panels(board)),
    }


def _panels(board: Dashboard) -> Iterator[Json]:
    number, top = 0, 0
    for row in board.rows:
        number += 1
        yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "panels": [], "gridPos": _at(top)}
        top, left, tall = top + 1, 0, 0
        for panel in row.panels:
            if left + panel.width > WIDE:
                top, left, tall = top + tall, 0, 0
            number += 1
            yield {"id": number, "gridPos": _at(top, left, panel.width, panel.height), **_panel(panel)}
            left, tall = left + panel.width, max(tall, panel.height)
        top += tall


def _at(top: int, left: int = 0, width: int = WIDE, height: int = 1) -> Json:
    return {"x": left, "y": top, "w": width, "h": height}


def _panel(panel: Panel) -> Json:
    return {
        "type": "stat" if panel.is_number else "timeseries",
        "title": panel.title,
        "description": panel.says,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "range": not panel.is_number,
                "instant": panel.is_number,
            }
            for number, query in enumerate(panel.queries)
        ],
    }


def _field(panel: Panel) -> Json:
    steps: list[Json] = [{"color": "red" if panel.is_red_below else "green", "value": None}]
    if panel.red is not None:
        steps.append({"color": "green" if panel.is_red_below else "red", "value": panel.red})
    field: Json = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    if not panel.is_signed:
        field["min"] = 0
    if panel.top is not None:
        field["max"] = panel.top
    if not panel.is_number:
        custom: Json = {"lineWidth": 1, "fillOpacity": 20 if panel.is_stacked else 5, "showPoints": "never"}
        custom["stacking"] = {"mode": "normal" if panel.is_stacked else "none"}
        custom["thresholdsStyle"] = {"mode": "off" if panel.red is None else "line"}
        field["custom"] = custom
    return field


def _options(panel: Panel) -> Json:
    if panel.is_number:
        return {"reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "colorMode": "value"}
    return {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def _datasource() -> Json:
    return {"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0}


def _namespace() -> Json:
    ask = "label_values(voltring_node_drain_limbo, namespace)"
    return {
        "name": "namespace",
        "type": "query",
        "label": "Namespace",
        "datasource": SOURCE,
        "definition": ask,
        "query": {"query": ask, "refId": "namespace"},
        "refresh": 2,
        "sort": 1,
        "hide": 0,
    }


def _others() -> Json:
    return {
        "type": "dashboards",
        "title": "Voltring",
        "tags": ["voltring"],
        "asDropdown": False,
        "includeVars": True,
        "keepTime": True,
    }
