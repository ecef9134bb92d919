"""Look-ups in the demo Odoo, and the fields of the site's forms."""

import html
import re


def reference(odoo) -> str:
    return odoo.app.test_client().get("/demo/state").json["bookings"][-1]["booking_ref"]


def in_odoo(odoo, ref) -> dict:
    state = odoo.app.test_client().get("/demo/state").json
    return next(one for one in state["bookings"] if one["booking_ref"] == ref)


def dates(days) -> dict[str, str]:
    return {"date_from": days.start.isoformat(), "date_to": days.end.isoformat()}


def form_in(text: str) -> dict[str, str]:
    """The hidden fields of the form that changes or cancels."""
    inside = re.search(r'<form id="(?:change|cancel)-form".*?</form>', text, re.DOTALL)[0]
    fields = re.findall(r'name="([a-z_]+)" value="([^"]*)"', inside)
    return {name: html.unescape(value) for name, value in fields}
