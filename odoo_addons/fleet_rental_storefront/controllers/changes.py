"""The feed of changes: the outbox read instead of pushed (docs/odoo-contract.md, section 4.3)."""

from odoo import http
from odoo.http import request

from . import fields
from .routing import KEYED, route, success

MOST_AT_ONCE = 500


class ChangesApi(http.Controller):
    @route("changes", "GET", readonly=False, access=KEYED)
    def changes(self, **query):
        """What has changed after a cursor; without one, the newest cursor and no changes.

        Read on the primary server: a replica may lag behind what a webhook has just told.
        """
        after = fields.text(query, "after")
        limit = min(fields.number(query, "limit", default=MOST_AT_ONCE, least=1), MOST_AT_ONCE)
        lines, cursor, more = request.env["fleet.rental.event"].sudo()._changes(after, limit)
        return success(data=lines, next_cursor=cursor, has_more=more)
