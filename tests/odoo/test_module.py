"""Our module by itself: it installs, imports its catalogue, and passes its own tests, run by Odoo."""

import re
import uuid
from collections.abc import Iterator

import pytest

from tests.odoo import cluster, installed
from tests.serving import ROOT, free_port


def test_the_module_passes_its_own_tests(database):
    said = installed.run(
        *("-c", str(installed.CONFIGURATION), "-d", database, "--http-port", str(free_port())),
        *("--test-tags", f"/{installed.MODULE}", "--stop-after-init", "-u", installed.MODULE),
        may_fail=True,
    )
    found = re.search(r"(\d+) failed, (\d+) error\(s\) of (\d+) tests", said)
    assert found, said[-2000:]
    failed, errors, tests = map(int, found.groups())
    assert (failed, errors) == (0, 0), "\n".join(line for line in said.splitlines() if " INFO " not in line)
    assert tests >= 40
    assert not re.search(rf"WARNING .*{installed.MODULE}", said), said


def test_the_module_and_the_demo_offer_the_same_catalogue():
    ours = installed.OUR_ADDONS / installed.MODULE / "data/catalogue.json"
    assert ours.read_bytes() == (ROOT / "lco/demo/catalogue.json").read_bytes()


def test_a_command_makes_an_empty_odoo_a_shop_and_a_second_time_changes_nothing(database):
    cluster.sql("DELETE FROM fleet_vehicle", database)
    cluster.sql("DELETE FROM ir_model_data WHERE module = '__import__' AND model = 'fleet.vehicle'", database)
    for counts in ("15 machines are new", "15 stay as they were"):
        where = f"--addons-path={installed.OUR_ADDONS}"
        said = installed.run(where, "import_catalogue", "-c", str(installed.CONFIGURATION), "-d", database)
        assert counts in said
        assert cluster.sql("SELECT count(*) FROM fleet_vehicle WHERE rental_published", database) == "15"


@pytest.mark.usefixtures("odoo_installed")
def test_the_module_installs_alone_and_with_demo_data():
    database = f"demo_{uuid.uuid4().hex[:8]}"
    try:
        common = ("-c", str(installed.CONFIGURATION), "-d", database)
        said = installed.run(*common, "-i", installed.MODULE, "--with-demo", "--stop-after-init")
        assert not re.search(rf"(WARNING|ERROR) .*{installed.MODULE}", said), said
        assert cluster.sql("SELECT count(*) FROM fleet_vehicle WHERE rental_published", database) == "15"
        assert cluster.sql("SELECT count(*) FROM fleet_rental_booking WHERE holds_days", database) == "3"
    finally:
        cluster.drop(database)
        installed.forget_files(database)


@pytest.fixture
def database(odoo_installed) -> Iterator[str]:
    """A copy of the example shop that no server uses."""
    name = f"own_{uuid.uuid4().hex[:8]}"
    installed.copy(odoo_installed, name)
    yield name
    cluster.drop(name)
    installed.forget_files(name)
