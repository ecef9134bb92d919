from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from lco.settings import DEMO_SECRET, DEMO_URL, Settings, SettingsError


def read(**environ: str) -> Settings:
    return Settings.from_environment(environ)


def test_with_nothing_set_the_site_talks_to_the_demo_on_this_machine():
    settings = read()
    assert settings.odoo_url == DEMO_URL
    assert settings.odoo_webhook_secret == (DEMO_SECRET,)
    assert settings.trusted_proxies == 0
    assert settings.cors_origins == ()
    assert settings.timezone == ZoneInfo("America/Chicago")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("odoo_api_key", "k-1", "k-1"),
        ("odoo_webhook_secret", "new, old,", ("new", "old")),
        ("site_url", "https://rent.example/", "https://rent.example"),
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
        read(**{name: text, "ODOO_WEBHOOK_SECRET": "s"})


def test_an_odoo_of_ones_own_needs_a_secret():
    with pytest.raises(SettingsError, match="ODOO_WEBHOOK_SECRET"):
        read(ODOO_URL="https://odoo.example")
    settings = read(ODOO_URL="https://odoo.example/", ODOO_WEBHOOK_SECRET="s")
    assert (settings.odoo_url, settings.odoo_webhook_secret) == ("https://odoo.example", ("s",))


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


def test_the_value_itself_wins_over_the_file(tmp_path):
    (tmp_path / "key").write_text("file")
    assert read(ODOO_API_KEY="direct", ODOO_API_KEY_FILE=str(tmp_path / "key")).odoo_api_key == "direct"


def test_what_a_file_holds_is_checked_too(tmp_path):
    (tmp_path / "proxies").write_text("many")
    with pytest.raises(SettingsError, match=r"^TRUSTED_PROXIES: expected a whole number"):
        read(TRUSTED_PROXIES_FILE=str(tmp_path / "proxies"))


@pytest.mark.parametrize("content", [None, b"\xff\xfe secret"])
def test_a_file_that_cannot_be_read_is_named(content, tmp_path):
    if content:
        (tmp_path / "secret").write_bytes(content)
    with pytest.raises(SettingsError, match=r"^ODOO_WEBHOOK_SECRET_FILE: .* cannot be read"):
        read(ODOO_WEBHOOK_SECRET_FILE=str(tmp_path / "secret"))


def test_the_environment_of_the_process_is_read_by_default(monkeypatch):
    monkeypatch.setenv("BUSINESS_NAME", "From the environment")
    assert Settings.from_environment().business_name == "From the environment"


def test_a_phone_number_becomes_a_link():
    assert read(BUSINESS_PHONE="+1 (218) 555-0142").business().phone_link == "tel:+12185550142"
