"""Two catalogues as in two processes: one change log, one cache backend, and a mutex for calls to Odoo."""

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from lco import clock
from lco.availability.rules import RentalRules
from lco.availability.service import Availability
from lco.caching.swr import StaleWhileRevalidateCache
from lco.catalogue.removed import RemovedVehicles
from lco.catalogue.serialization import VehicleVersion
from lco.catalogue.service import Catalogue
from lco.catalogue.sync import LIST_MAX_AGE
from lco.changes.topics import EventType
from lco.domain.business_calendar import BusinessCalendar
from lco.domain.date_range import DAY, DateRange
from lco.domain.money import Money
from lco.domain.vehicle import Picture, Rates, Status, Vehicle
from lco.errors import Gone
from lco.odoo.client import OdooClient
from lco.odoo.transport import Transport
from lco.redis_backends.change_log import RedisLog
from lco.redis_backends.client import RedisClient
from tests.app.catalogue.conftest import DictBackend
from tests.redis_server import empty_redis, redis_server  # noqa: F401 - a fixture
from tests.serving import wait_until

LIST = "GET /api/fleet/vehicles"
DETAIL = "GET /api/fleet/vehicle/{id}"
FAR = date(2099, 5, 4)
LATER = LIST_MAX_AGE + timedelta(seconds=1)


class Process:
    """A separate catalogue, and what it publishes to its pages."""

    def __init__(self, odoo_url: str, redis: RedisClient, backend: DictBackend) -> None:
        client = OdooClient(Transport(odoo_url))
        cache = StaleWhileRevalidateCache(backend, mutex=redis.lock)
        self.availability = Availability(client, cache, RentalRules(BusinessCalendar, ZoneInfo("America/Chicago")))
        self.log = RedisLog(redis)
        self.catalogue = Catalogue(client, cache, self.availability, self.log, RemovedVehicles(backend))
        self.published = []
        self.log.subscribe(lambda change: self.published.append((change.topic, change.kind)))
        self.log.start()

    def status(self, vehicle_id: int) -> Status:
        return self.catalogue.find(vehicle_id).status

    def receives(self, kind: str) -> None:
        wait_until(lambda: kind in [published for _, published in self.published], kind)


@pytest.fixture
def process(_demo, odoo, empty_redis, settle):  # noqa: F811 - pytest's way to ask for a fixture
    backend, made = DictBackend(), []

    def make() -> Process:
        made.append(Process(_demo[1], RedisClient(empty_redis.url), backend))
        return made[-1]

    yield make
    settle()
    for one in made:
        one.log.stop()


@pytest.fixture
def two(process):
    """Two processes that have both read the list; it was asked for once."""
    one, other = process(), process()
    for each in (one, other):
        each.catalogue.vehicles()
    return one, other


def test_one_reading_of_the_list_serves_all_processes(two, odoo):
    one, other = two
    assert odoo.calls(LIST) == 1
    assert one.catalogue.vehicles() == other.catalogue.vehicles()


def test_a_webhook_of_one_process_is_known_to_all_before_their_pages_change(two):
    one, other = two
    seen = []
    other.log.subscribe(lambda _: seen.append(other.status(3)))
    one.catalogue.sync.status_changed(3, Status.RENTED, None, {})
    other.receives("availability.changed")
    assert seen[0] is Status.RENTED


def test_a_vehicle_read_again_after_a_webhook_is_read_once_for_all(two, odoo, settle):
    one, other = two
    for each in two:
        each.catalogue.details(3)
    assert odoo.calls(DETAIL) == 1
    odoo.change(3, availability_status="rented")
    one.catalogue.sync.status_changed(3, Status.RENTED, None, {})
    other.receives("availability.changed")
    settle()
    assert {each.catalogue.details(3).vehicle.status for each in two} == {Status.RENTED}
    assert odoo.calls(DETAIL) == 2


def test_longer_rates_read_by_another_process_are_known(two, odoo):
    one, other = two
    assert one.catalogue.details(1).vehicle.rates.weekly
    assert other.catalogue.details(1) == one.catalogue.details(1)
    assert other.catalogue.find(1).rates.weekly
    assert odoo.calls(DETAIL) == 1


def test_longer_rates_of_one_process_are_shown_by_the_pages_of_all(two, odoo):
    one, other = two
    free = DateRange(FAR, FAR + DAY)
    other.catalogue.free(free)
    lists = odoo.calls(LIST)
    one.catalogue.details(1)
    other.receives(EventType.VEHICLE_CORRECTED)
    assert other.catalogue.find(1).rates.weekly
    other.catalogue.free(free)
    assert odoo.calls(LIST) == lists, "no answer of Odoo has become wrong"


def test_facts_of_webhooks_are_known_to_a_process_that_starts_later(two, odoo, process):
    one, _ = two
    odoo.change(3, availability_status="rented")
    one.catalogue.sync.status_changed(3, Status.RENTED, FAR, {})
    one.catalogue.details(1)
    with clock.moved(LATER):
        one.catalogue.refresh()
        third = process()
        assert third.catalogue.find(3).back_on == FAR
        assert third.catalogue.find(1).rates.weekly


def test_an_older_list_that_is_under_way_does_not_undo_a_change_from_another_process(two, odoo):
    one, other = two
    with clock.moved(LATER), odoo.holding("/api/fleet/vehicles") as held:
        reader = threading.Thread(target=other.catalogue.refresh)
        reader.start()
        assert held.arrived.wait(5)
        odoo.change(3, in_maintenance=True)
        one.catalogue.sync.maintenance_changed(3, in_maintenance=True, until=None)
        other.receives("maintenance.status")
        held.released.set()
        reader.join(5)
        assert other.status(3) is Status.MAINTENANCE


def test_differences_of_a_new_list_are_published_once_and_shown_by_all(two, odoo):
    one, other = two
    odoo.change(3, availability_status="rented")
    with clock.moved(LATER):
        one.catalogue.refresh()
        other.receives("availability.changed")
        assert other.status(3) is Status.RENTED
        other.catalogue.refresh()
        assert other.status(3) is Status.RENTED
    assert odoo.calls(LIST) == 2
    one.log.append("odoo", "the.end")
    other.receives("the.end")
    assert [kind for topic, kind in other.published if topic == "vehicle:3"] == ["availability.changed"]


def test_a_difference_in_replicated_values_is_sent_to_pages_only(two, odoo):
    """It has missed the announcement: the public must not get it twice, but its pages must become right."""
    one, other = two
    other.log.stop()
    odoo.change(3, availability_status="rented")
    with clock.moved(LATER):
        one.catalogue.refresh()
        other.catalogue.refresh()
    one.receives(EventType.VEHICLE_CORRECTED)
    assert ("vehicle:3", "availability.changed") in one.published
    assert odoo.calls(LIST) == 2


def test_a_removed_vehicle_is_gone_everywhere(two, odoo):
    one, other = two
    odoo.remove(3)
    one.catalogue.sync.removed(3)
    other.receives("vehicle.removed")
    with pytest.raises(Gone):
        other.catalogue.find(3)


def test_availability_is_asked_again_everywhere_when_days_were_taken(two, odoo):
    one, other = two
    start = clock.now().date() + timedelta(days=60)
    days = DateRange(start, start + DAY * 3)
    assert [each.availability.quote(5, days).available for each in two] == [True, True]
    before = odoo.calls("GET /api/fleet/availability")
    one.availability.invalidate(5)
    one.log.append("vehicle:5", "availability.changed", {"vehicle_id": 5})
    other.receives("availability.changed")
    assert [each.availability.quote(5, days).available for each in two] == [True, True]
    assert odoo.calls("GET /api/fleet/availability") <= before + 1


def test_an_outage_of_odoo_is_known_in_every_process_and_published_once(two, odoo):
    one, other = two
    odoo.fail()
    with clock.moved(LATER):
        one.catalogue.refresh()
        other.receives("odoo.away")
        assert not other.catalogue.is_available
        odoo.recover()
        other.catalogue.refresh()
        one.receives("odoo.back")
    assert one.catalogue.is_available
    assert [kind for topic, kind in one.published if topic == "odoo"] == ["odoo.away", "odoo.back"]


def test_a_process_that_missed_the_end_of_an_outage_sees_it_in_another_ones_reading(two, odoo):
    one, other = two
    odoo.fail()
    with clock.moved(LATER):
        one.catalogue.refresh()
        other.receives("odoo.away")
        other.log.stop()
        odoo.recover()
        one.catalogue.refresh()
        assert not other.catalogue.is_available
        other.catalogue.refresh()
        assert other.catalogue.is_available


def test_details_are_asked_for_again_by_every_process(two, odoo, settle):
    one, other = two
    assert other.catalogue.details(3).description_html == one.catalogue.details(3).description_html
    odoo.change(3, full_description="Sharpened today.")
    one.catalogue.sync.updated(3)
    other.receives("vehicle.updated")
    settle()
    assert "Sharpened" in other.catalogue.details(3).description_html
    assert odoo.calls(DETAIL) == 2


def test_a_process_that_knows_no_list_yet_lets_the_others_ask(process, odoo):
    one, other = process(), process()
    other.catalogue.vehicles()
    odoo.change(3, availability_status="rented")
    one.catalogue.sync.status_changed(3, Status.RENTED, None, {})
    other.receives("availability.changed")
    wait_until(lambda: other.status(3) is Status.RENTED, "the vehicle as Odoo has it")


def test_values_of_another_version_are_asked_of_odoo_instead(two, odoo, caplog):
    one, other = two
    odoo.change(3, availability_status="rented")
    one.log.append("vehicle:3", "availability.changed", {"vehicle_id": 3}, {"at": "noon", "vehicle": {"wings": 2}})
    other.receives("availability.changed")
    wait_until(lambda: other.status(3) is Status.RENTED, "the vehicle as Odoo has it")
    assert "another version" in caplog.text


def test_after_a_loss_everything_is_read_again(two, odoo, settle, redis_server):  # noqa: F811
    one, other = two
    other.catalogue.details(3)
    odoo.change(3, availability_status="rented")
    redis_server.kill()
    one.catalogue.sync.status_changed(3, Status.RENTED, None, {})
    settle()
    assert one.status(3) is Status.RENTED
    assert other.status(3) is Status.AVAILABLE
    redis_server.start()
    other.receives("live.back")
    wait_until(lambda: other.status(3) is Status.RENTED, "the other one to receive it")
    assert other.catalogue.details(3).vehicle.status is Status.RENTED


def test_after_a_loss_the_list_is_read_again_however_fresh_it_is(two, odoo, redis_server):  # noqa: F811
    odoo.change(3, availability_status="rented")  # without an event
    redis_server.kill()
    for each in two:
        each.receives("live.away")
    redis_server.start()
    for each in two:
        wait_until(lambda: each.status(3) is Status.RENTED, "the vehicle as Odoo has it")  # noqa: B023


FULL = Vehicle(
    id=7,
    name="Säge",
    slug="saw",
    status=Status.RENTED,
    rates=Rates(Money(Decimal("99.95"), "USD"), None, Money(Decimal(1800), "USD")),
    brand="Honda",
    year=2021,
    sale_price=Money(Decimal("12000.10"), "CAD"),
    featured=True,
    picture=Picture("https://odoo.example/web/image/1", "Säge", sized=True),
    back_on=date(2026, 12, 1),
)


@pytest.mark.parametrize("vehicle", [FULL, replace(FULL, picture=None, sale_price=None, back_on=None), None])
def test_written_values_are_read_unchanged(vehicle):
    learned = VehicleVersion(datetime(2026, 1, 2, tzinfo=UTC), vehicle)
    assert VehicleVersion.loads(json.loads(json.dumps(learned.dumps()))) == learned
