"""The report of a load test: whole in one file, true to the figures, and without what a charger or server could write
into it."""

import json
from pathlib import Path

import pytest

from voltring_loadtest.load import page, plots
from voltring_loadtest.load.batches import Batch
from voltring_loadtest.load.recorder import Recorder
from voltring_loadtest.load.trial import Trial
from voltring_loadtest.load.verdict import Figures, judge

TRIAL = Trial("reconnect-storm", 2, "ws://127.0.0.1:9000/ocpp", api_token="a-token", password="a-password")
FOUND = Figures(
    whole=True,
    all_connected=True,
    connected_in_s=1.0,
    connected_at_end=2,
    measured_s=10.0,
    messages=20,
    ack_p50_ms=1.0,
    ack_p99_ms=2.0,
    ack_longest_ms=3.0,
    failures=1,
    back=(1.0, 2.5),
    cut=2,
)


@pytest.fixture
def recorder() -> Recorder:
    found = Recorder(1000.0, 20)
    found.measured_from, found.measured_to = 1005.0, 1015.0
    wrong = ("ocpp1.6", "Heartbeat", 5.0, 10, "CALLERROR <script>")
    right = ("ocpp1.6", "Heartbeat", 2.0, 10, None)
    for at in range(1000, 1020):
        found.take(0, Batch(at=float(at), connected=2, accepted=2, samples=[right], turned_away={"not ready": 1}))
    found.take(0, Batch(at=1019, samples=[wrong], back=[1.0, 2.5], examples=[("CALLERROR", "LOAD-1", "<b>frame</b>")]))
    found.command("UnlockConnector", 3.0, None, 1007.0)
    found.mark(1006.0, "all sockets cut")
    return found


def test_the_page_is_whole_and_says_what_the_figures_say(recorder: Recorder, tmp_path: Path) -> None:
    drawn = plots.draw(recorder, tmp_path, cut=2)
    assert [file.name for _, file in drawn] == [
        *("connected.png", "messages.png", "acknowledgements.png", "distribution.png", "return.png", "commands.png"),
    ]
    assert all(file.read_bytes().startswith(b"\x89PNG") for _, file in drawn)
    page.write(tmp_path, TRIAL, FOUND, judge(TRIAL, FOUND), recorder, drawn, 1.5)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == len(drawn)
    assert "http" not in text.replace("http-equiv", "")
    assert '<span class="bad">failed</span>' in text
    assert "after 2.50 s" in text
    assert "CALLERROR &lt;script&gt;" in text
    assert "&lt;b&gt;frame&lt;/b&gt;" in text
    assert "<script" not in text
    told = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert (told["ok"], told["figures"]["back"]["all_s"], told["turned_away"]) == (False, 2.5, {"not ready": 20})
    for text_of in (text, json.dumps(told)):
        assert "a-token" not in text_of
        assert "a-password" not in text_of


def test_a_run_of_nothing_has_a_report_as_well(tmp_path: Path) -> None:
    recorder = Recorder(1000.0, 20)
    trial = Trial("steady", 2, "ws://127.0.0.1:9000/ocpp")
    found = Figures(False, False, 0.0, 0, 0.0, 0, 0.0, 0.0, 0.0, 0)
    page.write(tmp_path, trial, found, judge(trial, found), recorder, plots.draw(recorder, tmp_path), 0.0)
    assert "stopped early" in (tmp_path / "report.html").read_text(encoding="utf-8")
