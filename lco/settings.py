"""Every setting of the site: its name in the environment, its type, its default and its meaning."""

import dataclasses
import ipaddress
import os
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

from environs import EnvValidationError, FileAwareEnv
from marshmallow import ValidationError, fields

from lco.domain.business_calendar import CalendarSettings, Week
from lco.domain.calendar_text import parse_closed_dates, parse_time, parse_week
from lco.domain.colour import is_behind_white
from lco.domain.storefront import Storefront
from lco.domain.vehicle import Picture

DEMO_URL = "http://127.0.0.1:8069"
DEMO_KEY = "demo-key"  # public on purpose: only the demo Odoo of `make run` asks for it
DEMO_SECRET = "demo-secret"  # noqa: S105 - public on purpose: only the demo Odoo on this machine signs with it


SHORTEST_SECRET = 24
BASE64_SECRET = "whsec_"  # noqa: S105 - the standard's prefix of a secret, not a secret
ODOO_URL = re.compile(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")
CA_BUNDLE = "REQUESTS_CA_BUNDLE"
"""Names a file of authorities for Odoo's certificate, as for every program that uses requests."""
FLAGS = {"1": True, "yes": True, "true": True, "on": True, "0": False, "no": False, "false": False, "off": False}
WIPED_BY = ("DYNO", "RENDER", "FLY_APP_NAME", "K_SERVICE", "RAILWAY_ENVIRONMENT")
"""Variables of platforms whose disk is empty again after each restart, unless one has attached another disk."""


class SettingsError(ValueError):
    """A setting has a value that cannot be meant; the message names the setting and what is expected."""


class Business(NamedTuple):
    """The business that rents out the machines, as pages show it."""

    name: str
    phone: str
    phone_link: str
    email: str
    address: str
    hours: str
    tagline: str
    about: str
    promises: tuple[str, ...]
    price_note: str
    bring: str
    map_url: str
    accent: str
    about_html: str = ""
    """Odoo's words instead of `about`, cleaned; empty where the setting is used."""
    terms_html: str = ""
    logo: Picture | None = None


class Meta(NamedTuple):
    """The metadata of one setting: the parser of its text, and its meaning."""

    parse: Callable[[str], Any]
    meaning: str


def _setting(default: Any, parse: Callable[[str], Any], meaning: str) -> Any:
    return dataclasses.field(default=default, metadata={"setting": Meta(parse, meaning)})


def _secret(default: Any, parse: Callable[[str], Any], meaning: str) -> Any:
    """A setting that no log, error report or repr may show."""
    return dataclasses.field(default=default, repr=False, metadata={"setting": Meta(parse, meaning)})


def _url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an http or https address without query, like https://rent.example")
    return text.rstrip("/")


def _odoo_url(text: str) -> str:
    """The address appears in headers and pages, so it may hold neither a password nor a character of its own."""
    url = _url(text)
    parts = urlsplit(url)
    if parts.username is not None or parts.path or not ODOO_URL.fullmatch(url):
        raise ValueError(
            "an http or https address with neither user, password nor path, like https://odoo.example"
        )
    return url


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _groups(text: str) -> tuple[str, ...]:
    groups = tuple(group.strip() for group in text.split(";") if group.strip())
    if not all(len(_words(group)) > 1 for group in groups):
        raise ValueError("groups of two words or more, like digger, excavator; dozer, bulldozer")
    return groups


def _sentences(text: str) -> tuple[str, ...]:
    return tuple(sentence.strip() for sentence in text.split(";") if sentence.strip())


def _page_url(text: str) -> str:
    if urlsplit(text).scheme != "https":
        raise ValueError("an https address")
    return text


def _accent(text: str) -> str:
    if not is_behind_white(text):
        raise ValueError("a colour like #2d5016 on which white text has a contrast of 4.5 or more")
    return text.lower()


def _readable_phone(text: str) -> str:
    """`(218) 555-0142` for a number of the United States; any other as it is set."""
    digits = re.sub(r"[^+0-9]", "", text)
    found = re.fullmatch(r"(?:\+1)?([2-9][0-9]{2})([0-9]{3})([0-9]{4})", digits)
    return f"({found[1]}) {found[2]}-{found[3]}" if found else text


def _origins(text: str) -> tuple[str, ...]:
    return tuple(_url(word) for word in _words(text))


def _secrets(text: str) -> tuple[str, ...]:
    words = _words(text)
    if not all(word == DEMO_SECRET or _is_strong(word) for word in words):
        raise ValueError(f"secrets of {SHORTEST_SECRET} characters or more, or whsec_ and base64 of as many bytes")
    return words


def _is_strong(secret: str) -> bool:
    """Whether a secret is as long as Standard Webhooks demands: 24 bytes."""
    if not secret.startswith(BASE64_SECRET):
        return len(secret) >= SHORTEST_SECRET
    try:
        return len(b64decode(secret.removeprefix(BASE64_SECRET), validate=True)) >= SHORTEST_SECRET
    except ValueError:
        return False


def _flag(text: str) -> bool:
    if text.lower() not in FLAGS:
        raise ValueError("yes or no")
    return FLAGS[text.lower()]


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise ValueError("DEBUG, INFO, WARNING or ERROR")
    return text.upper()


def _log_format(text: str) -> str:
    if text not in {"text", "json"}:
        raise ValueError("text or json")
    return text


def _contact(text: str) -> str:
    return text if text.startswith("https://") else f"mailto:{_address(text.removeprefix('mailto:'))}"


def _dsn(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.username or not parts.hostname or not parts.path[1:]:
        raise ValueError("the address that Sentry shows, https://key@host/project")
    return text


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:  # noqa: PLR2004 - the highest port is also more than any count
        raise ValueError("a whole number from 0 to 65535")
    return int(text)


def _pool(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:  # noqa: PLR2004 - more than any server lets in
        raise ValueError("a whole number of connections from 1 to 100")
    return int(text)


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > 36_500:  # noqa: PLR2004 - a century
        raise ValueError("a whole number of days from 0 to 36500")
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


def _certificate(text: str) -> str:
    if text != "none" and not Path(text).is_file():
        raise ValueError("none, or the path of a file with the certificate of an authority")
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

    odoo_url: str = _setting(DEMO_URL, _odoo_url, "Odoo's address; unset: the demo Odoo on this machine")
    odoo_api_key: str = _secret("", str, "sent to Odoo as X-API-Key when set")
    odoo_webhook_secret: tuple[str, ...] = _secret(
        (),
        _secrets,
        "secrets that sign webhooks, comma-separated while rotating; required with ODOO_URL",
    )
    webhook_plain_form: bool | None = _setting(
        None,
        _flag,
        "yes: webhooks with only X-Webhook-Signature, which can be replayed, are accepted; unset: while no secret "
        "is whsec_…",
    )
    site_url: str = _setting("http://127.0.0.1:8000", _url, "the address customers use, for full links")
    database_url: str = _secret("sqlite:///var/lco.sqlite3", _database, "where bookings and deliveries are kept")
    database_pool: int = _setting(
        4, _pool, "connections of one process to PostgreSQL at the most; others wait for one"
    )
    persistent_disk: bool = _setting(
        False, _flag, "yes: the disk of this platform outlives a restart, so that an SQLite file may lie on it"
    )
    keep_customers_days: int = _setting(
        0, _days, "days after which a booking that has ended no longer names its customer; 0: never"
    )
    max_open_days: int = _setting(
        366, _days, "days that one mail address or phone may hold while not confirmed; 0: any number"
    )
    redis_url: str = _secret(
        "", _redis, "what several processes share: change log, cache, limits; unset: one process, all in memory"
    )
    redis_cert: str = _setting(
        "", _certificate, "who vouches for a rediss:// server: a file, or none as on Heroku; unset: the usual ones"
    )
    smtp_url: str = _secret("", _smtp, "the mail server; unset, as are both keys: mails go to MAIL_DIR")
    sendgrid_api_key: str = _secret("", str, "short for SendGrid's mail server as SMTP_URL")
    resend_api_key: str = _secret("", str, "short for Resend's mail server as SMTP_URL")
    mail_from: Address | None = _setting(None, _mailbox, "whom mails come from; unset: BUSINESS_EMAIL")
    mail_dir: Path = _setting(Path("var/mail"), Path, "where mails are written when there is no mail server")
    ops_token: str = _secret("", _token, "opens /ops, where staff see how the site is; unset: there is no /ops")
    metrics_token: str = _secret("", _token, "what /metrics wants as Authorization: Bearer; unset: it is open")
    security_contact: str = _setting(
        "", _contact, "where to report weaknesses, for /.well-known/security.txt; unset: BUSINESS_EMAIL"
    )
    reconcile_seconds: int = _setting(60, _seconds, "how often Odoo is read though no webhook has come")
    log_level: str = _setting("INFO", _level, "the least serious log lines that are written")
    log_format: str = _setting("", _log_format, "text or json; unset: text on a terminal, JSON elsewhere")
    sentry_dsn: str = _secret("", _dsn, "errors go to this Sentry project when set")
    cors_origins: tuple[str, ...] = _setting((), _origins, "other sites whose pages may call the JSON API")
    trusted_proxies: int = _setting(
        0, _count, "proxies in front, counted from the right of X-Forwarded-For; 1 on Heroku"
    )
    timezone: ZoneInfo = _setting(
        ZoneInfo("America/Chicago"), _zone, "the business's time zone: its days are the days"
    )
    opening_hours: Week | None = _setting(
        None,
        parse_week,
        "when machines are handed out and taken back, like Mon-Fri 7:00-18:00, Sat 8:00-12:00; unset: as Odoo "
        "says, else every day",
    )
    closed_dates: Mapping[date, str] | None = _setting(
        None,
        parse_closed_dates,
        "closed days, like 2026-12-25 Christmas, 2027-01-01; unset: as Odoo says",
    )
    cut_off: time | None = _setting(
        None, parse_time, "the time from which the present day cannot be booked; unset: as Odoo says, else none"
    )
    lead_days: int | None = _setting(
        None, _count, "days between booking and first day at the least; unset: as Odoo says, else 0"
    )
    horizon_days: int | None = _setting(
        None, _count, "days between booking and first day at the most; unset: as Odoo says, else 548"
    )
    return_time: time | None = _setting(
        None, parse_time, "until when machines are brought back on the day of return; unset: when that day opens"
    )
    cache_dir: Path = _setting(Path("var/cache"), Path, "last good answers of Odoo, kept over restarts")
    search_synonyms: tuple[str, ...] = _setting(
        (),
        _groups,
        "what customers call machines, on top of what is known: words separated by commas, groups by semicolons",
    )
    business_name: str = _setting("Larson County Outdoor Rentals", str, "the name on the pages")
    business_phone: str = _setting("+1 218-555-0142", str, "the number customers call")
    business_email: str = _setting("rentals@lco.example", _address, "the address customers write to")
    business_address: str = _setting("1420 County Road 7, Larson, MN", str, "where machines are picked up")
    business_hours: str = _setting("Monday to Saturday, 7 am to 6 pm", str, "opening hours, in words")
    business_tagline: str = _setting(
        "The right machine for the days you need it", str, "the heading of the home page"
    )
    business_about: str = _setting(
        "We rent out equipment by the day, the week or the month.", str, "the first paragraph of the about page"
    )
    business_promises: tuple[str, ...] = _setting(
        ("Price before you book", "No payment online"),
        _sentences,
        "what customers may rely on, for the home page, separated by semicolons",
    )
    business_price_note: str = _setting(
        "Sales tax and deposit are not included.", str, "what a total does not include, one sentence"
    )
    business_bring: str = _setting(
        "Bring a photo ID and your booking number.", str, "what customers bring to the pickup, one sentence"
    )
    business_map_url: str = _setting("", _page_url, "a map that shows where machines are picked up")
    business_accent: str = _setting(
        "", _accent, "the colour of head and foot, like #2d5016; dark enough for white text"
    )

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read all settings. Raises SettingsError, which names the setting, for a value that cannot be meant."""
        environment = _environment()
        given = {
            f.name: _read(f.name.upper(), f.metadata["setting"], environment) for f in dataclasses.fields(cls)
        }
        settings = cls(**{name: value for name, value in given.items() if value is not None})
        return settings._checked(demo=given["odoo_url"] is None)

    def is_demo(self) -> bool:
        """Whether the site rents out the demo's machines, so that no customer is waiting for a mail."""
        return self.odoo_url == DEMO_URL

    def accepts_plain_webhooks(self) -> bool:
        """Whether webhooks in the plain form are accepted: as set, else while no secret is `whsec_…`."""
        if self.webhook_plain_form is not None:
            return self.webhook_plain_form
        return not any(secret.startswith(BASE64_SECRET) for secret in self.odoo_webhook_secret)

    def redis_address(self) -> str:
        """REDIS_URL, with what REDIS_CERT says about its certificate unless the address says so itself."""
        if not self.redis_cert or not self.redis_url.startswith("rediss:") or "ssl_c" in self.redis_url:
            return self.redis_url
        named = {"ssl_cert_reqs": "none"} if self.redis_cert == "none" else {"ssl_ca_certs": self.redis_cert}
        return f"{self.redis_url}{'&' if '?' in self.redis_url else '?'}{urlencode(named)}"

    def mailbox(self) -> Address:
        """Whom mails come from."""
        return self.mail_from or Address(self.business_name, addr_spec=self.business_email)

    def calendar(self) -> CalendarSettings:
        """Return what the settings say of the business's calendar; the rest is for Odoo to say."""
        return CalendarSettings(*(getattr(self, name) for name in CalendarSettings._fields))

    def business(self, storefront: Storefront = Storefront()) -> "Business":  # noqa: B008 - immutable
        """The business as pages show it. A setting at its default gives way to the value in `storefront`."""

        def said(name: str) -> str:
            ours: str = getattr(self, f"business_{name}")
            return getattr(storefront, name) or ours if self._is_default(f"business_{name}") else ours

        phone = said("phone")
        return Business(
            name=said("name"),
            phone=_readable_phone(phone),
            phone_link="tel:" + re.sub(r"[^+0-9]", "", phone),
            email=said("email"),
            address=said("address"),
            hours=self.business_hours,
            tagline=said("tagline"),
            about=self.business_about,
            promises=self.business_promises,
            price_note=self.business_price_note,
            bring=self.business_bring,
            map_url=said("map_url"),
            accent=said("accent"),
            about_html=storefront.about_html if self._is_default("business_about") else "",
            terms_html=storefront.terms_html,
            logo=storefront.logo,
        )

    def _is_default(self, name: str) -> bool:
        return bool(getattr(self, name) == getattr(type(self), name))

    def _checked(self, *, demo: bool) -> "Settings":
        """The settings once they fit each other. Raises SettingsError."""
        if self.database_url.startswith("sqlite") and not self.persistent_disk:
            _refuse_wiped_disk()
        if (bundle := os.environ.get(CA_BUNDLE)) and not Path(bundle).exists():
            raise SettingsError(f"{CA_BUNDLE}: there is no file {bundle}")
        if not demo and not self.odoo_webhook_secret:
            raise SettingsError("ODOO_WEBHOOK_SECRET is required when ODOO_URL is set")
        secrets = self.odoo_webhook_secret or (DEMO_SECRET,)
        if DEMO_SECRET in secrets and not is_on_this_machine(self.site_url):
            raise SettingsError(
                "SITE_URL is public, so ODOO_URL and an ODOO_WEBHOOK_SECRET of your own are required: "
                "the demo's secret is known to all"
            )
        key = self.odoo_api_key or (DEMO_KEY if demo else "")
        return dataclasses.replace(self, odoo_webhook_secret=secrets, odoo_api_key=key)


def _refuse_wiped_disk() -> None:
    platform = next((name for name in WIPED_BY if os.environ.get(name)), None)
    if platform:
        raise SettingsError(
            f"DATABASE_URL: {platform} is set, and the disk of this platform is wiped at each restart, and all "
            "bookings with it; expected postgres://…, or PERSISTENT_DISK=yes for a file on a disk that lasts"
        )


def is_on_this_machine(url: str) -> bool:
    """Whether the host of `url` is this machine: a loopback address, or localhost."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class _Parsed(fields.Field[Any]):
    """A setting whose text `parse` understands. An empty text counts as unset."""

    def __init__(self, *, parse: Callable[[str], Any], **options: Any) -> None:
        super().__init__(**options)
        self._parse = parse

    def deserialize(self, value: Any, *args: Any, **options: Any) -> Any:
        return self.load_default if value == "" else super().deserialize(value, *args, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        try:
            return self._parse(value)
        except ValueError as error:
            raise ValidationError(f"expected {error}") from error


def _environment() -> FileAwareEnv:
    """The environment of this process; `NAME_FILE` names a file that holds the value of NAME, and wins over it."""
    environment = FileAwareEnv(strip_whitespace=True)
    environment.add_parser_from_field("setting", _Parsed)
    return environment


def _read(name: str, setting: Meta, environment: FileAwareEnv) -> Any:
    """The parsed value of `name`. Returns None when it is not set. Raises SettingsError."""
    try:
        return environment.setting(name, None, parse=setting.parse)
    except EnvValidationError as error:
        # Only the sentence: the value itself may be a secret.
        raise SettingsError(f"{name}: {' '.join(map(str, error.error_messages))}") from error
    except ValueError as error:
        raise SettingsError(f"{name}_FILE cannot be read: {error}") from error
