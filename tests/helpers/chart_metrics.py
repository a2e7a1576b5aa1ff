"""Which metrics there are, and what an expression names that is none of them."""

import re

from prometheus_client.metrics import MetricWrapperBase

from voltring_core import metrics

ROUTER = {
    "haproxy_backend_active_servers": {"proxy"},
    "haproxy_frontend_current_sessions": {"proxy"},
    "haproxy_frontend_limit_sessions": {"proxy"},
}
"""Of HAProxy's, those that are used, with their labels; tests/chart asks a real one for them."""
TARGET = {"namespace", "pod"}
"""Labels that Prometheus adds for where it found a metric."""
METRIC = re.compile(r"\b((?:voltring|haproxy|process|python)_[a-z0-9_]+)\b(?:\{([^}]*)\})?")
SELECTOR = re.compile(r"\{__name__=~\"([^\"]+)\"([^}]*)\}")
LABEL = re.compile(r"\b([a-z_]+)\s*(?:=~|!~|!=|=)")
BY = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}


def known() -> dict[str, set[str]]:
    """Names as Prometheus has them, with the labels of each."""
    found = {name: set(labels) for name, labels in ROUTER.items()}
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            for suffix in SUFFIXES[metric._type]:
                more = {"le"} if suffix == "_bucket" else set()
                found[metric._name + suffix] = {*metric._labelnames, *more}
    return found


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
