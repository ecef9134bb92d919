"""Every setting of the site: its name in the environment, its type, its default and its meaning."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

DEMO_URL = "http://127.0.0.1:8069"
DEMO_SECRET = "demo-secret"  # noqa: S105 - public on purpose: only the demo Odoo on this machine signs with it


class SettingsError(ValueError):
    """A setting has a value that cannot be meant; the message names the setting and what is expected."""


class Business(NamedTuple):
    """Who rents out the machines, as pages name them."""

    name: str
    phone: str
    phone_link: str
    email: str
    address: str
    hours: str


class Meta(NamedTuple):
    parse: Callable[[str], Any]
    meaning: str


def _setting(default: Any, parse: Callable[[str], Any], meaning: str) -> Any:
    return field(default=default, metadata={"setting": Meta(parse, meaning)})


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an http or https address without query, like https://rent.example")
    return text.rstrip("/")


def _secrets(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_url(word) for word in _secrets(text))


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest port is also more than any count
        raise ValueError("a whole number from 0 to 65535")
    return int(text)


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 3600:  # noqa: PLR2004 - an hour
        raise ValueError("a whole number of seconds from 1 to 3600")
    return int(text)


def _token(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~-]{16,200}", text):
        raise ValueError("16 to 200 letters, digits, dots, dashes, underscores or tildes")
    return text


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("a time zone like America/Chicago") from error


def _database(text: str) -> str:
    """`postgres://`, as hosts write it, becomes the form SQLAlchemy takes, with the psycopg 3 driver."""
    scheme, separator, rest = text.partition("://")
    if not separator or not scheme.startswith(("postgres", "sqlite")):
        raise ValueError("sqlite:///path or postgres://user:password@host/name")
    return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else text


def _redis(text: str) -> str:
    # The address may hold a password, so it is not repeated.
    expected = "redis://host:6379/0 or rediss://:password@host:6380/0"
    try:
        parts = urlsplit(text)
        port_fits = parts.port != 0
    except ValueError:
        raise ValueError(expected) from None
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname or not port_fits:
        raise ValueError(expected)
    return text


def _smtp(text: str) -> str:
    # The library's own sentences quote the address, and with it a password that was not percent-encoded.
    expected = "smtp://user:password@host:587 or smtps://user:password@host:465, the password percent-encoded"
    try:
        parts = urlsplit(text)
        port_fits = parts.port != 0
    except ValueError:
        raise ValueError(expected) from None
    extra = parts.path.strip("/") or parts.query or parts.fragment
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or not port_fits or extra:
        raise ValueError(expected)
    return text


def _mailbox(text: str) -> Address:
    """`rentals@lco.example`, or `Rentals <rentals@lco.example>`."""
    name, address = parseaddr(text)
    try:
        mailbox = Address(name, addr_spec=address)
    except (HeaderParseError, ValueError, IndexError) as error:
        raise ValueError("an address like rentals@lco.example") from error
    if not mailbox.username or not mailbox.domain or not address.isascii() or not text.isprintable():
        raise ValueError("an address like rentals@lco.example")
    return mailbox


def _address(text: str) -> str:
    return _mailbox(text).addr_spec


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings, read once at start. Every default is safe in production and may be public."""

    odoo_url: str = _setting(DEMO_URL, _url, "Odoo's address; unset: the demo Odoo on this machine")
    odoo_api_key: str = _setting("", str, "sent to Odoo as X-API-Key when set")
    odoo_webhook_secret: tuple[str, ...] = _setting(
        (),
        _secrets,
        "secrets that sign webhooks, comma-separated while rotating; required with ODOO_URL",
    )
    site_url: str = _setting("http://127.0.0.1:8000", _url, "the address customers use, for full links")
    database_url: str = _setting("sqlite:///var/lco.sqlite3", _database, "where bookings and deliveries are kept")
    redis_url: str = _setting(
        "", _redis, "what several processes share: change log, cache, limits; unset: one process, all in memory"
    )
    smtp_url: str = _setting("", _smtp, "the mail server; unset, as are both keys: mails go to MAIL_DIR")
    sendgrid_api_key: str = _setting("", str, "short for SendGrid's mail server as SMTP_URL")
    resend_api_key: str = _setting("", str, "short for Resend's mail server as SMTP_URL")
    mail_from: Address | None = _setting(None, _mailbox, "whom mails come from; unset: BUSINESS_EMAIL")
    mail_dir: Path = _setting(Path("var/mail"), Path, "where mails are written when there is no mail server")
    ops_token: str = _setting("", _token, "opens /ops, where staff see how the site is; unset: there is no /ops")
    reconcile_seconds: int = _setting(60, _seconds, "how often Odoo is read though no webhook has come")
    sentry_dsn: str = _setting("", str, "errors go to this Sentry project when set")
    cors_origins: tuple[str, ...] = _setting((), _origins, "other sites whose pages may call the JSON API")
    trusted_proxies: int = _setting(
        0, _count, "proxies in front, counted from the right of X-Forwarded-For; 1 on Heroku"
    )
    timezone: ZoneInfo = _setting(
        ZoneInfo("America/Chicago"), _zone, "the business's time zone: its days are the days"
    )
    cache_dir: Path = _setting(Path("var/cache"), Path, "last good answers of Odoo, kept over restarts")
    business_name: str = _setting("Larson County Outdoor Rentals", str, "the name on the pages")
    business_phone: str = _setting("+1 218-555-0142", str, "the number customers call")
    business_email: str = _setting("rentals@lco.example", _address, "the address customers write to")
    business_address: str = _setting("1420 County Road 7, Larson, MN", str, "where machines are picked up")
    business_hours: str = _setting("Monday to Saturday, 7 am to 6 pm", str, "opening hours, in words")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """The settings in `environ` (default: the process's own). Raises SettingsError for odd values."""
        source = os.environ if environ is None else environ
        given = {f.name: _read(f.name.upper(), f.metadata["setting"], source) for f in fields(cls)}
        settings = cls(**{name: value for name, value in given.items() if value is not None})
        return settings._checked(demo=given["odoo_url"] is None)

    def is_demo(self) -> bool:
        """Whether the site rents out the demo's machines, so that no customer is waiting for a mail."""
        return self.odoo_url == DEMO_URL

    def mailbox(self) -> Address:
        """Whom mails come from."""
        return self.mail_from or Address(self.business_name, addr_spec=self.business_email)

    def business(self) -> "Business":
        """What pages say about the business."""
        link = "tel:" + re.sub(r"[^+0-9]", "", self.business_phone)
        return Business(
            self.business_name,
            self.business_phone,
            link,
            self.business_email,
            self.business_address,
            self.business_hours,
        )

    def _checked(self, *, demo: bool) -> "Settings":
        if self.odoo_webhook_secret:
            return self
        if not demo:
            raise SettingsError("ODOO_WEBHOOK_SECRET is required when ODOO_URL is set")
        return type(self)(**{**self.__dict__, "odoo_webhook_secret": (DEMO_SECRET,)})


def _read(name: str, meta: Meta, source: Mapping[str, str]) -> Any:
    """The parsed value of `name`, or of the file that `name_FILE` points to; None when neither is set."""
    text = source.get(name) or _from_file(source.get(f"{name}_FILE"), name)
    if not text:
        return None
    try:
        return meta.parse(text)
    except ValueError as error:
        raise SettingsError(f"{name}: expected {error}") from error


def _from_file(path: str | None, name: str) -> str | None:
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{name}_FILE: {path} cannot be read: {error}") from error
