"""Which metrics there are, and what an expression names that is none of them."""

import re
from pathlib import Path

import yaml
from prometheus_client import Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.utils import floatToGoString

from voltring_core import metrics
from voltring_core.metrics.naming import Kind
from voltring_core.metrics.room import COMMON

ROUTER = {
    "haproxy_backend_active_servers": {"proxy"},
    "haproxy_frontend_current_sessions": {"proxy"},
    "haproxy_frontend_limit_sessions": {"proxy"},
}
"""Of HAProxy's, those that are used, with their labels; tests/chart asks a real one for them."""
PROCESS: dict[str, set[str]] = {"process_cpu_seconds_total": set(), "process_resident_memory_bytes": set()}
"""Of prometheus-client's own."""
TARGET = {"namespace", "pod"}
"""Labels that Prometheus adds for where it found a metric."""
RECORDED = Path(__file__).parents[2] / "charts" / "voltring" / "files" / "slo.yaml"
METRIC = re.compile(r"\b((?:voltring|haproxy|process|python)_[a-zA-Z0-9_:]+)\b(?:\{([^}]*)\})?")
SELECTOR = re.compile(r"\{__name__=~\"([^\"]+)\"([^}]*)\}")
VALUE = re.compile(r"\b([a-z_]+)\s*(=~|!~|!=|=)\s*\"([^\"]*)\"")
LABEL = re.compile(r"\b([a-z_]+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def known() -> dict[str, set[str]]:
    """Names as Prometheus has them, with the labels of each."""
    found = {name: set(labels) for name, labels in (ROUTER | PROCESS).items()}
    for group in yaml.safe_load(RECORDED.read_text(encoding="utf-8"))["groups"]:
        found |= {rule["record"]: set(rule["labels"]) for rule in group["rules"] if "record" in rule}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            for suffix in SUFFIXES[metric._type]:
                more = {"le"} if suffix == "_bucket" else set()
                more |= {"room"} if metric._name in COMMON else set()
                found[metric._name + suffix] = {*metric._labelnames, *more}
    return found


def values() -> dict[str, dict[str, set[str]]]:
    """Of metrics whose labels have values that are known by name, these; a histogram's limits are those of `le`."""
    found: dict[str, dict[str, set[str]]] = {}
    for told in metrics.CATALOGUE.values():
        labels = {name: set(given) for name, given in told.labels.items() if not isinstance(given, Kind)}
        for suffix in SUFFIXES[told.metric._type]:
            limits = {"le": _limits(told.metric)} if suffix == "_bucket" else {}
            found[told.metric._name + suffix] = labels | limits
    return found


def _limits(histogram: MetricWrapperBase) -> set[str]:
    assert isinstance(histogram, Histogram)
    return {floatToGoString(limit) for limit in histogram._upper_bounds}


def misnamed(expression: str) -> set[str]:
    """Values that a label of a metric never has."""
    there, wrong = values(), set()
    for name, labels in METRIC.findall(expression):
        for label, how, given in VALUE.findall(labels):
            allowed = there.get(name, {}).get(label)
            wanted = set(given.split("|")) if "~" in how else {given}
            if allowed is not None:
                wrong |= {f"{name}: {label}={one}" for one in wanted - allowed if not one.endswith("*")}
    return wrong


def strangers(expression: str) -> set[str]:
    """Metrics that do not exist, and labels that a metric does not have."""
    there, wrong, allowed = known(), set(), set()

    def named(one: re.Match[str]) -> str:
        """A selector by a pattern, as all that it selects."""
        matching = [name for name in there if re.fullmatch(one[1], name)] or [f"voltring_no_metric_like_{one[1]}"]
        return " or ".join(f"{name}{{{one[2]}}}" for name in matching)

    text = SELECTOR.sub(named, expression)
    for name, labels in METRIC.findall(text):
        if name not in there:
            wrong.add(name)
            continue
        allowed |= there[name] | TARGET
        wrong |= {f"{name}: {label}" for label in LABEL.findall(labels) if label not in there[name] | TARGET}
    for labels in BY.findall(text):
        wrong |= {label for label in re.findall(r"\w+", labels) if label not in allowed}
    return wrong
