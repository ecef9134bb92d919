"""An upgrade from the version with licence plates in names and addresses takes them out of all that is public."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.contract.version_2 import KEY
from tests.odoo import module_database, postgres_cluster
from tests.odoo.days_ahead import ahead
from tests.odoo.module_database import MODULE
from tests.odoo.odoo_server import VEHICLE, RealOdoo, serve

PLATE, SLUG = "ZZ 9077", "zz-9077"
ON_SALE, ARCHIVED, NAMED = 4, 5, 6
# As version 19.0.2.0.0 left a machine without a name for customers: Fleet's own name, plate included, everywhere.
OLD = f"""
UPDATE ir_module_module SET latest_version = '19.0.2.0.0' WHERE name = '{MODULE}';
UPDATE fleet_vehicle SET license_plate = '{PLATE}' WHERE id IN ({ON_SALE}, {ARCHIVED}, {NAMED});
UPDATE fleet_vehicle SET rental_name = NULL, active = (id = {ON_SALE}), name = 'Toro/Mower/{PLATE}',
       rental_slug = 'toro-mower-{SLUG}' WHERE id IN ({ON_SALE}, {ARCHIVED});
INSERT INTO fleet_rental_event (kind, res_id, version, event_type, endpoint, state, at, next_try, message_id, body)
SELECT 'vehicle', {ON_SALE}, n, sent.event_type, 'inventory', sent.state, now(), now(), 'msg_' || n, sent.body
  FROM (VALUES
    (1, 'vehicle.added', 'failed',
     '{{"event_type": "vehicle.added", "vehicle_id": {ON_SALE}, "name": "T/{PLATE}", "category": "Lawn"}}'),
    (2, 'vehicle.updated', 'waiting',
     '{{"event_type": "vehicle.updated", "vehicle_id": {ON_SALE},
        "changes": {{"name": "Toro/Mower/{PLATE}", "slug": "toro-mower-{SLUG}", "seats": 1}}}}')
  ) AS sent (n, event_type, state, body);
"""
KEPT = (
    "SELECT id, license_plate, name, rental_name, active, rental_published FROM fleet_vehicle ORDER BY id",
    "SELECT id, reference, vehicle_id, date_from, date_to, state, version FROM fleet_rental_booking ORDER BY id",
    "SELECT id, event_type, state, version FROM fleet_rental_event WHERE message_id LIKE 'msg\\__' ORDER BY id",
)


@pytest.fixture(scope="module")
def database(odoo_installed) -> Iterator[str]:
    """A shop with a booking, as the older version left it."""
    name = f"plates_{uuid.uuid4().hex[:8]}"
    module_database.copy(odoo_installed, name)
    with serve(name) as odoo:
        odoo.rent_out(ON_SALE, ahead(-1), ahead(2))
        odoo.set_parameter("api_key", KEY)
        odoo.set_parameter("inventory_webhook_url", "http://127.0.0.1:9/api/webhook/inventory")
    postgres_cluster.sql(OLD, name)
    yield name
    postgres_cluster.drop(name)
    module_database.forget_files(name)


def kept(database: str) -> list[str]:
    return [postgres_cluster.sql(statement, database) for statement in KEPT]


@pytest.fixture(scope="module")
def before(database) -> list[str]:
    return kept(database)


@pytest.fixture(scope="module")
def upgraded(database, before) -> Iterator[RealOdoo]:
    common = ("-c", str(module_database.CONFIGURATION), "-d", database, "--stop-after-init")
    module_database.run(*common, "-u", MODULE)
    with serve(database) as odoo:
        yield odoo


def read(odoo: RealOdoo, path: str) -> str:
    answer = requests.get(f"{odoo.url}/api/fleet/{path}", headers={"X-API-Key": KEY}, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.text


def sent(odoo: RealOdoo, **wanted: object) -> list[dict[str, Any]]:
    """The webhooks that were sent or can be, newest first."""
    return [json.loads(event["body"]) for event in odoo.deliveries(**wanted) if event["body"]]


def has_plate(text: str) -> bool:
    return PLATE in text or SLUG in text


@pytest.mark.parametrize(
    "path",
    [
        "vehicles?limit=100",
        f"vehicle/{ON_SALE}",
        f"vehicle/{NAMED}",
        "filters",
        "storefront",
        "bookings",
        f"vehicle/{ON_SALE}/busy?from={ahead(0)}&to={ahead(20)}",
    ],
)
def test_no_call_gives_out_a_plate_after_the_upgrade(upgraded, path):
    assert not has_plate(read(upgraded, path))


def test_no_webhook_is_sent_or_sent_again_with_a_plate(upgraded):
    assert not [event for event in sent(upgraded) if has_plate(json.dumps(event))]
    (added,) = sent(upgraded, message_id="msg_1")
    assert added["category"] == "Lawn"
    (updated,) = sent(upgraded, message_id="msg_2")
    assert updated["changes"]["seats"] == 1


def test_the_site_receives_the_new_address_of_the_machine(upgraded):
    events = sent(upgraded, event_type="vehicle.updated", res_id=ON_SALE)
    (machine,) = upgraded.call(VEHICLE, "read", [ON_SALE], fields=["rental_slug"])
    assert events[0]["changes"]["slug"] == machine["rental_slug"]
    assert len(events) == 2


def test_an_archived_machine_has_no_plate_in_its_address_either(upgraded, database):
    slugs = postgres_cluster.sql(f"SELECT rental_slug FROM fleet_vehicle WHERE id = {ARCHIVED}", database)
    assert slugs
    assert not has_plate(slugs)


@pytest.mark.usefixtures("upgraded")
def test_nothing_of_fleets_and_no_booking_is_lost(database, before):
    assert kept(database) == before
    assert PLATE in before[0]
