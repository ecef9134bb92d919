"""What installing and uninstalling do beside the models."""

from odoo.exceptions import UserError
from odoo.tools.sql import existing_tables, table_columns

# Every table of the module's own models.
TABLES = (
    "fleet_rental_attempt",
    "fleet_rental_booking",
    "fleet_rental_cancellation",
    "fleet_rental_closed_day",
    "fleet_rental_event",
    "fleet_rental_feature",
    "fleet_rental_image",
    "fleet_rental_opening",
    "fleet_rental_request",
    "fleet_rental_return",
    "fleet_rental_specification",
    "fleet_rental_storefront",
    "fleet_rental_tombstone",
    "fleet_rental_visit",
)
# Columns that the module adds to Fleet's vehicles.
COLUMNS = {
    "availability_status",
    "full_description",
    "is_featured",
    "listing_type",
    "maintenance_until",
    "maximum_rental_days",
    "minimum_rental_days",
    "rental_buffer_days",
    "rental_name",
    "rental_price_daily",
    "rental_price_monthly",
    "rental_price_weekly",
    "rental_published",
    "rental_slug",
    "rental_state",
    "rental_terms",
    "sale_price",
    "short_description",
    "video_url",
    "virtual_tour_url",
}


def pre_init_hook(env):
    """Refuse to install where tables or columns of these names hold the data of something else."""
    tables = existing_tables(env.cr, TABLES)
    columns = sorted(COLUMNS & table_columns(env.cr, "fleet_vehicle").keys())
    found = [*sorted(tables), *(f"fleet_vehicle.{column}" for column in columns)]
    if found:
        raise UserError(
            env._(
                "This database has data of another module under names of this one: %s. Nothing was changed. "
                "Uninstall that module first, or install this one into another database and import the catalogue.",
                ", ".join(found),
            )
        )


def uninstall_hook(env):
    """Leave Fleet's vehicles, and no setting and no sequence of this module."""
    parameters = env["ir.config_parameter"].sudo()
    parameters.search([("key", "=like", "fleet_rental_storefront.%")]).unlink()
    vehicles = env["ir.model.data"].sudo().search([("module", "=", "fleet_rental_storefront")])
    vehicles.filtered(lambda data: data.model.startswith("fleet.vehicle")).unlink()
    env.cr.execute("DROP SEQUENCE IF EXISTS fleet_rental_version_seq")
