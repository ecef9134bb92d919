"""Every address of the site: which caches may store its response, and whether it may change anything."""

import pytest

REVALIDATED, NEVER, LONG = "no-cache", "no-store", "public, max-age=86400"
PRIVATE = "private, no-store"

READING = {
    "pages.home": ("/", REVALIDATED),
    "pages.brand": ("/brand.css", NEVER),
    "pages.about": ("/about", REVALIDATED),
    "pages.contact": ("/contact", REVALIDATED),
    "pages.retry": ("/back", REVALIDATED),
    "pages.sitemap": ("/sitemap.xml", REVALIDATED),
    "pages.security_txt": ("/.well-known/security.txt", REVALIDATED),
    "pages.robots": ("/robots.txt", REVALIDATED),
    "equipment.index": ("/equipment", REVALIDATED),
    "equipment.show": ("/equipment/1-professional-snow-blower", REVALIDATED),
    "equipment.short": ("/equipment/1", REVALIDATED),
    "equipment.calendar": ("/equipment/1/calendar", REVALIDATED),
    "equipment.dates": ("/equipment/dates", REVALIDATED),
    "equipment.picture": ("/pictures/480x360/fleet.vehicle/1/image_1920", LONG),
    "bookings.index": ("/bookings", REVALIDATED),
    "bookings.show": ("/bookings/unknown", NEVER),
    "bookings.entry": ("/bookings/unknown.ics", NEVER),
    "changing.choose": ("/bookings/unknown/change", NEVER),
    "changing.confirm": ("/bookings/unknown/cancel", NEVER),
    "finding.ask": ("/booking/find", PRIVATE),
    "wishes.form": ("/wishes/new?vehicle_id=1&date_from=2099-01-01&date_to=2099-01-03", PRIVATE),
    "wishes.show": ("/wishes/unknown", NEVER),
    "api_changes.show": ("/api/booking/unknown", NEVER),
    "api_docs.document": ("/api/openapi.json", REVALIDATED),
    "api_docs.page": ("/api", REVALIDATED),
    "fleet.vehicles": ("/api/fleet/vehicles", REVALIDATED),
    "fleet.vehicle": ("/api/fleet/vehicle/1", REVALIDATED),
    "fleet.filters": ("/api/fleet/filters", REVALIDATED),
    "live.page": ("/live?r=odoo", NEVER),
    "live.events": ("/api/events", NEVER),
    "ops.show": ("/ops", NEVER),
    "static": ("/static/css/site.00000000.css", NEVER),
    "status.alive": ("/healthz", NEVER),
    "status.ready": ("/readyz", NEVER),
    "status.counts": ("/metrics", NEVER),
}
CHANGING = {
    "bookings.create": "/bookings",
    "bookings.dates": "/bookings/dates",
    "changing.change": "/bookings/unknown/change",
    "changing.cancel": "/bookings/unknown/cancel",
    "finding.send": "/booking/find",
    "wishes.ask": "/wishes",
    "wishes.confirm": "/wishes/unknown/confirm",
    "wishes.stop": "/wishes/unknown/stop",
    "api_changes.quote": "/api/booking/unknown/quote",
    "api_changes.change": "/api/booking/unknown/change",
    "api_changes.cancel": "/api/booking/unknown/cancel",
    "ops.login": "/ops/login",
    "ops.logout": "/ops/logout",
    "api.create": "/api/booking",
    "webhooks.booking": "/api/webhook/booking",
    "webhooks.inventory": "/api/webhook/inventory",
    # changes nothing, but is asked by POST (docs/odoo-contract.md, section 1)
    "fleet.availability": "/api/fleet/availability",
}


def test_every_address_is_listed(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules()} == READING.keys() | CHANGING.keys()


def test_read_only_routes_take_no_other_method(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint in READING:
            assert rule.methods <= {"GET", "HEAD", "OPTIONS"}, rule
        else:
            assert rule.methods <= {"POST", "OPTIONS"}, rule


@pytest.mark.parametrize(("path", "kept"), READING.values(), ids=READING.keys())
def test_every_answer_has_a_cache_control(client, odoo, path, kept):
    with client.get(path) as answer:
        assert answer.headers["Cache-Control"] == kept


@pytest.mark.parametrize("path", CHANGING.values(), ids=CHANGING.keys())
def test_nothing_is_changed_by_looking(client, odoo, path):
    has_page = path in {address for address, _ in READING.values()}
    leads_on = READING["bookings.index"][0] == path
    assert client.get(path).status_code in ({302} if leads_on else {404, 405, *({200} if has_page else ())})
    assert "POST /api/fleet/booking" not in odoo.asked
