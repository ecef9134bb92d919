"""Asking each part that the site needs: the database, Redis, Odoo, the mail server, the folder of the cache."""

import json
import os
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta

from lco import clock
from lco.doctor.findings import Finding, error, ok, warning
from lco.errors import LcoError
from lco.mail.sender import SmtpSender, create_sender
from lco.odoo.diagnosis import ProbeResult, ask
from lco.services import Services

CLOCKS_APART = timedelta(seconds=60)
"""Beyond this, webhooks come near the edge of their five minutes."""
KEYS = {"missing": "Odoo wants a key", "wrong": "Odoo refuses the key"}


def checks(services: Services, redis_policy: Callable[[], str] | None) -> dict[str, Callable[[], list[Finding]]]:
    """The checks by part. `redis_policy` asks Redis for its maxmemory-policy. It is None without a Redis."""
    found = {
        "database": lambda: _database(services),
        "odoo": lambda: _odoo(services),
        "mail": lambda: _mail(services),
        "cache": lambda: _cache(services),
    }
    if redis_policy:
        found["redis"] = lambda: _redis(redis_policy)
    return found


def _database(services: Services) -> list[Finding]:
    try:
        present, newest = services.db.revisions()
    except LcoError as problem:
        return [
            error("database", f"it does not answer ({_cause(problem)})", "DATABASE_URL", "check address and login")
        ]
    if present is None:
        return [error("database", "it has no tables", "DATABASE_URL", "run: flask --app wsgi lco migrate")]
    if present != newest:
        remedy = "run: flask --app wsgi lco migrate; after going back to an older release, leave it"
        return [error("database", f"its schema is {present}, this release has {newest}", "DATABASE_URL", remedy)]
    return [ok("database", f"it answers, with schema {present}")]


def _redis(policy: Callable[[], str]) -> list[Finding]:
    try:
        found = policy()
    except Exception as problem:  # noqa: BLE001 - a client library may fail in many ways, and each is a finding
        remedy = "check address, password and certificate"
        return [error("redis", f"it does not answer ({type(problem).__name__}: {problem})", "REDIS_URL", remedy)]
    if found.startswith("allkeys"):
        sentence = f"its policy {found} may throw the change log away when memory runs short"
        return [warning("redis", sentence, "REDIS_URL", "set maxmemory-policy to volatile-lru or noeviction")]
    return [ok("redis", f"it answers, with policy {found or 'unknown'}")]


def _odoo(services: Services) -> list[Finding]:
    settings = services.settings
    version = ask(settings.odoo_url, "/api/fleet/version", settings.odoo_api_key)
    if version.failure:
        return [error("odoo", version.failure, "ODOO_URL", "check the address from this machine")]
    listed = ask(settings.odoo_url, "/api/fleet/vehicles?limit=1", settings.odoo_api_key)
    if not _is_api(listed):
        sentence = f"it answers {listed.status}, but not as the rental module does"
        remedy = "install the module; with several databases in Odoo set dbfilter, so that this host names one"
        return [error("odoo", sentence, "ODOO_URL", remedy)]
    data = _data(version)
    if not isinstance(data, dict):
        sentence = "it speaks version 1 of the contract, in which bookings cannot be read"
        return [warning("odoo", sentence, "ODOO_URL", "install fleet_rental_storefront for version 2")]
    speaks = f"module {data.get('module')} {data.get('module_version')}, contract {data.get('contract')}"
    return [
        ok("odoo", speaks),
        *_key(str(data.get("key"))),
        *_clock(str(data.get("time"))),
        *_zone(str(data.get("timezone")), str(settings.timezone)),
    ]


def _key(state: str) -> list[Finding]:
    if state in KEYS:
        return [error("key", KEYS[state], "ODOO_API_KEY", "copy the key of the module's settings in Odoo")]
    if state == "none":
        return [
            warning(
                "key", "Odoo has no key set, so anyone may book there", "ODOO_API_KEY", "set one in Odoo and here"
            )
        ]
    return [ok("key", "Odoo accepts it")]


def _clock(time: str) -> list[Finding]:
    try:
        apart = abs(datetime.fromisoformat(time) - clock.now())
    except (ValueError, TypeError):
        return [warning("clock", "Odoo does not tell its time")]
    if apart > CLOCKS_APART:
        remedy = "run a time service on both machines; webhooks of a wrong time are refused"
        return [error("clock", f"Odoo's and this one are {round(apart.total_seconds())} s apart", "", remedy)]
    return [ok("clock", "Odoo's and this one agree")]


def _zone(theirs: str, ours: str) -> list[Finding]:
    if theirs != ours:
        return [
            error("time zone", f"Odoo's days are days in {theirs}, ours in {ours}", "TIMEZONE", f"set {theirs}")
        ]
    return [ok("time zone", ours)]


def _mail(services: Services) -> list[Finding]:
    sender = create_sender(services.settings)
    if not isinstance(sender, SmtpSender):
        return [ok("mail", f"written to {services.settings.mail_dir}")]
    try:
        sender.check(services.settings.mailbox().domain)
    except LcoError as problem:
        return [error("mail", str(problem), "SMTP_URL", "check host, port, user and password")]
    return [ok("mail", f"{sender.host} lets us in")]


def _cache(services: Services) -> list[Finding]:
    folder = services.settings.cache_dir
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as problem:
        remedy = f"let user {os.geteuid()} write there, or choose another folder"
        return [error("cache", f"{folder} cannot be written ({problem.strerror})", "CACHE_DIR", remedy)]
    return [ok("cache", f"{folder} can be written")]


def _is_api(result: ProbeResult) -> bool:
    return _data(result) is not None


def _data(result: ProbeResult) -> dict[str, object] | list[object] | None:
    """The `data` of an envelope (docs/odoo-contract.md, section 1). Returns None when it is no envelope."""
    try:
        envelope = json.loads(result.text)
    except ValueError:
        return None
    return envelope.get("data") if isinstance(envelope, dict) and envelope.get("success") else None


def _cause(problem: LcoError) -> str:
    return type(problem.__cause__ or problem).__name__
