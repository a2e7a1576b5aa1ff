"""`./voltring`: which parts of the environment each command needs, and that it is not set up again for nothing."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "voltring"
UV = """#!/bin/sh
case $1 in python) exit ;; esac
echo "$@" >> "{log}"
mkdir -p "{root}/.venv/bin"
for name in python voltring pytest; do
    printf '#!/bin/sh\\necho "$(basename "$0") $*"\\n' > "{root}/.venv/bin/$name"
    chmod +x "{root}/.venv/bin/$name"
done
"""


class Clone:
    """A clone with a uv that only notes what it is asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = root / "uv.log"
        shutil.copy(SCRIPT, root / "voltring")
        for name in ("pyproject.toml", "uv.lock"):
            (root / name).write_text(name)
        (root / "tests" / "unit").mkdir(parents=True)
        uv = root / "uv"
        uv.write_text(UV.format(log=self.log, root=root))
        uv.chmod(uv.stat().st_mode | stat.S_IXUSR)

    def run(self, *words: str) -> str:
        """What the command that it hands on to says."""
        environment = os.environ | {"VOLTRING_UV": str(self.root / "uv")}
        done = subprocess.run(
            [str(self.root / "voltring"), *words], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def synced(self) -> list[set[str]]:
        """The words of each `uv sync` so far."""
        return [set(line.split()) for line in self.log.read_text().splitlines()] if self.log.exists() else []


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_up_needs_everything_but_what_only_load_tests_need(clone: Clone) -> None:
    assert clone.run("up", "--nodes", "1") == "voltring up --nodes 1"
    [words] = clone.synced()
    assert {"--all-extras", "--no-extra", "loadtest", "--no-dev", "--frozen"} <= words
    clone.run("simulate", "--help")
    assert len(clone.synced()) == 1


def test_a_load_test_brings_the_rest_and_up_needs_nothing_again(clone: Clone) -> None:
    clone.run("up")
    assert clone.run("loadtest", "steady") == "voltring loadtest steady"
    clone.run("loadtest", "steady")
    clone.run("up")
    assert [("--no-extra" in words, "--no-dev" in words) for words in clone.synced()] == [(True, True), (False, True)]


def test_the_tools_of_a_developer_cover_all(clone: Clone) -> None:
    assert clone.run("test", "unit").startswith("pytest ")
    clone.run("loadtest")
    clone.run("up")
    [words] = clone.synced()
    assert "--dev" in words
    assert not words & {"--no-dev", "--no-extra"}


def test_a_changed_lock_file_sets_it_up_again(clone: Clone) -> None:
    clone.run("up")
    (clone.root / "uv.lock").write_text("another")
    clone.run("up")
    assert len(clone.synced()) == 2
