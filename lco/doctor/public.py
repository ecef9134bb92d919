"""The site as it is seen from outside, through every proxy in front of it (`lco doctor --deploy`)."""

import json
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

import requests

from lco import clock
from lco.doctor.findings import Finding, error, ok, warning
from lco.odoo.diagnosis import reason
from lco.settings import Settings, is_on_this_machine
from lco.version import version
from lco.webhooks.signature import sign

SECONDS = 4.0
FIRST_EVENT_SECONDS = 3.0
TEST_EVENT = json.dumps({"event_type": "test"}).encode()


def checks(settings: Settings) -> dict[str, Callable[[], list[Finding]]]:
    """The checks by part."""
    return {
        "address": lambda: _address(settings),
        "https": lambda: _https(settings),
        "webhooks": lambda: _webhooks(settings),
        "streams": lambda: _streams(settings),
    }


def _address(settings: Settings) -> list[Finding]:
    try:
        response = requests.get(f"{settings.site_url}/healthz", timeout=SECONDS, allow_redirects=False)
        seen = response.json() if response.ok else None
    except (requests.RequestException, ValueError) as problem:
        return [
            error(
                "address", f"{settings.site_url}: {reason(problem)}", "SITE_URL", "start the site, or correct it"
            )
        ]
    if not isinstance(seen, dict) or seen.get("status") != "ok":
        sentence = f"{settings.site_url} answers {response.status_code}, but is not this site"
        return [error("address", sentence, "SITE_URL", "set the address that customers use")]
    if seen.get("version") != version():
        return [
            warning("address", f"{settings.site_url} runs another version", "", "deploy, or wait for the deploy")
        ]
    return [ok("address", f"{settings.site_url} is this site")]


def _https(settings: Settings) -> list[Finding]:
    if is_on_this_machine(settings.site_url):
        return []
    plain = f"http://{urlsplit(settings.site_url).netloc}/about"
    try:
        response = requests.get(plain, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException:
        return [ok("https", "nothing answers over http")]
    if response.is_redirect and response.headers.get("Location", "").startswith("https:"):
        return [ok("https", "http leads to https")]
    remedy = "set the number of proxies in front, which tell the site how it was reached"
    return [error("https", "pages are served over http as well", "TRUSTED_PROXIES", remedy)]


def _webhooks(settings: Settings) -> list[Finding]:
    """A signed test event, sent to the public address as Odoo sends its events."""
    headers = sign(settings.odoo_webhook_secret[0], f"doctor_{uuid.uuid4().hex}", clock.now(), TEST_EVENT)
    url = f"{settings.site_url}/api/webhook/inventory"
    try:
        response = requests.post(url, TEST_EVENT, headers=headers, timeout=SECONDS, allow_redirects=False)
    except requests.RequestException as problem:
        return [error("webhooks", f"{url}: {reason(problem)}", "SITE_URL", "make it reachable for Odoo")]
    if response.status_code == requests.codes.ok:
        return [ok("webhooks", f"{url} accepts what Odoo signs")]
    remedy = "give the running site the same secret, and let proxies pass the webhook-* headers on"
    return [
        error("webhooks", f"{url} answers {response.status_code} to a signed event", "ODOO_WEBHOOK_SECRET", remedy)
    ]


def _streams(settings: Settings) -> list[Finding]:
    """The first event of a stream comes at once, unless a proxy keeps it to itself."""
    began = clock.seconds()
    try:
        with requests.get(f"{settings.site_url}/api/events", stream=True, timeout=FIRST_EVENT_SECONDS) as response:
            first = next(response.iter_content(1), b"")
    except requests.RequestException:
        first = b""
    if first:
        return [ok("streams", f"the first event came after {round((clock.seconds() - began) * 1000)} ms")]
    remedy = "turn buffering off for /live and /api/events (nginx: proxy_buffering off)"
    return [error("streams", f"no event came within {FIRST_EVENT_SECONDS:.0f} s", "", remedy)]
