"""Every benchmark, one after the other; what they print and the pictures go into one folder.

    .venv/bin/python tests/bench/all.py OUT            # two hours and a half on two quiet cores
    .venv/bin/python tests/bench/all.py OUT --quick    # fifteen minutes: short runs, to see that everything works

Needs HAProxy for the upgrade, and npm for one of the peers; what can't be run is said and left out. The exit status is
1 when a run was void.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from plots import drawn

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Job:
    """One program with its words; `quick` are those of the short run. `needs` is a program that must be there."""

    name: str
    words: Sequence[str]
    quick: Sequence[str]
    needs: str = ""


def jobs(out: Path) -> Sequence[Job]:
    """In this order: what wants a quiet machine most comes first."""
    steady, messages = str(out / "steady.jsonl"), str(out / "messages.jsonl")
    fleet = ["--connections", "10000", "--nodes", "2", "--rate", "100", "--commands", "1500"]
    sizes = ["--chargers", "1000", "2000", "5000", "10000", "20000", "--nodes", "1", "2", "--minutes", "2"]
    few = ["--chargers", "200", "500", "--nodes", "1", "2", "--every", "3", "--minutes", "0.2"]
    return (
        Job("commands", ["commands.py", "--runs", "5"], ["commands.py", "--runs", "1", "--commands", "200"]),
        Job(
            "commands-fleet",
            ["commands.py", *fleet],
            ["commands.py", "--runs", "1", "--rate", "50", "--commands", "100"],
        ),
        Job(
            "messages",
            ["round_trip.py", "--runs", "3", "--out", messages],
            ["round_trip.py", "--runs", "1", "--seconds", "2", "--out", messages],
        ),
        Job(
            "ten-minutes",
            ["steady.py", "--out", str(out / "ten.jsonl")],
            ["steady.py", "--chargers", "300", "--minutes", "0.2"],
        ),
        Job("growth", ["steady.py", *sizes, "--out", steady], ["steady.py", *few, "--out", steady]),
        Job(
            "node-killed",
            ["steady.py", "--nodes", "3", "--minutes", "3", "--kill"],
            ["steady.py", "--chargers", "300", "--nodes", "3", "--every", "3", "--minutes", "0.4", "--kill"],
        ),
        Job("storm", ["storm.py", "--runs", "3"], ["storm.py", "--chargers", "300"]),
        Job("storm-large", ["storm.py", "--runs", "3", "--chargers", "10000"], ["storm.py", "--chargers", "600"]),
        Job("owners", ["storm.py", "--runs", "3", "--kill"], ["storm.py", "--chargers", "300", "--kill"]),
        Job("upgrade", ["upgrade.py"], ["upgrade.py", "--chargers", "60", "--charging", "20"], needs="haproxy"),
        Job("sessions", ["reconciling.py"], ["reconciling.py", "--help"]),
        Job("queries", ["queries.py"], ["queries.py", "--help"]),
    )


def done(job: Job, words: Sequence[str], out: Path) -> bool:
    """Run it, with what it prints on the terminal and in the folder; whether it was not void."""
    if job.needs and shutil.which(job.needs) is None:
        print(f"--- {job.name} is left out: there is no {job.needs} here", flush=True)
        return True
    began = time.monotonic()
    print(f"--- {job.name}: {' '.join(words)}", flush=True)
    command = [sys.executable, str(HERE / words[0]), *words[1:]]
    with (
        (out / f"{job.name}.txt").open("w") as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            file.write(line)
    print(f"--- {job.name}: {time.monotonic() - began:.0f} s, status {process.returncode}", flush=True)
    return process.returncode == 0


def main() -> None:
    """Run them."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("out", type=Path, help="a folder for what is found; made when it is not there")
    asked.add_argument("--quick", action="store_true", help="short runs, to see that everything works")
    asked.add_argument("--only", nargs="+", metavar="NAME", help="these alone")
    options = asked.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for old in options.out.glob("*.jsonl"):
        old.unlink()
    chosen = [job for job in jobs(options.out) if not options.only or job.name in options.only]
    void = [job.name for job in chosen if not done(job, job.quick if options.quick else job.words, options.out)]
    drawn(options.out)
    sys.exit(f"void: {', '.join(void)}" if void else 0)


if __name__ == "__main__":
    main()
