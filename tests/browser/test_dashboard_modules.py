"""The dashboard's pure modules, run in Chromium from the files alone, and what holds for all of its files."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import pytest_asyncio

import voltring_api

IN_CHROMIUM = pytest.mark.asyncio(loop_scope="module")
FILES = Path(voltring_api.__file__).parent / "dashboard"
OWN = [path for path in FILES.rglob("*") if path.suffix in {".js", ".css", ".html"} and "vendor" not in path.parts]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Leave the test's output alone."""


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """The dashboard's files behind a plain file server."""
    handler = functools.partial(Quiet, directory=str(FILES))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="files")
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest_asyncio.fixture(loop_scope="module")
async def run(browser, origin):
    """`run(script, argument)`: evaluates a function that may import the dashboard's modules."""
    page = await browser.new_page()
    await page.goto(f"{origin}/vendor/README.md")
    yield page.evaluate
    await page.close()


@IN_CHROMIUM
async def test_what_is_asked_for_while_the_work_runs_is_done_after_it_and_once(run):
    script = """async () => {
      const { gathered } = await import("/js/timing.js");
      const { signal } = new AbortController();
      const began = [];
      let finish;
      let more;
      const soon = gathered(
        () => {
          began.push("work");
          more?.();
          return new Promise((resolve) => { finish = resolve; });
        },
        { after: 1, every: 1, signal },
      );
      const next = () => new Promise((resolve) => { more = resolve; });
      let begun = next();
      soon();
      soon();
      await begun;
      begun = next();
      soon();
      soon();
      finish();
      await begun;
      finish();
      await new Promise((resolve) => setTimeout(resolve, 50));
      return began.length;
    }"""
    assert await run(script) == 2


@IN_CHROMIUM
async def test_an_event_stream_in_any_pieces_gives_the_same_events(run):
    stream = ': hello\r\n\r\nid: 7\nevent: a\ndata: {"n":1}\n\ndata: two\ndata: lines\n\n'
    stream += ":beat\n\nid: 8\rdata: ü\r\r\nevent: none\n\n"
    seen = await run(
        """async (text) => {
          const { EventParser } = await import("/js/stream.js");
          const results = [];
          for (let size = 1; size <= text.length; size += 1) {
            const parser = new EventParser();
            const events = [];
            for (let at = 0; at < text.length; at += size) events.push(...parser.feed(text.slice(at, at + size)));
            results.push(JSON.stringify(events));
          }
          return [...new Set(results)].map((each) => JSON.parse(each));
        }""",
        stream,
    )
    assert seen == [
        [
            {"type": "a", "data": '{"n":1}', "id": "7"},
            {"type": "message", "data": "two\nlines", "id": "7"},
            {"type": "message", "data": "ü", "id": "8"},
        ]
    ]


@IN_CHROMIUM
async def test_phases_are_summed_kilowatts_converted_and_energy_counted_from_the_start(run):
    def value(at: str, measurand: str, number: float, unit: str, phase: str | None = None) -> dict[str, object]:
        return {"at": at, "measurand": measurand, "value": number, "unit": unit, "phase": phase}

    first, second = "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"
    values = [
        *(value(second, "Power.Active.Import", 3.5, "kW", f"L{n}-N") for n in (1, 2, 3)),
        value(second, "Energy.Active.Import.Register", 1000.5, "kWh"),
        value(first, "Energy.Active.Import.Register", 1_000_100, "Wh"),
        value(second, "SoC", 40, "Percent"),
    ]
    points = await run("async (values) => (await import('/js/series.js')).points(values, 1000000)", values)
    assert [(point["power"], point["energy"], point["soc"]) for point in points] == [
        (None, 100, None),
        (10500, 500, 40),
    ]


@IN_CHROMIUM
async def test_a_charger_that_reports_no_power_gets_it_from_its_energy(run):
    values = [
        {"at": f"2026-01-01T00:0{n}:00Z", "measurand": None, "value": 100 * n, "unit": None, "phase": None}
        for n in range(3)
    ]
    drawn = """async (values) => {
      const { columns, points } = await import("/js/series.js");
      return columns(points(values, null));
    }"""
    _, kilowatts, kilowatt_hours, _ = await run(drawn, values)
    assert kilowatts == [None, pytest.approx(6), pytest.approx(6)]
    assert kilowatt_hours == [0, pytest.approx(0.1), pytest.approx(0.2)]


@IN_CHROMIUM
async def test_a_session_begins_with_no_energy_at_its_start_and_grows_with_live_events(run):
    drawn = """async () => {
      const { extended, points } = await import("/js/series.js");
      const live = { at: "2026-01-01T00:00:10Z", energy_wh: 30, power_w: 11000 };
      return extended(points([], 500, "2026-01-01T00:00:00Z"), live).map(({ power, energy }) => [power, energy]);
    }"""
    assert await run(drawn) == [[None, 0], [11000, 30]]


@IN_CHROMIUM
async def test_readings_that_follow_each_other_take_one_line_and_a_page_that_came_anew_replaces_its_own(run):
    entries = [{"id": str(n), "kind": "reading" if n in (1, 2, 3, 4, 6) else "status"} for n in range(8)]
    told = """async (entries) => {
      const { replaced, rowsOf } = await import("/js/story/kinds.js");
      const rows = rowsOf(entries).map((row) => row.entry?.id ?? row.readings.map((each) => each.id).join());
      const pages = [{ items: entries.slice(0, 3) }, { items: entries.slice(3, 5) }];
      const fresh = replaced(pages, 1, { items: [entries[2], entries[5]] });
      return [rows, fresh.map((page) => page.items.map((each) => each.id).join())];
    }"""
    assert await run(told, entries) == [["0", "1,2,3,4", "5", "6", "7"], ["0,1", "2,5"]]


@IN_CHROMIUM
async def test_a_gap_in_a_series_breaks_the_lines_of_the_plot_in_its_middle(run):
    at = "2026-01-01T00:00:0{}Z"
    points = [{"at": at.format(n), "power_w": 1, "energy_wh": n, "soc_percent": None} for n in (0, 4)]
    series = {"points": points, "gaps": [{"begins": at.format(0), "ends": at.format(4)}]}
    drawn = "async (series) => (await import('/js/story/power.js')).pointsOf(series).map((each) => [each.t, each.gap])"
    times = await run(drawn, series)
    assert [(t - times[0][0], gap) for t, gap in times] == [(0, None), (2, True), (4, None)]


RESET = {"action": "Reset", "state": "REJECTED"}
STATUS_INFO = {"status": "Rejected", "statusInfo": {"reasonCode": "Busy"}}


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (RESET | {"state": "QUEUED"}, "Waiting to be sent"),
        (RESET | {"state": "UNKNOWN"}, "is not known"),
        (RESET | {"state": "ACCEPTED", "response": {"status": "Scheduled"}}, "when its running sessions have ended"),
        (RESET | {"state": "CALLERROR", "error": {"code": "InternalError", "description": "no"}}, "InternalError: no."),
        (RESET | {"response": {"status": "Rejected"}}, "refused the reset and gave no reason"),
        (RESET | {"response": STATUS_INFO}, "refused the reset. It says: Busy."),
        (RESET | {"action": "UnlockConnector", "response": {"status": "UnlockFailed"}}, "could not be unlocked"),
        ({"action": "RequestStartTransaction", "state": "ACCEPTED"}, "accepted the start"),
    ],
)
@IN_CHROMIUM
async def test_a_commands_outcome_is_said_in_words(run, command, said):
    outcome = await run("async (command) => (await import('/js/words.js')).outcome(command)", command)
    assert said in outcome


@IN_CHROMIUM
async def test_what_a_charger_says_is_text_and_never_markup(run):
    hostile = '[2,"1","DataTransfer",{"vendorId":"<img src=x onerror=alert(1)>"}]'
    counts = await run(
        """async (frame) => {
          const { messageLine } = await import("/js/charger/message-line.js");
          const message = { at: "2026-01-01T00:00:00Z", direction: "in", message_type: 2, action: "<b>x</b>", frame,
            reply: "<script>1</script>", flags: ["<i>odd</i>"] };
          const line = messageLine(message);
          document.body.append(line);
          line.querySelector("button").click();
          return [line.querySelectorAll("img, b, script, i").length, line.textContent.includes("<img src=x")];
        }""",
        hostile,
    )
    assert counts == [0, True]


def test_no_file_of_the_dashboard_names_another_origin_or_takes_markup():
    for path in OWN:
        text = path.read_text().replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//[a-z0-9-]+\.[a-z]{2,}/", text), f"{path.name} names another origin"
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), path.name


def test_the_page_holds_no_inline_script_or_style_so_that_a_strict_policy_works():
    page = (FILES / "index.html").read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon[a-z]+=", page)


def test_each_vendored_package_lies_beside_its_licence_and_is_listed_with_its_version():
    listed = (FILES / "vendor" / "README.md").read_text()
    packages = [path for path in (FILES / "vendor").iterdir() if path.is_dir()]
    assert packages
    for package in packages:
        assert (package / "LICENSE").is_file()
        assert re.search(rf"`{package.name}/`.*\d+\.\d+\.\d+", listed)
