"""A certificate for tests."""

import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest


class Certificate(NamedTuple):
    """The certificate and the private key of a server."""

    file: Path
    key: Path


def self_signed(folder: Path, name: str) -> Certificate:
    """A certificate for `name` signed by itself; the test is skipped without a tool that makes one.

    `name` as OpenSSL writes it: `DNS:localhost` or `IP:127.0.0.1`.
    """
    if shutil.which("openssl") is None:
        pytest.skip("no openssl on this machine, which makes the certificate")
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    kind = "-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test"
    files = ["-keyout", str(made.key), "-out", str(made.file)]
    command = ["openssl", "req", *kind.split(), "-addext", f"subjectAltName={name}", *files]
    subprocess.run(command, check=True, capture_output=True)
    return made
