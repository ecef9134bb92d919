"""Calls that are not there: 404 without the envelope, so that a site can tell."""

from odoo import http
from odoo.http import Response

from .dispatcher import ROUTING_TYPE


class UnknownApi(http.Controller):
    @http.route(
        "/api/fleet/<path:call>",
        type=ROUTING_TYPE,
        auth="none",
        csrf=False,
        save_session=False,
        readonly=True,
        fleet_access=None,
        fleet_writing=False,
    )
    def unknown(self, **_path):
        """Answer here, since Odoo's own search for a page fails over some paths."""
        return Response("There is no such call.", status=404, content_type="text/plain; charset=utf-8")
