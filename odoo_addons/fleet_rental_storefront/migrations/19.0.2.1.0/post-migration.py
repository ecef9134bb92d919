"""Names and addresses of machines without a name for customers had the licence plate in them."""

import json

from odoo import SUPERUSER_ID, api

PUBLIC = {"name": "rental_public_name", "slug": "rental_slug"}


def migrate(cr, _version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    unnamed = env["fleet.vehicle"].with_context(active_test=False).search([("rental_name", "in", [False, ""])])
    unnamed._compute_rental_slug()
    domain = [("kind", "=", "vehicle"), ("res_id", "in", unnamed.ids), ("body", "!=", False)]
    for event in env["fleet.rental.event"].search(domain):
        event.body = _without_plate(event.body, unnamed.browse(event.res_id))


def _without_plate(body, vehicle):
    """The same webhook with the public name and address; one that waits or failed may be sent yet."""
    event = json.loads(body)
    for part in (event, event.get("changes", {})):
        part.update({name: vehicle[PUBLIC[name]] for name in PUBLIC.keys() & part.keys()})
    return json.dumps(event)
