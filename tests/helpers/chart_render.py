"""The chart, rendered: documents by kind and name, and the containers in them."""

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chart_docs
import yaml

try:
    from yaml import CSafeLoader as Loader
except ImportError:
    from yaml import SafeLoader as Loader  # type: ignore[assignment]

Document = dict[str, Any]
TRIAL = {"embedded": {"enabled": True}}
EXTERNAL = {"postgres": {"existingSecret": "pg"}, "redis": {"existingSecret": "cache"}}


class Refused(Exception):
    """Helm's own words."""


@dataclass(frozen=True)
class Helm:
    """One version of Helm, and where it keeps what it wants to keep."""

    major: int
    binary: Path
    home: Path
    rendered: dict[str, str] = field(default_factory=dict)
    """What was rendered already: it is the same again but for what is random."""

    def run(self, *words: str) -> str:
        """Its output. Raises Refused."""
        folders = {f"HELM_{name}_HOME": str(self.home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "KUBECONFIG": "/dev/null"} | folders
        done = subprocess.run([str(self.binary), *words], capture_output=True, text=True, env=environment, timeout=120)
        if done.returncode:
            raise Refused(done.stderr)
        return done.stdout

    def template(self, values: Any, *words: str, release: str = "csms", is_fresh: bool = False) -> list[Document]:
        """What would be installed with these values."""
        key = repr((values, words, release))
        if is_fresh or key not in self.rendered:
            given = self.home / "values.yaml"
            given.write_text(yaml.safe_dump(values), encoding="utf-8")
            common = ["--namespace", "charging", "--kube-version", "1.31.0", "-f", str(given)]
            self.rendered[key] = self.run("template", release, str(chart_docs.CHART), *common, *words)
        return documents(self.rendered[key])


def documents(text: str) -> list[Document]:
    """Of several in one text."""
    return [document for document in yaml.load_all(text, Loader) if document]


def one(rendered: list[Document], kind: str, name: str) -> Document:
    """The only one of that kind whose name ends so."""
    (found,) = (item for item in rendered if item["kind"] == kind and item["metadata"]["name"].endswith(name))
    return found


def pods(rendered: list[Document]) -> Iterator[tuple[str, Document]]:
    """(name, pod's spec) of everything that makes pods; the fleet makes them by way of the operator."""
    for item in rendered:
        if item["kind"] == "Pod":
            yield item["metadata"]["name"], item["spec"]
        elif "template" in item.get("spec", {}):
            yield item["metadata"]["name"], item["spec"]["template"]["spec"]


def containers(rendered: list[Document]) -> Iterator[tuple[str, Document]]:
    """(pod/container, container)."""
    for name, pod in pods(rendered):
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            yield f"{name}/{container['name']}", container


def variables(container: Document) -> set[str]:
    """Names of the VOLTRING_* variables."""
    return {one["name"] for one in container.get("env", ()) if one["name"].startswith("VOLTRING_")}
