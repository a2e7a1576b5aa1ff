"""Certificates for the street, made by openssl: an authority, the router's, and those of chargers."""

import ssl
import subprocess
from pathlib import Path

ISSUE = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]


def issue(path: Path, subject: str, by: Path | None = None) -> Path:
    """A certificate and, beside it as `<path>.key`, its key; signed by another one or by itself."""
    signing = [] if by is None else ["-CA", str(by), "-CAkey", f"{by}.key"]
    command = [*ISSUE, "-keyout", f"{path}.key", "-out", str(path), "-subj", subject, *signing]
    subprocess.run(command, check=True, capture_output=True)
    return path


def tls(authority: Path, own: Path | None = None) -> ssl.SSLContext:
    """A charger's."""
    context = ssl.create_default_context(cafile=str(authority))
    context.check_hostname = False
    if own is not None:
        context.load_cert_chain(str(own), f"{own}.key")
    return context
