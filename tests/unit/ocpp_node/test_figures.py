"""What a node says of itself at a glance."""

from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Counter, Histogram

from voltring_node import figures
from voltring_node.figures import Figures, Times, quantile
from voltring_node.sampling import LoopLag

LIMITS = (0.1, 0.2, 1.0)


@pytest.mark.parametrize(
    ("counts", "part", "seconds"),
    [
        ({}, 0.5, None),
        ({0.1: 0, float("inf"): 0}, 0.5, None),
        ({0.1: 10, 0.2: 10, float("inf"): 10}, 0.5, 0.05),
        ({0.1: 0, 0.2: 10, float("inf"): 10}, 0.5, 0.15),
        ({0.1: 90, 0.2: 100, float("inf"): 100}, 0.99, 0.19),
        # Nobody knows how much longer.
        ({0.1: 0, 0.2: 0, float("inf"): 5}, 0.5, 0.2),
    ],
)
def test_a_quantile_lies_within_its_bucket(counts: dict[float, float], part: float, seconds: float | None) -> None:
    assert quantile(counts, part) == (None if seconds is None else pytest.approx(seconds))


def test_times_are_those_since_the_window_began_of_all_labels_together(monkeypatch: pytest.MonkeyPatch) -> None:
    histogram = Histogram("t_seconds", "t", ["version"], buckets=LIMITS, registry=CollectorRegistry())
    times = Times(histogram)
    assert times.new() == {}
    histogram.labels("1.6").observe(0.9)
    times.sample()
    histogram.labels("1.6").observe(0.15)
    histogram.labels("2.1").observe(0.05)
    times.sample()
    assert times.new() == {0.1: 1, 0.2: 2, 1.0: 2, float("inf"): 2}


def test_a_node_tells_its_messages_answers_and_lag(monkeypatch: pytest.MonkeyPatch) -> None:
    registry: Any = CollectorRegistry()
    messages = Counter("m_total", "m", ["action"], registry=registry)
    answers = Histogram("a_seconds", "a", ["version"], buckets=LIMITS, registry=registry)
    monkeypatch.setattr(figures, "MESSAGES", messages)
    monkeypatch.setattr(figures, "ACKNOWLEDGEMENT_SECONDS", answers)
    lag = LoopLag()
    told = Figures(lag)
    assert (told.told().messages_per_s, told.told().ack_p99_s, told.told().lag_p99_s) == (0.0, None, 0.0)
    told.sample()
    messages.labels("Heartbeat").inc(30)
    messages.labels("MeterValues").inc(12)
    answers.labels("1.6").observe(0.15)
    lag.note(0.25)
    told.sample()
    now = told.told()
    assert (now.messages_per_s, now.lag_p99_s) == (42.0, 0.25)
    assert now.ack_p50_s == pytest.approx(0.15)
