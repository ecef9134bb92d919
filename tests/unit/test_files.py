"""The files around the package agree with the code."""

import re
import shlex
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from lco.settings import Settings
from tests.environment import read_settings

ROOT = Path(__file__).parents[2]
SETTINGS_PAGE = ROOT / "docs/settings.md"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SERVER_SETTINGS = {"PORT", "WEB_CONCURRENCY"}
"""What gunicorn.conf.py reads, beside the settings of the application."""


def names_of_settings() -> set[str]:
    return {field.name.upper() for field in fields(Settings)} | SERVER_SETTINGS


def example() -> dict[str, str]:
    """The settings of `.env.example`, as a shell reads them."""
    lines = re.findall(r"^#?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert len(lines) == len(dict(lines)), "a setting stands there twice"
    return {name: " ".join(shlex.split(value)) for name, value in lines}


def test_env_example_has_exactly_the_settings():
    assert set(example()) == names_of_settings()


def test_env_example_shows_the_defaults():
    defaults = read_settings({})
    shown = read_settings({name: value for name, value in example().items() if name != "ODOO_URL"})
    assert shown == defaults
    assert example()["ODOO_URL"] == defaults.odoo_url


def documented() -> dict[str, tuple[str, bool]]:
    """The rows of docs/settings.md: the default of each setting, and whether it is marked as a secret."""
    rows = re.findall(r"^\| (\*?)`(\w+)`\*? \| (?:`(.*?)`)? ?\|", SETTINGS_PAGE.read_text(), re.MULTILINE)
    assert len({name for _, name, _ in rows}) == len(rows), "a setting stands there twice"
    return {name: (default, bool(star)) for star, name, default in rows}


def test_page_of_settings_has_exactly_the_settings_and_their_defaults():
    assert {name: default for name, (default, _) in documented().items()} == example()


def test_page_of_settings_marks_the_secrets():
    secret = {field.name.upper() for field in fields(Settings) if not field.repr}
    assert {name for name, (_, marked) in documented().items() if marked} == secret


@pytest.mark.parametrize("name", ["LICENSE", "CONTRIBUTING.md", "SECURITY.md", ".editorconfig", ".python-version"])
def test_file_that_readers_expect_exists(name: str):
    assert (ROOT / name).read_text().strip()


def test_licence_is_named_in_the_project():
    assert PROJECT["project"]["license"] == "MIT"
    assert "MIT License" in (ROOT / "LICENSE").read_text()


def test_python_version_is_one_that_the_project_supports():
    version = (ROOT / ".python-version").read_text().strip()
    assert f"Programming Language :: Python :: {version}" in PROJECT["project"]["classifiers"]


def test_dependencies_are_listed_once():
    assert "dependencies" in PROJECT["project"]["dynamic"]
    assert PROJECT["tool"]["setuptools"]["dynamic"]["dependencies"] == {"file": ["requirements.in"]}


def test_every_pin_has_a_line_for_each_requirement():
    for name in ("requirements", "requirements-dev"):
        wanted = re.findall(r"^([A-Za-z][\w.-]*)", (ROOT / f"{name}.in").read_text(), re.MULTILINE)
        pinned = re.findall(r"^([a-z][\w.-]*)==", (ROOT / f"{name}.txt").read_text(), re.MULTILINE)
        assert {word.lower() for word in wanted} <= set(pinned)


def test_every_pin_has_a_digest():
    """Remedy: `make requirements` writes them."""
    for name in ("requirements", "requirements-dev"):
        text = (ROOT / f"{name}.txt").read_text()
        pins = re.findall(r"^[a-z][\w.-]*==\S+ \\\n    --hash=sha256:[0-9a-f]{64}", text, re.MULTILINE)
        assert len(pins) == len(re.findall(r"^[a-z][\w.-]*==", text, re.MULTILINE)) > 0


def test_pre_commit_runs_only_tools_of_the_development_environment():
    pinned = (ROOT / "requirements-dev.txt").read_text()
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    tools = {hook["entry"].split()[0].removeprefix(".venv/bin/") for hook in hooks}
    assert tools
    assert not [tool for tool in tools if f"\n{tool}==" not in pinned]


def test_files_left_out_of_a_slug_are_not_needed_to_run():
    left_out = {line.strip("/") for line in (ROOT / ".slugignore").read_text().split()}
    assert left_out.isdisjoint({"lco", "wsgi.py", "gunicorn.conf.py", "requirements.txt", "Procfile"})
