"""Every command, with a part that does not work or an odd argument: one sentence, and no traceback."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lco.cli import group
from tests import serving

FLASK = str(Path(sys.executable).with_name("flask"))
COMMANDS = {
    "audit": [],
    "backup": ["/no/such/folder/backup"],
    "bookings": [],
    "config": [],
    "doctor": [],
    "erase": ["ann@example.com", "--yes"],
    "export": ["ann@example.com"],
    "mail-worker": [],
    "mails": [],
    "migrate": [],
    "send-webhook": ["inventory", '{"event_type": "test"}', "--url", "http://127.0.0.1:9"],
    "restore": ["/no/such/backup", "--yes"],
    "settle": ["1", "declined"],
    "version": [],
    "webhooks": [],
}
WITHOUT_DATABASE = {"config", "version", "send-webhook", "doctor", "mail-worker", "backup", "restore"}
ODD = [
    ["bookings", "--most", "-1"],
    ["bookings", "--most", "0"],
    ["bookings", "--most", "99999999999999999999"],
    ["bookings", "--tz", "Mars/Olympus"],
    ["bookings", "--tz", "../../etc/passwd"],
    ["bookings", "extra"],
    ["webhooks", "--most", "-1"],
    ["webhooks", "--replay", "\x00"],
    ["settle", "-1", "booked"],
    ["settle", "0", "again"],
    ["settle", "9" * 30, "booked"],
    ["settle", "one", "booked"],
    ["settle", "1", "maybe"],
    ["mails", "--retry", "-1"],
    ["mails", "--retry", "9" * 30],
    ["audit", "--booking", "0"],
    ["audit", "--booking", "999999"],
    ["audit", "--form", "xml"],
    ["erase", "", "--yes"],
    ["erase", "no-address", "--yes"],
    ["erase", "9" * 9, "--yes"],
    ["export", "a@b@c"],
    ["export", "\ud800@example.com"],
    ["send-webhook", "inventory", "{}", "--url", "nonsense"],
    ["send-webhook", "inventory", "{}", "--url", "http://[::1"],
    ["backup", "/no/such/folder/backup"],
    ["backup", "/"],
    ["restore", "/etc/passwd", "--yes"],
    ["restore", "/no/such/file", "--yes"],
    ["no-such-command"],
]


def test_every_command_is_tried():
    assert set(COMMANDS) == set(group.commands)


@pytest.fixture
def run(make_app):
    """Run a command in an application of this process."""

    def run(database_url: str, *arguments: str):
        app = make_app(database_url=database_url)
        done = app.test_cli_runner().invoke(args=["lco", *arguments])
        app.extensions["lco"].db.close()
        return done

    return run


def assert_plain(done) -> None:
    assert "Traceback" not in done.output
    assert done.exception is None or isinstance(done.exception, SystemExit), repr(done.exception)
    assert len(done.stderr.strip().splitlines()) <= 3, done.stderr


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - WITHOUT_DATABASE))
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_database_that_is_away_is_one_sentence(run, command: str, options: list[str]):
    done = run("postgresql+psycopg://lco@127.0.0.1:9/lco", command, *COMMANDS[command], *options)
    assert_plain(done)
    assert done.exit_code == 3
    assert "DATABASE_URL" in done.stderr


@pytest.mark.parametrize("command", sorted(set(COMMANDS) - WITHOUT_DATABASE - {"migrate"}))
@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
def test_unmigrated_database_is_one_sentence_with_the_remedy(run, settings, command: str, database: str):
    url = settings.database_url if database == "SQLite" else "postgresql+psycopg://postgres@127.0.0.1/postgres"
    done = run(url, command, *COMMANDS[command])
    assert_plain(done)
    assert done.exit_code == 3
    assert "lco migrate" in done.stderr


@pytest.mark.parametrize("arguments", ODD, ids=" ".join)
def test_odd_argument_is_refused_with_a_message(run, settings, arguments: list[str]):
    assert run(settings.database_url, "migrate").exit_code == 0
    done = run(settings.database_url, *arguments)
    assert_plain(done)
    assert done.exit_code in {1, 2, 3}
    assert done.stderr.strip().splitlines()[-1].startswith("Error: ")


def test_unknown_number_is_reported_before_the_prompt_for_the_reference(run, settings):
    run(settings.database_url, "migrate")
    done = run(settings.database_url, "settle", "9999", "booked")
    assert (done.exit_code, done.stderr) == (1, "Error: There is no booking 9999.\n")


@pytest.fixture
def shell(tmp_path: Path):
    """Run a command line in a separate folder."""

    def shell(line: str, **environ: str) -> subprocess.CompletedProcess[str]:
        own = {
            "ODOO_URL": "",
            "DATABASE_URL": f"sqlite:///{tmp_path}/lco.sqlite3",
            "CACHE_DIR": f"{tmp_path}/cache",
        }
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(serving.ROOT)} | own | environ
        command = line.replace("lco ", f"{FLASK} --app {serving.ROOT}/wsgi.py lco ", 1)
        return subprocess.run(
            ["bash", "-o", "pipefail", "-c", command],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    return shell


def test_setting_that_cannot_be_meant_is_one_line(shell):
    done = shell("lco migrate", TIMEZONE="Mars")
    assert done.returncode != 0
    assert "TIMEZONE" in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:////proc/lco.sqlite3"])
def test_database_that_cannot_be_is_one_line(shell, url):
    done = shell("lco migrate", DATABASE_URL=url)
    assert done.returncode != 0
    assert "DATABASE_URL" in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3


def test_reader_that_has_seen_enough_ends_the_command_quietly(shell):
    assert shell("lco migrate").returncode == 0
    done = shell("lco audit | true")
    assert (done.returncode, done.stderr) == (0, "")


def test_configuration_is_shown_with_its_sources_and_without_secrets(shell, tmp_path: Path):
    (tmp_path / ".env").write_text("BUSINESS_NAME=From the file\n")
    (tmp_path / "token").write_text("token-that-is-secret")
    done = shell(
        "lco config",
        OPS_TOKEN_FILE=f"{tmp_path}/token",
        SMTP_URL="smtp://u:hunter2@mail.example",
        LOG_LEVEL="ERROR",
    )
    lines = dict(line.split("=", 1) for line in done.stdout.splitlines())
    assert lines["BUSINESS_NAME"] == "From the file  (.env)"
    assert lines["LOG_LEVEL"] == "ERROR  (environment)"
    assert lines["OPS_TOKEN"] == "********  (OPS_TOKEN_FILE)"
    assert lines["TIMEZONE"] == "America/Chicago  (default)"
    assert "hunter2" not in done.stdout
    assert "token-that-is-secret" not in done.stdout
    rows = [json.loads(line) for line in shell("lco config --json").stdout.splitlines()]
    assert {row["name"] for row in rows} == set(lines)


def test_version_is_that_of_the_site(run, settings):
    from lco.version import version

    assert run(settings.database_url, "version").output.strip() == version()
    assert json.loads(run(settings.database_url, "version", "--json").output) == {"version": version()}
