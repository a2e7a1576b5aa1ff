"""The metrics and their page say the same; no label has values that nothing bounds."""

import inspect
import re

import pytest
from chart_metrics import known
from metrics_docs import PAGE, labels_of, page
from prometheus_client.metrics import MetricWrapperBase

from voltring_core import metrics
from voltring_core.domain.commands import State
from voltring_core.domain.flag_words import SENTENCES
from voltring_core.metrics import CATALOGUE, api, chargers, commands, messages, sessions, worker
from voltring_core.metrics.naming import OTHER, Kind, Told, counter
from voltring_core.ocpp.actions import FROM_CHARGER, TO_CHARGER
from voltring_core.ocpp.versions import Version

KINDS = {
    "HTTP's",
    "HTTP's; 0",
    "one a process",
    "the API's routes, as /openapi.json has them; other",
    "the OcppFleet's conditions",
    "the file of SQL that the statement is in, or begin, commit, rollback, copy, other",
    "the namespace's fleets",
}
"""What bounds the labels whose values are not known by name; another one has to be thought about."""
EACH = [pytest.param(one, id=name) for name, one in CATALOGUE.items()]


def test_the_page_is_what_the_metrics_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run tests/helpers/metrics_docs.py"


def test_every_metric_there_is_is_in_the_catalogue_once() -> None:
    there = [one for one in vars(metrics).values() if isinstance(one, MetricWrapperBase)]
    assert {id(one) for one in there} == {id(one.metric) for one in CATALOGUE.values()}
    assert len(there) == len(CATALOGUE)


@pytest.mark.parametrize("one", EACH)
def test_a_metric_says_what_it_means_in_sentences_and_has_a_name_that_tells_its_unit(one: Told) -> None:
    assert all(re.fullmatch(r"[A-Z0-9`].*[.]", text) or text[0].islower() for text in (one.meaning, one.use))
    assert one.meaning.endswith(".")
    assert one.use.endswith(".")
    assert (one.type == "counter") == one.name.endswith("_total")
    if one.unit == "seconds":
        assert "_seconds" in one.name
    assert set(one.labels) == set(one.metric._labelnames)


@pytest.mark.parametrize("one", EACH)
def test_no_label_has_values_that_nothing_bounds(one: Told) -> None:
    for name, values in labels_of(one).items():
        assert name not in {"charger", "charger_id", "id", "session", "vendor", "model", "token", "client"}
        if isinstance(values, Kind):
            assert values in KINDS
        else:
            assert 1 < len(values) == len(set(values)) <= 110


@pytest.mark.parametrize("one", EACH)
def test_what_a_metric_tells_has_no_other_values_of_labels(one: Told) -> None:
    for sample in (sample for metric in one.metric.collect() for sample in metric.samples):
        for label, value in sample.labels.items():
            values = one.labels.get(label, Kind("le"))
            assert isinstance(values, Kind) or value in values


def test_what_alerts_go_by_is_there_at_zero_from_the_start() -> None:
    bound = {
        name: sum(1 for metric in one.metric.collect() for sample in metric.samples if sample.name.endswith("_total"))
        for name, one in CATALOGUE.items()
        if one.type == "counter"
    }
    born_later = {"voltring_node_messages_total", "voltring_node_command_results_total", "voltring_api_requests_total"}
    assert {name for name, number in bound.items() if not number} <= {
        *born_later,
        "voltring_operator_kubernetes_errors_total",
    }


def test_labels_have_the_words_of_what_they_tell_of() -> None:
    assert set(messages.FROM) == {action for version in Version for action in FROM_CHARGER[version]} | {OTHER}
    assert set(commands.TO) == {action for version in Version for action in TO_CHARGER[version]} | {OTHER}
    assert set(commands.STATES) == set(State)
    assert set(sessions.FLAGS) == set(SENTENCES) | {OTHER}
    assert set(chargers.VERSIONS) == set(Version)
    assert "other" in api.METHODS
    assert "counting" in worker.JOBS


def test_the_dashboards_know_every_name_with_its_labels() -> None:
    there = known()
    assert there["voltring_node_messages_total"] == {"version", "action", "outcome"}
    assert there["voltring_postgres_seconds_bucket"] == {"operation", "le", "room"}
    assert there["voltring_node_acknowledgement_seconds_count"] == {"version"}


def test_a_name_can_be_given_once() -> None:
    with pytest.raises(ValueError, match="Duplicated"):
        counter("voltring_node_messages_total", inspect.getdoc(counter) or "", "")
