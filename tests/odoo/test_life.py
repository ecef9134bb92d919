"""The module from its installation to its end: it takes only what is its own, and leaves Fleet as it was."""

import re
import uuid
from collections.abc import Iterator

import pytest
import requests

from tests import serving
from tests.odoo import module_database, postgres_cluster
from tests.odoo.days_ahead import ahead
from tests.odoo.module_database import MODULE
from tests.odoo.odoo_server import BOOKING, VEHICLE, serve

OVERLAP = """
INSERT INTO fleet_rental_booking (reference, version, vehicle_id, partner_id, booking_type, state,
                                  date_from, date_to, busy_from, busy_until, holds_days)
SELECT 'BK-' || n, 1, (SELECT min(id) FROM fleet_vehicle), 1, 'reservation', 'confirmed',
       '2030-01-01', '2030-01-05', '2030-01-01', '2030-01-05', true FROM generate_series(1, 2) n
"""
DROPPED = "ALTER TABLE fleet_rental_booking DROP CONSTRAINT fleet_rental_booking_no_double_booking"
HAS_CONSTRAINT = "SELECT count(*) FROM pg_constraint WHERE conname = 'fleet_rental_booking_no_double_booking'"
FOREIGN = {
    "table": "CREATE TABLE fleet_rental_booking (id serial PRIMARY KEY, name text, deposit numeric)",
    "column": "ALTER TABLE fleet_vehicle ADD COLUMN rental_price_daily numeric",
}
FILLED = {
    "table": "INSERT INTO fleet_rental_booking (name, deposit) VALUES ('theirs', 2500)",
    "column": "UPDATE fleet_vehicle SET rental_price_daily = 99",
}
UNINSTALL = f"""
env['ir.module.module'].search([('name', '=', '{MODULE}')]).button_immediate_uninstall()
"""


@pytest.fixture
def database(odoo_installed) -> Iterator[str]:
    """A copy of the example shop."""
    name = f"life_{uuid.uuid4().hex[:8]}"
    module_database.copy(odoo_installed, name)
    yield name
    postgres_cluster.drop(name)
    module_database.forget_files(name)


@pytest.fixture(scope="module")
def fleet_only(odoo_installed) -> Iterator[str]:
    """A database with Fleet and one of its vehicles, without the module."""
    name = f"fleet_{uuid.uuid4().hex[:8]}"
    odoo(name, "-i", "fleet,mail,rpc")
    shell(
        name,
        "brand = env['fleet.vehicle.model.brand'].create({'name': 'Ford'})\n"
        "model = env['fleet.vehicle.model'].create({'name': 'Transit', 'brand_id': brand.id})\n"
        "env['fleet.vehicle'].create({'model_id': model.id, 'license_plate': 'ABC 123'})\nenv.cr.commit()\n",
    )
    yield name
    postgres_cluster.drop(name)
    module_database.forget_files(name)


def odoo(database: str, *arguments: str, may_fail: bool = False) -> str:
    common = ("-c", str(module_database.CONFIGURATION), "-d", database, "--stop-after-init")
    return module_database.run(*common, *arguments, may_fail=may_fail)


def shell(database: str, script: str) -> None:
    said = module_database.run(
        *("shell", "-c", str(module_database.CONFIGURATION), "-d", database, "--no-http"), stdin=script
    )
    assert "Traceback" not in said, said


@pytest.mark.parametrize("kind", FOREIGN)
def test_an_installation_over_data_of_another_module_is_refused_and_changes_nothing(fleet_only, kind):
    name = f"foreign_{uuid.uuid4().hex[:8]}"
    module_database.copy(fleet_only, name)
    try:
        postgres_cluster.sql(FOREIGN[kind], name)
        postgres_cluster.sql(FILLED[kind], name)
        rows = "SELECT * FROM fleet_vehicle"
        theirs = "SELECT * FROM fleet_rental_booking" if kind == "table" else rows
        before = postgres_cluster.sql(rows, name), postgres_cluster.sql(theirs, name)
        said = odoo(name, "-i", MODULE, may_fail=True)
        assert "data of another module" in said
        assert (postgres_cluster.sql(rows, name), postgres_cluster.sql(theirs, name)) == before
        assert (
            postgres_cluster.sql(f"SELECT state FROM ir_module_module WHERE name = '{MODULE}'", name)
            == "uninstalled"
        )
    finally:
        postgres_cluster.drop(name)
        module_database.forget_files(name)


def test_an_upgrade_makes_the_constraint_where_it_is_missing(database):
    postgres_cluster.sql(DROPPED, database)
    odoo(database, "-u", MODULE)
    assert postgres_cluster.sql(HAS_CONSTRAINT, database) == "1"


def test_an_upgrade_over_bookings_that_overlap_fails(database):
    postgres_cluster.sql(DROPPED, database)
    postgres_cluster.sql(OVERLAP, database)
    said = odoo(database, "-u", MODULE, may_fail=True)
    assert "Failed to initialize database" in said
    assert "fleet_rental_booking_no_double_booking" in said
    assert postgres_cluster.sql(HAS_CONSTRAINT, database) == "0"


def test_a_table_of_this_name_that_is_not_the_modules_stops_an_upgrade(database):
    postgres_cluster.sql("ALTER TABLE fleet_rental_booking RENAME TO ours", database)
    postgres_cluster.sql(FOREIGN["table"], database)
    said = odoo(database, "-u", MODULE, may_fail=True)
    assert "belongs to another module" in said
    assert postgres_cluster.sql("SELECT count(*) FROM fleet_rental_booking", database) == "0"


def test_install_use_upgrade_uninstall_and_reinstall_keep_every_vehicle_of_fleet(database):
    with serve(database) as server:
        use(server)
    fleet = "SELECT id, license_plate, model_id, active FROM fleet_vehicle ORDER BY id"
    before = postgres_cluster.sql(fleet, database)
    odoo(database, "-u", MODULE)
    assert postgres_cluster.sql(fleet, database) == before
    shell(database, UNINSTALL)
    assert postgres_cluster.sql(fleet, database) == before
    assert_nothing_is_left(database)
    odoo(database, "-i", MODULE)
    said = module_database.run(
        *(
            f"--addons-path={module_database.OUR_ADDONS}",
            "import_catalogue",
            "-c",
            str(module_database.CONFIGURATION),
        ),
        *("-d", database),
    )
    assert "0 machines are new, 15 have their rates again" in said
    assert postgres_cluster.sql("SELECT count(*) FROM fleet_vehicle WHERE rental_published", database) == "15"
    with serve(database) as server:
        use(server)


def use(server) -> None:
    """A booking by the site's call, its steps, and a change of a rate, all sent to an address without a site."""
    server.send_webhooks_to(f"http://127.0.0.1:{serving.free_port()}")
    body = {
        "vehicle_id": 4,
        "customer_name": "Ada",
        "customer_email": "ada@example.com",
        "customer_phone": "+12185550142",
        "date_from": str(ahead(0)),
        "date_to": str(ahead(2)),
    }
    answer = requests.post(f"{server.url}/api/fleet/booking", json=body, timeout=30)
    assert answer.status_code == 201, answer.text
    booking = server.booking_id(answer.json()["booking_ref"])
    for step in ("confirm", "pick_up", "return"):
        server.call(BOOKING, f"action_{step}", [booking])
    server.call(VEHICLE, "write", [4], vals={"rental_price_daily": 77})


def assert_nothing_is_left(database: str) -> None:
    parameters = f"SELECT count(*) FROM ir_config_parameter WHERE key LIKE '{MODULE}.%'"
    tables = "SELECT count(*) FROM pg_class WHERE relname LIKE 'fleet_rental_%'"
    of_vehicles = "table_name = 'fleet_vehicle' AND column_name LIKE 'rental_%'"
    columns = f"SELECT count(*) FROM information_schema.columns WHERE {of_vehicles}"
    ids = f"SELECT count(*) FROM ir_model_data WHERE module = '{MODULE}'"
    left = {
        statement: postgres_cluster.sql(statement, database) for statement in (parameters, tables, columns, ids)
    }
    assert set(left.values()) == {"0"}, left


def test_the_catalogue_of_another_shop_is_imported_over_its_public_calls(fleet_only):
    name = f"moved_{uuid.uuid4().hex[:8]}"
    module_database.copy(fleet_only, name)
    try:
        with serving.demo("http://127.0.0.1:9", "--no-webhooks", "--contract", "1") as shop:
            odoo(name, "-i", MODULE)
            for counts in ("15 machines are new", "15 stay as they were"):
                said = module_database.run(
                    *(f"--addons-path={module_database.OUR_ADDONS}", "import_catalogue", f"--from={shop.url}"),
                    *("-c", str(module_database.CONFIGURATION), "-d", name),
                )
                assert counts in said
            theirs = requests.get(f"{shop.url}/api/fleet/vehicles", params={"limit": 100}, timeout=10).json()[
                "data"
            ]
        rows = postgres_cluster.sql(
            "SELECT rental_name, rental_price_daily FROM fleet_vehicle WHERE rental_name <> ''", name
        )
        ours = dict(row.split("|") for row in rows.splitlines())
        assert {vehicle["name"]: vehicle["rental_price_daily"] for vehicle in theirs} == {
            name: float(price) for name, price in ours.items()
        }
        assert postgres_cluster.sql("SELECT count(*) FROM fleet_vehicle WHERE rental_published", name) == "0"
        assert int(postgres_cluster.sql("SELECT count(*) FROM fleet_rental_specification", name)) >= 15
        assert not re.search(r"[^0]", postgres_cluster.sql("SELECT count(*) FROM fleet_rental_booking", name))
    finally:
        postgres_cluster.drop(name)
        module_database.forget_files(name)
