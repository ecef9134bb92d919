"""Each part that does not work is named, with what to do, and the whole takes less than ten seconds."""

import json
import time
from datetime import timedelta

import pytest
import requests

from lco import clock
from lco.doctor import Level, parts, public, run
from lco.redis_backends.client import memory_policy

VERSION = "/api/fleet/version"
LIST = "/api/fleet/vehicles"


@pytest.fixture
def services(app):
    services = app.extensions["lco"]
    services.db.migrate()
    return services


def version(**changes):
    data = {
        "contract": 2,
        "module": "fleet_rental_storefront",
        "module_version": "19.0.1.0.0",
        "time": clock.now().isoformat(),
        "timezone": "America/Chicago",
        "key": "accepted",
    }
    return {"success": True, "data": {**data, **changes}}


@pytest.fixture
def odoo_says(services, requests_mock):
    def says(answer=None, listed=None, **options):
        base = services.settings.odoo_url
        options = options or {"json": version() if answer is None else answer}
        requests_mock.get(base + VERSION, **options)
        requests_mock.get(base + LIST, json=listed or {"success": True, "data": []})
        return {finding.part: finding for finding in parts.checks(services, None)["odoo"]()}

    return says


def test_a_working_odoo_is_named_with_module_and_contract(odoo_says):
    found = odoo_says()
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert "contract 2" in found["odoo"].sentence


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (requests.ConnectionError(ConnectionRefusedError(111, "refused")), "refuses"),
        (requests.ConnectTimeout(), "in time"),
        (requests.exceptions.SSLError(), "cannot be reached"),
    ],
)
def test_an_odoo_that_is_not_reached_is_named_with_the_reason(odoo_says, error, words):
    found = odoo_says(exc=error)["odoo"]
    assert (found.level, found.setting) == (Level.ERROR, "ODOO_URL")
    assert words in found.sentence


def test_an_odoo_that_leads_elsewhere_is_named_with_where(odoo_says):
    found = odoo_says(status_code=301, headers={"Location": "https://www.odoo.example/"})["odoo"]
    assert "https://www.odoo.example/" in found.sentence


def test_an_odoo_without_the_module_or_without_dbfilter_is_named(odoo_says):
    found = odoo_says({"success": False}, {"success": False, "error": "not found"})["odoo"]
    assert found.level is Level.ERROR
    assert "dbfilter" in found.remedy


def test_an_odoo_of_version_1_is_a_warning(odoo_says):
    assert odoo_says(status_code=404, text="not found")["odoo"].level is Level.WARNING


@pytest.mark.parametrize(("key", "level"), [("none", 1), ("missing", 2), ("wrong", 2)])
def test_a_key_that_odoo_does_not_take_is_named(odoo_says, key, level):
    found = odoo_says(version(key=key))["key"]
    assert (found.level, found.setting) == (level, "ODOO_API_KEY")


def test_clocks_that_differ_are_named(odoo_says):
    found = odoo_says(version(time=(clock.now() - timedelta(minutes=5)).isoformat()))["clock"]
    assert found.level is Level.ERROR
    assert "300 s" in found.sentence


def test_another_time_zone_is_named(odoo_says):
    found = odoo_says(version(timezone="Europe/Oslo"))["time zone"]
    assert (found.level, found.setting, found.remedy) == (Level.ERROR, "TIMEZONE", "set Europe/Oslo")


def test_a_database_without_tables_is_named(app):
    (found,) = parts.checks(app.extensions["lco"], None)["database"]()
    assert found.level is Level.ERROR
    assert "lco migrate" in found.remedy


def test_a_migrated_database_is_fine(services):
    (found,) = parts.checks(services, None)["database"]()
    assert found.level is Level.OK


def test_a_database_that_does_not_answer_is_named(make_app):
    services = make_app(database_url="postgresql+psycopg://u@127.0.0.1:1/none").extensions["lco"]
    (found,) = parts.checks(services, None)["database"]()
    assert (found.level, found.setting) == (Level.ERROR, "DATABASE_URL")


def test_a_mail_server_that_does_not_answer_is_named(make_app):
    services = make_app(smtp_url="smtp://127.0.0.1:1").extensions["lco"]
    (found,) = parts.checks(services, None)["mail"]()
    assert (found.level, found.setting) == (Level.ERROR, "SMTP_URL")


def test_a_folder_that_cannot_be_written_is_named(make_app, tmp_path):
    services = make_app().extensions["lco"]
    file = tmp_path / "file"
    file.write_text("")
    object.__setattr__(services.settings, "cache_dir", file / "cache")
    (found,) = parts.checks(services, None)["cache"]()
    assert (found.level, found.setting) == (Level.ERROR, "CACHE_DIR")


@pytest.mark.parametrize(("policy", "level"), [("allkeys-lru", Level.WARNING), ("volatile-lru", Level.OK)])
def test_a_redis_that_may_forget_the_change_log_is_a_warning(services, policy, level):
    (found,) = parts.checks(services, lambda: policy)["redis"]()
    assert found.level is level


def test_a_redis_that_does_not_answer_is_named(services):
    (found,) = parts.checks(services, lambda: memory_policy("redis://127.0.0.1:1/0"))["redis"]()
    assert (found.level, found.setting) == (Level.ERROR, "REDIS_URL")


def test_a_part_that_never_answers_is_an_error_after_nine_seconds(services, monkeypatch):
    monkeypatch.setattr(run, "SECONDS", 0.2)
    monkeypatch.setattr(parts, "checks", lambda *_: {"odoo": lambda: time.sleep(2) or []})
    found = run.examine(services, None, deploy=False)
    assert [finding.part for finding in found if finding.level is Level.ERROR] == ["odoo"]


def test_the_command_prints_a_line_for_each_finding_and_ends_with_the_worst(app, services, odoo_says):
    odoo_says()
    done = app.test_cli_runner().invoke(args=["lco", "doctor", "--json"])
    lines = [json.loads(line) for line in done.output.splitlines()]
    assert {"database", "odoo", "mail", "cache"} <= {line["part"] for line in lines}
    assert done.exit_code == max(Level[line["level"].upper()] for line in lines)


def test_a_public_address_that_is_not_reached_is_named(services):
    object.__setattr__(services.settings, "site_url", "http://127.0.0.1:1")
    found = [finding for check in public.checks(services.settings).values() for finding in check()]
    assert {finding.part for finding in found} == {"address", "webhooks", "streams"}
    assert {finding.level for finding in found} == {Level.ERROR}
