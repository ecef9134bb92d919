"""Addresses of machines without a name for customers had the licence plate in them."""

from odoo import SUPERUSER_ID, api


def migrate(cr, _version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    unnamed = env["fleet.vehicle"].with_context(active_test=False).search([("rental_name", "in", [False, ""])])
    unnamed._compute_rental_slug()
