"""Home, about, contact, and what search engines ask for."""

from datetime import timedelta
from xml.sax.saxutils import escape

from flask import Blueprint, Response, current_app, render_template

from lco import clock
from lco.availability.date_grid import Selection
from lco.availability.month import first_of
from lco.catalogue.search import Query, categories
from lco.errors import NotFound
from lco.web import page_cache
from lco.web.date_picker import shop_calendar
from lco.web.extensions import current_services
from lco.web.urls import vehicle_url

blueprint = Blueprint("pages", __name__)

FEATURED = 6
SECURITY_TXT_FOR = timedelta(days=180)
CACHED: dict[str, tuple[str, ...]] = dict.fromkeys(("/", "/about", "/contact", r"/sitemap\.xml"), ())
"""The paths here whose pages may be cached; no parameter changes them."""


@blueprint.get("/")
def home() -> str:
    """`GET /`: the front page with featured equipment; 200, or 503 without a catalogue; page cache."""
    page_cache.mark_cacheable()
    snapshot = current_services().catalogue.vehicles()
    featured = snapshot.featured_first[:FEATURED]
    today = clock.today(current_services().settings.timezone)
    calendar = shop_calendar(current_services(), Query(), first_of(today), Selection(), leaves=True)
    kinds = categories(snapshot.vehicles)
    return render_template("pages/home.html", featured=featured, categories=kinds, calendar=calendar)


@blueprint.get("/about")
def about() -> str:
    """`GET /about`: how renting works; 200; page cache."""
    page_cache.mark_cacheable()
    return render_template("pages/about.html")


@blueprint.get("/contact")
def contact() -> str:
    """`GET /contact`: address, phone and hours; 200; page cache."""
    page_cache.mark_cacheable()
    return render_template("pages/contact.html")


@blueprint.get("/brand.css")
def brand() -> Response:
    """`GET /brand.css`: the colours of the business; 200, kept for an hour, 404 when none is set."""
    accent = current_services().business.known.accent
    if not accent:
        raise NotFound
    text = f":root{{--forest:{accent};--forest-deep:color-mix(in srgb,{accent},#000 25%)}}"
    response = current_app.response_class(text, mimetype="text/css")
    response.headers["Cache-Control"] = "public, max-age=3600"
    return response


@blueprint.get("/back")
def retry() -> Response:
    """`GET /back`: 204 with `HX-Refresh` for a page that waits for the catalogue; revalidated.

    503 until there is a catalogue.
    """
    current_services().catalogue.vehicles()
    response = current_app.response_class(status=204)
    response.headers["HX-Refresh"] = "true"
    return response


@blueprint.get("/sitemap.xml")
def sitemap() -> Response:
    """`GET /sitemap.xml`: the pages that search engines may show (sitemaps.org protocol); 200, 503; page cache."""
    page_cache.mark_cacheable()
    site = current_services().settings.site_url
    paths = ["/", "/equipment", "/about", "/contact"]
    paths += [vehicle_url(vehicle) for vehicle in current_services().catalogue.vehicles().vehicles]
    rows = "".join(f"<url><loc>{escape(site + path)}</loc></url>" for path in paths)
    xml = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'
    return current_app.response_class(xml, mimetype="application/xml")


@blueprint.get("/.well-known/security.txt")
def security_txt() -> Response:
    """`GET /.well-known/security.txt`: where to report weaknesses (RFC 9116); 200, revalidated."""
    settings = current_services().settings
    contact = settings.security_contact or f"mailto:{current_services().business.known.email}"
    until = (clock.now() + SECURITY_TXT_FOR).replace(microsecond=0).isoformat()
    own = f"{settings.site_url}/.well-known/security.txt"
    lines = (f"Contact: {contact}", f"Expires: {until}", "Preferred-Languages: en", f"Canonical: {own}")
    return current_app.response_class("\n".join(lines) + "\n", mimetype="text/plain")


@blueprint.get("/robots.txt")
def robots() -> Response:
    """`GET /robots.txt`: no bookings, streams or combined filters for crawlers (RFC 9309); 200; revalidated."""
    site = current_services().settings.site_url
    closed = "".join(f"Disallow: {path}\n" for path in ("/bookings", "/api/", "/live", "/equipment?"))
    closed += "".join(f"Allow: /equipment?{name}=\n" for name in ("category", "page"))
    return current_app.response_class(
        f"User-agent: *\n{closed}Sitemap: {site}/sitemap.xml\n", mimetype="text/plain"
    )
