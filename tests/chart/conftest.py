"""Helm 3 and Helm 4; what can't be had is skipped, with the reason."""

from collections.abc import Callable
from pathlib import Path

import chart_tools
import pytest
from chart_render import Helm


def _had(find: Callable[[], Path]) -> Path:
    try:
        return find()
    except chart_tools.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session", params=[3, 4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Each Helm in turn."""
    major: int = request.param
    return Helm(major, _had(lambda: chart_tools.helm(major)), tmp_path_factory.mktemp(f"helm-{major}"))


@pytest.fixture(scope="session")
def schemas() -> Path:
    """Kubernetes' schemas, a folder for each version."""
    return _had(chart_tools.schemas)


@pytest.fixture(scope="session")
def hadolint() -> Path:
    """The linter of Dockerfiles."""
    return _had(chart_tools.hadolint)
