"""The protection of visitors: response headers, the check of where a form comes from, the client's address."""

from typing import TYPE_CHECKING

from flask import Flask, Response, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.middleware.proxy_fix import ProxyFix

from lco import metrics
from lco.errors import Forbidden
from lco.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
OWN_RULES = {"api", "fleet", "webhooks"}  # blueprints that check origins or signatures themselves
LARGEST_REQUEST = 64 * 1024
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def register(app: Flask, settings: Settings) -> dict[str, str]:
    """Trust as many proxies as the settings say, refuse foreign forms, lead to https, send the headers.

    Returns the headers, for what is served in front of the application.
    """
    app.wsgi_app = trust_proxies(app.wsgi_app, settings)  # type: ignore[method-assign]  # as Flask documents for middleware
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.before_request(lambda: _refuse_foreign_forms(settings))
    app.url_map.merge_slashes = False  # its redirect would name the host that the request has named
    if settings.trusted_proxies and settings.site_url.startswith("https:"):
        app.before_request(lambda: _to_https(settings))
    headers = _headers(settings)
    app.after_request(lambda response: _add(headers, response))
    return headers


def trust_proxies(application: "WSGIApplication", settings: Settings) -> ProxyFix:
    """`application`, seeing the client's address and protocol as the trusted proxies have noted them."""
    hops = settings.trusted_proxies
    # Each proxy adds an address, but the protocol is one entry: the nearest proxy sets it or leaves it as it came.
    return ProxyFix(application, x_for=hops, x_proto=min(hops, 1), x_host=0, x_prefix=0)


def _to_https(settings: Settings) -> ResponseReturnValue | None:
    """308 to the same address over https for what a trusted proxy took over http; /healthz is left alone."""
    # Odoo may reach the site past the proxy, which then has said nothing of how it was reached.
    if request.is_secure or "X-Forwarded-Proto" not in request.headers or request.path == "/healthz":
        return None
    return redirect(settings.site_url + request.full_path.removesuffix("?"), 308)


def _refuse_foreign_forms(settings: Settings) -> None:
    """Unsafe requests come from our own pages (Fetch Metadata; OWASP's alternative to CSRF tokens).

    A browser too old for Sec-Fetch-Site sends Origin with a POST. A client that sends neither is no browser, and
    no cookie can be abused through it.
    """
    if request.method in SAFE_METHODS or request.blueprint in OWN_RULES:
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    if site in {"same-origin", "none"} or (site is None and (origin is None or is_own(origin, settings))):
        return
    metrics.refused.labels("foreign origin").inc()
    raise Forbidden


def is_own(origin: str, settings: Settings) -> bool:
    """Whether the request comes from a page of this site, by whichever name the visitor calls it."""
    return origin == settings.site_url or origin.partition("://")[2] == request.host


def _headers(settings: Settings) -> dict[str, str]:
    headers = {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "strict-origin-when-cross-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    }
    if settings.site_url.startswith("https:"):
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


def _add(headers: dict[str, str], response: Response) -> Response:
    for name, value in headers.items():
        response.headers.setdefault(name, value)
    return response
