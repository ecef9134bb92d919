"""`odoo --addons-path=… import_catalogue -c odoo.conf -d shop`: an empty Odoo becomes a shop in one step.

With `--from=https://other.example` the machines of that shop are read over its public API instead.
"""

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config

FROM, KEY = "--from=", "--key="


class ImportCatalogue(Command):
    """Import the example catalogue of the module fleet_rental_storefront, or another shop's."""

    name = "import_catalogue"

    def run(self, args):
        """Import into each database that the command line names."""
        source = next((word.removeprefix(FROM) for word in args if word.startswith(FROM)), "")
        key = next((word.removeprefix(KEY) for word in args if word.startswith(KEY)), "")
        config.parse_config([word for word in args if not word.startswith((FROM, KEY))], setup_logging=True)
        for database in config["db_name"]:
            with Registry(database).cursor() as cr:
                catalogue = api.Environment(cr, SUPERUSER_ID, {})["fleet.rental.catalogue"]
                counts = catalogue.import_shop(source, key) if source else catalogue.import_example()
                print(f"{database}: {catalogue._counted(counts)}")  # noqa: T201 - a command speaks
