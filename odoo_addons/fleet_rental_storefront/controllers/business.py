"""What the business has set: contract, calendar, page (docs/odoo-contract.md, sections 4.1, 4.2 and 4.6)."""

from datetime import UTC, datetime, timedelta

from odoo import http, release
from odoo.http import request

from ..exceptions import Refusal
from . import fields
from .dispatcher import key_state
from .routing import route, success

MODULE = "fleet_rental_storefront"
CONTRACT = 2


class BusinessApi(http.Controller):
    @route("version", "GET")
    def version(self, **_query):
        """Which contract this Odoo keeps, and whether the key of the asker is right."""
        module = request.env["ir.module.module"].sudo().search([("name", "=", MODULE)], limit=1)
        return success(
            data={
                "contract": CONTRACT,
                "module": MODULE,
                "module_version": module.latest_version,
                "odoo_version": release.version,
                "time": datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
                "timezone": _storefront()._timezone(),
                "key": key_state(request),
            }
        )

    @route("calendar", "GET")
    def calendar(self, **query):
        """Opening hours and closed days within [from, to), by default the days that can be booked."""
        storefront = _storefront()
        start = fields.day(query, "from", required=False) or request.env["fleet.vehicle"]._rental_today()
        end = fields.day(query, "to", required=False)
        if end is not None and end <= start:
            raise Refusal(request.env._("The end date must be after the start date."))
        return success(data=storefront._calendar_data(start, end or storefront._latest() + timedelta(days=1)))

    @route("storefront", "GET")
    def storefront(self, **_query):
        """What the business says of itself."""
        return success(data=_storefront()._storefront_data())


def _storefront():
    return request.env["fleet.rental.storefront"]._current()
