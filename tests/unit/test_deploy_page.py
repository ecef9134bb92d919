"""docs/deploy.md says what is so: steps, alerts, log lines and commands."""

import re
from pathlib import Path

import yaml

from lco.cli import group

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/deploy.md").read_text()
HOSTS = ("Docker", "A server with systemd and nginx", "Heroku and hosts like it", "Render", "Fly.io")
STEPS_AT_MOST = 12
CONNECT_ODOO = "Connect Odoo (three steps)."


def section(heading: str) -> str:
    return re.split(rf"^##+ {re.escape(heading)}$", PAGE, flags=re.MULTILINE)[1].split("\n## ")[0]


def test_each_host_takes_at_most_twelve_steps():
    for host in HOSTS:
        steps = re.findall(r"^\d+\. (.*)$", section(host), re.MULTILINE)
        assert steps[-1] == CONNECT_ODOO, host
        assert len(steps) - 1 + 3 <= STEPS_AT_MOST, host


def test_every_alert_is_explained():
    (group,) = yaml.safe_load((ROOT / "deploy/alerts.yaml").read_text())["groups"]
    named = {
        name: severity
        for names, severity in re.findall(r"^\| (`Lco.*?`) \| (\w+) \|", section("Alerts"), re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    assert named == {rule["alert"]: rule["labels"]["severity"] for rule in group["rules"]}


def test_every_log_line_of_the_table_is_one_that_the_site_writes():
    """`…` stands for what differs from line to line."""
    sources = "\n".join(path.read_text() for path in [ROOT / "gunicorn.conf.py", *(ROOT / "lco").rglob("*.py")])
    lines = re.findall(r"^\| `([^`]+)` \|", section("Troubleshooting"), re.MULTILINE)
    assert lines
    for line in lines:
        pattern = r"[^\"\n]*".join(re.escape(part) for part in line.split("…"))
        assert re.search(pattern, sources), line


def test_every_command_in_the_documents_exists():
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        used = re.findall(r"flask (?:--app wsgi )?lco ([a-z-]+)", document.read_text())
        assert set(used) <= set(group.commands), document.name


def test_files_in_the_steps_exist():
    for path in re.findall(r"\bdeploy/[\w.]+\w", PAGE):
        assert (ROOT / path).exists(), path
