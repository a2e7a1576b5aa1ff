"""The images: one target per room, nothing unlocked, nobody root."""

import re
import subprocess
import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ROOMS = ("node", "api", "worker", "operator", "loadtest")
MACHINES = ("x86_64", "aarch64")


def stage(name: str) -> str:
    found = re.search(rf"^FROM (\S+) AS {name}\n(.*?)(?=^FROM |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None, name
    return found[0]


def test_hadolint_has_nothing_against_it(hadolint: Path) -> None:
    done = subprocess.run([str(hadolint), str(ROOT / "Dockerfile")], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "")


def test_there_is_a_target_for_each_room_and_the_chart_asks_for_no_other() -> None:
    for room in ROOMS:
        assert f"COPY --from=build-{room} " in stage(room)
        assert "FROM runtime" in stage(room)
    last = re.findall(r"^FROM runtime AS (\S+)$", TEXT, re.MULTILINE)
    assert tuple(last) == ROOMS


def test_every_image_runs_as_a_number_and_ends_by_sigterm() -> None:
    runtime = stage("runtime")
    assert "USER 10001:10001" in runtime
    # kopf asks who it is, and a number without a line in /etc/passwd has no other answer.
    assert " USER=voltring " in runtime
    assert "STOPSIGNAL SIGTERM" in runtime
    assert 'ENTRYPOINT ["voltring"]' in runtime
    assert not re.search(r"^(CMD|ENTRYPOINT) [^\[]", TEXT, re.MULTILINE), "a shell would be needed"


def test_what_is_installed_is_locked_with_hashes() -> None:
    for line in re.findall(r"^RUN .*?(?<!\\)$", TEXT, re.MULTILINE | re.DOTALL):
        assert "uv sync" not in line or "--frozen" in line
        assert "pip install" not in line or "--require-hashes" in line or "--no-deps" in line
        assert "uv build" not in line or "--no-build-isolation" in line


def test_every_package_has_wheels_for_both_machines() -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    packages = {package["name"]: package for package in lock["package"]}
    wanted, seen = ["voltring"], set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        package = packages[name]
        own = package.get("optional-dependencies", {}) if name == "voltring" else {}
        extras = (*ROOMS, "tracing")
        needed = [*package.get("dependencies", ()), *(one for extra in extras for one in own.get(extra, ()))]
        # Markers leave out what is for another system or an older Python.
        wanted += [one["name"] for one in needed if "win" not in one.get("marker", "")]
    for name in seen - {"voltring"}:
        wheels = [wheel["url"].rpartition("/")[2] for wheel in packages[name]["wheels"]]
        for machine in MACHINES:
            fits = [one for one in wheels if one.endswith("-any.whl") or ("manylinux" in one and machine in one)]
            assert fits, f"{name} has no wheel for {machine}"


def test_the_chart_and_the_program_have_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    chart = yaml.safe_load((ROOT / "charts" / "voltring" / "Chart.yaml").read_text(encoding="utf-8"))
    assert chart["appVersion"] == project
    assert f"ARG VERSION={project}" in TEXT


def test_skaffold_builds_every_image_that_the_chart_asks_for() -> None:
    skaffold = yaml.safe_load((ROOT / "skaffold.yaml").read_text(encoding="utf-8"))
    built = {item["image"]: item["docker"]["target"] for item in skaffold["build"]["artifacts"]}
    assert built == {f"voltring/{room}": room for room in ROOMS}
    (release,) = skaffold["deploy"]["helm"]["releases"]
    assert (ROOT / release["chartPath"] / "Chart.yaml").is_file()
    assert release["setValueTemplates"] == {"image.tag": "{{.IMAGE_TAG_voltring_loadtest}}"}
