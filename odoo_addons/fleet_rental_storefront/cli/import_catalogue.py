"""`odoo --addons-path=… import_catalogue -c odoo.conf -d shop`: an empty Odoo becomes a shop in one step."""

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class ImportCatalogue(Command):
    """Import the example catalogue of the module fleet_rental_storefront."""

    name = "import_catalogue"

    def run(self, args):
        config.parse_config(args, setup_logging=True)
        for database in config["db_name"]:
            with Registry(database).cursor() as cr:
                vehicles = api.Environment(cr, SUPERUSER_ID, {})["fleet.vehicle"].import_catalogue()
                print(f"{database}: {len(vehicles)} machines are there and published")  # noqa: T201 - a command speaks
