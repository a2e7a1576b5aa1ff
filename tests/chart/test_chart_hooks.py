"""Hooks of Helm: they are no part of a release, so that an uninstall leaves them where they are."""

from chart_docs import CHART
from chart_render import EXTERNAL, TRIAL, Document, Helm, one

POLICY = "helm.sh/hook-delete-policy"
SCRIPT = CHART / "files" / "helm_test.py"


def hooks(rendered: list[Document]) -> dict[str, str]:
    """Kind and delete policy."""
    notes = {item["kind"]: item["metadata"].get("annotations") or {} for item in rendered}
    return {kind: told[POLICY] for kind, told in notes.items() if "helm.sh/hook" in told}


def test_nothing_outlives_an_uninstall_but_what_somebody_wants_to_read(helm: Helm) -> None:
    """A Job that failed, and the pod of the last test: both have a log."""
    test = {"Pod": "before-hook-creation"}
    assert hooks(helm.template(TRIAL)) == test
    assert hooks(helm.template(EXTERNAL)) == test | {"Job": "before-hook-creation,hook-succeeded"}


def test_the_test_runs_its_script_to_the_letter(helm: Helm) -> None:
    (container,) = one(helm.template(TRIAL), "Pod", "-test")["spec"]["containers"]
    (given,) = container["args"]
    script = SCRIPT.read_text(encoding="utf-8")
    assert container["command"] == ["python3", "-c"]
    assert given.replace("$$(", "$(") == script
