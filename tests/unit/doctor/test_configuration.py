"""Each misconfiguration that can be seen in the settings alone has a separate line."""

import pytest

from lco.doctor import Level
from lco.doctor.configuration import examine
from tests.environment import read_settings

SECRET = "a-secret-of-24-characters"
STANDARD_SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
GOOD = {
    "ODOO_URL": "https://odoo.example",
    "ODOO_WEBHOOK_SECRET": SECRET,
    "ODOO_API_KEY": "key",
    "SITE_URL": "https://rent.example",
    "DATABASE_URL": "postgres://u@db/lco",
    "SMTP_URL": "smtp://mail.example",
    "OPS_TOKEN": "a-token-for-operators",
    "BUSINESS_NAME": "Rentals",
    "BUSINESS_PHONE": "+1 218 555 0100",
    "BUSINESS_EMAIL": "rent@rentals.example",
    "BUSINESS_ADDRESS": "1 Road",
    "BUSINESS_HOURS": "always",
}


def findings(**changes):
    environ = {name: value for name, value in {**GOOD, **changes}.items() if value is not None}
    return examine(read_settings(environ), environ)


def test_good_settings_are_one_line_without_a_remedy():
    (finding,) = findings()
    assert finding.level is Level.OK


def test_the_demo_needs_no_advice():
    assert {finding.level for finding in examine(read_settings({}), {})} == {Level.OK}


@pytest.mark.parametrize(
    ("changes", "part", "setting"),
    [
        ({"SITE_URI": "https://rent.example"}, "settings", "SITE_URL"),
        ({"TRUSTED_PROXY": "1"}, "settings", "TRUSTED_PROXIES"),
        ({"DATABASE_URL": "sqlite:///var/lco.sqlite3"}, "database", "DATABASE_URL"),
        (
            {"DATABASE_URL": "sqlite:////x", "RENDER": "1", "PERSISTENT_DISK": "1"},
            "database",
            "PERSISTENT_DISK",
        ),
        ({"SITE_URL": None}, "site", "SITE_URL"),
        ({"SITE_URL": "http://rent.example"}, "site", "SITE_URL"),
        ({"BUSINESS_NAME": None}, "business", "BUSINESS_NAME"),
        ({"BUSINESS_PHONE": None, "BUSINESS_EMAIL": None}, "business", "BUSINESS_PHONE, BUSINESS_EMAIL"),
        ({"DYNO": "web.1"}, "proxies", "TRUSTED_PROXIES"),
        ({"SMTP_URL": None}, "mail", "SMTP_URL"),
        ({"ODOO_URL": "http://odoo.example"}, "odoo", "ODOO_URL"),
        ({"ODOO_API_KEY": None}, "odoo", "ODOO_API_KEY"),
        (
            {"ODOO_WEBHOOK_SECRET": STANDARD_SECRET, "WEBHOOK_PLAIN_FORM": "yes"},
            "webhooks",
            "WEBHOOK_PLAIN_FORM",
        ),
        ({"WEB_CONCURRENCY": "auto"}, "processes", "WEB_CONCURRENCY"),
        ({"WEB_CONCURRENCY": "2"}, "processes", "REDIS_URL"),
        ({"OPS_TOKEN": None}, "staff", "OPS_TOKEN"),
    ],
)
def test_a_misconfiguration_is_named_with_its_setting_and_a_remedy(changes, part, setting):
    found = [finding for finding in findings(**changes) if (finding.part, finding.setting) == (part, setting)]
    assert [finding.level for finding in found] == [Level.WARNING]
    assert all(finding.remedy for finding in found)


def test_several_processes_on_one_file_are_named():
    found = findings(WEB_CONCURRENCY="2", REDIS_URL="redis://127.0.0.1/0", DATABASE_URL="sqlite:////srv/lco")
    assert [finding.setting for finding in found] == ["DATABASE_URL"]


def test_a_line_holds_level_part_sentence_setting_and_remedy():
    (finding,) = findings(OPS_TOKEN=None)
    assert str(finding) == "warning  staff: there is no /ops. OPS_TOKEN: set 16 random characters or more"
