"""The findings in the settings alone, without asking any part: cheap enough for each start."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from urllib.parse import urlsplit

from lco.doctor.findings import Finding, ok, warning
from lco.settings import BASE64_SECRET, WIPED_BY, Settings, is_on_this_machine

BUSINESS = ("business_name", "business_phone", "business_email", "business_address", "business_hours")
SERVER = ("PORT", "WEB_CONCURRENCY")
"""Read by gunicorn.conf.py, so no field of Settings."""


def examine(settings: Settings, environ: Mapping[str, str]) -> list[Finding]:
    """The findings about `settings`, which were read from `environ`; at least one."""
    found = [finding for check in CHECKS for finding in check(settings, environ)]
    return found or [ok("settings", "they fit each other")]


def _names(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Names that are nearly those of settings: a typing mistake is otherwise silent."""
    known = [field.name.upper() for field in fields(settings)] + list(SERVER)
    for name in environ:
        plain = name.removesuffix("_FILE")
        if plain in known or not plain.isupper():
            continue
        if close := difflib.get_close_matches(plain, known, n=1, cutoff=0.85):
            yield warning("settings", f"{name} is not a setting", close[0], "use this name, if it is meant")


def _database(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    if not settings.database_url.startswith("sqlite"):
        return
    path = settings.database_url.removeprefix("sqlite:///")
    if not path.startswith("/") and not settings.is_demo():
        remedy = "write it as sqlite:////an/absolute/path, or commands from elsewhere make a new database"
        yield warning("database", f"the file {path} depends on the folder of the command", "DATABASE_URL", remedy)
    if platform := next((name for name in WIPED_BY if environ.get(name)), None):
        remedy = "make sure that the file lies on the attached disk; PostgreSQL is safer"
        yield warning("database", f"{platform} is set, and a file holds the bookings", "PERSISTENT_DISK", remedy)


def _site(settings: Settings, _environ: Mapping[str, str]) -> Iterator[Finding]:
    if settings.is_demo():
        return
    if is_on_this_machine(settings.site_url):
        remedy = "set it to the address that customers use, like https://rent.example"
        yield warning("site", f"mails and links say {settings.site_url}", "SITE_URL", remedy)
    elif not settings.site_url.startswith("https:"):
        yield warning("site", "names and phones travel unencrypted", "SITE_URL", "serve the site over https")


def _business(settings: Settings, _environ: Mapping[str, str]) -> Iterator[Finding]:
    defaults = {field.name: field.default for field in fields(settings)}
    left = [name.upper() for name in BUSINESS if getattr(settings, name) == defaults[name]]
    if left and not settings.is_demo():
        remedy = "set what pages and mails say of the business, unless Odoo says it (version 2 of the contract)"
        yield warning("business", "some details are still the demo's", ", ".join(left), remedy)


def _proxies(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    platform = next((name for name in WIPED_BY if environ.get(name)), None)
    if platform and settings.trusted_proxies == 0:
        sentence = f"{platform} is set, so a router stands in front, and all visitors count as one"
        yield warning("proxies", sentence, "TRUSTED_PROXIES", "1 on Heroku, 2 on Fly.io; docs/deploy.md has more")


def _mail(settings: Settings, _environ: Mapping[str, str]) -> Iterator[Finding]:
    ways = (settings.smtp_url, settings.sendgrid_api_key, settings.resend_api_key)
    if not any(ways) and not settings.is_demo():
        sentence = f"mails are written to {settings.mail_dir} and reach no customer"
        yield warning("mail", sentence, "SMTP_URL", "set it, SENDGRID_API_KEY or RESEND_API_KEY")


def _odoo(settings: Settings, _environ: Mapping[str, str]) -> Iterator[Finding]:
    if urlsplit(settings.odoo_url).scheme == "http" and not is_on_this_machine(settings.odoo_url):
        yield warning("odoo", "customers' names and the API key travel unencrypted", "ODOO_URL", "use https")
    if not settings.odoo_api_key and not settings.is_demo():
        sentence = "no API key is sent, so a booking that a webhook told of cannot be read again"
        yield warning("odoo", sentence, "ODOO_API_KEY", "set the key of the module's settings in Odoo")


def _webhooks(settings: Settings, _environ: Mapping[str, str]) -> Iterator[Finding]:
    standard = any(secret.startswith(BASE64_SECRET) for secret in settings.odoo_webhook_secret)
    if standard and settings.accepts_plain_webhooks():
        sentence = "a recorded webhook is accepted again without its webhook-* headers"
        remedy = "unset it, and let Odoo sign in the standard form"
        yield warning("webhooks", sentence, "WEBHOOK_PLAIN_FORM", remedy)


def _processes(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    wanted = environ.get("WEB_CONCURRENCY") or "1"
    if wanted == "1":
        return
    if not wanted.isdecimal() or wanted == "0":
        yield warning(
            "processes", f"{wanted} is no number of processes; one serves", "WEB_CONCURRENCY", "2, 3 or 4"
        )
    elif not settings.redis_url:
        yield warning("processes", f"one process serves instead of {wanted}", "REDIS_URL", "several need a Redis")
    elif settings.database_url.startswith("sqlite"):
        yield warning("processes", f"{wanted} processes share one SQLite file", "DATABASE_URL", "use PostgreSQL")


def _staff(settings: Settings, _environ: Mapping[str, str]) -> Iterator[Finding]:
    if not settings.ops_token and not settings.is_demo():
        yield warning("staff", "there is no /ops", "OPS_TOKEN", "set 16 random characters or more")


CHECKS = (_names, _database, _site, _business, _proxies, _mail, _odoo, _webhooks, _processes, _staff)
