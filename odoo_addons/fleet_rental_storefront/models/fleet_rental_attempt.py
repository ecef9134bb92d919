"""Writing calls without a key, counted by the network that they come from."""

from datetime import timedelta
from ipaddress import ip_address, ip_network

from odoo import api, fields, models

from ..exceptions import TooManyRequests

LIMIT = "fleet_rental_storefront.anonymous_limit"
DEFAULT_LIMIT = 30
WINDOW = timedelta(hours=1)
SUBSCRIBER = 64  # bits that an IPv6 subscriber's own addresses have in common


class FleetRentalAttempt(models.Model):
    """One writing call of an address. Rows are only inserted, so that calls never wait for each other."""

    _name = "fleet.rental.attempt"
    _description = "Writing call without a key"
    _log_access = False
    _rec_name = "network"

    network = fields.Char(required=True)
    at = fields.Datetime(required=True)

    _recent = models.Index("(network, at)")

    @api.model
    def _count(self, address):
        """Count a call of this address, for good, before anything is written. Raises TooManyRequests.

        It is committed at once, so that refused calls count; a second connection for it would be one too many
        when there are many calls at once.
        """
        wait = self._count_here(network(address))
        self.env.cr.commit()  # pylint: disable=invalid-commit
        if wait:
            message = self.env._("Too many bookings from here. Please try again later.")
            raise TooManyRequests(message, headers=[("Retry-After", str(wait))])

    def _count_here(self, source):
        """The seconds until the next call is allowed; 0 when this one is, which then counts."""
        limit = int(self.env["ir.config_parameter"].get_param(LIMIT, DEFAULT_LIMIT))
        now = fields.Datetime.now()
        recent = self.search([("network", "=", source), ("at", ">", now - WINDOW)], order="at desc", limit=limit)
        if len(recent) >= limit:
            return (
                max(1, int((recent[-1].at + WINDOW - now).total_seconds()))
                if recent
                else int(WINDOW.total_seconds())
            )
        self.create({"network": source, "at": now})
        return 0

    @api.autovacuum
    def _gc_attempts(self):
        self.search([("at", "<", fields.Datetime.now() - WINDOW)]).unlink()


def network(address):
    """What one subscriber is counted as: an IPv4 address, or the /64 network of an IPv6 address."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return address or ""
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    return str(ip_network((parsed, SUBSCRIBER), strict=False)) if parsed.version == 6 else str(parsed)  # noqa: PLR2004
