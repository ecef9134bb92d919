"""What staff and their programs read beside Odoo's own pages: labels to print, and the calendar of bookings."""

from odoo import http
from odoo.exceptions import UserError
from odoo.http import request

from ..labels import sheet

MOST_LABELS = 500


class Desk(http.Controller):
    @http.route("/fleet_rental/labels", type="http", auth="user", methods=["GET"], readonly=True)
    def labels(self, ids="", **_query):
        """A PDF of labels for these machines (`ids` with commas); 400 for wrong ids, 403 without rights."""
        chosen = ids.split(",")[:MOST_LABELS]
        if not all(number.isdecimal() and len(number) < 10 for number in chosen):  # noqa: PLR2004 - fits an id
            return request.make_response("ids are numbers", status=400)
        vehicles = request.env["fleet.vehicle"].browse(map(int, chosen)).exists()
        vehicles.check_access("read")
        try:
            labels = [(vehicle.rental_public_name, vehicle._public_url()) for vehicle in vehicles]
        except UserError as error:
            return request.make_response(str(error), status=400)
        headers = {"Content-Type": "application/pdf", "Content-Disposition": 'inline; filename="labels.pdf"'}
        return request.make_response(sheet(labels), headers=list(headers.items()))

    @http.route(
        "/fleet_rental/calendar/<string:token>.ics",
        type="http",
        auth="public",
        methods=["GET"],
        readonly=True,
        save_session=False,
    )
    def icalendar(self, token, **_query):
        """The bookings as iCalendar; 404 for an address that was revoked or never held."""
        text = request.env["fleet.rental.storefront"].sudo()._icalendar(token)
        headers = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
        if text is None:
            return request.make_response("", status=404, headers=list(headers.items()))
        headers["Content-Type"] = "text/calendar; charset=utf-8"
        return request.make_response(text, headers=list(headers.items()))
