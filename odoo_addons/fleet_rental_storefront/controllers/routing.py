"""How a call of the REST API is declared and answered."""

from odoo import http
from odoo.http import request

from .dispatcher import KEYED, ROUTING_TYPE

LONGEST_BODY = 64 * 1024


def route(path, method, *, readonly=True, access=None, writing=False):
    """A route under /api/fleet/. Sessions are not saved, so that no answer sets a cookie.

    KEYED calls are only there for a site with a key, and no other page may read them. `writing` calls want the key
    where one is set, are limited where none is, and take JSON only. All others are open.
    """
    return http.route(
        f"/api/fleet/{path}",
        type=ROUTING_TYPE,
        auth="public",
        methods=[method],
        cors=None if access == KEYED else "*",
        csrf=False,
        save_session=False,
        readonly=readonly,
        max_content_length=LONGEST_BODY,
        fleet_access=access,
        fleet_writing=writing,
    )


def success(status=200, **content):
    """The envelope of an answer."""
    return request.make_json_response({"success": True, **content}, status=status)
