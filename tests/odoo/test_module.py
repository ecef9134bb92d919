"""Our module by itself: it installs, imports its catalogue, and passes its own tests, run by Odoo."""

import re
import uuid
from collections.abc import Iterator

import pytest

from tests.odoo import module_database, postgres_cluster
from tests.serving import ROOT, free_port


def test_the_module_passes_its_own_tests(database):
    said = module_database.run(
        *("-c", str(module_database.CONFIGURATION), "-d", database, "--http-port", str(free_port())),
        *("--test-tags", f"/{module_database.MODULE}", "--stop-after-init", "-u", module_database.MODULE),
        may_fail=True,
    )
    found = re.search(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests", said)
    assert found, said[-2000:]
    failed, errors, tests = map(int, found.groups())
    assert (failed, errors) == (0, 0), "\n".join(line for line in said.splitlines() if " INFO " not in line)
    assert tests >= 40
    assert not re.search(rf"WARNING .*{module_database.MODULE}", said), said


def test_the_module_and_the_demo_offer_the_same_catalogue():
    ours = module_database.OUR_ADDONS / module_database.MODULE / "data/catalogue.json"
    assert ours.read_bytes() == (ROOT / "lco/demo/catalogue.json").read_bytes()


def test_a_command_makes_an_empty_odoo_a_shop_and_a_second_time_changes_nothing(database):
    postgres_cluster.sql("DELETE FROM fleet_vehicle", database)
    postgres_cluster.sql(
        "DELETE FROM ir_model_data WHERE module = '__import__' AND model = 'fleet.vehicle'", database
    )
    for counts in ("15 machines are new", "15 stay as they were"):
        where = f"--addons-path={module_database.OUR_ADDONS}"
        said = module_database.run(
            where, "import_catalogue", "-c", str(module_database.CONFIGURATION), "-d", database
        )
        assert counts in said
        assert postgres_cluster.sql("SELECT count(*) FROM fleet_vehicle WHERE rental_published", database) == "15"


@pytest.mark.usefixtures("odoo_installed")
def test_the_module_installs_alone_and_with_demo_data():
    database = f"demo_{uuid.uuid4().hex[:8]}"
    try:
        common = ("-c", str(module_database.CONFIGURATION), "-d", database)
        said = module_database.run(*common, "-i", module_database.MODULE, "--with-demo", "--stop-after-init")
        assert not re.search(rf"(WARNING|ERROR) .*{module_database.MODULE}", said), said
        assert postgres_cluster.sql("SELECT count(*) FROM fleet_vehicle WHERE rental_published", database) == "15"
        assert postgres_cluster.sql("SELECT count(*) FROM fleet_rental_booking WHERE holds_days", database) == "3"
    finally:
        postgres_cluster.drop(database)
        module_database.forget_files(database)


@pytest.fixture
def database(odoo_installed) -> Iterator[str]:
    """A copy of the example shop that no server uses."""
    name = f"own_{uuid.uuid4().hex[:8]}"
    module_database.copy(odoo_installed, name)
    yield name
    postgres_cluster.drop(name)
    module_database.forget_files(name)
