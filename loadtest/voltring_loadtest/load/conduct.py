"""One load test from its start to its report. Imports locust first, which patches the whole process for gevent."""

import locust  # noqa: I001 - before anything that it patches
import contextlib
import logging
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import gevent
from locust.env import Environment
from locust.html import get_html_report
from locust.stats import PERCENTILES_TO_REPORT, StatsCSVFileWriter, stats_history

from voltring_loadtest.load import page, plots
from voltring_loadtest.load.course import Course, Stage
from voltring_loadtest.load.crew import Crew, shard_user
from voltring_loadtest.load.ledger import Ledger
from voltring_loadtest.load.operators import operators_user
from voltring_loadtest.load.preparing import put_cards, register
from voltring_loadtest.load.profiles import Event
from voltring_loadtest.load.recorder import Recorder
from voltring_loadtest.load.restarts import Restarts
from voltring_loadtest.load.trial import Trial
from voltring_loadtest.load.verdict import Figures, Verdict, judge

LOOK = 0.1
PROGRESS = 5.0
LATE = 2.0
"""Seconds after the measured part in which the last answers come."""
LOOPBACK = "127.0.0.1"


class Conductor:
    """A run: what was asked for, and everything that takes part."""

    def __init__(self, trial: Trial, folder: Path, say: Callable[[str], None]) -> None:
        self.trial = trial
        self.folder = folder
        self.say = say
        self.course = Course(trial)
        expected = trial.seconds + trial.chargers / trial.connect_rate + trial.settling
        self.recorder = Recorder(time.time(), expected, calm_with=trial.chargers if trial.story.may_close else 0)
        self.ledger = Ledger()
        self.crew = Crew(trial, self.recorder, folder / "shards.log")
        self.restarts = Restarts(trial, self.recorder, say)
        self.connected_in = 0.0
        self.connected_at_end = 0
        self.cut = 0
        self._began = time.perf_counter()
        self._happened = False
        self._told = -PROGRESS
        self._restarting: gevent.Greenlet | None = None

    def run(self, web_port: int | None) -> Verdict:
        """The whole of it."""
        with self._locust(web_port) as environment:
            runner = environment.runner
            assert runner is not None
            runner.start_shape()
            while self.course.stage is not Stage.OVER:
                gevent.sleep(LOOK)
                self._step()
                if runner.state in ("stopped", "cleanup"):
                    self._stop()
            gevent.sleep(LATE)
            self._await_restarts()
            self.connected_at_end = self.recorder.now("accepted")
            self.crew.end()
            runner.quit()
            page_of_locust: str = get_html_report(environment)  # type: ignore[no-untyped-call]
            (self.folder / "locust.html").write_text(page_of_locust, encoding="utf-8")
        return self._report()

    def stop(self) -> None:
        """Somebody pressed Ctrl-C: the report is about what was seen so far."""
        self.say("stopping; the report follows")
        self._stop()

    def _stop(self) -> None:
        if self.course.stage is not Stage.OVER:
            self.course.stop(self._now())
            self._entered(Stage.OVER, self._now())

    def _now(self) -> float:
        return time.perf_counter() - self._began

    def _step(self) -> None:
        now, before = self._now(), self.course.stage
        stage = self.course.step(now, self.recorder.now("accepted"))
        if stage is not before:
            self._entered(stage, now)
        if stage is Stage.MEASURING and not self._happened and now - self.course.since >= self.course.calm():
            self._happened = True
            self._happen()
        if now - self._told >= PROGRESS or stage is not before:
            self._told = now
            self.say(self._line(now))

    def _entered(self, stage: Stage, now: float) -> None:
        if stage is Stage.SETTLING:
            self.connected_in = now
        elif stage is Stage.MEASURING:
            self.recorder.measured_from = time.time()
            # What ended before the measuring is no return of the profile's.
            self.recorder.back.clear()
        elif stage is Stage.OVER:
            self.recorder.measured_to = time.time()

    def _happen(self) -> None:
        """What the profile is about."""
        event = self.trial.story.event
        if event is Event.CUT:
            self.cut = self.recorder.now("connected")
            self.recorder.mark(time.time(), "all sockets cut")
            self.say(f"cutting {self.cut:,} sockets")
            self.crew.say("cut")
        elif event is Event.RESTARTS:
            self._restarting = gevent.spawn(self.restarts.run)

    def _await_restarts(self) -> None:
        if self._restarting is not None and not self._restarting.dead:
            self.say("waiting for the last restart")
            self._restarting.join()
            gevent.sleep(LATE)

    def _line(self, now: float) -> str:
        seen, recent = self.recorder, self.recorder.acks if self.recorder.measured_from else None
        accepted, charging = seen.now("accepted"), seen.now("charging")
        text = f"{now:6.0f} s  {self.course.stage:<10} {accepted:,} of {self.trial.chargers:,} accepted, "
        text += f"{charging:,} charging, {seen.failed:,} failures"
        if recent is not None and recent.count:
            text += f"; {recent.count:,} acknowledged, p50 {recent.at(0.5):.1f} p99 {recent.at(0.99):.1f} ms"
        return text

    @contextlib.contextmanager
    def _locust(self, web_port: int | None) -> Iterator[Environment]:
        """Locust's environment with everything that it runs beside the users."""
        conductor = self

        class Shape(locust.LoadTestShape):
            """As many shards as the connect rate allows for by now, and whoever sends commands."""

            def tick(self) -> tuple[int, float] | None:
                if conductor.course.stage is Stage.OVER:
                    return None if conductor.crew.is_ending else (wanted[0] or 1, 1.0)
                shards, rate = conductor.course.shards(conductor._now())
                wanted[0] = shards + len(users) - 1
                return wanted[0], rate

        wanted = [0]
        users = [shard_user(self.crew)]
        if self.trial.story.event is Event.COMMANDS:
            users.append(operators_user(self.trial, self.course, self.recorder, self.ledger))
        shape = Shape()  # type: ignore[no-untyped-call]
        environment = Environment(user_classes=users, shape_class=shape, events=locust.events, host=self.trial.url)
        runner = environment.create_local_runner()
        writer = StatsCSVFileWriter(environment, PERCENTILES_TO_REPORT, str(self.folder / "locust"), full_history=True)
        beside = [gevent.spawn(stats_history, runner), gevent.spawn(writer)]
        if web_port is not None:
            web = environment.create_web_ui(LOOPBACK, web_port)
            self.say(f"web UI: http://{LOOPBACK}:{web_port}/")
        try:
            yield environment
        finally:
            self.crew.end()
            gevent.killall(beside)
            writer.close_files()
            if web_port is not None:
                web.stop()  # type: ignore[no-untyped-call]

    def _report(self) -> Verdict:
        found = self.figures()
        verdict = judge(self.trial, found)
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = used.ru_utime + used.ru_stime + self.recorder.shard_cpu_s
        drawn = plots.draw(self.recorder, self.folder, cut=self.cut)
        page.write(self.folder, self.trial, found, verdict, self.recorder, drawn, cpu)
        return verdict

    def figures(self) -> Figures:
        """What the run came to."""
        seen, course = self.recorder, self.course
        measured = 0.0
        if seen.measured_from is not None and seen.measured_to is not None:
            measured = seen.measured_to - seen.measured_from
        commands = seen.times(["api"])
        return Figures(
            whole=not course.stopped_early,
            all_connected=course.connected_in_time and self.connected_in > 0,
            connected_in_s=self.connected_in,
            connected_at_end=self.connected_at_end,
            measured_s=measured,
            messages=seen.messages,
            ack_p50_ms=seen.acks.at(0.5),
            ack_p99_ms=seen.acks.at(0.99),
            ack_longest_ms=seen.acks.longest,
            failures=seen.failed,
            back=sorted(seen.back),
            cut=self.cut,
            restarts=self.restarts.done,
            commands=commands.count,
            command_p50_ms=commands.at(0.5),
            command_p99_ms=commands.at(0.99),
            balance=self.ledger.balance(seen.executed) if self.trial.story.event is Event.COMMANDS else None,
        )


def conduct(trial: Trial, folder: Path, *, web_port: int | None, registers: bool) -> Verdict:
    """Prepare, run, report; progress goes to standard output. Raises Unprepared."""
    logging.getLogger("locust").setLevel(logging.WARNING)
    # Locust's web UI would read the words that are meant for us.
    sys.argv = sys.argv[:1]
    _allow_open_files()
    if trial.api is not None:
        put_cards(trial)
        if registers:
            click.echo(f"registering {trial.chargers:,} chargers ...")
            register(trial)
    conductor = Conductor(trial, folder, click.echo)
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, conductor.stop)
    return conductor.run(web_port)


def _allow_open_files() -> None:
    """A child is three files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
