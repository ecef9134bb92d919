"""The wheel: it holds all that the site needs to run, and one commit gives one wheel."""

import json
import os
import re
import subprocess
import sys
import zipfile
from email.parser import HeaderParser
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNS_FROM_A_WHEEL = """
import lco
assert lco.__file__.startswith({folder!r}), lco.__file__
app = lco.create_app()
client = app.test_client()
assert client.get("/healthz").status_code == 200
page = client.get("/about").get_data(as_text=True)
assert "<title>" in page
style = page.split('rel="stylesheet" href="')[1].split('"')[0]
assert client.get(style).status_code == 200, style
from lco.demo import app as demo
"""


def build(folder: Path) -> Path:
    """The wheel of what git knows, made in a copy: files left by an earlier build must not come into it."""
    source = folder / "source"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in names.decode().split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(("tests/", "docs/images/", "odoo_addons/")):
            target = source / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    environ = {**os.environ, "SOURCE_DATE_EPOCH": "1800000000"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def test_wheel_holds_every_file_of_the_package(wheel: Path):
    tracked = subprocess.run(["git", "ls-files", "lco"], cwd=ROOT, capture_output=True, text=True, check=True)
    expected = {name for name in tracked.stdout.split() if (ROOT / name).is_file()}
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("lco/")}
    assert packed == expected


def test_wheel_requires_the_packages_of_requirements_in(wheel: Path):
    names = zipfile.ZipFile(wheel)
    (path,) = [name for name in names.namelist() if name.endswith("/METADATA")]
    metadata = HeaderParser().parsestr(names.read(path).decode())
    listed = re.findall(r"^([A-Za-z][\w.\[\]-]*)", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    assert metadata.get_all("Requires-Dist") == listed
    assert metadata["License-Expression"] == "MIT"


def test_site_runs_from_the_wheel(wheel: Path, tmp_path: Path):
    folder = tmp_path / "installed"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", folder]
    subprocess.run([*install, str(wheel)], check=True)
    environ = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    script = RUNS_FROM_A_WHEEL.format(folder=str(folder))
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_two_builds_of_one_commit_are_equal(wheel: Path, tmp_path: Path):
    assert sha256(build(tmp_path).read_bytes()).digest() == sha256(wheel.read_bytes()).digest()


def test_release_lists_every_package_that_the_site_runs_on(tmp_path: Path):
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", "--depth=1", f"file://{ROOT}", str(clone)], check=True)
    (clone / ".venv").symlink_to(Path(sys.executable).parents[1])
    done = subprocess.run([clone / "deploy/release"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listed = json.loads((clone / "dist/lco.cdx.json").read_text())
    pins = re.findall(r"^([a-z][\w.-]*)==(\S+)", (clone / "requirements.txt").read_text(), re.MULTILINE)
    assert {(part["name"], part["version"]) for part in listed["components"]} == set(pins)
    assert listed["metadata"]["component"]["name"] == "lco"
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=clone / "dist", check=True)
