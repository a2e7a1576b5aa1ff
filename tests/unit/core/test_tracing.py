"""What is traced and what is not: the dice, the clients' word, what is carried between processes."""

import asyncio
import builtins

import pytest
from spans_kept import Keeping

from voltring_core import tracing, tracing_export
from voltring_core.errors import SettingsError
from voltring_core.tracing import Kind, Parent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"


@pytest.fixture
def kept():
    keeping = Keeping()
    tracing.start(keeping, 1.0)
    yield keeping
    tracing.start(None, 0.0)


def test_without_a_collector_nothing_is_sampled_carried_or_made():
    assert not tracing.is_on()
    assert not tracing.samples()
    assert tracing.asked(SAMPLED) == (False, None)
    assert tracing.carried(SAMPLED) is None
    assert tracing.span("work") is tracing.NOTHING
    tracing.mark("heard", SAMPLED, {})


@pytest.mark.parametrize("version", ["00", "01", "cc"])
def test_a_traceparent_is_read(version):
    assert tracing.read(f"{version}-{TRACE}-{SPAN}-01") == Parent(int(TRACE, 16), int(SPAN, 16), True)


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "00",
        SAMPLED.upper(),
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"{SAMPLED}-more",
        f"00-{TRACE[1:]}-{SPAN}-01",
        f" {SAMPLED}",
        SAMPLED.replace("0a", "\u0660a"),
    ],
)
def test_what_is_no_traceparent_counts_for_nothing(given):
    assert tracing.read(given) is None


def test_a_later_version_may_say_more():
    assert tracing.read(f"01-{TRACE}-{SPAN}-01-more") is not None


def test_the_clients_decision_goes_before_the_dice(kept):
    tracing.start(kept, 0.0)
    assert tracing.asked(SAMPLED) == (True, Parent(int(TRACE, 16), int(SPAN, 16)))
    tracing.start(kept, 1.0)
    assert tracing.asked(UNSAMPLED)[0] is False


@pytest.mark.parametrize(("ratio", "is_sampled"), [(0.0, False), (1.0, True)])
def test_who_says_nothing_is_left_to_the_dice(kept, ratio, is_sampled):
    tracing.start(kept, ratio)
    assert tracing.asked(None) == (is_sampled, None)
    assert tracing.asked("nonsense") == (is_sampled, None)


def test_a_part_of_what_begins_is_sampled(kept, monkeypatch):
    throws = iter([0.0, 0.24, 0.25, 0.9])
    monkeypatch.setattr(tracing, "_random", lambda: next(throws))
    tracing.start(kept, 0.25)
    assert [tracing.samples() for _ in range(4)] == [True, True, False, False]


def test_spans_within_spans_are_their_children_and_end(kept):
    with tracing.inside(tracing.begin("whole", Kind.SERVER)) as whole, tracing.span("part", {"a": 1}):
        assert tracing.current() is not whole
    part = kept.named("part")
    assert (part.parent, part.attributes, part.ended) == (whole.place, {"a": 1}, 1)
    assert kept.named("whole").ended == 1
    assert tracing.current() is None


def test_an_exception_makes_a_span_a_failed_one_without_what_it_says(kept):
    with pytest.raises(ValueError, match="secret"), tracing.inside(tracing.begin("whole")):
        raise ValueError("a secret")
    assert (kept.named("whole").failed, kept.named("whole").ended) == ("ValueError", 1)


def test_what_is_carried_goes_on_in_the_same_trace(kept):
    with tracing.inside(tracing.begin("asks")) as asks:
        given = tracing.traceparent()
    tracing.mark("heard", given, {"of": "x"})
    heard = kept.named("heard")
    assert (heard.parent, heard.kind, heard.ended) == (asks.place, Kind.CONSUMER, 1)
    assert given == asks.traceparent


async def test_tasks_of_a_span_know_it_and_others_do_not(kept):
    async def look():
        return tracing.current()

    before = asyncio.create_task(look())
    with tracing.inside(tracing.begin("whole")) as whole:
        assert await asyncio.create_task(look()) is whole
        assert await before is None


def test_within_none_what_runs_is_in_no_span(kept):
    with tracing.inside(tracing.begin("whole")) as whole:
        with tracing.within(None):
            assert tracing.traceparent() is None
        assert tracing.current() is whole


def test_a_stop_sends_what_is_left_once_and_traces_no_more(kept):
    tracing.stop()
    tracing.stop()
    assert (kept.stopped, tracing.is_on(), tracing.samples()) == (1, False, False)


def test_without_a_collector_the_library_is_not_wanted(monkeypatch):
    monkeypatch.setattr(tracing_export, "Exporting", None)
    tracing_export.begin(None, 1.0, "node", "node-0")
    assert not tracing.is_on()


def test_a_collector_without_the_library_stops_the_start_with_one_sentence(monkeypatch):
    real = builtins.__import__

    def missing(name, *rest):
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(SettingsError, match=r"^VOLTRING_OTLP_ENDPOINT is set, .* install voltring\[tracing\]$"):
        tracing_export.begin("http://127.0.0.1:4318", 1.0, "node", "node-0")
