from base64 import b64encode
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lco.settings import DEMO_KEY, DEMO_SECRET, DEMO_URL, WIPED_BY, Settings, SettingsError
from tests.environment import read_settings

STRONG = "a-secret-of-24-characters"
OTHER = "whsec_" + b64encode(b"k" * 24).decode()
OWN = {"ODOO_URL": "https://odoo.example", "ODOO_WEBHOOK_SECRET": STRONG}


def read(**environ: str) -> Settings:
    return read_settings(environ)


def test_with_nothing_set_the_site_talks_to_the_demo_on_this_machine():
    settings = read()
    assert settings.odoo_url == DEMO_URL
    assert settings.odoo_webhook_secret == (DEMO_SECRET,)
    assert settings.odoo_api_key == DEMO_KEY
    assert settings.trusted_proxies == 0
    assert settings.cors_origins == ()
    assert settings.timezone == ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("secrets", "said", "accepted"),
    [
        (STRONG, "", True),
        (OTHER, "", False),
        (f"{STRONG},{OTHER}", "", False),
        (OTHER, "yes", True),
        (STRONG, "no", False),
    ],
)
def test_the_plain_form_is_off_with_a_standard_secret_unless_set(secrets, said, accepted):
    settings = read(**OWN | {"ODOO_WEBHOOK_SECRET": secrets}, WEBHOOK_PLAIN_FORM=said)
    assert settings.accepts_plain_webhooks() is accepted


def test_the_demos_key_is_sent_to_no_other_odoo():
    assert read(**OWN).odoo_api_key == ""
    assert read(ODOO_API_KEY="k-1").odoo_api_key == "k-1"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("odoo_api_key", "k-1", "k-1"),
        ("odoo_webhook_secret", f"{STRONG}, {OTHER},", (STRONG, OTHER)),
        ("site_url", "http://[::1]:8000/", "http://[::1]:8000"),
        ("database_url", "sqlite:////srv/lco.sqlite3", "sqlite:////srv/lco.sqlite3"),
        ("database_url", "postgres://u:p@db/lco", "postgresql+psycopg://u:p@db/lco"),
        ("database_url", "postgresql://u:p@db/lco", "postgresql+psycopg://u:p@db/lco"),
        ("database_url", "postgresql+psycopg://u@db/lco", "postgresql+psycopg://u@db/lco"),
        ("redis_url", "redis://127.0.0.1:6379/2", "redis://127.0.0.1:6379/2"),
        ("redis_url", "rediss://:p@r:6380?ssl_cert_reqs=none", "rediss://:p@r:6380?ssl_cert_reqs=none"),
        ("sentry_dsn", "https://k@sentry.example/1", "https://k@sentry.example/1"),
        ("cors_origins", "https://a.example, http://b.example:81", ("https://a.example", "http://b.example:81")),
        ("trusted_proxies", "1", 1),
        ("timezone", "Europe/Oslo", ZoneInfo("Europe/Oslo")),
        ("cache_dir", "/srv/cache", Path("/srv/cache")),
        ("business_name", "Rentals", "Rentals"),
        ("business_phone", "+1 218 5", "+1 218 5"),
        ("business_email", "a@b.example", "a@b.example"),
        ("business_address", "1 Road", "1 Road"),
        ("business_hours", "always", "always"),
    ],
)
def test_every_setting_is_read_under_its_name_in_capitals(name, text, value):
    assert getattr(read(**{name.upper(): text}), name) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ODOO_URL", "lco.axsys.app"),
        ("ODOO_URL", "ftp://odoo.example"),
        ("ODOO_URL", "https://odoo.example?db=1"),
        ("ODOO_URL", "https://[odoo"),
        ("ODOO_URL", "https://user:password@odoo.example"),
        ("ODOO_URL", "https://user@odoo.example"),
        ("ODOO_URL", "https://odoo.example;script-src *"),
        ("ODOO_URL", "https://odoo.example script-src"),
        ("ODOO_URL", "https://odoo.example/odoo"),
        ("ODOO_URL", "https://odoo.example,evil.example"),
        ("ODOO_URL", "https://odoo.example'"),
        ("ODOO_WEBHOOK_SECRET", "a"),
        ("ODOO_WEBHOOK_SECRET", f"{STRONG}, short"),
        ("ODOO_WEBHOOK_SECRET", "whsec_YQ=="),
        ("ODOO_WEBHOOK_SECRET", "whsec_not base64, but long enough!"),
        ("SENTRY_DSN", "nonsense"),
        ("SENTRY_DSN", "https://sentry.example/1"),
        ("PERSISTENT_DISK", "perhaps"),
        ("SITE_URL", "https://"),
        ("DATABASE_URL", "mysql://u@db/lco"),
        ("DATABASE_URL", "lco.sqlite3"),
        ("REDIS_URL", "localhost:6379"),
        ("REDIS_URL", "http://localhost:6379"),
        ("REDIS_URL", "redis://localhost:many"),
        ("CORS_ORIGINS", "https://a.example, b.example"),
        ("TRUSTED_PROXIES", "-1"),
        ("TRUSTED_PROXIES", "yes"),
        ("TRUSTED_PROXIES", "70000"),
        ("TIMEZONE", "Chicago"),
        ("TIMEZONE", "America"),
        ("TIMEZONE", "../../etc/passwd"),
    ],
)
def test_an_odd_value_is_refused_with_the_name_of_the_setting(name, text):
    with pytest.raises(SettingsError, match=f"^{name}: expected "):
        read(**{"ODOO_WEBHOOK_SECRET": STRONG, name: text})


def test_an_odoo_of_ones_own_needs_a_secret():
    with pytest.raises(SettingsError, match="ODOO_WEBHOOK_SECRET"):
        read(ODOO_URL="https://odoo.example")
    settings = read(ODOO_URL="https://odoo.example/", ODOO_WEBHOOK_SECRET=STRONG)
    assert (settings.odoo_url, settings.odoo_webhook_secret) == ("https://odoo.example", (STRONG,))


def test_a_secret_of_nothing_but_commas_is_none():
    with pytest.raises(SettingsError, match="ODOO_WEBHOOK_SECRET"):
        read(ODOO_URL="https://odoo.example", ODOO_WEBHOOK_SECRET=" , ")


def test_an_empty_value_counts_as_unset():
    assert read(ODOO_URL="", TRUSTED_PROXIES="", ODOO_WEBHOOK_SECRET="") == read()


@pytest.mark.parametrize("name", ["odoo_api_key", "business_name"])
def test_a_value_may_lie_in_a_file(name, tmp_path):
    file = tmp_path / "value"
    file.write_text("from a file\n")
    assert getattr(read(**{f"{name.upper()}_FILE": str(file)}), name) == "from a file"


def test_a_file_wins_over_the_value_itself(tmp_path):
    (tmp_path / "key").write_text("file")
    assert read(ODOO_API_KEY="direct", ODOO_API_KEY_FILE=str(tmp_path / "key")).odoo_api_key == "file"


def test_a_value_from_a_file_is_checked_too(tmp_path):
    (tmp_path / "proxies").write_text("many")
    with pytest.raises(SettingsError, match=r"^TRUSTED_PROXIES: expected a whole number"):
        read(TRUSTED_PROXIES_FILE=str(tmp_path / "proxies"))


@pytest.mark.parametrize("content", [None, b"\xff\xfe secret"])
def test_a_file_that_cannot_be_read_is_named(content, tmp_path):
    if content:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingsError, match=r"^ODOO_WEBHOOK_SECRET_FILE cannot be read"):
        read(ODOO_WEBHOOK_SECRET_FILE=str(tmp_path / "secret"))


def test_the_environment_of_the_process_is_read_by_default(monkeypatch):
    monkeypatch.setenv("BUSINESS_NAME", "From the environment")
    assert Settings.from_environment().business_name == "From the environment"


def test_a_phone_number_becomes_a_link():
    assert read(BUSINESS_PHONE="+1 (218) 555-0142").business().phone_link == "tel:+12185550142"


def test_the_secret_of_the_demo_is_refused_for_a_public_site():
    for given in (
        {},
        {"ODOO_WEBHOOK_SECRET": DEMO_SECRET},
        {**OWN, "ODOO_WEBHOOK_SECRET": f"{STRONG},{DEMO_SECRET}"},
    ):
        with pytest.raises(SettingsError, match=r"^SITE_URL is public"):
            read(SITE_URL="https://rent.example", **given)
    assert read(SITE_URL="https://rent.example", **OWN).odoo_webhook_secret == (STRONG,)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]", "http://127.8.0.1"]
)
def test_the_secret_of_the_demo_is_accepted_on_this_machine(url):
    assert read(SITE_URL=url).odoo_webhook_secret == (DEMO_SECRET,)


@pytest.mark.parametrize("platform", WIPED_BY)
def test_a_database_file_on_a_disk_that_is_wiped_is_refused(platform):
    with pytest.raises(SettingsError, match=f"^DATABASE_URL: {platform} is set, .*PERSISTENT_DISK"):
        read(**{platform: "x"})
    assert read(**{platform: "x", "PERSISTENT_DISK": "yes"}).persistent_disk
    assert read(**{platform: "x", "DATABASE_URL": "postgres://u@db/lco"})


SECRETS = {
    "ODOO_API_KEY": "an-api-key-of-odoo",
    "ODOO_WEBHOOK_SECRET": STRONG,
    "DATABASE_URL": "postgres://user:database-password@db/lco",
    "REDIS_URL": "redis://:redis-password@redis:6379/0",
    "SMTP_URL": "smtp://user:smtp-password@mail:587",
    "SENDGRID_API_KEY": "sendgrid-key",
    "RESEND_API_KEY": "resend-key",
    "OPS_TOKEN": "a-token-for-operators",
    "SENTRY_DSN": "https://sentry-key@sentry.example/1",
}


def test_no_secret_stands_in_the_repr():
    shown = repr(read(ODOO_URL="https://odoo.example", **SECRETS))
    words = (STRONG, "an-api-key", "password", "sendgrid-key", "resend-key", "a-token", "sentry-key")
    assert [word for word in words if word in shown] == []


@pytest.mark.parametrize("name", [name for name in SECRETS if name.endswith("_URL") or name == "OPS_TOKEN"])
def test_a_refused_secret_is_not_repeated(name):
    with pytest.raises(SettingsError) as refused:
        read(**OWN, **{name: "secret word"})
    assert "secret word" not in str(refused.value)
